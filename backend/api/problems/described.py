"""Problems in the OpenAPI document."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, get_args

from backend.api.problems.answers import MEDIA_TYPE
from backend.api.problems.kinds import OAUTH, TRANSPORT, TYPE_BASE, model_of, status_of
from backend.core.errors import AppError, InvalidInputError
from backend.schemas.base import Problem, ValidationProblem

_REQUEST_ID: Final = "5f2b8d7c4e9a4c1f8b3d6e0a7c5f1b2d"


def responses(*errors: type[AppError]) -> dict[int | str, dict[str, Any]]:
    """Describe errors for the OpenAPI document, each with its example."""
    described: dict[int | str, dict[str, Any]] = {}
    for error in sorted(errors, key=lambda error: error.code):
        model = model_of(error)
        fresh = {"model": model, "description": error.title, "content": {MEDIA_TYPE: {"examples": {}}}}
        entry = described.setdefault(int(status_of(error)), fresh)
        entry["content"][MEDIA_TYPE]["examples"][error.code] = example_of(error.code)
        if model not in (get_args(entry["model"]) or (entry["model"],)):
            entry["model"] |= model
        if error.title not in entry["description"]:
            entry["description"] += f"; {error.title[0].lower()}{error.title[1:]}"
    return described


def refusals(statuses: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Describe what is refused before an operation is asked, by status."""
    return {status: _refusal(*_REFUSALS[int(status)]) for status in statuses}


def catalogue() -> dict[str, dict[str, Any]]:
    """Return, by code, the members of each problem that may be met, and as `schema` its schema's name."""
    found = {code: _members(int(status), code, title, Problem) for status, (code, title) in TRANSPORT.items()}
    for error in sorted(_errors(AppError), key=lambda error: error.code):
        if "code" in vars(error):
            found[error.code] = _members(int(status_of(error)), error.code, error.title, model_of(error))
    return dict(sorted(found.items()))


def example_of(code: str) -> dict[str, str]:
    """Return the reference to a problem's example."""
    return {"$ref": f"#/components/examples/{code}"}


_REFUSALS: Final = {
    status: (code, title, Problem.__name__) for status, (code, title) in TRANSPORT.items()
} | {
    int(status_of(InvalidInputError)): (
        InvalidInputError.code,
        InvalidInputError.title,
        ValidationProblem.__name__,
    )
}


def _refusal(code: str, title: str, schema: str) -> dict[str, Any]:
    content = {"schema": {"$ref": f"#/components/schemas/{schema}"}, "examples": {code: example_of(code)}}
    return {"description": title, "content": {MEDIA_TYPE: content}}


def _errors(root: type[AppError]) -> Iterator[type[AppError]]:
    for error in root.__subclasses__():
        yield error
        yield from _errors(error)


def _members(status: int, code: str, title: str, model: type[Problem]) -> dict[str, Any]:
    members = {
        "schema": model.__name__,
        "type": TYPE_BASE + code,
        "title": title,
        "status": status,
        "code": code,
        "detail": None,
        "request_id": _REQUEST_ID,
    }
    return members | ({"error": OAUTH[code], "error_description": title} if code in OAUTH else {})
