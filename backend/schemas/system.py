"""Bodies about the service itself."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from backend.schemas.base import Outgoing


class Liveness(Outgoing):
    """The process answers."""

    status: Literal["alive"]


class Readiness(Outgoing):
    """The service can do its work: the database is reachable and migrated, and labels can be checked."""

    status: Literal["ready"]


class JsonWebKeySet(Outgoing):
    """The public keys that verify access tokens (RFC 7517, 5)."""

    keys: list[dict[str, Any]]


class ServiceInfo(Outgoing):
    """What answers here, and where to go on.

    Attributes:
        documentation: The page to try the API on; null where an operator turned it off.
        problems: The list of everything that can go wrong.
        health: Whether the service can do its work.
    """

    name: str
    version: str
    api: str
    documentation: str | None
    openapi: str
    problems: str
    health: str


class FindingState(StrEnum):
    """How bad something is that was looked at."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


class Finding(Outgoing):
    """One thing that was looked at: identifiers alone, never a health word, an address or a name."""

    check: str
    state: FindingState
    detail: str


class BackupPart(Outgoing):
    """One file of a backup: its bytes, and their SHA-256 in hexadecimal digits."""

    size: int
    sha256: str


class BackedUpChains(Outgoing):
    """The heads of all chains of events: how many, and SHA-256 over owners, sequences and codes, in order."""

    count: int
    sha256: str


class BackupManifest(Outgoing):
    """What a backup is, as it says itself. No key, and nothing of anybody's.

    Attributes:
        format: Of the archive.
        release: Of the service that made it.
        revision: Of the schema.
        database: `sqlite` or `postgresql`.
        taken_at: Of the moment that the backup shows, or shortly before.
        rows: How many, by table.
        master_keys: Ids of the keys that values are under: without them the values cannot be opened.
        signing_keys: Ids of the keys that receipts and heads were signed with.
        parts: The files, by name.
    """

    format: Literal[1]
    release: str
    revision: str
    database: Literal["sqlite", "postgresql"]
    taken_at: datetime
    rows: dict[str, int]
    chains: BackedUpChains
    master_keys: tuple[str, ...]
    signing_keys: tuple[str, ...]
    parts: dict[str, BackupPart]


class Restored(Outgoing):
    """What was done to a restored database before anybody could use it.

    Attributes:
        erased_again: Accounts that had been erased since.
        ended_sessions: Devices that must sign in again.
        discarded_jobs: Letters and other work that waited when the backup was taken.
    """

    manifest: BackupManifest
    erased_again: int
    ended_sessions: int
    discarded_jobs: int
