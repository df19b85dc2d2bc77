"""Bodies: what comes in is closed, what goes out is complete."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module

import pytest
from pydantic import BaseModel

from backend import schemas
from backend.core.config import Settings
from backend.main import create_app
from backend.schemas.base import Incoming, Outgoing

for module in pkgutil.walk_packages(schemas.__path__, "backend.schemas."):
    import_module(module.name)


def _all(root: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for model in root.__subclasses__():
        yield model
        yield from _all(model)


@pytest.mark.parametrize("model", list(_all(Incoming)))
def test_an_incoming_body_refuses_unknown_members_and_is_frozen(model: type[BaseModel]) -> None:
    assert model.model_config["extra"] == "forbid"
    assert model.model_config["frozen"] is True


@pytest.mark.parametrize("model", list(_all(Outgoing)))
def test_an_outgoing_body_has_no_defaults(model: type[BaseModel]) -> None:
    assert [name for name, field in model.model_fields.items() if not field.is_required()] == []


@pytest.mark.parametrize("model", list(_all(Incoming)))
def test_every_text_that_comes_in_has_an_end(model: type[BaseModel]) -> None:
    schema = model.model_json_schema()
    texts = [
        (name, part)
        for name, member in schema["properties"].items()
        for part in [member, *member.get("anyOf", []), member.get("items", {})]
        if part.get("type") == "string" and part.get("format") != "uuid"
    ]

    assert [name for name, part in texts if not {"maxLength", "enum", "const"} & part.keys()] == []


def test_every_operation_id_is_a_verb_and_unique(settings: Settings) -> None:
    paths = create_app(settings).openapi()["paths"]
    names = [operation["operationId"] for methods in paths.values() for operation in methods.values()]

    assert len(set(names)) == len(names)
    verbs = (
        "read",
        "list",
        "create",
        "replace",
        "update",
        "remove",
        "request",
        "verify",
        "reset",
        "change",
        "confirm",
        "undo",
        "register",
        "login",
        "logout",
        "refresh",
        "check",
        "restore",
        "disable",
        "enable",
    )
    assert [name for name in names if not name.startswith(verbs)] == []
