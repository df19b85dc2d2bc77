"""What a label mentions: its phrases that stand for something, unless the label itself tells more."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from backend.schemas.screening import ClauseKind
from backend.services.screening.clauses import Clauses, Found, touch
from backend.services.screening.doubts import Doubt
from backend.services.screening.lexicon import Lexicon
from backend.services.screening.meanings import Role
from backend.utils.text import Folded

_SOURCE_FOLLOWS = re.compile(r"\s*[(\[:]")  # "lecithin (soya)", "starch: maize"
_IN_TABLE = re.compile(r"[\s:<]*\d+(?:[.,]\d+)?\s*g\b|\s(?:salz|zout)\b")  # "Eiweiß 7,5 g", "Eiweiß Salz"
_FIRST_STOP = re.compile(r"[,;)\]]|\.(?:\s|$)")
_LIST_FOLLOWS = re.compile(r"\s*[(\[]([^()\[\]]{1,600})[)\]]")
_LETTER = re.compile(r"[^\W\d_]{2}")
_MIN_COMMAS = 2  # of a list that states what something is made of
_MAX_SOURCE = 100  # characters in which a source is looked for
# Looked up once: on Python 3.11 each look at a member of an enumeration takes 0.2 microseconds.
_TERM: Final = Role.TERM
_MAYBE: Final = Role.MAYBE
_NUTRITION: Final = ClauseKind.NUTRITION
_FILLER: Final = Role.FILLER
_NEW: Final = tuple.__new__  # half the time of calling the class, of which a label takes dozens


class Mention(NamedTuple):
    """Words of a label that stand for something; offsets in code points of the caller's text.

    Attributes:
        role: `TERM`, or `MAYBE` where the label does not tell the source.
        codes: What they stand for, or could.
        doubt: Why they may stand for something else.
        exempt: For `MAYBE`: a law, and a code that it lets such words hide.
    """

    start: int
    end: int
    text: str
    role: Role
    codes: tuple[str, ...]
    clause: ClauseKind
    doubt: Doubt | None = None
    exempt: frozenset[tuple[str, str]] = frozenset()


class Span(NamedTuple):
    """A stretch of the caller's text; offsets in code points."""

    start: int
    end: int
    text: str


def mentions(
    label: Folded, text: str, found: Sequence[Found], clauses: Clauses, lexicon: Lexicon
) -> Iterator[Mention]:
    """Yield what the phrases of a label stand for."""
    opened: ClauseKind | None = None
    only = clauses.kinds[0] if len(clauses.kinds) == 1 else None
    starts, ends = label.starts, label.ends
    for index, (first, after, meaning) in enumerate(found):
        opened = meaning.opens or opened
        role = meaning.role
        if role is not _TERM and role is not _MAYBE:
            continue
        if role is _TERM and meaning.compound and _is_composed(label.text, found, index):
            continue  # its own list names what is in it
        clause = only or clauses.at(first)
        if (
            clause is _NUTRITION or (opened is _NUTRITION and _IN_TABLE.match(label.text, after))
        ) and label.text[first:after] in lexicon.nutrients:
            continue  # a line of a nutrition table, also where it stands below the line that opens the table
        if role is _TERM or not _source_told(label.text, found, index, lexicon):
            start, end = starts[first], ends[after - 1]
            doubt = None
            if clauses.unsure and clauses.is_unsure(first):
                clause, doubt = ClauseKind.INGREDIENTS, Doubt.ABSENT
            yield _NEW(
                Mention, (start, end, text[start:end], role, meaning.codes, clause, doubt, meaning.exempt)
            )


def doubtful(
    label: Folded, text: str, clauses: Clauses, word: tuple[int, int], found: tuple[tuple[str, ...], Doubt]
) -> Mention:
    """Return what a word that was not understood may stand for."""
    span, kind = span_of(label, text, *word), clauses.at(word[0])
    if clauses.is_unsure(word[0]):
        kind = ClauseKind.INGREDIENTS
    return Mention(span.start, span.end, span.text, _TERM, found[0], kind, doubt=found[1])


def _source_told(text: str, found: Sequence[Found], index: int, lexicon: Lexicon) -> bool:
    """Whether the label names the source: "wheat modified starch", "flavouring (contains milk)".

    Of what is made of several things only a list tells the rest: "garlic bread" has its wheat unsaid, and
    "flour (iron, niacin)" names what was added and not what was milled.
    """
    meaning = found[index].meaning

    def tells(other: Found) -> bool:
        if other.meaning.role is not _TERM:
            return False
        return any(code in lexicon.sources or code in meaning.codes for code in other.meaning.codes)

    if bracket := _SOURCE_FOLLOWS.match(text, found[index].end):
        end = bracket.end() + _MAX_SOURCE
        if stop := _FIRST_STOP.search(text, bracket.end(), end):
            end = stop.start()
        return any(tells(other) for other in _until(found, index + 1, end))
    if meaning.compound:
        return False
    before = found[index - 1] if index else None
    if before and tells(before) and touch(text, before, found[index]):
        return True
    return _is_followed(text, found, index, tells)


def _is_composed(text: str, found: Sequence[Found], index: int) -> bool:
    """Whether a list in brackets follows of which every word was understood: "nougat (sugar, egg white)"."""
    bracket = _LIST_FOLLOWS.match(text, found[index].end)
    if not bracket or bracket[1].count(",") < _MIN_COMMAS:
        return False
    place = bracket.start(1)
    for item in _until(found, index + 1, bracket.end(1)):
        if _LETTER.search(text, place, item.start):
            return False
        place = item.end
    return not _LETTER.search(text, place, bracket.end(1))


def _until(found: Sequence[Found], first: int, end: int) -> Iterator[Found]:
    for place in range(first, len(found)):
        if found[place].end > end:
            return
        yield found[place]


def _is_followed(text: str, found: Sequence[Found], index: int, tells: Callable[[Found], bool]) -> bool:
    """Whether a source follows after filler words alone: "amidon de blé"."""
    for place in range(index + 1, len(found)):
        other = found[place]
        if not touch(text, found[place - 1], other):
            return False
        if other.meaning.role is not _FILLER:
            return tells(other)
    return False


def span_of(label: Folded, text: str, start: int, end: int) -> Span:
    """Return a stretch of the folded text as it stands in the caller's."""
    first, last = label.starts[start], label.ends[end - 1]
    return Span(first, last, text[first:last])
