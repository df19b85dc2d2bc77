"""Which status and which document an error answers with: the only table of it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from backend.core.errors import (
    AppError,
    BadRequestError,
    ConflictError,
    CorruptedError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    PreconditionFailedError,
    PreconditionRequiredError,
    RateLimitedError,
    UnauthenticatedError,
    UnavailableError,
)
from backend.schemas.base import ErasurePendingProblem, MfaProblem, OAuthProblem, Problem, ValidationProblem

TYPE_BASE: Final = "/docs/problems/"

KINDS: Final[dict[type[AppError], HTTPStatus]] = {
    BadRequestError: HTTPStatus.BAD_REQUEST,
    UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    PreconditionFailedError: HTTPStatus.PRECONDITION_FAILED,
    InvalidInputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    PreconditionRequiredError: HTTPStatus.PRECONDITION_REQUIRED,
    RateLimitedError: HTTPStatus.TOO_MANY_REQUESTS,
    CorruptedError: HTTPStatus.INTERNAL_SERVER_ERROR,
    UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
}

# What the framework or the guard refuses before a service is asked.
TRANSPORT: Final[dict[int, tuple[str, str]]] = {
    400: ("malformed-body", "The body is not well-formed"),
    404: ("not-found", "There is nothing at this address"),
    405: ("method-not-allowed", "This address does not answer to this method"),
    406: ("not-acceptable", "None of the media types that you accept is one of ours"),
    408: ("too-slow", "The body took too long to arrive"),
    413: ("too-large", "The body is too large"),
    415: ("media-type-unsupported", "The body is not of a media type that is read here"),
    421: ("unknown-host", "This service does not answer for this host"),
    431: ("too-many-headers", "The request has too many header fields"),
    500: ("internal", "Something went wrong on our side"),
}

# OAuth's own names for our errors, where an OAuth client may meet them (RFC 6749, 5.2).
OAUTH: Final = {
    "invalid-grant": "invalid_grant",
    "invalid-credentials": "invalid_grant",
    "erasure-pending": "invalid_grant",
    "mfa-required": "mfa_required",  # none of theirs, and what such clients know it as
}

# Problems that say more than their kind does.
EXTENDED: Final[dict[str, type[Problem]]] = {
    "erasure-pending": ErasurePendingProblem,
    "mfa-required": MfaProblem,
}


def status_of(error: type[AppError]) -> HTTPStatus:
    """Return the status of an error's kind.

    Raises:
        LookupError: The error is of no kind.
    """
    for kind, status in KINDS.items():
        if issubclass(error, kind):
            return status
    raise LookupError(error.__name__)


def transport_codes() -> Mapping[int, str]:
    """Return, by status, the codes of problems that come from the transport, not from a service."""
    return {status: code for status, (code, _) in TRANSPORT.items()}


def model_of(error: type[AppError]) -> type[Problem]:
    """Return the schema of the document that an error answers with."""
    if issubclass(error, InvalidInputError):
        return ValidationProblem
    return EXTENDED.get(error.code, OAuthProblem if error.code in OAUTH else Problem)
