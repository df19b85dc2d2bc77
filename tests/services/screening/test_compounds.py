"""Words written as one: what each part says, what no part says, and where it stands in the label."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.services import catalog, screening
from backend.services.screening import lexicon
from backend.services.screening.lexicon import Lexicon

SMALL = """
language: xx
terms:
  {milk: [milch], nuts.hazelnut: [haselnuss], coconut: [kokosmilch], gluten: [gluten], gluten.barley: [korn]}
traps: [milchsaeure]
maybe: [{words: [staerke], could_be: [gluten.wheat, maize]}]
plain: [zucker]
clauses: {free_suffix: [frei]}
compounds:
  links: [s, en]
  endings: [e, es]
  stems: {eggs: [ei-], gluten.wheat: [weizen]}
  neutral: [mehl, pulver, -korn]
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Lexicon:
    """Return a lexicon of a few words."""
    folder: Path = tmp_path_factory.mktemp("lexicon")
    (folder / "xx.yaml").write_text(SMALL, "utf-8")
    return lexicon.load(folder, catalog.shipped())


def _told(text: str, small: Lexicon) -> list[tuple[str, str]]:
    reading = screening.read(text, small, language="xx")
    return [
        (mention.text, code) for mention in reading.mentions for code in mention.codes if not mention.doubt
    ]


@pytest.mark.parametrize(
    ("word", "told"),
    [
        pytest.param("Milchpulver", [("Milchpulver", "milk")], id="with-neutral"),
        pytest.param("MILCHPULVERES", [("MILCHPULVERES", "milk")], id="with-ending"),
        pytest.param("Haselnussmilchmehl", [("Haselnuss", "nuts.hazelnut"), ("milchmehl", "milk")], id="two"),
        pytest.param("Haselnussenmehl", [("Haselnussenmehl", "nuts.hazelnut")], id="with-link"),
        pytest.param("Kokosmilchpulver", [("Kokosmilchpulver", "coconut")], id="the-longer-part-wins"),
        pytest.param("Milchsaeurepulver", [], id="trap"),
        pytest.param("Weizenstaerke", [("Weizen", "gluten.wheat")], id="a-part-tells-the-source"),
        pytest.param("Eipulver", [("Eipulver", "eggs")], id="short-stem"),
        pytest.param("Zuckerei", [], id="a-stem-that-never-ends-a-word"),
        pytest.param("Weizenkorn", [("Weizenkorn", "gluten.wheat")], id="neutral-at-the-end"),
        pytest.param("Eis", [], id="a-short-stem-has-no-ending"),
    ],
)
def test_a_long_word_says_what_its_parts_say(word: str, told: list[tuple[str, str]], small: Lexicon) -> None:
    assert _told(f"zucker, {word}, zucker", small) == told


def test_a_part_that_denies_makes_what_precedes_it_absent(small: Lexicon) -> None:
    kinds = {
        mention.text: mention.clause
        for mention in screening.read("Glutenfrei", small, language=None).mentions
    }

    assert kinds == {"Gluten": "free_from"}


@pytest.mark.parametrize(("word", "understood"), [("Zuckermehl", 1), ("Haselnussbrumm", 0)])
def test_a_word_is_understood_only_if_no_letter_is_left_over(
    word: str, understood: int, small: Lexicon
) -> None:
    reading = screening.read(word, small, language="xx")

    assert (reading.understood, reading.total) == (understood, 1)


@pytest.mark.parametrize("word", ["Haselnussbrumm", "Brummhaselnuss"])
def test_a_name_within_a_word_that_is_not_understood_raises_a_doubt(word: str, small: Lexicon) -> None:
    (mention,) = screening.read(word, small, language="xx").mentions

    assert (mention.text, mention.codes) == (word, ("nuts.hazelnut",))
    assert mention.doubt


def test_a_longer_name_hides_a_shorter_one_in_a_word_that_is_not_understood(small: Lexicon) -> None:
    assert screening.read("Kokosmilchbrumm", small, language="xx").mentions == ()


@given(
    st.lists(
        st.sampled_from(["Milch", "pulver", "s", "EI", "kokos", "milch", "weizen", "q", "ß", " "]),
        max_size=30,
    )
)
def test_every_part_is_where_it_says(small: Lexicon, pieces: list[str]) -> None:
    text = "".join(pieces)
    reading = screening.read(text, small, language=None)

    for mention in reading.mentions:
        assert text[mention.start : mention.end] == mention.text
    assert 0 <= reading.understood <= reading.total


def test_a_very_long_word_is_taken_apart_once(small: Lexicon) -> None:
    reading = screening.read("milchpulver" * 1_800, small, language="xx")

    assert len(reading.mentions) == 1_800
