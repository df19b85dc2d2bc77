"""What a label means for somebody: warnings, absences, silence, diets and conditions."""

import pytest

from backend.schemas.screening import Verdict
from backend.services import screening
from backend.services.catalog import RequirementType
from backend.services.screening import lexicon
from backend.services.screening.reasons import in_words
from backend.services.screening.requirements import require_rules
from tests.labels import KNOWN, allergy, judged

CONTAINS, MAY_CONTAIN, LIKELY = Verdict.CONTAINS, Verdict.MAY_CONTAIN, Verdict.LIKELY
UNKNOWN, NOTHING = Verdict.UNKNOWN, Verdict.NO_CONFLICT_FOUND


@pytest.mark.parametrize(
    "text",
    [
        "Ingredients: sugar, cocoa mass. May contain milk.",
        "Ingredients: sugar, cocoa mass. May contain traces of nuts and milk.",
        "Ingredients: sugar. Produced in a facility that also handles milk.",
        "Ingredients: sugar. Made in a factory that handles peanuts, milk and eggs.",
        "Ingredients: sugar (may contain milk), rice.",
        "Ingredients: sugar\nMay contain nuts, soya,\nmilk",
        "Ingrédients : sucre. Peut contenir des traces de lait.",
        "Ingrédients : sucre. Traces éventuelles de fruits à coque et lait.",
        "Ingrédients : sucre. Fabriqué dans un atelier utilisant du lait.",
    ],
)
def test_a_precautionary_statement_is_apart_from_the_ingredients(text: str) -> None:
    verdict, findings = judged(text, allergy("milk"), lang=None)

    assert verdict is MAY_CONTAIN
    assert {finding.mention.clause for finding in findings} == {"precautionary"}


@pytest.mark.parametrize(
    "text",
    [
        "May contain nuts. Ingredients: sugar, milk.",
        "May contain nuts.\nSugar, milk.",
        "May contain traces of nuts\n\nmilk, sugar",
        "Ingredients: sugar (may contain nuts), milk.",
        "Ingredients: sugar. May contain nuts. Contains: milk.",
        "Ingredients: sugar. May contain nuts. Contains milk",
        "Free from nuts. Contains milk.",
        "Gluten free. Ingredients: milk.",
        "Without nuts, with milk.",
        "Suitable for vegetarians. Contains milk.",
        "Peut contenir des fruits à coque. Ingrédients : sucre, lait.",
    ],
)
def test_what_follows_a_warning_or_an_absence_is_not_swallowed_by_it(text: str) -> None:
    assert judged(text, allergy("milk"), lang=None)[0] is CONTAINS


def test_somebody_who_tolerates_traces_is_not_warned_of_them() -> None:
    text = "Ingredients: sugar. May contain milk."

    assert judged(text, allergy("milk", traces=False)) == (NOTHING, ())


@pytest.mark.parametrize(
    "text",
    [
        "Ingredients: rice, salt. Milk free.",
        "Ingredients: rice, salt. Dairy-free.",
        "Ingredients: rice, salt. Free from milk and eggs.",
        "Ingredients: rice, salt. Does not contain milk.",
        "Ingredients: rice, salt. Contains no milk.",
        "Ingrédients : riz, sel. Sans lait.",
        "Ingrédients : riz, sel. Ne contient pas de lait.",
    ],
)
def test_an_absence_is_no_conflict(text: str) -> None:
    assert judged(text, allergy("milk"), lang=None) == (NOTHING, ())


def test_an_absence_never_clears_what_is_listed() -> None:
    text = "Dairy free! Ingredients: sugar, milk chocolate"

    assert judged(text, allergy("milk"))[0] is CONTAINS


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("Ingredients: sugar, nuts", "nuts.hazelnut", id="wider-word"),
        pytest.param("Ingredients: sugar, hazelnutts", "nuts.hazelnut", id="misspelt"),
        pytest.param("Ingredients: sugar, pine nuts", "nuts", id="nut-under-some-laws"),
        pytest.param("Ingredients: rice, fish", "fish.cod", id="wider-kind"),
    ],
)
def test_a_wider_or_misspelt_word_is_likely(text: str, code: str) -> None:
    assert judged(text, allergy(code))[0] is LIKELY


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("Ingredients: sugar, corn maze flavour, salt", "molluscs", id="maze"),
        pytest.param("Prot 3 g", "fish", id="Prot"),
        pytest.param("maze", "molluscs", id="maze-alone"),
    ],
)
def test_no_short_word_is_a_misspelling_of_a_word_of_another_language(text: str, code: str) -> None:
    assert judged(text, allergy(code), lang=None)[1] == ()


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        pytest.param("rice, goat's milk", "milk.cow", LIKELY, id="goat-for-cow"),
        pytest.param("rice, quail's eggs", "eggs.hen", LIKELY, id="quail-for-hen"),
        pytest.param("rice, pistachios", "nuts.cashew", LIKELY, id="pistachio-for-cashew"),
        pytest.param("rice, crab", "crustaceans.prawn", LIKELY, id="crab-for-prawn"),
        pytest.param("rice. May contain pecans", "nuts.walnut", MAY_CONTAIN, id="trace-of-kin"),
        pytest.param("rice, almonds", "nuts.cashew", NOTHING, id="no-kin"),
        pytest.param("rice, milk", "milk.goat", LIKELY, id="wider-word-stays-wide"),
    ],
)
def test_what_is_nearly_the_same_to_the_body_is_likely(text: str, code: str, expected: Verdict) -> None:
    assert judged(f"Ingredients: {text}", allergy(code))[0] is expected


