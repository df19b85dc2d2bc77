"""Words of operators' allergens: they add what to avoid, and take nothing away."""

from typing import Any

import pytest

from backend.schemas.screening import Verdict
from backend.services import catalog, screening
from backend.services.catalog import Allergen, Catalog, OwnEntry
from backend.services.health import Document
from backend.services.screening import NO_LAW, lexicon
from backend.services.screening.meanings import Meaning, Role
from backend.services.screening.own_words import with_own_words
from backend.services.screening.persons import answer
from backend.services.screening.sources import Piece, Source, read_source
from backend.services.screening.wanted import of_document

OWN = {"en": {"fonio": ("local.fonio",), "milk": ("local.drink",), "may contain": ("local.odd",)}}


def _meaning(role: Role, *codes: str) -> Meaning:
    return Meaning("en", role, codes=codes)


@pytest.mark.parametrize(
    ("phrase", "before", "after"),
    [
        pytest.param("fonio", _meaning(Role.PLAIN), _meaning(Role.TERM, "local.fonio"), id="plain"),
        pytest.param(
            "fonio pie", _meaning(Role.TRAP), _meaning(Role.TERM, "local.fonio"), id="within-a-trap"
        ),
        pytest.param(
            "milk", _meaning(Role.TERM, "milk"), _meaning(Role.TERM, "milk", "local.drink"), id="term"
        ),
        pytest.param(
            "fonio or milk",
            _meaning(Role.MAYBE, "milk"),
            _meaning(Role.MAYBE, "milk", "local.fonio", "local.drink"),
            id="maybe",
        ),
        pytest.param("fonios", _meaning(Role.PLAIN), _meaning(Role.PLAIN), id="another-word"),
        pytest.param("may contain", _meaning(Role.CLAUSE), _meaning(Role.CLAUSE), id="clause"),
        pytest.param("milk free", _meaning(Role.FREE_SUFFIX), _meaning(Role.FREE_SUFFIX), id="free"),
    ],
)
def test_a_phrase_keeps_what_it_meant(phrase: str, before: Meaning, after: Meaning) -> None:
    assert with_own_words({phrase: before}, "en", OWN)[phrase] == after


def test_a_new_word_is_a_term_of_its_language_alone() -> None:
    assert with_own_words({}, "en", OWN)["fonio"] == _meaning(Role.TERM, "local.fonio")
    assert with_own_words({}, "de", OWN) == {}


@pytest.fixture(scope="module")
def known() -> Catalog:
    """Return a catalogue with entries of an operator."""
    names = {
        "local.fonio": {"en": "fonio", "de": "Fonio"},
        "local.bambara": {"en": "bambara", "fr": "bambara"},
    }
    entries = [Allergen(code=code, names=languages) for code, languages in names.items()]
    return catalog.lay_over(catalog.shipped(), [OwnEntry(entry) for entry in entries], version="1")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("Ingredients: water, fonio.", "local.fonio", id="word"),
        pytest.param("Zutaten: Wasser, Foniomehl.", "local.fonio", id="compound"),
        pytest.param("Ingredients: water, bambarra.", "local.bambara", id="misspelt"),
        pytest.param("Ingrédients : eau, BAMBARA (30 %).", "local.bambara", id="capitals"),
    ],
)
def test_a_label_is_read_with_them(known: Catalog, text: str, code: str) -> None:
    reading = screening.read(text, lexicon.load(lexicon.FOLDER, known), language=None)

    assert code in {code for mention in reading.mentions for code in mention.codes}


def test_what_the_shipped_words_mean_they_mean_as_before(known: Catalog) -> None:
    text = "Ingredients: wheat flour, fonio, peanuts, soya lecithin. May contain milk."

    before = screening.read(text, lexicon.shipped(), language="en")
    after = screening.read(text, lexicon.load(lexicon.FOLDER, known), language="en")

    old = {(mention.start, code) for mention in before.mentions for code in mention.codes}
    new = {(mention.start, code) for mention in after.mentions for code in mention.codes}
    assert old < new
    assert {code for _, code in new - old} == {"local.fonio"}


GONE = {"id": "01890a5d-ac96-774b-bcce-b302099a8057", "code": "local.gone"}
GONE_PARTS: dict[str, dict[str, Any]] = {
    "allergies": {
        "kind": "allergy", "severity": "mild", "reactions": [], "verification": "confirmed",
        "avoid_traces": False, "threshold_mg": None, "onset_year": None, "note": None,
    },
    "dietary_restrictions": {"strictness": "strict", "reason": None},
    "medical_conditions": {"since": None, "note": None},
}  # fmt: skip
EMPTY = dict.fromkeys(GONE_PARTS, ()) | {
    "display_name": None,
    "birth_year": None,
    "no_known_allergies": False,
}


@pytest.mark.parametrize("part", GONE_PARTS)
def test_a_label_clears_nobody_of_what_the_catalogue_does_not_know(known: Catalog, part: str) -> None:
    document = Document.model_validate(EMPTY | {part: [GONE | GONE_PARTS[part]]})
    label = Source((Piece("/text", "Ingredients: water, sugar, salt."),))
    read = read_source(label, lexicon.fitting(known), known, language=None)

    found = answer(read, of_document(document, known), known, NO_LAW, answered=True, language="en")

    assert found.verdict is Verdict.UNKNOWN
    assert found.reasons == ("the catalogue does not know what this is",)
    assert [(one.code, one.verdict) for one in found.requirements] == [("local.gone", Verdict.UNKNOWN)]
