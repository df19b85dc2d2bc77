"""Bodies about the service itself."""

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