@pytest.mark.parametrize(
    ("text", "code", "law", "expected"),
    [
        pytest.param("water, natural flavouring", "celery", None, UNKNOWN, id="no-law"),
        pytest.param("water, natural flavouring", "celery", "eu", NOTHING, id="declared-in-europe"),
        pytest.param("water, natural flavouring", "celery", "us", UNKNOWN, id="not-in-america"),
        pytest.param("water, modified starch", "gluten.wheat", "us", NOTHING, id="wheat-in-america"),
        pytest.param("water, modified starch", "gluten.wheat", None, UNKNOWN, id="wheat-nowhere"),
        pytest.param("water, modified maize starch", "gluten.wheat", None, NOTHING, id="source-before"),
        pytest.param("water, modified starch (maize)", "gluten.wheat", None, NOTHING, id="source-after"),
        pytest.param("water, modified starch (wheat)", "gluten.wheat", None, CONTAINS, id="wheat-named"),
    ],
)
def test_silence_means_what_the_law_makes_of_it(
    text: str, code: str, law: str | None, expected: Verdict
) -> None:
    assert judged(f"Ingredients: {text}", allergy(code), law=law)[0] is expected


def test_words_that_are_not_understood_are_told_and_lower_the_answer() -> None:
    text = "Ingredients: rice, zorbulated frindle"

    reading = screening.read(text, lexicon.shipped(), language="en")

    assert judged(text, allergy("milk"))[0] is UNKNOWN
    assert [span.text for span in reading.unknown] == ["zorbulated frindle"]
    assert (reading.understood, reading.total) == (2, 4)


@pytest.mark.parametrize("text", ["", " ", "12 345", "!!!", "北京烤鸭"])
def test_a_label_without_understood_words_is_unknown(text: str) -> None:
    assert judged(text, allergy("milk"))[0] is UNKNOWN


@pytest.mark.parametrize(
    ("kind", "code", "text", "expected"),
    [
        (RequirementType.DIET, "vegan", "sugar, honey", CONTAINS),
        (RequirementType.DIET, "vegan", "sugar, gelatine", CONTAINS),
        (RequirementType.DIET, "vegan", "flour, E471", UNKNOWN),
        (RequirementType.DIET, "vegetarian", "rice, milk", NOTHING),
        (RequirementType.DIET, "vegetarian", "rice, beef", CONTAINS),
        (RequirementType.DIET, "pescatarian", "rice, cod", NOTHING),
        (RequirementType.DIET, "halal", "rice, pork", CONTAINS),
        (RequirementType.DIET, "halal", "rice, white wine", CONTAINS),
        (RequirementType.DIET, "halal", "rice, beef", LIKELY),
        (RequirementType.DIET, "kosher", "rice, prawns", CONTAINS),
        (RequirementType.DIET, "jain", "rice, onion", CONTAINS),
        (RequirementType.DIET, "gluten_free", "rice, wheat", CONTAINS),
        (RequirementType.DIET, "gluten_free", "rice, oats", LIKELY),
        (RequirementType.CONDITION, "coeliac_disease", "rice, rye", CONTAINS),
        (RequirementType.CONDITION, "coeliac_disease", "rice. May contain wheat.", MAY_CONTAIN),
        (RequirementType.CONDITION, "phenylketonuria", "water, aspartame", CONTAINS),
        (RequirementType.CONDITION, "phenylketonuria", "water, E951", CONTAINS),
        (RequirementType.CONDITION, "g6pd_deficiency", "water, broad beans", CONTAINS),
        (RequirementType.CONDITION, "alpha_gal_syndrome", "rice, pork", CONTAINS),
        (RequirementType.CONDITION, "alpha_gal_syndrome", "rice, chicken", NOTHING),
        (RequirementType.CONDITION, "pregnancy", "water, raw milk", CONTAINS),
        (RequirementType.CONDITION, "pregnancy", "rice, milk", NOTHING),
        (RequirementType.CONDITION, "hereditary_fructose_intolerance", "water, sorbitol", CONTAINS),
        (RequirementType.CONDITION, "infancy", "oats, honey", CONTAINS),
    ],
)
def test_diets_and_conditions_follow_their_rules(
    kind: RequirementType, code: str, text: str, expected: Verdict
) -> None:
    holder = KNOWN.diets[code] if kind is RequirementType.DIET else KNOWN.conditions[code]
    requirements = list(require_rules(kind, holder, KNOWN))

    verdict, findings = judged(f"Ingredients: {text}", requirements, law="eu")

    assert verdict is expected
    assert all(holder.name("en") in in_words(finding.reason, "en", KNOWN) for finding in findings)


def test_the_worst_verdict_stands_for_the_table() -> None:
    verdicts = list(Verdict)

    assert [screening.fold_verdicts(verdicts[start:]) for start in range(len(verdicts))] == verdicts
    assert screening.fold_verdicts([]) is NOTHING
    assert not any("safe" in verdict for verdict in verdicts)
