"""The work of a check grows with the label and no faster, counted in calls and not in time."""

import sys
from types import FrameType

import pytest

from backend.services.screening import AllergyRequirement, screen

_PERSON = (AllergyRequirement("milk"), AllergyRequirement("nuts"))
_SHORT, _LONG = 600, 6_000
_MAX_RATIO = 1.5
_UNITS = (
    "sugar, milk, ",
    "free from ",
    "free from milk and ",
    "not free from milk, ",
    "may contain ",
    "may contain (nuts, may contain ",
    "lecithin (",
    "lecithin de ",
    "((((",
    "))))",
    "[](",
    "nougat (sugar, salt, ",
    ",",
    "a,",
    ", ",
    ". ",
    "\n",
    " - ",
    "e322, ",
    "E 471 472 ",
    "2,0% ",
    "mi1k ",
    "milc ",
    "hazelnutt ",
    "coconut milk ",
    "cocoa butter ",
    "maitojauho",
    "sugarmilk",
    "e\u0301 ",
    "\u0301",
    "œß",
    "小麦粉",
    "milk小麦\u03b3\u03ac\u03bb\u03b1 ",
    "d'",
    "per 100 g ",
    "suitable for ",
    "milk-free ",
    "milk, eggs and nuts free. ",
    "tejet tartalmazhat ",
    "contains allergens ",
    "x" * 40 + " ",
)


def _calls(text: str) -> int:
    """Return how many functions are called, those of Python itself included."""
    count = 0

    def tick(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(tick)
    try:
        screen(text, _PERSON, "en")
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("unit", [pytest.param(unit, id=ascii(unit)) for unit in _UNITS])
def test_the_calls_for_a_character_do_not_grow_with_the_label(unit: str) -> None:
    short, long = (unit * (size // len(unit)) for size in (_SHORT, _LONG))
    screen(short, _PERSON, "en")  # what the first one builds is kept for all that follow

    ratio = (_calls(long) / len(long)) / (_calls(short) / len(short))

    assert ratio < _MAX_RATIO
