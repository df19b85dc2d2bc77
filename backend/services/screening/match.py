"""Reading a label: which phrases it holds, what they mean there, and which words are not understood."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from backend.schemas.screening import ClauseKind
from backend.services.screening.compounds import Match, take_apart
from backend.services.screening.doubts import Doubt, doubts
from backend.services.screening.lexicon import Lexicon, Meaning, Role
from backend.services.screening.segment import Clauses, Found, segment, touch
from backend.utils.text import Folded, fold_mapped

_RUN = re.compile(r"[^\W\d_]{2,}|\d{2,}")
_WORD = re.compile(r"[^\W\d_]{2,}")
_SOURCE_FOLLOWS = re.compile(r"\s*[(\[:]")  # "lecithin (soya)", "starch: maize"
_IN_GRAMS = re.compile(r"[\s:<]*\d+(?:[.,]\d+)?\s*g\b")  # "Eiweiß 7,5 g"
_FIRST_STOP = re.compile(r"[,;)\]]|\.(?:\s|$)")
_MAX_SOURCE = 100  # characters in which a source is looked for
_HINT_WEIGHT = 1.25  # the caller's word about the language counts, and can be wrong
_MIN_LANGUAGE_SHARE = 0.2
_MIN_SHORT_SHARE, _MIN_FOREIGN_LETTERS = (
    0.05,
    5,
)  # shorter words than that mean many things over the languages
_UNREAD = {ClauseKind.NUTRITION, ClauseKind.STORAGE, ClauseKind.MARKETING}


@dataclass(frozen=True, slots=True)
class Mention:
    """Words of a label that stand for something; offsets in code points of the caller's text.

    Attributes:
        role: `TERM`, or `MAYBE` where the label does not tell the source.
        codes: What they stand for, or could.
        doubt: Why they may stand for something else.
    """

    start: int
    end: int
    text: str
    role: Role
    codes: tuple[str, ...]
    clause: ClauseKind
    doubt: Doubt | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the caller's text; offsets in code points."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a label says, whoever asks.

    Attributes:
        mentions: What it mentions, in order.
        understood: How many of its words were understood.
        total: How many words it has.
        unknown: What was not understood; neighbouring words are one stretch.
        languages: The languages it was read in, most words first.
    """

    mentions: tuple[Mention, ...]
    understood: int
    total: int
    unknown: tuple[Span, ...]
    languages: tuple[str, ...]


def read(text: str, lexicon: Lexicon, *, language: str | None) -> Reading:
    """Read a label.

    Args:
        text: The label as printed.
        lexicon: The words to read it with.
        language: The language's code, if known.
    """
    label = fold_mapped(text)
    matches = lexicon.automaton.find_matches_as_indexes(label.text, overlapping=True)
    chosen = list(_longest(label.text, matches, lexicon))
    weights = _weigh(chosen, lexicon, language)
    found = list(_meant(chosen, weights, lexicon))
    words = [match.span() for match in _WORD.finditer(label.text)]
    inside = _within(matches, _outside(words, found))
    known = _languages(weights, _MIN_SHORT_SHARE)
    for word, places in inside.items():
        found.extend(take_apart(label.text, word, places, lexicon, known))
    found.sort(key=lambda item: item.start)
    clauses = segment(label, text, found, lexicon.declared)
    words = [word for word in words if clauses.at(word[0]) not in _UNREAD]
    strange = list(_outside(words, found))
    main = _languages(weights, _MIN_LANGUAGE_SHARE)
    doubtful = doubts(label.text, strange, inside, lexicon, main or lexicon.languages)
    mentions = [
        *_mentions(label, text, found, clauses, lexicon),
        *(_doubtful(label, text, clauses, *doubt) for doubt in doubtful),
    ]
    return Reading(
        mentions=tuple(sorted(mentions, key=lambda mention: mention.start)),
        understood=len(words) - len(strange),
        total=len(words),
        unknown=tuple(_stretches(label, text, strange)),
        languages=main,
    )


def _longest(text: str, matches: Iterable[Match], lexicon: Lexicon) -> Iterator[Match]:
    """Yield the phrases of a text, leftmost and then longest first, whole words only."""
    goes_on = _inner(text)
    candidates = [
        (start, -end, phrase)
        for phrase, start, end in matches
        if not goes_on[start] and not goes_on[end] and lexicon.meanings[phrase]
    ]
    position = 0
    for start, minus_end, phrase in sorted(candidates):
        if start >= position:
            position = -minus_end
            yield phrase, start, position


def _inner(text: str) -> bytearray:
    """Return, for each place, whether a word goes on across it."""
    goes_on = bytearray(len(text) + 1)  # "hazelnuts13%" and "milk²" end where the digits begin
    for run in _RUN.finditer(text):
        start, end = run.span()
        goes_on[start + 1 : end] = b"\1" * (end - start - 1)
    return goes_on


