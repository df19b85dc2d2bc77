"""Reasons are said in every language that names come in."""

import re

import pytest

from backend.core import languages
from backend.services import catalog
from backend.services.screening.reasons import OWN_RECORD, Sentence, in_words
from tests.labels import KNOWN, allergy, judged

OTHERS = sorted(set(catalog.LANGUAGES) - {languages.FALLBACK})
THRESHOLDS = {
    rule.threshold
    for holder in (*KNOWN.diets.values(), *KNOWN.conditions.values())
    for rule in holder.rules
    if rule.threshold
}


def test_the_table_has_the_languages_of_names() -> None:
    assert sorted(languages.translations("reasons")) == OTHERS


@pytest.mark.parametrize("language", OTHERS)
def test_every_reason_is_said_with_its_places(language: str) -> None:
    table = languages.translations("reasons")[language]

    assert set(table) == {*Sentence, OWN_RECORD, *THRESHOLDS}
    for sentence, said in table.items():
        assert said.strip()
        assert set(re.findall(r"{\w*}", said)) == set(re.findall(r"{\w*}", sentence)), sentence
    # Those of places alone may be the same in every language, and amounts with international words.
    same = {sentence for sentence, said in table.items() if said == sentence}
    assert same <= {Sentence.BY_RULE, *THRESHOLDS}


@pytest.mark.parametrize("language", catalog.LANGUAGES)
def test_a_finding_names_the_substance_in_the_language(language: str) -> None:
    _, findings = judged("Ingredients: whey powder.", allergy("milk"))

    said = in_words(findings[0].reason, language, KNOWN)

    assert KNOWN.allergens["milk"].name(language) in said
    assert "{" not in said
