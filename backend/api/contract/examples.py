"""Examples: of each body a whole one, put together from those of its members where none is written down."""

from copy import deepcopy
from typing import Any, Final

from backend.api.contract.facts import facts

_REF: Final = "#/components/schemas/"
_BY_FORMAT: Final[dict[str, object]] = {
    "uuid": "0198f3a2-6c1e-7b54-9d3a-5e8f0c2b7a41",
    "date-time": "2026-11-23T09:30:00Z",
    "date": "2026-11-23",
    "password": "Sesame-Street-9",
}
_BY_TYPE: Final[dict[str, object]] = {
    "string": "text", "integer": 1, "number": 1.5, "boolean": False, "null": None, "object": {},
}  # fmt: skip


class Examples:
    """Examples of the bodies of one document."""

    def __init__(self, schemas: dict[str, Any]) -> None:
        self._schemas = schemas

    def of(self, schema: dict[str, Any], *names: str) -> object:
        """Return an example of what a schema describes.

        Args:
            schema: Or a reference to one.
            names: Under which the facts may know of an example, the best first.
        """
        if "$ref" in schema:
            return self._of_named(schema["$ref"].removeprefix(_REF))
        if "const" in schema or "enum" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        for name in names:
            if "example" in facts("members").get(name, {}):
                return deepcopy(facts("members")[name]["example"])
        if "default" in schema and schema["default"] not in (None, []):
            return deepcopy(schema["default"])
        return self._of_kind(schema, names)

    def problem(self, members: dict[str, Any]) -> dict[str, Any]:
        """Return an example of a problem document: its members, and those that its schema adds."""
        example = self._of_named(members.pop("schema"))
        return example | members if isinstance(example, dict) else members

    def _of_kind(self, schema: dict[str, Any], names: tuple[str, ...]) -> object:
        if parts := schema.get("anyOf", schema.get("oneOf")):
            return self.of(parts[0], *names)
        kind = schema.get("type", "string")
        kind = kind if isinstance(kind, str) else kind[0]
        if kind == "array":
            return [self.of(schema.get("items", {}), *names)]
        return deepcopy(_BY_FORMAT.get(schema.get("format", ""), _BY_TYPE[kind]))

    def _of_named(self, name: str) -> object:
        plain = name.removesuffix("-Input").removesuffix("-Output")
        if plain in facts("bodies"):
            return deepcopy(facts("bodies")[plain])
        schema = self._schemas[name]
        if "properties" not in schema:
            return self.of(schema, plain)
        optional = plain.endswith("Update")
        return {
            member: self.of(part, f"{plain}.{member}", member)
            for member, part in schema["properties"].items()
            if optional or member in schema.get("required", ())
        }
