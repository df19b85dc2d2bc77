"""What happened to an account: written with what happened, chained, and shown to its owner."""

from backend.services.audit.activity import PlacedEvent, list_activity, read_events, to_response
from backend.services.audit.chain import CHAIN_KEY, NOBODY, PLACE_KEY, Event, forget_places, nobody, record
from backend.services.audit.group import AuditGroup
from backend.services.audit.heads import Head, HeadInvalidError, anchor, read_heads
from backend.services.audit.verification import ChainBrokenError, Verified, verify

__all__ = [
    "CHAIN_KEY",
    "NOBODY",
    "PLACE_KEY",
    "AuditGroup",
    "ChainBrokenError",
    "Event",
    "Head",
    "HeadInvalidError",
    "PlacedEvent",
    "Verified",
    "anchor",
    "forget_places",
    "list_activity",
    "nobody",
    "read_events",
    "read_heads",
    "record",
    "to_response",
    "verify",
]
