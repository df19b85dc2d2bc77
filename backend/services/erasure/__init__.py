"""Erasing accounts: after a grace in which that can be undone, or at once; with a receipt."""

from backend.services.erasure.chore import erase_due
from backend.services.erasure.destruction import Doer, erase
from backend.services.erasure.receipts import ReceiptInvalidError, examine, read, read_signature
from backend.services.erasure.requests import Terms, erase_at_once, request, schedule, take_back, undo

__all__ = [
    "Doer",
    "ReceiptInvalidError",
    "Terms",
    "erase",
    "erase_at_once",
    "erase_due",
    "examine",
    "read",
    "read_signature",
    "request",
    "schedule",
    "take_back",
    "undo",
]
