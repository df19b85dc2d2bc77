"""Reading a label: evidence points into the caller's text, whatever the text is."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.schemas.screening import Verdict
from backend.services import catalog, screening
from backend.services.screening import AllergyRequirement, LabelLineError, LexiconFaultError, lexicon

WORDS = [
    "milk",
    "Œufs",
    "noix",
    "MAY CONTAIN",
    "free from",
    "gluten",
    "e322",
    "sugar",
    "Weizeneiweiß",
    "VASSLEPROTEIN",
    "maitojauhetta",
    "Haselnuss-",
    "(",
    ")",
    ",",
    ". ",
    "\n",
    "🥜",
]
LABELS = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200),
    # Marks that pile up, letters that fold to several, right-to-left text, digits of other scripts, controls.
    st.text(
        alphabet="mil\u0301\u0327\u0345kßŉİǰﬃﷺ\u200d\u202e\u0661٣①Ⅷ½ᾳΐ각\u1100\u1161()[],:;.\n\r\t\x00\x7f-\u2013/0135",
        max_size=80,
    ),
    st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join),
)


HOSTILE = (
    "(",
    ")",
    "[",
    ",",
    ":",
    ".",
    "a",
    "1",
    " ",
    "\n",
    "-",
    "\u0301",
    "🥜",
    "İ",
    "free from ",
    "milk (",
    "not ",
    "e1",
)


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_label_of_one_thing_alone_is_answered_however_often_it_stands_there(piece: str) -> None:
    text = (piece * 20_000)[:20_000]

    answer = screening.screen(text, [AllergyRequirement("milk")], "en", "us")

    assert 0 <= answer.coverage.understood <= answer.coverage.total
    assert all(text[found.start : found.end] == found.finding.mention.text for found in answer.findings)


@given(LABELS, st.sampled_from(["en", "de", "xx", None]), st.sampled_from(["eu", "us", None]))
def test_any_text_gives_an_answer_and_the_same_again(
    text: str, language: str | None, law: str | None
) -> None:
    answer = screening.screen(text, [AllergyRequirement("milk")], language, law)

    assert answer == screening.screen(text, [AllergyRequirement("milk")], language, law)
    assert all(text[found.start : found.end] == found.finding.mention.text for found in answer.findings)


@given(LABELS, st.sampled_from(["en", "fr", "xx", None]))
def test_every_mention_and_every_unknown_word_is_where_it_says(text: str, language: str | None) -> None:
    reading = screening.read(text, lexicon.shipped(), language=language)

    pieces = [(item.start, item.end, item.text) for item in reading.mentions]
    for start, end, quoted in pieces + [(item.start, item.end, item.text) for item in reading.unknown]:
        assert 0 <= start < end <= len(text)
        assert text[start:end] == quoted
    assert 0 <= reading.understood <= reading.total


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("🥜🥜 sugar, MILK", "MILK", id="emoji-before"),
        pytest.param("cre\u0300me frai\u0302che, sel", "cre\u0300me frai\u0302che", id="combining-marks"),
        pytest.param(
            "sugar,\u00a0skimmed\u2011milk   powder.", "skimmed\u2011milk   powder", id="odd-spaces"
        ),
        pytest.param("sugar, mi\u00adlk", "mi\u00adlk", id="soft-hyphen"),
        pytest.param("sugar, \uff2d\uff29\uff2c\uff2b", "\uff2d\uff29\uff2c\uff2b", id="full-width"),
    ],
)
def test_evidence_quotes_the_label_as_it_is_printed(text: str, found: str) -> None:
    reading = screening.read(text, lexicon.shipped(), language=None)

    assert found in [mention.text for mention in reading.mentions]


@pytest.mark.parametrize(
    ("text", "hint", "languages"),
    [
        pytest.param("Ingredients: wheat flour, sugar, salt", None, ("en",), id="english"),
        pytest.param("Ingrédients : farine de blé, sucre, sel", None, ("fr",), id="french"),
        pytest.param("Ingrédients : farine de blé, sucre, sel", "en", ("fr",), id="wrong-hint"),
        pytest.param("Wheat flour, milk. Farine de blé, lait.", None, ("en", "fr"), id="both"),
    ],
)
def test_the_languages_of_a_label_are_told(text: str, hint: str | None, languages: tuple[str, ...]) -> None:
    reading = screening.read(text, lexicon.shipped(), language=hint)

    assert set(reading.languages) == set(languages)


def test_a_word_of_two_languages_means_what_it_means_in_the_labels() -> None:
    english = screening.read("Ingredients: the best sugar in the world", lexicon.shipped(), language=None)
    french = screening.read("Ingrédients : extrait de thé, sucre, eau", lexicon.shipped(), language=None)

    assert "tea" not in {code for mention in english.mentions for code in mention.codes}
    assert "tea" in {code for mention in french.mentions for code in mention.codes}


@pytest.mark.parametrize("letter", ["奶", "蛋", "卵", "밀"])
def test_a_word_of_one_letter_is_not_passed_over(letter: str) -> None:
    found = screening.screen(f"Ingredients: sugar, {letter}, salt", [AllergyRequirement("milk")])

    assert found.verdict is Verdict.UNKNOWN
    assert [span.text for _, span in found.coverage.unknown] == [letter]


def test_a_hostile_label_is_read_in_one_piece() -> None:
    text = ("may contain milk " * 1_200)[:20_000]

    reading = screening.read(text, lexicon.shipped(), language=None)

    assert len(reading.mentions) > 1_000


def test_labels_are_answered_line_by_line() -> None:
    lines = [
        json.dumps({"id": "a", "lang": "en", "text": "Ingredients: wheat flour, butter. May contain nuts."}),
        "",
        json.dumps({"id": 7, "text": "Ingrédients : riz, sel."}),
    ]

    first, second = (json.loads(line) for line in screening.answer_labels(lines))

    assert (first["id"], first["contains"], first["may_contain"]) == ("a", ["gluten", "milk"], ["nuts"])
    assert {finding["text"] for finding in first["findings"]} == {"wheat flour", "butter", "nuts"}
    assert second == {"id": 7, "contains": [], "may_contain": [], "findings": []}


@pytest.mark.parametrize("line", ["{", "[]", '{"id": 1}', '{"id": 1, "text": 7}', '{"id": 1, "text": ""}'])
def test_a_line_that_is_no_label_is_named_and_not_repeated(line: str) -> None:
    with pytest.raises(LabelLineError) as caught:
        list(screening.answer_labels([line]))

    assert str(caught.value) == "line 1 is not a label with `id` and `text`"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("terms: {unicorn: [horn]}\nclauses: {}", "unknown codes", id="code"),
        pytest.param("terms: {}\nclauses: {omen: [beware]}", "unknown clauses", id="clause"),
    ],
)
def test_a_lexicon_that_the_catalogue_does_not_know_is_refused(
    tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "xx.yaml").write_text(f"language: xx\n{content}\n", "utf-8")

    with pytest.raises(LexiconFaultError, match=message):
        lexicon.load(tmp_path, catalog.shipped())


@pytest.mark.parametrize(
    "text", ["Ingredients: 🥛, sugar", "sugar 🥚, salt", "Ingredients: sugar. Contains 🥜."]
)
def test_a_picture_of_a_food_is_a_word_that_is_not_understood(text: str) -> None:
    answer = screening.screen(text, [AllergyRequirement("milk")], "en", "eu")

    assert answer.verdict is Verdict.UNKNOWN


def test_a_picture_beside_words_is_an_ingredient_and_changes_nothing_found() -> None:
    answer = screening.screen("Ingredients: 🐟, whey, sugar", [AllergyRequirement("milk")], "en", "eu")

    assert answer.verdict is Verdict.CONTAINS
    assert (answer.coverage.ingredients_understood, answer.coverage.ingredients_listed) == (2, 3)
    assert [span.text for _, span in answer.coverage.unknown] == ["🐟"]
