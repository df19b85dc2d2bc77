"""Operations: what each says of itself, what it refuses, and what its answers' headers mean."""

import re
from http import HTTPStatus
from typing import Any, Final

from backend.api import problems
from backend.api.contract import deprecation
from backend.api.contract.examples import Examples
from backend.api.contract.facts import facts
from backend.api.contract.schemas import complete_schema, walk
from backend.api.routes import MAX_TAGS
from backend.core.errors import RateLimitedError
from backend.schemas.base import PRINTABLE

_END_OF_SENTENCE: Final = re.compile(r"[.?](?=\s|$)")
_FIELD: Final = r"^[\t\x20-\x7e\x80-\xff]*$"  # RFC 9110, 5.5
_ANY: Final = ("406", "421", "431", "500")
_WITH_BODY: Final = ("400", "408", "413", "415")


def complete_operation(operation: dict[str, Any], key: tuple[str, str], examples: Examples) -> None:
    """Complete one operation, in place.

    Args:
        operation: As the framework describes it.
        key: Its method and path.
        examples: Of the document's bodies.
    """
    first, *_ = _END_OF_SENTENCE.split(operation["description"], maxsplit=1)
    operation["summary"] = first.replace("\n", " ")
    operation.setdefault("security", [])
    if key[0] == "GET" and "application/json" in operation["responses"]["200"].get("content", {}):
        _make_conditional(operation)
    for parameter in operation.get("parameters", ()):
        _complete_parameter(parameter, examples)
        if parameter["name"] == "if-match" and "428" in operation["responses"]:
            parameter["required"] = True  # our own check refuses it, by another status than the framework's
    body = operation.get("requestBody")
    if body:
        _give_examples(body["content"], examples)
    _as_problems(operation["responses"])
    _add_refusals(operation, has_body=body is not None)
    for status, response in operation["responses"].items():
        _complete_response(operation, status, response, examples)
    operation["responses"] = dict(sorted(operation["responses"].items()))
    deprecation.describe(operation, key)


def _make_conditional(operation: dict[str, Any]) -> None:
    """Say that a read may be asked for only if it has changed: the route sees to that."""
    parameters = operation.setdefault("parameters", [])
    if all(parameter["name"] != "if-none-match" for parameter in parameters):
        schema = {"type": "string", "maxLength": MAX_TAGS}
        parameters.append({"name": "if-none-match", "in": "header", "required": False, "schema": schema})
    operation["responses"].setdefault("304", {"description": "Nothing has changed since that ETag"})


def _complete_parameter(parameter: dict[str, Any], examples: Examples) -> None:
    schema = parameter["schema"]
    schema.pop("title", None)
    for part in walk(schema):
        complete_schema(part)
    if parameter["in"] == "header" and schema.get("pattern", PRINTABLE) == PRINTABLE:
        schema["pattern"] = _FIELD  # its bytes, of which those of UTF-8 may look like control characters
    if isinstance(schema.get("type"), list):
        schema["type"] = schema["type"][0]  # null is a member's value, and no parameter's
    name = parameter["name"]
    described = facts("parameters").get(name, {})
    parameter.setdefault("description", described.get("description", schema.get("description")))
    parameter["example"] = described.get("example", examples.of(schema, name))


def _as_problems(responses: dict[str, Any]) -> None:
    """Move schemas that the framework put under the answer's own media type to where problems are."""
    for status in [status for status in responses if int(status) >= HTTPStatus.BAD_REQUEST]:
        content = responses[status]["content"]
        for media_type in [name for name in content if name != problems.MEDIA_TYPE]:
            content.setdefault(problems.MEDIA_TYPE, {})["schema"] = content.pop(media_type)["schema"]
        content[problems.MEDIA_TYPE]["schema"].pop("title", None)
        if content[problems.MEDIA_TYPE]["schema"].get("$ref", "").endswith("/HTTPValidationError"):
            del responses[status]  # the framework's own


def _add_refusals(operation: dict[str, Any], *, has_body: bool) -> None:
    """Add what every operation refuses, or every one with a body or with parameters."""
    wanted = [*_ANY, *(_WITH_BODY if has_body else ())]
    if has_body or operation.get("parameters"):
        wanted.append("422")
    for status, refusal in problems.refusals(wanted).items():
        found = operation["responses"].setdefault(status, refusal)["content"][problems.MEDIA_TYPE]
        added = refusal["content"][problems.MEDIA_TYPE]
        found["examples"] |= added["examples"]
        known = found["schema"].get("anyOf", [found["schema"]])
        if added["schema"] not in known:
            found["schema"] = {"anyOf": [*known, added["schema"]]}


def _complete_response(
    operation: dict[str, Any], status: str, response: dict[str, Any], examples: Examples
) -> None:
    content = response.get("content", {})
    if int(status) < HTTPStatus.BAD_REQUEST:
        for part in (media["schema"] for media in content.values()):
            part.pop("title", None)
            complete_schema(part)
            if "$ref" in part:
                part.pop("type", None)  # the framework takes what is streamed for text
        _give_examples(content, examples)
    if not content:
        response.pop("content", None)
    names = ["Request-Id", *_headers(operation, status)]
    response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    links = facts("operations")["links"].get(operation["operationId"], {})
    if links and int(status) in {HTTPStatus.OK, HTTPStatus.CREATED}:
        response["links"] = {
            target: {"operationId": target, "parameters": parameters} for target, parameters in links.items()
        }


def _give_examples(content: dict[str, Any], examples: Examples) -> None:
    for media_type, media in content.items():
        if media_type != "application/zip":
            media["example"] = examples.of(media["schema"])


def _headers(operation: dict[str, Any], status: str) -> list[str]:
    """Return the headers of one of an operation's answers."""
    named = {parameter["name"].lower() for parameter in operation.get("parameters", ())}
    conditional = named & {"if-match", "if-none-match"}
    is_good = int(status) < HTTPStatus.BAD_REQUEST
    too_many = operation["responses"].get("429", {}).get("content", {}).get(problems.MEDIA_TYPE, {})
    is_limited = RateLimitedError.code in too_many.get(
        "examples", {}
    )  # and not something else, of which one has few
    wanted = {
        "Location": operation["operationId"] in facts("operations")["located"] and status in {"201", "202"},
        "ETag": bool(conditional) and is_good and operation["operationId"] != "remove_profile",
        "Content-Language": status != "204" and ("accept-language" in named or not is_good),
        "RateLimit": is_limited,
        "RateLimit-Policy": is_limited,
        "Retry-After": status in {"429", "503"},
        "WWW-Authenticate": status == "401",
    }
    return [name for name, is_there in wanted.items() if is_there]
