"""The document: complete, and not only in what the framework knows."""

import ast
import importlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from backend.api import problems
from backend.api.contract import deprecation
from backend.api.contract.deprecation import Deprecation
from backend.api.middleware import Announcements
from backend.core import languages, violations
from backend.core.config import Settings
from backend.main import create_app
from backend.services.catalog import AMBIGUOUS
from tests.factories import make_settings

ROOT = Path(__file__).parents[2]
DOCUMENT: dict[str, Any] = json.loads((ROOT / "openapi.json").read_text("utf-8"))
OPERATIONS = [
    pytest.param(operation, id=operation["operationId"])
    for methods in DOCUMENT["paths"].values()
    for operation in methods.values()
]


def _resolve(part: dict[str, Any]) -> Any:
    found: Any = DOCUMENT
    for name in part.get("$ref", "").removeprefix("#/").split("/") if "$ref" in part else ():
        found = found[name]
    return part if "$ref" not in part else found


def _examples(media: dict[str, Any]) -> list[Any]:
    several = [_resolve(example)["value"] for example in media.get("examples", {}).values()]
    return several or ([media["example"]] if "example" in media else [])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_is_described_to_the_end(operation: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)+", operation["operationId"])
    assert operation["summary"]
    assert operation["description"].startswith(operation["summary"].split("\n")[0][:20])
    assert isinstance(operation["security"], list)
    assert {tag["name"] for tag in DOCUMENT["tags"]} >= set(operation["tags"])
    assert all(
        parameter["description"] and "example" in parameter for parameter in operation.get("parameters", ())
    )


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_body_has_an_example_that_fits_it(operation: dict[str, Any]) -> None:
    bodies = [operation.get("requestBody", {}), *map(_resolve, operation["responses"].values())]

    for media_type, media in (
        (name, part) for body in bodies for name, part in body.get("content", {}).items()
    ):
        examples = _examples(media)
        assert examples or media_type == "application/zip"
        for example in examples:
            jsonschema.validate(example, media["schema"] | {"components": DOCUMENT["components"]})


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_refusal_is_a_problem_document(operation: dict[str, Any]) -> None:
    refusals = {status: _resolve(part) for status, part in operation["responses"].items() if status >= "400"}

    assert {"406", "421", "431", "500"} <= set(refusals)
    assert all(set(part["content"]) == {problems.MEDIA_TYPE} for part in refusals.values())
    assert "401" in refusals or not operation["security"]
    for status, part in refusals.items():
        assert {example["status"] for example in _examples(part["content"][problems.MEDIA_TYPE])} == {
            int(status)
        }
    assert all("Retry-After" in refusals[status]["headers"] for status in {"429", "503"} & set(refusals))


def _details(tree: ast.AST) -> Iterator[str]:
    """Yield the texts that violations tell: given to them, or kept in `detail` until then."""
    for node in ast.walk(tree):
        told: list[ast.expr] = []
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Violation":
            told = node.args[2:3]
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "detail":
            told = [node.value]
        yield from (str(part.value) for part in told if isinstance(part, ast.Constant))


def test_every_message_is_said_in_every_language() -> None:
    titles = {members["title"] for members in problems.catalogue().values()}
    wanted = (
        titles | set(violations._DETAILS.values()) | {"is not valid", "has a member that is not known here"}
    )
    sources = [path.read_text("utf-8") for path in (ROOT / "backend").rglob("*.py")]
    wanted |= {
        found for text in sources for found in re.findall(r'PydanticCustomError\(\s*"\w+", "([^"]+)"', text)
    }

    trees = [ast.parse(text) for text in sources if "Violation" in text]
    wanted |= {detail for tree in trees for detail in _details(tree)} | {AMBIGUOUS}
    wanted |= set(re.findall(r'PasswordRule\([^"]*"[\w-]+", "([^"]+)"', "".join(sources)))

    assert set(languages.translations()) == {"de", "es", "fr"}
    for messages in languages.translations().values():
        assert wanted - set(messages) == set()
        assert all(
            set(re.findall(r"{\w+}", name)) == set(re.findall(r"{\w+}", said))
            for name, said in messages.items()
        )


def test_a_deprecated_operation_says_so_in_the_document_and_in_every_answer() -> None:
    since, sunset = datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 7, 1, 12, tzinfo=UTC)
    table = {("GET", "/old"): Deprecation(since, sunset, "/docs/old")}
    operation: dict[str, Any] = {"description": "Old.", "responses": {"200": {"headers": {}}}}

    async def old(scope: Scope, _: Receive, send: Send) -> None:
        scope["route"] = type("Route", (), {"path": scope["path"]})
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    client = TestClient(Announcements(old, table))
    answer, other = client.get("/old"), client.get("/new")
    deprecation.describe(operation, ("GET", "/old"), table)

    assert answer.headers["deprecation"] == "@1798761600"
    assert answer.headers["sunset"] == "Thu, 01 Jul 2027 12:00:00 GMT"
    assert 'rel="deprecation"' in answer.headers["link"]
    assert "deprecation" not in other.headers
    assert operation["deprecated"] is True
    assert set(operation["responses"]["200"]["headers"]) == {"Deprecation", "Sunset", "Link"}
    assert importlib.import_module("backend.api.contract.deprecation").DEPRECATED == {}


def test_the_document_of_a_service_leads_to_its_own_pages(settings: Settings) -> None:
    there = make_settings(settings.data_dir, mail={"public_url": "https://food.example"})

    served, committed = create_app(there).openapi(), create_app(settings).openapi()

    assert served["info"]["contact"]["url"] == "https://food.example"
    assert served["externalDocs"]["url"] == "https://food.example/docs/problems"
    assert "url" not in committed["info"]["contact"]
    assert served["paths"] == committed["paths"]


def test_the_document_of_a_service_on_this_machine_alone_names_no_address(settings: Settings) -> None:
    there = make_settings(settings.data_dir, mail={"public_url": "http://127.0.0.1:8000"})

    assert create_app(there).openapi() == create_app(settings).openapi()
