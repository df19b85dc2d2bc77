"""Bodies about the service itself."""

from enum import StrEnum
from typing import Any, Literal

from backend.schemas.base import Outgoing


class Liveness(Outgoing):
    """The process answers."""

    status: Literal["alive"]


class Readiness(Outgoing):
    """The service can do its work: the database is reachable and migrated."""

    status: Literal["ready"]


class JsonWebKeySet(Outgoing):
    """The public keys that verify access tokens (RFC 7517, 5)."""

    keys: list[dict[str, Any]]


class ServiceInfo(Outgoing):
    """What answers here, and where to go on."""

    name: str
    version: str
    documentation: str | None
    openapi: str


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
