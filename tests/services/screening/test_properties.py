"""What holds for every label: an allergen more is no milder verdict, and the printing decides nothing."""

import unicodedata
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from backend.schemas.screening import Verdict
from backend.services.screening import lexicon
from backend.services.screening.coverage import cover
from backend.services.screening.files import read_file
from backend.services.screening.judge import fold_verdicts
from backend.services.screening.mentions import Span
from backend.services.screening.sources import Piece, Source, read_source
from tests.labels import KNOWN, WORDS, allergy, judged

# A warning or an aside ends a list of ingredients: what follows it is no part of the list.
OPENERS = {
    path.stem: [
        phrase
        for kind in ("absent_one", "free_from", "free_from_after")
        for phrase in read_file(path.read_bytes()).clauses.get(kind, ())
    ]
    for path in lexicon.FOLDER.glob("*.yaml")
}
PRINTED = (
    "milk", "sugar", "Contains", "Ingredients", "Store in ", "E330", "7", "_", "é", "乳", ":", ",", ", ", ";",
    "(", ")", ".", ". ", ".5", "/", "|", "•", " ", "\n",
)  # fmt: skip
STRANGE = ("xyzzyq", "12 %", "(3,5 %)", "E 330")


@dataclass(frozen=True)
class Label:
    """A list of ingredients, and what stands behind it."""

    language: str
    items: tuple[str, ...]
    rest: str

    def text(self) -> str:
        """Return it as printed."""
        return f"{WORDS[self.language][0]}: {', '.join(self.items)}. {self.rest}"


@st.composite
def labels(draw: st.DrawFn) -> Label:
    """Return labels of every language."""
    language = draw(st.sampled_from(sorted(WORDS)))
    _, milk, *others = WORDS[language]
    opener = st.sampled_from(OPENERS[language])
    plain = st.sampled_from([*others, *STRANGE])
    item = st.one_of(plain, st.builds("{} {}".format, opener, plain))
    items = draw(st.lists(item, min_size=1, max_size=8))
    rest = draw(st.builds("{} {}.".format, opener, st.sampled_from([milk, *others])))
    return Label(language, tuple(items), rest)


def _verdict(text: str, language: str) -> Verdict:
    return judged(text, allergy("milk"), lang=language)[0]


@given(labels(), st.integers(0, 8))
def test_an_allergen_more_in_the_list_never_makes_the_verdict_milder(label: Label, place: int) -> None:
    items = (*label.items[:place], WORDS[label.language][1], *label.items[place:])
    before = _verdict(label.text(), label.language)

    after = _verdict(Label(label.language, items, label.rest).text(), label.language)

    assert fold_verdicts([before, after]) is after
    assert after is not Verdict.NO_CONFLICT_FOUND


@given(label=labels(), has_milk=st.booleans())
def test_case_accents_and_spaces_never_change_a_verdict(label: Label, *, has_milk: bool) -> None:
    items = (*label.items, WORDS[label.language][1]) if has_milk else label.items
    text = Label(label.language, items, label.rest).text()
    decomposed = unicodedata.normalize("NFD", text)
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))

    verdicts = {
        _verdict(printed, label.language)
        for printed in (text, text.upper(), text.title(), decomposed, bare, text.replace(" ", " \u00a0 "))
    }

    assert len(verdicts) == 1


@given(st.lists(st.sampled_from(PRINTED), max_size=12).map("".join))
def test_ingredients_are_as_many_as_where_one_was_not_understood(text: str) -> None:
    read = read_source(Source((Piece("/text", text),)), lexicon.shipped(), KNOWN, language="en")
    behind = Span(len(text), len(text) + 1, "")
    understood, strange = (
        cover(read._replace(reading=read.reading._replace(unknown=unknown)), most=0)
        for unknown in ((), (behind,))
    )

    assert understood == strange
