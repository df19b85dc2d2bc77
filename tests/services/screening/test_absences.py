"""No absence, suitability or aside of any language clears what a label lists beside it."""

import itertools

import pytest

from backend.schemas.screening import Verdict
from backend.services.screening import lexicon
from backend.services.screening.files import File, read_file
from tests.labels import WORDS, allergy, judged

FILES = {path.stem: read_file(path.read_bytes()) for path in sorted(lexicon.FOLDER.glob("*.yaml"))}
SHAPES = (
    "{salt}, {opener} {sugar}, {milk}, {salt}.",
    "{salt}, {opener} {sugar}; {milk}, {salt}.",
    "{salt} - {opener} {sugar} - {milk} - {salt}.",
    "{salt} • {opener} {sugar} • {milk} • {salt}.",
    "{salt} | {opener} {sugar} | {milk} | {salt}.",
    "{salt}, {opener} {sugar} / {milk} / {salt}.",
    "{salt}, {opener} {sugar} + {milk}, {salt}.",
    "{salt}, {opener} {gluten}; {milk}, {salt}.",
    "{salt} - {opener} {gluten} - {milk} - {salt}.",
    "{salt}, {opener} {gluten}\n{milk}, {salt}.",
    "{salt}\n{opener} {gluten}\n{milk}\n{salt}",
    "{salt},\n{opener} {sugar},\n{milk},\n{salt}",
    "{opener} {gluten}. {list}: {milk}, {salt}.",
    "{opener} {gluten} {list}: {milk}, {salt}.",
    "{opener} {gluten}. {milk}, {salt}.",
    "{salt} ({opener} {sugar}), {milk}.",
    "{salt} [{opener} {gluten}] {milk}.",
    "{list}: {milk}, {salt}, {opener} {gluten}.",
    "{list}: {salt}, {opener} {gluten}, {sugar}, {milk}, {salt}.",
    "{salt}, {opener}, {milk}, {salt}.",
    "{salt}. {opener}. {milk}, {salt}.",
    "{sugar} ({milk}, {opener} {gluten}), {salt}",
    "{opener} {sugar}, {opener} {salt}, {milk}",
)
AT_LEAST = {
    "absent_one": {Verdict.CONTAINS},
    "free_from": {Verdict.CONTAINS},
    "free_from_after": {Verdict.CONTAINS},
    "free_suffix": {Verdict.CONTAINS},
    "negation": {Verdict.CONTAINS},
    # "Not suitable for" is a warning.
    "suitability": {Verdict.CONTAINS, Verdict.MAY_CONTAIN},
    # What such a clause names is still seen.
    "nutrition": {Verdict.CONTAINS, Verdict.MAY_CONTAIN, Verdict.UNKNOWN},
    "storage": {Verdict.CONTAINS, Verdict.MAY_CONTAIN, Verdict.UNKNOWN},
    "marketing": {Verdict.CONTAINS, Verdict.MAY_CONTAIN, Verdict.UNKNOWN},
}


def _cleared(file: File, kind: str) -> list[str]:
    listing, milk, sugar, salt, gluten = WORDS[file.language]
    labels = (
        shape.format(opener=opener, list=listing, milk=milk, sugar=sugar, salt=salt, gluten=gluten)
        for opener, shape in itertools.product(file.clauses.get(kind, ()), SHAPES)
    )
    return [
        label
        for label in labels
        if judged(label, allergy("milk"), lang=file.language)[0] not in AT_LEAST[kind]
    ]


@pytest.mark.parametrize("kind", AT_LEAST)
@pytest.mark.parametrize("language", FILES)
def test_no_phrase_that_opens_a_clause_clears_the_milk_beside_it(language: str, kind: str) -> None:
    assert _cleared(FILES[language], kind) == []


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        pytest.param("Sucre, 2,0% de lait entier", "fr", id="comma"),
        pytest.param("Sucre, 2,0 % de lait entier", "fr", id="comma-and-space"),
        pytest.param("Sucre, 1.0% de lait", "fr", id="point"),
        pytest.param("Sucre, 10% de lait", "fr", id="ten"),
        pytest.param("Sucre, 2 , 0 % de lait", "fr", id="spread-out"),
        pytest.param("Sucre 2·0 % de lait", "fr", id="middle-dot"),
        pytest.param("Zucker, 2,0 Prozent Milch", "de", id="German"),
        pytest.param("Zucker, 100 Prozent Milch", "de", id="German-hundred"),
        pytest.param("Socker, 3.0 procent mjölk", "sv", id="Swedish"),
        pytest.param("Suiker, 2,0 procent melk", "nl", id="Dutch"),
        pytest.param("Sugar, 3.0 % fat milk", "en", id="English"),
        pytest.param("Azúcar, 2,0 % de leche", "es", id="Spanish"),
        pytest.param("Zucchero, 2,0% di latte", "it", id="Italian"),
    ],
)
def test_a_nought_at_the_end_of_a_number_is_no_absence(text: str, lang: str) -> None:
    assert judged(text, allergy("milk"), lang=lang)[0] is Verdict.CONTAINS


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        pytest.param("Riz, 0% de lait, sel", "fr", id="0%"),
        pytest.param("Riz, 0 % de lait", "fr", id="0 %"),
        pytest.param("Riz, zéro lait", "fr", id="zero"),
        pytest.param("Reis, 0 Prozent Milch", "de", id="German"),
        pytest.param("Ris, 0 procent mjölk", "sv", id="Swedish"),
    ],
)
def test_nought_per_cent_of_something_is_its_absence(text: str, lang: str) -> None:
    assert judged(text, allergy("milk"), lang=lang)[1] == ()


def test_additives_of_one_letter_and_several_numbers_are_still_found() -> None:
    assert judged("Salt, preservative E223,224", allergy("sulphites"))[1] != ()


@pytest.mark.parametrize(
    ("text", "code", "lang"),
    [
        pytest.param("Zucker, Eiweiß Salz, Mehl", "eggs", "de", id="egg-white-and-salt"),
        pytest.param("Suiker, eiwit zout", "eggs", "nl", id="Dutch-egg-white"),
        pytest.param("Filet de lieu de ligne, sel", "fish", "fr", id="pollock-of-the-line"),
        pytest.param("Lieu frais 60 %, sel", "fish", "fr", id="fresh-pollock"),
        pytest.param("Origine del latte: Italia", "milk", "it", id="origin-of-the-milk"),
    ],
)
def test_no_longer_phrase_hides_an_allergen_in_it(text: str, code: str, lang: str) -> None:
    assert judged(text, allergy(code), lang=lang)[0] is Verdict.CONTAINS
