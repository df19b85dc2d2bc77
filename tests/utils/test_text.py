"""Folding, and the way back to the caller's text."""

from hypothesis import given
from hypothesis import strategies as st

from backend.utils.text import fold, fold_mapped

TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60)


@given(TEXTS)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(TEXTS)
def test_the_mapped_form_is_the_folded_text(text: str) -> None:
    mapped = fold_mapped(text)

    assert mapped.text.strip() == fold(text)


@given(TEXTS)
def test_every_folded_character_comes_from_where_the_map_says(text: str) -> None:
    mapped = fold_mapped(text)

    for index, letter in enumerate(mapped.text):
        start, end = mapped.starts[index], mapped.ends[index]
        assert 0 <= start < end <= len(text)
        assert letter in fold_mapped(text[start:end]).text


def test_what_does_not_count_is_gone() -> None:
    assert fold("  Crème\u00adfraîche -  ŒUFS \u2013 Gluten_free ") == "cremefraiche oeufs gluten free"


def test_a_mark_belongs_to_its_letter() -> None:
    mapped = fold_mapped("pa\u0302te")

    assert mapped.text == "pate"
    assert mapped.starts == [0, 1, 3, 4]
    assert mapped.ends == [1, 3, 4, 5]
