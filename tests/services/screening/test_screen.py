"""The engine as a library: what holds for every text, whatever the form in which it is asked about."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.schemas.health import Severity
from backend.schemas.screening import FindingResponse, GuestCheck, UnknownWords, Verdict
from backend.services.catalog import UnknownNameError
from backend.services.screening import (
    AllergyRequirement,
    ConditionRequirement,
    DietRequirement,
    PersonalRequirement,
    answer_guests,
    fold_verdicts,
    screen,
)
from tests.labels import WORDS

EVERYTHING: tuple[PersonalRequirement, ...] = (
    AllergyRequirement("milk"),
    AllergyRequirement("nuts"),
    AllergyRequirement("gluten"),
    AllergyRequirement("soybeans"),
    DietRequirement("vegan"),
    ConditionRequirement("coeliac_disease"),
)
GUEST = {
    "allergies": ["milk", "nuts", "gluten", "soybeans"],
    "dietary_restrictions": ["vegan"],
    "medical_conditions": ["coeliac_disease"],
}
PIECES = [
    *(word for words in WORDS.values() for word in words),
    "free from", "may contain", "contains", "ohne", "peut contenir", "soya lecithin", "Weizeneiweiß", "ﬁsh",
    "cre\u0300me fraîche", "İnek sütü", "牛奶", "🥜 peanuts", "\uff4d\uff49\uff4c\uff4b", "nut\u00adella",
    "(", ")", ",", ".", ":", ";", "\n",
    "\n\n", "-", "3,5 %", "e322", "xyzzyq", "mi1k", "\u200bmilk", "ß", "ŀ", "&",
]  # fmt: skip
texts = st.one_of(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=25).map(" ".join),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=25).map("".join),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=120),
)


@settings(max_examples=100)
@given(texts)
def test_every_offset_leads_to_the_words_that_it_is_given_for(text: str) -> None:
    answer = screen(text, EVERYTHING)

    for placed in answer.findings:
        assert text[placed.start : placed.end] == placed.finding.mention.text != ""
    for _, span in answer.coverage.unknown:
        assert text[span.start : span.end] == span.text != ""
    assert 0 <= answer.coverage.understood <= answer.coverage.total
    assert 0 <= answer.coverage.ingredients_understood <= answer.coverage.ingredients_listed


@settings(max_examples=40)
@given(st.lists(texts, min_size=1, max_size=5), texts)
def test_every_offset_leads_into_the_text_that_it_points_to(ingredients: list[str], name: str) -> None:
    components = [
        {"name": name[:200], "ingredients": ingredients},
        {"name": "second", "ingredients": ingredients},
    ]
    forms: list[dict[str, Any]] = [
        {"ingredients": ingredients},
        {"recipe": {"name": name[:200], "components": components}},
    ]
    for form in forms:
        answer = answer_guests(GuestCheck.model_validate(form | {"requirements": GUEST}))

        found: list[FindingResponse | UnknownWords] = [*answer.people[0].findings, *answer.coverage.unknown]
        assert all(_text(form, item.pointer)[item.start : item.end] == item.text != "" for item in found)


def _text(body: object, pointer: str) -> str:
    for part in pointer.split("/")[1:]:
        body = body[int(part)] if isinstance(body, list) else body[part]  # type: ignore[index] # as the pointer says
    assert isinstance(body, str)
    return body


@settings(max_examples=60)
@given(texts)
def test_a_person_has_the_worst_of_their_requirements_and_each_its_reason(text: str) -> None:
    answer = screen(text, EVERYTHING, regime="us")

    assert [one.code for one in answer.requirements] == [one.code for one in EVERYTHING]
    assert answer.verdict is fold_verdicts(one.verdict for one in answer.requirements)
    for one in answer.requirements:
        own = [p.finding for p in answer.findings if p.finding.requirement.code == one.code]
        assert one.reason
        assert one.verdict is fold_verdicts([one.verdict, *(finding.verdict for finding in own)])
        assert one.verdict is not Verdict.CONTAINS or Verdict.CONTAINS in {finding.verdict for finding in own}


@settings(max_examples=60)
@given(st.lists(texts, max_size=6), st.integers(0, 6), st.sampled_from(sorted(WORDS)))
def test_an_allergen_more_among_the_ingredients_never_lowers_a_verdict(
    ingredients: list[str], place: int, language: str
) -> None:
    more = [*ingredients[:place], WORDS[language][1], *ingredients[place:]]

    verdicts = [
        answer_guests(
            GuestCheck.model_validate({"ingredients": listed, "requirements": GUEST, "lang": language})
        ).verdict
        for listed in ([*ingredients, WORDS[language][2]], more)
    ]

    assert verdicts[1] is fold_verdicts(verdicts)
    assert verdicts[1] is Verdict.CONTAINS


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from([word for words in WORDS.values() for word in words]), min_size=1, max_size=8)
)
def test_case_accents_and_spaces_never_change_a_verdict(ingredients: list[str]) -> None:
    def printed(change: object) -> Verdict:
        listed = [change(item) for item in ingredients]  # type: ignore[operator] # one of those below
        return answer_guests(
            GuestCheck.model_validate({"ingredients": listed, "requirements": GUEST})
        ).verdict

    def bare(text: str) -> str:
        decomposed = unicodedata.normalize("NFD", text)
        return "".join(letter for letter in decomposed if not unicodedata.combining(letter))

    changes = [str, str.upper, str.title, bare, lambda text: f"  {text}\u00a0 ".replace(" ", " \u2009")]

    assert len({printed(change) for change in changes}) == 1


@pytest.mark.parametrize(
    ("requirement", "verdict"),
    [
        pytest.param(AllergyRequirement("peanuts"), Verdict.MAY_CONTAIN, id="traces"),
        pytest.param(
            AllergyRequirement("peanuts", avoid_traces=False), Verdict.NO_CONFLICT_FOUND, id="no-traces"
        ),
        pytest.param(
            AllergyRequirement("peanuts", Severity.LIFE_THREATENING, avoid_traces=False),
            Verdict.MAY_CONTAIN,
            id="a-life-at-stake",
        ),
        pytest.param(AllergyRequirement("Erdnüsse"), Verdict.MAY_CONTAIN, id="any-approved-name"),
        pytest.param(DietRequirement("vegan"), Verdict.NO_CONFLICT_FOUND, id="diet"),
    ],
)
def test_severity_and_traces_decide(requirement: PersonalRequirement, verdict: Verdict) -> None:
    answer = screen("Ingredients: sugar, salt. May contain peanuts.", [requirement], "en")

    assert answer.verdict is verdict


def test_of_somebody_of_whom_nothing_is_known_nothing_can_be_said() -> None:
    answer = screen("Ingredients: sugar, salt.", [])

    assert (answer.verdict, answer.requirements) == (Verdict.UNKNOWN, ())
    assert answer.reasons


def test_a_requirement_that_comes_twice_is_answered_once() -> None:
    answer = screen("Ingredients: sugar, salt.", [DietRequirement("vegan"), DietRequirement("Vegan")])

    assert len(answer.requirements) == 1


@pytest.mark.parametrize(
    "requirement", [AllergyRequirement("zq"), DietRequirement("zq"), ConditionRequirement("zq")]
)
def test_a_name_that_is_not_approved_is_refused_with_what_is_near(requirement: PersonalRequirement) -> None:
    with pytest.raises(UnknownNameError) as caught:
        screen("Ingredients: sugar, salt.", [requirement])

    assert len(caught.value.nearest) == 3
    assert "zq" not in str(caught.value)
