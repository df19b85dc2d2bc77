"""What is wrong with the input, in our words: Pydantic's speak of Python, and may quote what was sent."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from backend.core.errors import Violation
from backend.core.languages import translate

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


def violations_of(faults: Iterable[Mapping[str, Any]], *, place: str = "") -> list[Violation]:
    """Translate Pydantic's errors.

    Args:
        faults: As `ValidationError.errors()` lists them.
        place: Where the value stood (`body`); empty where each fault's path begins with that.
    """
    translated = [_violation(fault, place) for fault in faults]
    # A value that fits no member of a union has a fault for each: one is enough.
    return list({item.pointer: item for item in reversed(translated)}.values())[::-1]


def _violation(fault: Mapping[str, Any], place: str) -> Violation:
    """Translate one of Pydantic's errors, leaving out the input and whatever could quote it."""
    path = list(fault["loc"])
    if not place:
        place, *path = path
    kind = str(fault["type"])
    if kind == "extra_forbidden":
        # The name of an unknown member is the caller's text: say where it stands, not what it is.
        detail = translate("has a member that is not known here")
        return Violation(_pointer(place, path[:-1]), "unknown-member", detail)
    return Violation(_pointer(place, path), kind.replace("_", "-"), describe(fault))


def describe(fault: Mapping[str, Any]) -> str:
    """Say in words what one of Pydantic's errors is about, without the input or whatever could quote it."""
    kind = str(fault["type"])
    if kind in _DETAILS:
        return translate(_DETAILS[kind]).format_map(fault.get("ctx", {}))
    if fault.get("ctx") or kind in _VAGUE:
        return translate("is not valid")
    return translate(str(fault["msg"]))  # one of our own validators, which quote nothing


def _pointer(place: str, path: Sequence[str | int]) -> str:
    """Return where a fault is. The members of a union that were tried are Pydantic's, not the body's."""
    parts = [str(part) for part in path if part not in _UNION_MEMBERS]
    if place != "body":
        return f"{place}:{'.'.join(parts)}" if parts else place
    return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in parts)
