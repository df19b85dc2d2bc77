"""Answers with problem documents."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException

from backend.api.problems.kinds import OAUTH, TRANSPORT, TYPE_BASE, status_of
from backend.api.problems.methods import allowed_methods
from backend.core.errors import (
    AppError,
    InvalidInputError,
    RateLimitedError,
    UnauthenticatedError,
    UnavailableError,
    Violation,
)
from backend.core.languages import of_messages, translate
from backend.core.logging import get_contextvars, logger
from backend.core.violations import violations_of
from backend.schemas.base import OAuthProblem, Problem, ProblemViolation, ValidationProblem

MEDIA_TYPE: Final = "application/problem+json"


def problem(status: int, headers: dict[str, str] | None = None) -> Response:
    """Build the answer to something that the transport refuses."""
    code, title = TRANSPORT.get(status, ("refused", HTTPStatus(status).phrase))
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
        violations = tuple(_violation(item) for item in error.violations)
        document = ValidationProblem(**members, errors=violations)
    elif error.code in OAUTH:
        document = OAuthProblem(**members, error=OAUTH[error.code], error_description=translate(error.title))
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


async def _on_http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, StarletteHTTPException):
        raise error
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return _not_allowed(request, dict(error.headers or {}))
    return problem(error.status_code, dict(error.headers or {}))


def _not_allowed(request: Request, headers: dict[str, str]) -> Response:
    """Say to which methods an address answers; who asked for just that by OPTIONS is content with it."""
    documented = allowed_methods(request.app.openapi(), request.scope["path"])
    named = documented or {*headers.get("allow", "GET").split(", "), "HEAD", "OPTIONS"}
    allow = {"Allow": ", ".join(sorted(named))}
    if request.method == "OPTIONS":
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=allow)
    return problem(HTTPStatus.METHOD_NOT_ALLOWED, allow)


def _violation(item: Violation) -> ProblemViolation:
    return ProblemViolation(
        pointer=item.pointer,
        code=item.code,
        detail=translate(item.detail),
        suggestions=item.suggestions,
    )


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
        "title": translate(title),
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
    said = {"Content-Language": of_messages(), "Vary": "Accept-Language"}
    return Response(body, status, said | (headers or {}), media_type=MEDIA_TYPE)
