"""What makes a password acceptable, apart from the shipped list."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.utils.passwords import PasswordPolicy, distil, spellings, words_of

LIST = distil(["summer", "password", "p@ssword", "Summer2024!", "12345678", "1234", "abc", "tr0ub4dor&3"])
POLICY = PasswordPolicy(min_length=8, composition=False, is_listed=LIST.__contains__)


def _codes(password: str, *personal: str) -> set[str]:
    return {rule.code for rule in POLICY.faults(password, personal=personal)}


def test_a_list_is_reduced_to_what_finds_all_of_it() -> None:
    assert {"summer", "password", "12345678", "tr0ub4dor&3"} <= LIST
    assert LIST.isdisjoint({"summer2024!", "1234", "abc"})
    assert all("common" in _codes(password) for password in ("Summer2024!", "P@SSWORD", "12345678"))


@pytest.mark.parametrize(
    "password",
    [
        "sUMMEr",
        "2024summer",
        "!!summer??",
        "5umm3r",
        "$umm3r2024!",
        "súmmer",
        "\uff53ummer",
        "summersummer",
        "summersummersum",
    ],
)
def test_a_listed_word_is_found_in_disguise(password: str) -> None:
    assert not LIST.isdisjoint(spellings(password))


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("summerhouse rules", id="longer-word"),
        pytest.param("the summer of 42", id="inside"),
        pytest.param("summer738204916", id="more-than-a-filling"),
        pytest.param("mid-summer-7", id="compound"),
    ],
)
def test_a_word_in_something_larger_is_not_the_word(password: str) -> None:
    assert _codes(password) == set()


@pytest.mark.parametrize(
    "password",
    ["aaaaaaaaaaaa", "abcdefgh", "87654321", "abababababab", "11223344", "aab1aab1aab1aab1", "🍓" * 9],
)
def test_repeating_and_counting_is_predictable(password: str) -> None:
    assert "predictable" in _codes(password)


def test_names_and_addresses_fall_into_words() -> None:
    words = words_of(["Amira.Khalil_7", "a.zitronen+food@mail.obstgarten.co.uk"])

    assert words == {
        "safeplate", "amira.khalil_7", "amira", "khalil",
        "a.zitronen+food", "zitronen", "food", "mail", "obstgarten",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("password", "is_personal"),
    [
        pytest.param("amira2024!", True, id="filled-up"),
        pytest.param("AMIRA-amira-amira", True, id="repeated"),
        pytest.param("4m1ra-password", True, id="with-a-common-word"),
        pytest.param("amira12345678", True, id="with-a-count"),
        pytest.param("amira likes rain", False, id="in-a-sentence"),
        pytest.param("mulberry 2024!", False, id="without"),
        pytest.param("ann-2024-ann", False, id="three-letters-are-no-word"),
    ],
)
def test_a_name_counts_where_the_rest_is_no_password(password: str, *, is_personal: bool) -> None:
    assert ("personal" in _codes(password, "amira", "ann@example.com")) is is_personal


@given(st.text(max_size=60))
def test_both_normal_forms_have_the_same_faults(text: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))

    assert POLICY.faults(composed, personal=[text]) == POLICY.faults(decomposed, personal=[text])


@given(st.text(alphabet="aß1!@é\u0301Σİ-", max_size=1_024))
def test_the_longest_input_stays_cheap(text: str) -> None:
    assert len(list(spellings(text))) <= 3 * (9 * 9 + 3)


def test_what_is_too_long_is_not_looked_into() -> None:
    def refuse(_: str) -> bool:
        raise AssertionError

    policy = PasswordPolicy(min_length=8, composition=False, is_listed=refuse)

    faults = policy.faults("11111111" + "\ufdfa" * 500 + "11111111")

    assert [fault.code for fault in faults] == ["too-long"]
