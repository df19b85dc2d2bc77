"""No absence or suitability clears what is listed beside it, however the two are put together."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.schemas.screening import Verdict
from backend.services.screening import lexicon
from backend.services.screening.files import File, read_file
from tests.labels import WORDS, allergy, judged

FILES = {path.stem: read_file(path.read_bytes()) for path in sorted(lexicon.FOLDER.glob("*.yaml"))}
KINDS = ("absent_one", "free_from", "free_from_after", "suitability")
SEEN = {Verdict.CONTAINS, Verdict.MAY_CONTAIN, Verdict.LIKELY}
# What is absent is no allergen, or not understood, or another allergen; nothing joins the milk to it.
SHAPES = (
    "{opener} {sugar} ({milk}, {salt}).",
    "{opener} {gluten} ({milk}, {salt}).",
    "{opener} xyzzyq ({milk}, {salt}).",
    "{opener} {sugar} [{milk}], {salt}.",
    "{opener} {sugar}: {milk}, {salt}.",
    "{opener} {gluten}: {milk}, {salt}.",
    "{opener} xyzzyq: {milk}, {salt}.",
    "{opener} xyzzyq {milk}, {salt}.",
    "{opener} {sugar} {milk}, {salt}.",
    "{opener} {gluten} {milk}, {salt}.",
    "{opener} {gluten} xyzzyq {milk}, {salt}.",
    "{salt}, {opener} xyzzyq {milk}, {salt}.",
    "{salt}, {opener} {gluten}, {milk}, {gluten}.",
    "{salt}, {opener} {sugar} ({milk}).",
    "{list}: {salt}, {opener} xyzzyq ({milk}), {sugar}.",
    "{salt}, {opener} {gluten}, {sugar}, {milk}.",
)


def _cleared(file: File, shape: str) -> list[str]:
    listing, milk, sugar, salt, gluten = WORDS[file.language]
    openers = itertools.chain.from_iterable(file.clauses.get(kind, ()) for kind in KINDS)
    labels = (
        shape.format(opener=opener, list=listing, milk=milk, sugar=sugar, salt=salt, gluten=gluten)
        for opener in openers
    )
    return [label for label in labels if judged(label, allergy("milk"), lang=file.language)[0] not in SEEN]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("language", FILES)
def test_what_nothing_joins_to_an_absence_is_seen(language: str, shape: str) -> None:
    assert _cleared(FILES[language], shape) == []


APART = (
    "{salt}, {milk}\n{suffix} xyzzyq",
    "{salt}, {milk}\n\n{suffix}, {sugar}",
    "{salt}, {milk} - {suffix} {sugar}",
    "{salt}, {milk}, {suffix} {sugar}",
    "{salt}, {milk}. {suffix} {sugar}",
    "{salt}, {milk} ({suffix})",
    "{milk} • {suffix} {sugar}",
    "{milk} 3%, {suffix}",
    "{salt}, {milk} {suffix} xyzzyq",
    "{list}: {sugar}, {milk} {suffix} xyzzyq, {salt}",
    "{sugar}, {milk} {suffix} {sugar} xyzzyq",
)


@pytest.mark.parametrize("language", FILES)
def test_no_word_for_free_clears_milk_from_another_line_or_item(language: str) -> None:
    listing, milk, sugar, salt, _ = WORDS[language]
    labels = [
        shape.format(list=listing, salt=salt, milk=milk, sugar=sugar, suffix=suffix)
        for shape in APART
        for suffix in FILES[language].clauses.get("free_suffix", ())
    ]

    assert [label for label in labels if judged(label, allergy("milk"), lang=language)[0] not in SEEN] == []


LISTS_NOTHING = (
    "{opener} {gluten}, {milk}, {egg}.",
    "{opener} {gluten}",
    "{opener} {gluten}, {milk}, {sugar}, {salt}",
)


@pytest.mark.parametrize("shape", LISTS_NOTHING)
@pytest.mark.parametrize("language", FILES)
def test_a_label_that_only_tells_what_is_absent_clears_nobody(language: str, shape: str) -> None:
    _, milk, sugar, salt, gluten = WORDS[language]
    file = FILES[language]
    egg = file.terms["eggs"][0]
    openers = [opener for kind in ("free_from", "free_from_after") for opener in file.clauses.get(kind, ())]
    labels = (
        shape.format(opener=opener, gluten=gluten, milk=milk, egg=egg, sugar=sugar, salt=salt)
        for opener in openers
    )

    cleared = [
        label
        for label in labels
        if judged(label, allergy("milk"), lang=language)[0] is Verdict.NO_CONFLICT_FOUND
    ]

    assert cleared == []


@pytest.mark.parametrize("suffixed", ["{milk} {suffix}", "{milk}-{suffix}", "{milk} {suffix}."])
@pytest.mark.parametrize("language", sorted(FILES.keys() - {"fi"}))  # there it is an ending, and no word
def test_a_label_that_is_nothing_but_free_of_something_clears_nobody(language: str, suffixed: str) -> None:
    milk = WORDS[language][1]
    labels = [
        suffixed.format(milk=milk, suffix=suffix) for suffix in FILES[language].clauses.get("free_suffix", ())
    ]

    verdicts = {judged(label, allergy("eggs"), lang=language)[0] for label in labels}

    assert Verdict.NO_CONFLICT_FOUND not in verdicts


@st.composite
def labels(draw: st.DrawFn) -> tuple[str, str]:
    """Return a language, and a label that lists milk behind the one thing that is absent."""
    language = draw(st.sampled_from(sorted(WORDS)))
    listing, milk, sugar, salt, gluten = WORDS[language]
    file = FILES[language]
    openers = [opener for kind in KINDS for opener in file.clauses.get(kind, ())]
    piece = st.sampled_from(
        [*openers, listing, sugar, salt, gluten, "xyzzyq", "(", ")", ":", ",", "12 %", "\n", "."]
    )
    before, after = draw(st.lists(piece, max_size=6)), draw(st.lists(piece, max_size=6))
    opener = draw(st.sampled_from(openers))
    absent = draw(st.sampled_from([sugar, salt, "xyzzyq", f"{sugar} xyzzyq", f"{salt} ({sugar})"]))
    then = draw(st.sampled_from([" ", " (", " [", ": ", ". ", "; ", "\n", " - ", " | "]))
    return language, f"{' '.join(before)} {opener} {absent}{then}{milk} {' '.join(after)}"


@given(labels())
def test_milk_behind_what_is_absent_is_seen(label: tuple[str, str]) -> None:
    language, text = label

    assert judged(text, allergy("milk"), lang=language)[0] in SEEN


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        pytest.param("Free from: milk, eggs.", "en", id="colon"),
        pytest.param("Free from the following allergens: milk, eggs.", "en", id="these-allergens"),
        pytest.param("Free from gluten (wheat, rye), nuts and milk.", "en", id="kinds-in-brackets"),
        pytest.param("Free from gluten, nuts and milk.", "en", id="list"),
        pytest.param("Free from colours and milk.", "en", id="joined"),
        pytest.param("Free from any traces of milk.", "en", id="traces"),
        pytest.param("Rice. Suitable for people with a milk allergy.", "en", id="suitability"),
        pytest.param("Suitable for those with a nut or milk allergy.", "en", id="two-allergies"),
        pytest.param("Sans protéines de lait.", "fr", id="genitive"),
        pytest.param("Convient aux personnes allergiques au lait.", "fr", id="convient"),
        pytest.param("Geeignet für Milchallergiker.", "de", id="one-word"),
        pytest.param("Frei von Gluten, Milch und Ei.", "de", id="German-list"),
        pytest.param("Vrij van gluten of melk.", "nl", id="Dutch-or"),
        pytest.param("Senza latte e uova.", "it", id="Italian-and"),
    ],
)
def test_what_is_joined_to_an_absence_is_absent(text: str, lang: str) -> None:
    assert judged(text, allergy("milk"), lang=lang)[1] == ()
