"""What happened to an account: written with what happened, chained, and shown to its owner."""

from backend.services.audit.activity import list_activity, to_response
from backend.services.audit.chain import NOBODY, PLACE_KEY, Event, forget_places, nobody, record
from backend.services.audit.heads import Head, HeadInvalidError, anchor, read_heads
from backend.services.audit.verification import ChainBrokenError, Verified, verify

__all__ = [
    "NOBODY",
    "PLACE_KEY",
    "ChainBrokenError",
    "Event",
    "Head",
    "HeadInvalidError",
    "Verified",
    "anchor",
    "forget_places",
    "list_activity",
    "nobody",
    "read_heads",
    "record",
    "to_response",
    "verify",
]
