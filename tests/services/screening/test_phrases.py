"""Words that look like an allergen and are none, and words that are made from one, in every language."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from backend.schemas.screening import Verdict
from backend.services.screening import lexicon
from tests.labels import allergy, judged

_Row = tuple[str, str, str]
FOLDER = Path(__file__).parent / "phrases"
LANGUAGES = {path.stem for path in lexicon.FOLDER.glob("*.yaml")}


def _rows(name: str) -> Iterator[_Row]:
    groups = yaml.load((FOLDER / name).read_bytes(), Loader=yaml.BaseLoader)  # noqa: S506 -- plain text alone
    for language, codes in groups.items():
        for code, phrases in codes.items():
            yield from ((language, code, phrase) for phrase in phrases)


TRAPS, DERIVED = list(_rows("traps.yaml")), list(_rows("derived.yaml"))


@pytest.mark.parametrize("hinted", [True, False])
@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_what_only_looks_like_an_allergen_is_no_finding(language: str, *, hinted: bool) -> None:
    wrong = {
        (phrase, code)
        for known, code, phrase in TRAPS
        if known == language and judged(f"{phrase}.", allergy(code), lang=language if hinted else None)[1]
    }

    assert wrong == set()


@pytest.mark.parametrize("hinted", [True, False])
@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_what_is_made_from_an_allergen_is_found(language: str, *, hinted: bool) -> None:
    missed = {
        (phrase, code)
        for known, code, phrase in DERIVED
        if known == language
        and judged(f"{phrase}.", allergy(code), lang=language if hinted else None)[0] is not Verdict.CONTAINS
    }

    assert missed == set()


def test_the_phrases_are_many_and_of_every_language() -> None:
    assert len(TRAPS) >= 150
    assert len(DERIVED) >= 400
    assert {row[0] for row in TRAPS} == {row[0] for row in DERIVED} == LANGUAGES
    assert len(set(TRAPS)) == len(TRAPS)
    assert len(set(DERIVED)) == len(DERIVED)
