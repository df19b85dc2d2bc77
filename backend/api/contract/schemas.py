"""Schemas: what Pydantic leaves open is closed, and said in the words of JSON Schema 2020-12."""

import re
from collections.abc import Iterator
from typing import Any, Final

from backend.api.contract.facts import facts
from backend.schemas.base import PRINTABLE

_INT32, _EXACT = 2**31 - 1, 2**53  # beyond the latter, readers of JSON round (RFC 8259, 6)
_MOST_TEXT: Final = 20_000
"""The longest text of an answer is a piece of a label, and those end there."""

_MOST_ITEMS: Final = 1_000
_LENGTHS: Final = {"uuid": 36, "date": 10, "date-time": 40}
_ATTRIBUTE: Final = re.compile(r"^    (\w+): (.+?)(?=^    \w+: |\Z)", re.DOTALL | re.MULTILINE)


def complete_schemas(schemas: dict[str, Any]) -> None:
    """Complete the schemas of a document, in place."""
    for schema in schemas.values():
        _refer_to_twins(schema, schemas)
        _write_out_nullable_enums(schema, schemas)
    for name, schema in schemas.items():
        _describe_members(schema)
        for member, part in schema.get("properties", {}).items():
            _apply_facts(name, member, part)
        if schema.get("type") != "object":
            schema.pop("title", None)
    for schema in schemas.values():
        for part in walk(schema):
            complete_schema(part)


def complete_schema(schema: dict[str, Any]) -> None:
    """Complete one schema, its parts not included, in place."""
    _merge_null(schema)
    _drop_impossible_default(schema)
    _name_common_type(schema)
    _set_limits(schema)


def _drop_impossible_default(schema: dict[str, Any]) -> None:
    """Leave out an empty default of what must not be empty: it stands for that nothing was sent."""
    if schema.get("default") in ([], {}) and {"minItems", "minProperties"} & schema.keys():
        del schema["default"]


def _name_common_type(schema: dict[str, Any]) -> None:
    kinds = {part.get("type") for part in schema.get("anyOf", ())}
    if kinds == {"string"}:
        schema["type"] = "string"
        schema["maxLength"] = max(part.get("maxLength", 0) for part in schema["anyOf"])


def _set_limits(schema: dict[str, Any]) -> None:
    types = schema.get("type", ())
    types = {types} if isinstance(types, str) else set(types)
    if {"enum", "const"} & schema.keys():
        return
    if "integer" in types:
        _limit_integer(schema)
    elif "string" in types:
        schema.setdefault("maxLength", _LENGTHS.get(schema.get("format", ""), _MOST_TEXT))
        if "format" not in schema:
            schema.setdefault("pattern", PRINTABLE)
    elif "number" in types:
        schema.setdefault("format", "double")
    elif "array" in types:
        schema.setdefault("maxItems", _MOST_ITEMS)
    elif schema.get("additionalProperties"):
        schema.setdefault("maxProperties", _MOST_ITEMS)


def walk(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return a schema and all of its parts, the innermost first."""
    for part in schema.get("properties", {}).values():
        part.pop("title", None)  # Pydantic's: the member's name with a capital
        yield from walk(part)
    for part in (*schema.get("anyOf", ()), schema.get("items"), schema.get("additionalProperties")):
        if isinstance(part, dict):
            part.pop("title", None)
            yield from walk(part)
    yield schema


def _refer_to_twins(schema: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Refer to a component where Pydantic wrote it out: it does, where it does not validate a member."""
    for part in list(schema.get("properties", {}).values()):
        items = part.get("items", {})
        if "properties" in items:
            twin = next(
                name for name, other in schemas.items() if other.get("properties") == items["properties"]
            )
            part["items"] = {"$ref": f"#/components/schemas/{twin}"}


def _write_out_nullable_enums(schema: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Write a list of values out where null is one of them: a reference could not say `type: [x, "null"]`."""
    for part in schema.get("properties", {}).values():
        for index, option in enumerate(part.get("anyOf", ())):
            named = schemas.get(option.get("$ref", "").rpartition("/")[2], {})
            if "enum" in named:
                part["anyOf"][index] = {"type": named["type"], "enum": [*named["enum"]]}


def _describe_members(schema: dict[str, Any]) -> None:
    """Tell of each member what the docstring tells of it."""
    text, _, attributes = schema.get("description", "").partition("\n\nAttributes:\n")
    if not attributes:
        return
    schema["description"] = text
    for member, said in _ATTRIBUTE.findall(attributes):
        if part := schema["properties"].get(member):
            part["description"] = " ".join(said.split())


def _apply_facts(name: str, member: str, schema: dict[str, Any]) -> None:
    """Add what is known of a member by its name, where its type does not say so."""
    members = facts("members")
    known = members.get(member, {}) | members.get(f"{name.removesuffix('-Output')}.{member}", {})
    target = next((part for part in schema.get("anyOf", ()) if part.get("type") != "null"), schema)
    for key, value in known.items():
        if key not in {"example", "readOnly"} and "$ref" not in target:
            place = target.get("items", target) if key in {"maxLength", "format", "pattern"} else target
            place.setdefault(key, value)
    texts = facts("descriptions")
    text = texts.get(f"{name.removesuffix('-Output')}.{member}", texts.get(member))
    if text:
        schema.setdefault("description", text)
    if known.get("readOnly") and name.endswith(("Response", "Response-Output")) and "$ref" not in schema:
        schema["readOnly"] = True


def _merge_null(schema: dict[str, Any]) -> None:
    """Say `type: [x, "null"]`, where a schema of one type may be null."""
    parts = schema.get("anyOf", [])
    others = [part for part in parts if part.get("type") != "null"]
    if len(parts) != 2 or len(others) != 1 or not isinstance(others[0].get("type"), str):
        return
    (other,) = others
    del schema["anyOf"]
    schema |= other | {"type": [other["type"], "null"]}
    if "enum" in other:
        schema["enum"] = [*other["enum"], None]
    if "const" in other:
        schema["enum"] = [schema.pop("const"), None]


def _limit_integer(schema: dict[str, Any]) -> None:
    schema.setdefault("minimum", 0)
    schema.setdefault("maximum", _EXACT)
    schema.setdefault("format", "int32" if schema["maximum"] <= _INT32 else "int64")
