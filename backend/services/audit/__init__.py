"""What happened to an account: written with what happened, chained, and shown to its owner."""

from backend.services.audit.activity import list_activity, to_response
from backend.services.audit.chain import NOBODY, Event, forget_places, nobody, record

__all__ = ["NOBODY", "Event", "forget_places", "list_activity", "nobody", "record", "to_response"]
