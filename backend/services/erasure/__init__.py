"""Erasing accounts: after a grace in which that can be undone, or at once; with a receipt."""

from backend.services.erasure.chore import erase_due
from backend.services.erasure.destruction import Doer, erase
from backend.services.erasure.receipts import ReceiptInvalidError, examine, read, read_signature
from backend.services.erasure.record import anchor, find_back, read_receipts, replay
from backend.services.erasure.requests import Terms, erase_at_once, request, schedule, take_back, undo

__all__ = [
    "Doer",
    "ReceiptInvalidError",
    "Terms",
    "anchor",
    "erase",
    "erase_at_once",
    "erase_due",
    "examine",
    "find_back",
    "read",
    "read_receipts",
    "read_signature",
    "replay",
    "request",
    "schedule",
    "take_back",
    "undo",
]
