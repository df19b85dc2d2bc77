"""Reading a label: which phrases it holds, what they mean there, and which words are not understood."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
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
from backend.services.screening.tokens import NO_PHRASE, TOKEN
from backend.utils.text import Folded, fold_mapped

_LATIN_END = "\u024f"
# A single letter is a word in Chinese, Japanese or Korean; it tells nothing in Latin, Greek or Cyrillic.
_LONE_WORD = re.compile(r"[^\W\d\u0000-\u024f\u0370-\u052f]")
_MISREAD = re.compile(r"[01359](?=[^\W\d_])")  # a digit before a letter
_MIXED = re.compile(r"[^\W_]+")
_NUMBER_BEFORE = re.compile(r"\d[\s.,·/]*\Z")  # "2,0% de": the nought belongs to the number
_NUMBER_AFTER = re.compile(r"[.,·/]?\d")
_MAX_GAP = 4  # characters between the parts of a number: "2 , 0 %"
_SUBSTANCES = {Role.TERM, Role.MAYBE}
_HINT_WEIGHT = 1.25  # the caller's word about the language counts, and can be wrong
_MIN_LANGUAGE_SHARE = 0.2
_MIN_SHORT_SHARE, _MIN_FOREIGN_LETTERS = (
    0.05,
    5,
)  # shorter words than that mean many things over the languages
_START = itemgetter(0)  # of a phrase and of a mention
_WEIGHT = itemgetter(1)  # of a language in a ranking
_ROLES = {role: place for place, role in enumerate(Role)}
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
    tokens = [token.span() for token in TOKEN.finditer(label.text)]
    chosen = _longest(label.text, tokens, lexicon)
    ranking = _rank(chosen, lexicon, language)
    known, main = _languages(ranking, _MIN_SHORT_SHARE), _languages(ranking, _MIN_LANGUAGE_SHARE)
    found = list(_meant(chosen, known, lexicon))
    words = _words(label.text, tokens)
    inside = {word: _within(label.text, word, lexicon) for word in _outside(words, found)}
    parts = {word: take_apart(label.text, word, inside[word], lexicon, known) for word in inside}
    found.extend(chain.from_iterable(parts.values()))
    found.sort(key=_START)
    clauses = segment(label, text, found, lexicon)
    strange = [word for word in inside if not parts[word] and not lexicon.allergy.search(label.text, *word)]
    if not _UNREAD.isdisjoint(clauses.kinds):
        words = [word for word in words if clauses.at(word[0]) not in _UNREAD]
        strange = [word for word in strange if clauses.at(word[0]) not in _UNREAD]
    unsure = doubts(label.text, [*strange, *_mixed(label.text)], inside, lexicon, main)
    mentioned = [
        *mentions(label, text, found, clauses, lexicon),
        *(doubtful(label, text, clauses, *doubt) for doubt in unsure),
    ]
    mentioned.sort(key=_START)
    return Reading(
        mentions=tuple(mentioned),
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


def _words(text: str, tokens: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    return [
        (start, end)
        for start, end in tokens
        if (end - start > 1 and not text[start].isdecimal())
        or (text[start] > _LATIN_END and _LONE_WORD.match(text, start))
    ]


def _longest(text: str, tokens: Sequence[tuple[int, int]], lexicon: Lexicon) -> list[Match]:
    """Return the phrases of a text, leftmost and then longest first, whole words only."""
    beginnings, numeric, meanings = lexicon.beginnings, lexicon.numeric, lexicon.meanings
    last, position = len(tokens) - 1, 0
    chosen: list[Match] = []
    for index, (start, token_end) in enumerate(tokens):
        if start < position:
            continue
        end, place, longest = token_end, index, NO_PHRASE
        while (phrase := beginnings.get(text[start:end])) is not None:
            if phrase >= 0 and not (numeric[phrase] and _cuts_number(text, start, end, meanings[phrase])):
                longest, position = phrase, end
            if place == last:
                break
            place += 1
            end = tokens[place][1]
        if longest >= 0:
            chosen.append((longest, start, position))
    return chosen


def _cuts_number(text: str, start: int, end: int, meanings: Sequence[Meaning]) -> bool:
    """Whether a phrase takes a part of a number for the whole of it: the "0% of" of "2.0% of milk".

    "E 223,224" are two numbers: what names a substance may end where another number begins.
    """
    if text[start].isdecimal() and _NUMBER_BEFORE.search(text, max(0, start - _MAX_GAP), start):
        return True
    if not text[end - 1].isdecimal() or not _NUMBER_AFTER.match(text, end):
        return False
    return all(meaning.role not in _SUBSTANCES for meaning in meanings)


def _rank(chosen: Iterable[Match], lexicon: Lexicon, hint: str | None) -> list[tuple[str, int]]:
    """Return the languages by their words: those that belong to one alone, most first."""
    weights: dict[str, int] = {}
    for phrase, _, _ in chosen:
        if weight := lexicon.weights[phrase]:
            language = lexicon.meanings[phrase][0].language
            weights[language] = weights.get(language, 0) + weight
    if hint in lexicon.languages:
        # Even where no word tells the languages apart, the caller's word does.
        weights[hint] = int(weights.get(hint, 0) * _HINT_WEIGHT) + 1
    return sorted(weights.items(), key=_WEIGHT, reverse=True)


def _languages(ranking: Sequence[tuple[str, int]], share: float) -> tuple[str, ...]:
    least = share * sum(weight for _, weight in ranking)
    return tuple(name for name, weight in ranking if weight >= least)


def _meant(chosen: Iterable[Match], known: Sequence[str], lexicon: Lexicon) -> Iterator[Found]:
    """Yield the phrases with their meanings; a short word of a language that the label lacks is none.

    The Finnish "voi" is butter and the Italian "voi" is you: what is around such a word tells.
    """
    main = known[0] if known else None
    for phrase, start, end in chosen:
        meanings: Sequence[Meaning] = lexicon.meanings[phrase]
        if known and end - start < _MIN_FOREIGN_LETTERS and lexicon.phrases[phrase].isalpha():
            meanings = [meaning for meaning in meanings if meaning.language in known]
        if meanings:
            yield Found(start, end, meanings[0] if len(meanings) == 1 else _meaning(meanings, main))


def _meaning(meanings: Sequence[Meaning], main: str | None) -> Meaning:
    """Return what a phrase means in the label's main language, or in all that have it."""
    for meaning in meanings:
        if meaning.language == main:
            return meaning
    first = min(meanings, key=_role_order)
    codes = (code for meaning in meanings if meaning.role is first.role for code in meaning.codes)
    distinct = tuple(dict.fromkeys(codes))
    return first if distinct == first.codes else replace(first, codes=distinct)


def _role_order(meaning: Meaning) -> int:
    return _ROLES[meaning.role]


def _within(text: str, word: tuple[int, int], lexicon: Lexicon) -> list[Match]:
    """Return the phrases within a word, in the order of their ends."""
    base, letters = word[0], text[slice(*word)]
    matches = lexicon.automaton.find_matches_as_indexes(letters, overlapping=True)
    return [(phrase, base + start, base + end) for phrase, start, end in matches]


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
