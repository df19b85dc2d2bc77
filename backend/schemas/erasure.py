"""Bodies about erasing accounts."""

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import JsonValue, StringConstraints

from backend.models.audit import AuditActor
from backend.schemas.base import Incoming, Outgoing, Text
from backend.schemas.credentials import LinkToken


class ErasureUndo(Incoming):
    """What was mailed when somebody asked for an account to be erased."""

    token: LinkToken


class PendingErasure(Outgoing):
    """When an account will be erased, unless that is undone before."""

    erase_at: datetime


class DestroyedKey(Outgoing):
    """A key that was destroyed.

    Attributes:
        name: What it opened.
        fingerprint: SHA-256 of the key as it was stored last, wrapped: with a backup one can tell which key
            it was, and not open it.
        master_key: The id of the key that wrapped it.
    """

    name: str
    fingerprint: str
    master_key: str


class AuditHead(Outgoing):
    """How far the chain of events had grown, the erasure included, and the code of its last event."""

    sequence: int
    code: str


class Remainder(Outgoing):
    """What an erasure does not reach, and until when it can remain."""

    what: str
    until: str


class ErasureReceipt(Outgoing):
    """What was destroyed. Nothing in it is the person's.

    Attributes:
        pseudonym: The identifier that the account had. Its chain of events goes on under it.
        rows: How many rows were destroyed, by table.
        audit: None where the chain of events was broken before, and could not tell of the erasure.
    """

    id: uuid.UUID
    pseudonym: uuid.UUID
    asked_at: datetime
    asked_by: AuditActor
    erased_at: datetime
    erased_by: AuditActor
    rows: dict[str, int]
    keys: tuple[DestroyedKey, ...]
    audit: AuditHead | None
    remains: tuple[Remainder, ...]


class SignedReceipt(Outgoing):
    """A receipt to keep, and its signature: a compact JWS (RFC 7515) of the same document."""

    receipt: ErasureReceipt
    signature: str


class ReceiptPresented(Incoming):
    """A receipt that somebody kept, as they got it."""

    receipt: dict[str, JsonValue]
    signature: Annotated[Text, StringConstraints(max_length=8192)]


class ReceiptFindings(Outgoing):
    """What a receipt is worth: it is ours, and so many rows of the account are in the database now.

    Attributes:
        rows: How many rows there are, by table, of tables that have any; none after an erasure.
        place_key: Whether the key of where events came from is there; not after an erasure.
        audit: Whether the chain of events has the event of the erasure, as the receipt says.
    """

    receipt: ErasureReceipt
    rows: dict[str, int]
    place_key: bool
    audit: bool

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left of the account, and its chain tells of the erasure."""
        return not self.rows and not self.place_key and self.audit
