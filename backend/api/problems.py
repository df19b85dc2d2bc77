"""Problem documents (RFC 9457): the only place that knows which status an error answers with."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from structlog.contextvars import get_contextvars

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
    Violation,
)
from backend.core.logging import logger
from backend.schemas.base import (
    ErasurePendingProblem,
    MfaProblem,
    OAuthProblem,
    Problem,
    ProblemViolation,
    ValidationProblem,
)

MEDIA_TYPE: Final = "application/problem+json"
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
_TRANSPORT: Final[dict[int, tuple[str, str]]] = {
    400: ("malformed-body", "The body is not well-formed"),
    404: ("not-found", "There is nothing at this address"),
    405: ("method-not-allowed", "This address does not answer to this method"),
    408: ("too-slow", "The body took too long to arrive"),
    413: ("too-large", "The body is too large"),
    421: ("unknown-host", "This service does not answer for this host"),
    431: ("too-many-headers", "The request has too many header fields"),
    500: ("internal", "Something went wrong on our side"),
}

# Pydantic's messages speak of Python and may quote the input: these speak of the body.
_DETAILS: Final = {
    "missing": "is required",
    "string_type": "must be a text",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} elements or characters",
    "too_long": "must have at most {max_length} elements or characters",
    "string_pattern_mismatch": "does not have the required form",
    "string_unicode": "must be valid Unicode",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be an integer",
    "int_parsing": "must be an integer",
    "int_parsing_size": "is too large",
    "int_from_float": "must be an integer",
    "float_type": "must be a number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "enum": "must be one of {expected}",
    "literal_error": "must be {expected}",
    "tuple_type": "must be an array",
    "list_type": "must be an array",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "dict_type": "must be an object",
    "uuid_type": "must be a UUID",
    "uuid_parsing": "must be a UUID",
}
_VAGUE: Final = {"value_error", "assertion_error"}
_UNION_MEMBERS: Final = {"uuid", "literal['me']"}

# OAuth's own names for our errors, where an OAuth client may meet them (RFC 6749, 5.2).
_OAUTH: Final = {
    "invalid-grant": "invalid_grant",
    "invalid-credentials": "invalid_grant",
    "erasure-pending": "invalid_grant",
    "mfa-required": "mfa_required",  # none of theirs, and what such clients know it as
}

# Problems that say more than their kind does.
_EXTENDED: Final[dict[str, type[Problem]]] = {
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
    return {status: code for status, (code, _) in _TRANSPORT.items()}


def responses(*errors: type[AppError]) -> dict[int | str, dict[str, Any]]:
    """Describe errors for the OpenAPI document."""
    described: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        status = status_of(error)
        model: type[Problem] = OAuthProblem if error.code in _OAUTH else Problem
        model = ValidationProblem if issubclass(error, InvalidInputError) else model
        model = _EXTENDED.get(error.code, model)
        entry = described.setdefault(int(status), {"model": model, "description": error.title})
        if error.code in _EXTENDED and entry["model"] is not model:
            entry["model"] |= model
        if error.title not in entry["description"]:
            entry["description"] += f"; {error.title[0].lower()}{error.title[1:]}"
    return described


def problem(status: int, headers: dict[str, str] | None = None) -> Response:
    """Build the answer to something that the transport refuses."""
    code, title = _TRANSPORT.get(status, ("refused", HTTPStatus(status).phrase))
    return _response(Problem(**_members(status, code, title, None)), headers)


def install(app: FastAPI) -> None:
    """Answer every error of the application with a problem document."""
    app.add_exception_handler(AppError, on_app_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(StarletteHTTPException, _on_http_error)


async def on_app_error(_: Request, error: Exception) -> Response:
    """Answer with the problem document of an error."""
    if not isinstance(error, AppError):
        raise error
    status = status_of(type(error))
    if isinstance(error, UnavailableError):
        logger.warning("unavailable", error=type(error.__cause__).__name__, code=error.code)
    members = _members(status, error.code, error.title, error.detail)
    document: Problem
    if isinstance(error, InvalidInputError):
        violations = tuple(ProblemViolation.model_validate(item) for item in error.violations)
        document = ValidationProblem(**members, errors=violations)
    elif error.code in _OAUTH:
        document = OAuthProblem(**members, error=_OAUTH[error.code], error_description=error.title)
    else:
        document = Problem(**members)
    return _response(document, _headers(error), error.extension())


async def _on_validation_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = error.errors()
    if any(fault["type"] == "json_invalid" for fault in faults):
        return problem(400)
    # A value that fits no member of a union has a fault for each: one is enough.
    violations = list({item.pointer: item for item in map(_violation, reversed(faults))}.values())[::-1]
    return await on_app_error(request, InvalidInputError(violations))


async def _on_http_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, StarletteHTTPException):
        raise error
    return problem(error.status_code, dict(error.headers or {}))


def _violation(fault: dict[str, Any]) -> Violation:
    """Translate one of Pydantic's errors, leaving out the input and whatever could quote it."""
    place, *path = fault["loc"]
    kind = str(fault["type"])
    if kind == "extra_forbidden":
        # The name of an unknown member is the caller's text: say where it stands, not what it is.
        detail = "has a member that is not known here"
        return Violation(_pointer(place, path[:-1]), "unknown-member", detail)
    return Violation(_pointer(place, path), kind.replace("_", "-"), describe(fault))


def describe(fault: Mapping[str, Any]) -> str:
    """Say in words what one of Pydantic's errors is about, without the input or whatever could quote it."""
    kind = str(fault["type"])
    if kind in _DETAILS:
        return _DETAILS[kind].format_map(fault.get("ctx", {}))
    if fault.get("ctx") or kind in _VAGUE:
        return "is not valid"
    return str(fault["msg"])  # one of our own validators, which quote nothing


def _pointer(place: str, path: Sequence[str | int]) -> str:
    """Return where a fault is. The members of a union that were tried are Pydantic's, not the body's."""
    parts = [str(part) for part in path if part not in _UNION_MEMBERS]
    if place != "body":
        return f"{place}:{'.'.join(parts)}" if parts else place
    return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in parts)


def _headers(error: AppError) -> dict[str, str]:
    if isinstance(error, UnauthenticatedError):
        parameters = ", ".join(filter(None, ('realm="safeplate"', error.challenge)))
        return {"WWW-Authenticate": f"Bearer {parameters}"}
    if isinstance(error, RateLimitedError | UnavailableError):
        return {"Retry-After": str(error.retry_after)}
    return {}


def _members(status: int, code: str, title: str, detail: str | None) -> dict[str, Any]:
    return {
        "type": TYPE_BASE + code,
        "title": title,
        "status": int(status),
        "code": code,
        "detail": detail,
        "request_id": get_contextvars().get("request_id"),
    }


def _response(
    document: Problem, headers: dict[str, str] | None, extension: Mapping[str, object] | None = None
) -> Response:
    status = document.status
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:  # else a line with the cause was written already
        logger.info("request_refused", status=status, code=document.code)
    members = document.model_dump(mode="json") | dict(extension or {})
    body = json.dumps(members, ensure_ascii=False, separators=(",", ":"))
    return Response(body, status, headers, media_type=MEDIA_TYPE)
