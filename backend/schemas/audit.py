"""Bodies about what happened to an account."""

import uuid
from datetime import datetime

from backend.models.audit import AuditAction, AuditActor
from backend.schemas.base import Outgoing


class ActivityResponse(Outgoing):
    """Something that happened on one's account.

    Attributes:
        sequence: Its number in the account's chain: from 1, without gaps.
        actor: Who did it: oneself, an administrator, an operator at the command line, or anyone, where the
            caller had not shown who they were.
        actor_id: Which administrator, where one did it.
        ip_prefix: The network that it came from, without the host's part; empty where none is known, and
            where an administrator did it.
        device: Its name, from what it said about itself; empty likewise.
        request_id: The id of the request; empty where none is known.
        details: Names of what was touched; never values.
    """

    sequence: int
    action: AuditAction
    actor: AuditActor
    actor_id: uuid.UUID | None
    ip_prefix: str
    device: str
    request_id: str
    details: dict[str, str]
    recorded_at: datetime


class ActivityPage(Outgoing):
    """Some of what happened, the newest first, and where the next page begins."""

    items: tuple[ActivityResponse, ...]
    next_cursor: str | None