def _weigh(chosen: Iterable[Match], lexicon: Lexicon, hint: str | None) -> Counter[str]:
    """Count the words that belong to one language alone; numbers of additives belong to none."""
    weights: Counter[str] = Counter()
    for phrase, _, _ in chosen:
        meanings, name = lexicon.meanings[phrase], lexicon.phrases[phrase]
        if len(meanings) == 1 and not name[-1].isdigit():
            weights[meanings[0].language] += 4 * (name.count(" ") + 1)
    if hint in lexicon.languages:
        # Even where no word tells the languages apart, the caller's word does.
        weights[hint] = int(weights[hint] * _HINT_WEIGHT) + 1
    return weights


def _languages(weights: Counter[str], share: float) -> tuple[str, ...]:
    least = share * sum(weights.values())
    return tuple(name for name, weight in weights.most_common() if weight >= least)


def _meant(chosen: Iterable[Match], weights: Counter[str], lexicon: Lexicon) -> Iterator[Found]:
    """Yield the phrases with their meanings; a short word of a language that the label lacks is none.

    The Finnish "voi" is butter and the Italian "voi" is you: what is around such a word tells.
    """
    main = max(weights, key=lambda name: weights[name], default=None)
    least = _MIN_SHORT_SHARE * sum(weights.values())
    for phrase, start, end in chosen:
        meanings: Sequence[Meaning] = lexicon.meanings[phrase]
        if end - start < _MIN_FOREIGN_LETTERS and lexicon.phrases[phrase].isalpha():
            meanings = [meaning for meaning in meanings if weights[meaning.language] >= least]
        if meanings:
            yield Found(start, end, _meaning(meanings, main))


def _meaning(meanings: Sequence[Meaning], main: str | None) -> Meaning:
    """Return what a phrase means in the label's main language, or in all that have it."""
    if len(meanings) == 1:
        return meanings[0]
    for meaning in meanings:
        if meaning.language == main:
            return meaning
    order = list(Role)
    first = min(meanings, key=lambda meaning: order.index(meaning.role))
    codes = (code for meaning in meanings if meaning.role is first.role for code in meaning.codes)
    return replace(first, codes=tuple(dict.fromkeys(codes)))


def _within(
    matches: Sequence[Match], words: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], Sequence[Match]]:
    """Return the phrases within each of some words; the matches come in the order of their ends."""
    ends = [end for _, _, end in matches]
    inside: dict[tuple[int, int], Sequence[Match]] = {}
    for start, end in words:
        near = matches[bisect_right(ends, start) : bisect_right(ends, end)]
        inside[start, end] = [match for match in near if match[1] >= start]
    return inside


def _mentions(
    label: Folded, text: str, found: Sequence[Found], clauses: Clauses, lexicon: Lexicon
) -> Iterator[Mention]:
    opened: ClauseKind | None = None
    for index, item in enumerate(found):
        meaning, clause = item.meaning, clauses.at(item.start)
        opened = meaning.opens or opened
        if label.text[item.start : item.end] in lexicon.nutrients and (
            clause is ClauseKind.NUTRITION
            or (opened is ClauseKind.NUTRITION and _IN_GRAMS.match(label.text, item.end))
        ):
            continue  # a line of a nutrition table, also where it stands below the line that opens the table
        if meaning.role is Role.TERM or (
            meaning.role is Role.MAYBE and not _source_told(label.text, found, index, lexicon)
        ):
            span = _span(label, text, item.start, item.end)
            yield Mention(span.start, span.end, span.text, meaning.role, meaning.codes, clause)


def _doubtful(
    label: Folded, text: str, clauses: Clauses, word: tuple[int, int], found: tuple[tuple[str, ...], Doubt]
) -> Mention:
    span, kind = _span(label, text, *word), clauses.at(word[0])
    return Mention(span.start, span.end, span.text, Role.TERM, found[0], kind, doubt=found[1])


def _source_told(text: str, found: Sequence[Found], index: int, lexicon: Lexicon) -> bool:
    """Whether the label names the source: "wheat modified starch", "flavouring (contains milk)".

    Of what is made of several things only a list tells the rest: "garlic bread" has its wheat unsaid, and
    "flour (iron, niacin)" names what was added and not what was milled.
    """
    meaning = found[index].meaning

    def tells(other: Found) -> bool:
        codes = other.meaning.codes
        return other.meaning.role is Role.TERM and any(
            code in lexicon.sources or code in meaning.codes for code in codes
        )

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
        if other.meaning.role is not Role.FILLER:
            return tells(other)
    return False


def _outside(words: Iterable[tuple[int, int]], found: Sequence[Found]) -> Iterator[tuple[int, int]]:
    """Yield the words that no phrase covers."""
    phrases = iter(found)
    phrase = next(phrases, None)
    for start, end in words:
        while phrase is not None and phrase.end <= start:
            phrase = next(phrases, None)
        if phrase is None or phrase.start >= end:
            yield start, end


def _stretches(label: Folded, text: str, strange: Sequence[tuple[int, int]]) -> Iterator[Span]:
    run: tuple[int, int] | None = None
    for start, end in strange:
        if run is not None and label.text[run[1] : start] == " ":
            run = (run[0], end)
            continue
        if run is not None:
            yield _span(label, text, *run)
        run = (start, end)
    if run is not None:
        yield _span(label, text, *run)


def _span(label: Folded, text: str, start: int, end: int) -> Span:
    first, last = label.starts[start], label.ends[end - 1]
    return Span(first, last, text[first:last])
