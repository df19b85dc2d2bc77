"""Problem documents (RFC 9457): the only place that knows which status an error answers with."""

import json
from collections.abc import Mapping
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
)
from backend.core.logging import logger
from backend.core.violations import violations_of
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
    return await on_app_error(request, InvalidInputError(violations_of(faults)))


async def _on_http_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, StarletteHTTPException):
        raise error
    return problem(error.status_code, dict(error.headers or {}))


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
