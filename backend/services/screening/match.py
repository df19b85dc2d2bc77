"""Reading a label: which phrases it holds, what they mean there, and which words are not understood."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import itemgetter

from backend.schemas.screening import ClauseKind
from backend.services.screening.clauses import Clauses, Found
from backend.services.screening.compounds import Match, take_apart
from backend.services.screening.doubts import doubts
from backend.services.screening.lexicon import Lexicon
from backend.services.screening.listing import lists_anything
from backend.services.screening.meanings import Meaning, Role
from backend.services.screening.mentions import Mention, Span, doubtful, mentions, span_of
from backend.services.screening.segment import segment
from backend.utils.text import Folded, fold_mapped

# A single letter is a word in Chinese, Japanese or Korean; it tells nothing in Latin, Greek or Cyrillic.
_WORD = re.compile(r"[^\W\d_]{2,}|(?![\u0000-\u024f\u0370-\u052f])[^\W\d_]")
_MISREAD = re.compile(r"[01359](?=[^\W\d_])")  # a digit before a letter
_MIXED = re.compile(r"[^\W_]+")
_NUMBER_BEFORE = re.compile(r"\d[\s.,·/]*\Z")  # "2,0% de": the nought belongs to the number
_NUMBER_AFTER = re.compile(r"[.,·/]?\d")
_DIGIT_EDGE = 2  # of `Lexicon.edges`
_MAX_GAP = 4  # characters between the parts of a number: "2 , 0 %"
_SUBSTANCES = {Role.TERM, Role.MAYBE}
_HINT_WEIGHT = 1.25  # the caller's word about the language counts, and can be wrong
_MIN_LANGUAGE_SHARE = 0.2
_MIN_SHORT_SHARE, _MIN_FOREIGN_LETTERS = (
    0.05,
    5,
)  # shorter words than that mean many things over the languages
_END = itemgetter(2)  # of a match
_UNREAD = {ClauseKind.NUTRITION, ClauseKind.STORAGE, ClauseKind.MARKETING}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a label says, whoever asks.

    Attributes:
        mentions: What it mentions, in order.
        understood: How many of its words were understood.
        total: How many words it has.
        unknown: What was not understood; neighbouring words are one stretch.
        languages: The languages it was read in, most words first.
        clauses: Its parts in order, each to where the next one begins.
        lists: Whether it names anything as an ingredient.
    """

    mentions: tuple[Mention, ...]
    understood: int
    total: int
    unknown: tuple[Span, ...]
    languages: tuple[str, ...]
    clauses: tuple[tuple[int, int, ClauseKind], ...]
    lists: bool


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
    clauses = segment(label, text, found, lexicon)
    if not _UNREAD.isdisjoint(clauses.kinds):
        words = [word for word in words if clauses.at(word[0]) not in _UNREAD]
    strange = [
        word for word in _outside(words, found) if not lexicon.allergy.search(label.text, word[0], word[1])
    ]
    main = _languages(weights, _MIN_LANGUAGE_SHARE)
    unsure = doubts(label.text, [*strange, *_mixed(label.text)], inside, lexicon, main)
    mentioned = [
        *mentions(label, text, found, clauses, lexicon),
        *(doubtful(label, text, clauses, *doubt) for doubt in unsure),
    ]
    return Reading(
        mentions=tuple(sorted(mentioned, key=lambda mention: mention.start)),
        understood=len(words) - len(strange),
        total=len(words),
        unknown=tuple(_stretches(label, text, strange)),
        languages=main,
        clauses=tuple(_parts(label, text, clauses)),
        lists=lists_anything(label.text, found, strange, clauses, lexicon.claims),
    )


def _parts(label: Folded, text: str, clauses: Clauses) -> Iterator[tuple[int, int, ClauseKind]]:
    starts = [label.starts[start] if start < len(label.text) else len(text) for start in clauses.starts]
    yield from zip(starts, [*starts[1:], len(text)], clauses.kinds, strict=True)


def _mixed(text: str) -> Iterator[tuple[int, int]]:
    """Yield the words that have digits in the midst of their letters: "mi1k"."""
    position = 0
    for digit in _MISREAD.finditer(text):
        if digit.start() < position or not text[max(0, digit.start() - 1)].isalpha():
            continue
        start = digit.start()
        while start > position and text[start - 1].isalpha():
            start -= 1
        if word := _MIXED.match(text, start):
            position = word.end()
            yield word.span()


def _longest(text: str, matches: Iterable[Match], lexicon: Lexicon) -> Iterator[Match]:
    """Yield the phrases of a text, leftmost and then longest first, whole words only.

    "hazelnuts13%" and "milk²" end where the digits begin.
    """
    sorts = f" {text} ".translate(_sort)
    edges, meanings = lexicon.edges, lexicon.meanings
    is_edge = [before != after or before == " " for before, after in pairwise(sorts)]
    candidates = [
        (start, -end, phrase)
        for phrase, start, end in matches
        if is_edge[start]
        and is_edge[end]
        and edges[phrase]
        and (edges[phrase] != _DIGIT_EDGE or not _cuts_number(text, start, end, meanings[phrase]))
    ]
    candidates.sort()
    position = 0
    for start, minus_end, phrase in candidates:
        if start >= position:
            position = -minus_end
            yield phrase, start, position


class _Sort(dict[int, str]):
    """What sort of character one is: a letter, a digit, or neither, which ends every word."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = sort = "0" if character.isdecimal() else "a" if character.isalnum() else " "
        return sort


_sort = _Sort()  # bounded by Unicode


def _cuts_number(text: str, start: int, end: int, meanings: Sequence[Meaning]) -> bool:
    """Whether a phrase takes a part of a number for the whole of it: the "0% of" of "2.0% of milk".

    "E 223,224" are two numbers: what names a substance may end where another number begins.
    """
    if text[start].isdecimal() and _NUMBER_BEFORE.search(text, max(0, start - _MAX_GAP), start):
        return True
    if not text[end - 1].isdecimal() or not _NUMBER_AFTER.match(text, end):
        return False
    return all(meaning.role not in _SUBSTANCES for meaning in meanings)


def _weigh(chosen: Iterable[Match], lexicon: Lexicon, hint: str | None) -> Counter[str]:
    """Count the words that belong to one language alone."""
    weights: Counter[str] = Counter()
    for phrase, _, _ in chosen:
        if weight := lexicon.weights[phrase]:
            weights[lexicon.meanings[phrase][0].language] += weight
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
            yield Found(start, end, meanings[0] if len(meanings) == 1 else _meaning(meanings, main))


def _meaning(meanings: Sequence[Meaning], main: str | None) -> Meaning:
    """Return what a phrase means in the label's main language, or in all that have it."""
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
    inside: dict[tuple[int, int], Sequence[Match]] = {}
    for start, end in words:
        near = matches[bisect_right(matches, start, key=_END) : bisect_right(matches, end, key=_END)]
        inside[start, end] = [match for match in near if match[1] >= start]
    return inside


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
            yield span_of(label, text, *run)
        run = (start, end)
    if run is not None:
        yield span_of(label, text, *run)
