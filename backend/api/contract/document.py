"""Builds the document."""

import json
from copy import deepcopy
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from backend.api import problems
from backend.api.contract.examples import Examples
from backend.api.contract.facts import facts
from backend.api.contract.operations import complete_operation
from backend.api.contract.schemas import complete_schemas


def install(app: FastAPI, *, public_url: str | None) -> None:
    """Have an application describe itself by our document; it is built when it is first asked for.

    Args:
        app: The application.
        public_url: Where people reach it, if somebody said so: the document then leads to its own pages.
            These must be whole addresses (OpenAPI 3.1, 4.8.3 and 4.8.11), which no other document has.
    """
    built: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not built:
            built.update(_build(app) if public_url is None else _at(_build(app), public_url))
        return built

    app.openapi = openapi  # type: ignore[method-assign] # the documented way to extend it


def _build(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version=app.openapi_version,
        summary=app.summary,
        description=app.description,
        license_info=app.license_info,
        routes=app.routes,
    )
    about = deepcopy(facts("about"))
    document["info"] |= about.pop("info")
    document |= about
    components = document["components"]
    for name, part in deepcopy(facts("components")).items():
        components[name] = components.get(name, {}) | part
    schemas = components["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):  # the framework's own; ours are problems
        schemas.pop(unused, None)
    complete_schemas(schemas)
    examples = Examples(schemas)
    components["examples"] = {
        code: {"summary": members["title"], "value": examples.problem(members)}
        for code, members in problems.catalogue().items()
    }
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            complete_operation(operation, (method.upper(), path), examples)
    _share_refusals(document)
    _drop_unused(document)
    return document


def _at(document: dict[str, Any], public_url: str) -> dict[str, Any]:
    document["info"]["contact"]["url"] = public_url
    pages = f"{public_url.rstrip('/')}/docs/problems"
    document["externalDocs"] = {"description": "What can go wrong, and what to do about it", "url": pages}
    return document


def _share_refusals(document: dict[str, Any]) -> None:
    """Write down once what many operations refuse alike."""
    shared: dict[str, Any] = {}
    for methods in document["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                if int(status) >= HTTPStatus.BAD_REQUEST:
                    name = _name_of(status, response)
                    operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
                    if shared.setdefault(name, response) != response:
                        raise AssertionError(name)
    document["components"]["responses"] = dict(sorted(shared.items()))


def _name_of(status: str, response: dict[str, Any]) -> str:
    codes = sorted(response["content"][problems.MEDIA_TYPE]["examples"])
    limited = ("limited",) if "RateLimit" in response["headers"] and status != "429" else ()
    return "_".join((status, *codes, *limited))


def _drop_unused(document: dict[str, Any]) -> None:
    """Leave out examples and headers that nothing refers to: problems of the command line, for example."""
    components = document["components"]
    said = json.dumps([document["paths"], components["responses"], components["schemas"]])
    for kind in ("examples", "headers", "schemas"):
        components[kind] = {
            name: part for name, part in components[kind].items() if f'"#/components/{kind}/{name}"' in said
        }
