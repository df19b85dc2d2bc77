"""Reading a label: which phrases it holds, what they mean there, and which words are not understood."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz, process

from backend.schemas.screening import ClauseKind
from backend.services.screening.lexicon import Lexicon, Meaning, Role
from backend.services.screening.segment import Clauses, Found, segment
from backend.utils.text import Folded, fold_mapped

_WORD = re.compile(r"[^\W\d_]{2,}")
_SOURCE_FOLLOWS = re.compile(r"\s*[(\[:]")  # "lecithin (soya)", "starch: maize"
_FIRST_STOP = re.compile(r"[,;)\]]|\.(?:\s|$)")
_MAX_SOURCE = 100  # characters in which a source is looked for
_HINT_WEIGHT = 1.25  # the caller's word about the language counts, and can be wrong
_MIN_LANGUAGE_SHARE = 0.2
_MIN_SIMILARITY = 86  # of 100: "hazelnutt", "almnods"; lower figures begin to hit other foods
_MIN_GLUED = 2  # letters of the other word: one more letter is an ending or a misprint
_MAX_SIMILAR = 200  # distinct words that are compared: bounds the work that a hostile text can ask for
_UNREAD = {ClauseKind.NUTRITION, ClauseKind.STORAGE, ClauseKind.MARKETING}


@dataclass(frozen=True, slots=True)
class Mention:
    """Words of a label that stand for something; offsets in code points of the caller's text.

    Attributes:
        role: `TERM`, or `MAYBE` where the label does not tell the source.
        codes: What they stand for, or could.
        misspelt: Whether they only resemble a word for it.
    """

    start: int
    end: int
    text: str
    role: Role
    codes: tuple[str, ...]
    clause: ClauseKind
    misspelt: bool = False


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
    chosen = list(_longest(label.text, lexicon))
    weights = _weigh(chosen, lexicon, language)
    main = max(weights, key=lambda name: weights[name], default=None)
    found = [Found(start, end, _meaning(lexicon.meanings[phrase], main)) for phrase, start, end in chosen]
    clauses = segment(label, text, found, lexicon.declared)
    words = [match.span() for match in _WORD.finditer(label.text)]
    words = [word for word in words if clauses.at(word[0]) not in _UNREAD]
    strange = list(_outside(words, found))
    mentions = [
        *_mentions(label, text, found, clauses, lexicon),
        *_misspelt(label, text, strange, clauses, lexicon),
    ]
    total = sum(weights.values())
    return Reading(
        mentions=tuple(sorted(mentions, key=lambda mention: mention.start)),
        understood=len(words) - len(strange),
        total=len(words),
        unknown=tuple(_stretches(label, text, strange)),
        languages=tuple(
            name for name, weight in weights.most_common() if weight >= _MIN_LANGUAGE_SHARE * total
        ),
    )


def _longest(text: str, lexicon: Lexicon) -> Iterator[tuple[int, int, int]]:
    """Yield the phrases of a text, leftmost and then longest first, whole words only."""
    candidates = [
        (start, -end, phrase)
        for phrase, start, end in lexicon.automaton.find_matches_as_indexes(text, overlapping=True)
        if not _goes_on(text, start) and not _goes_on(text, end)
    ]
    position = 0
    for start, minus_end, phrase in sorted(candidates):
        if start >= position:
            position = -minus_end
            yield phrase, start, position


def _goes_on(text: str, place: int) -> bool:
    """Whether a word goes on across a place; "hazelnuts13%" and "milk²" end where the digits begin."""
    if not 0 < place < len(text):
        return False
    before, after = text[place - 1], text[place]
    return before.isalnum() and after.isalnum() and before.isdigit() is after.isdigit()


def _weigh(chosen: Iterable[tuple[int, int, int]], lexicon: Lexicon, hint: str | None) -> Counter[str]:
    """Count the words that belong to one language alone."""
    weights: Counter[str] = Counter()
    for phrase, _, _ in chosen:
        meanings = lexicon.meanings[phrase]
        if len(meanings) == 1:
            weights[meanings[0].language] += 4 * meanings[0].words
    if hint in lexicon.languages:
        # Even where no word tells the languages apart, the caller's word does.
        weights[hint] = int(weights[hint] * _HINT_WEIGHT) + 1
    return weights


def _meaning(meanings: Sequence[Meaning], main: str | None) -> Meaning:
    """Return what a phrase means in the label's main language, or in all that have it."""
    for meaning in meanings:
        if meaning.language == main:
            return meaning
    order = list(Role)
    first = min(meanings, key=lambda meaning: order.index(meaning.role))
    codes = (code for meaning in meanings if meaning.role is first.role for code in meaning.codes)
    return replace(first, codes=tuple(dict.fromkeys(codes)))


def _mentions(
    label: Folded, text: str, found: Sequence[Found], clauses: Clauses, lexicon: Lexicon
) -> Iterator[Mention]:
    for index, item in enumerate(found):
        meaning = item.meaning
        if meaning.role is Role.TERM or (
            meaning.role is Role.MAYBE and not _source_told(label.text, found, index, lexicon)
        ):
            start, end = label.starts[item.start], label.ends[item.end - 1]
            clause = clauses.at(item.start)
            yield Mention(start, end, text[start:end], meaning.role, meaning.codes, clause)


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
    if before and tells(before) and text[before.end : found[index].start].isspace():
        return True
    return _is_followed(text, found, index, tells)


def _until(found: Sequence[Found], first: int, end: int) -> Iterator[Found]:
    for place in range(first, len(found)):
        if found[place].end > end:
            return
        yield found[place]


def _is_followed(text: str, found: Sequence[Found], index: int, tells: Callable[[Found], bool]) -> bool:
    """Whether a source follows after filler words alone: "amidon de blé"."""
    end = found[index].end
    for place in range(index + 1, len(found)):
        other = found[place]
        if not text[end : other.start].isspace():
            return False
        if other.meaning.role is not Role.FILLER:
            return tells(other)
        end = other.end
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


def _misspelt(
    label: Folded, text: str, strange: Iterable[tuple[int, int]], clauses: Clauses, lexicon: Lexicon
) -> Iterator[Mention]:
    """Find words that resemble an allergen's: such a match may raise a risk, never clear one."""
    known: dict[str, tuple[str, ...]] = {}
    for start, end in strange:
        word = label.text[start:end]
        if word not in known and len(known) < _MAX_SIMILAR:
            near = process.extractOne(
                word, lexicon.similar.keys(), scorer=fuzz.ratio, score_cutoff=_MIN_SIMILARITY
            )
            known[word] = lexicon.similar[near[0]] if near else _glued(word, lexicon)
        if codes := known.get(word):
            first, last = label.starts[start], label.ends[end - 1]
            kind = clauses.at(start)
            yield Mention(first, last, text[first:last], Role.TERM, codes, kind, misspelt=True)


def _glued(word: str, lexicon: Lexicon) -> tuple[str, ...]:
    """Return what a name that is printed without the space beside it stands for: "soybeanand palm oil"."""
    parts = (
        name
        for name in lexicon.similar
        if len(word) >= len(name) + _MIN_GLUED and (word.startswith(name) or word.endswith(name))
    )
    longest = max(parts, key=len, default=None)
    return lexicon.similar[longest] if longest else ()


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
