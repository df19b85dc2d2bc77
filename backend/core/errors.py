"""The tree of domain errors.

A feature's error subclasses one kind and lives beside the service that raises it. `api/problems.py` alone
knows which status each kind answers with.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with the caller's input. Never holds the input itself.

    Attributes:
        pointer: JSON Pointer (RFC 6901) into the body, or `query:name`, `path:name`, `header:name`.
        code: Stable machine-readable name of the rule.
        detail: The rule in words.
        suggestions: Approved values near to what was sent, best first.
    """

    pointer: str
    code: str
    detail: str
    suggestions: tuple[str, ...] = ()


class AppError(Exception):
    """Root of everything that a caller may be told about."""

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "The request could not be completed"
    keeps_writes: ClassVar[bool] = False
    """Whether the unit of work commits although the request fails (revoking a stolen session)."""

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or self.title)
        self.detail = detail

    def extension(self) -> Mapping[str, object]:
        """Return what the caller is told beyond the usual members (RFC 9457, 3.2)."""
        return {}


class BadRequestError(AppError):
    """The message itself is malformed, or a grant is not valid."""


class InvalidInputError(AppError):
    """The message is well formed and says something that is not acceptable."""

    code = "invalid-input"
    title = "The input is not valid"

    def __init__(self, violations: Sequence[Violation] = (), detail: str | None = None) -> None:
        super().__init__(detail)
        self.violations = tuple(violations)


class UnauthenticatedError(AppError):
    """The caller has not shown who they are."""

    challenge: ClassVar[str] = ""
    """Parameters of `WWW-Authenticate: Bearer` (RFC 6750, 3) beyond the realm."""


class ForbiddenError(AppError):
    """The caller is known and may not do this."""


class NotFoundError(AppError):
    """There is no such thing, or it is not the caller's: the two are never told apart."""


class ConflictError(AppError):
    """The request contradicts what is stored."""


class PreconditionFailedError(AppError):
    """The stored version is not the one that the caller has seen."""

    code = "version-stale"
    title = "It has changed since you read it"


class PreconditionRequiredError(AppError):
    """A change must say which version it starts from."""

    code = "version-missing"
    title = "Say which version you change: send its ETag in If-Match"


class RateLimitedError(AppError):
    """Too many requests."""

    code = "rate-limited"
    title = "Too many requests"

    def __init__(self, retry_after: int, detail: str | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
        """Seconds until another attempt may succeed."""


class UnavailableError(AppError):
    """The service cannot answer now; the same request may succeed later."""

    code = "unavailable"
    title = "The service is busy"

    def __init__(self, retry_after: int = 1, detail: str | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
        """Seconds until another attempt may succeed."""


class CorruptedError(AppError):
    """What is stored is not what was written. The caller did nothing wrong, and is told no more than that.

    The API writes it down on the owner's account (`seal_broken`), apart from the request's unit of work.
    """

    code = "seal-broken"
    title = "What is stored is not what was written, and is not shown"

    def __init__(self, owner_id: uuid.UUID | None = None, details: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.owner_id = owner_id
        """Whose it is, where that is known."""
        self.details = dict(details or {})
        """Names of what is broken, for the owner's account."""
