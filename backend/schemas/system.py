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
