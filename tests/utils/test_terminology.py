"""Codes of medicine: a slip of the hand is seen."""

import pytest

from backend.utils.terminology import is_icd_10, is_snomed_concept

# Known concepts of the international edition.
CONCEPTS = ("762952008", "91935009", "396331005", "91934008", "138875005")


@pytest.mark.parametrize("code", CONCEPTS)
def test_a_concept_is_one(code: str) -> None:
    assert is_snomed_concept(code)


@pytest.mark.parametrize("code", CONCEPTS)
def test_one_wrong_digit_or_two_that_changed_places_are_seen(code: str) -> None:
    wrong = [
        code[:place] + digit + code[place + 1 :]
        for place in range(len(code))
        for digit in "0123456789"
        if digit != code[place]
    ]
    wrong += [
        code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        for place in range(len(code) - 1)
        if code[place] != code[place + 1]
    ]

    assert [other for other in wrong if is_snomed_concept(other)] == []


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("", id="empty"),
        pytest.param("12345", id="short"),
        pytest.param("0762952008", id="leading-zero"),
        pytest.param("679434011", id="description"),
        pytest.param("76295200८", id="other-digits"),
        pytest.param("7629520080762952008", id="long"),
        pytest.param(" 762952008", id="space"),
    ],
)
def test_what_is_no_concept_is_none(code: str) -> None:
    assert not is_snomed_concept(code)


@pytest.mark.parametrize(
    ("code", "is_one"),
    [
        ("K90.0", True),
        ("Z91.010", True),
        ("T78.1", True),
        ("E70", True),
        ("K900", False),
        ("k90.0", False),
        ("K90.", False),
        ("K90.00000", False),
        ("90.0", False),
    ],
)
def test_codes_of_icd_10_have_their_form(code: str, is_one: bool) -> None:  # noqa: FBT001 - a parameter
    assert is_icd_10(code) is is_one
