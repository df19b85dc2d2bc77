"""Reading a label: which phrases it holds, what they mean there, and which words are not understood."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Final, NamedTuple

from backend.schemas.screening import ClauseKind
from backend.services.screening.clauses import Clauses, Found
from backend.services.screening.compounds import Match, take_apart
from backend.services.screening.doubts import doubts
from backend.services.screening.lexicon import MIN_FOREIGN_LETTERS, Lexicon
from backend.services.screening.listing import lists_anything
from backend.services.screening.looking import longest_phrases
from backend.services.screening.meanings import Meaning, Role
from backend.services.screening.mentions import Mention, Span, doubtful, mentions, span_of
from backend.services.screening.segment import segment
from backend.services.screening.tokens import WORD, is_word
from backend.utils.text import Folded, fold_mapped

_MISREAD = re.compile(r"[01359](?=[^\W\d_])")  # a digit before a letter
_MIXED = re.compile(r"[^\W_]+")
_HINT_WEIGHT = 1.25  # the caller's word about the language counts, and can be wrong
_MIN_LANGUAGE_SHARE = 0.2
_MIN_SHORT_SHARE = 0.05  # of a language in which short words mean something
_NEW: Final = tuple.__new__  # half the time of calling the class, of which a label takes dozens
_START = itemgetter(0)  # of a phrase and of a mention
_WEIGHT = itemgetter(1)  # of a language in a ranking
_ROLES = {role: place for place, role in enumerate(Role)}
_UNREAD = {ClauseKind.NUTRITION, ClauseKind.STORAGE, ClauseKind.MARKETING}


class Reading(NamedTuple):
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
    chosen, outside = longest_phrases(label.text, lexicon)
    total = len(outside) + sum(lexicon.word_counts[phrase] for phrase, _, _ in chosen)
    ranking = _rank(chosen, lexicon, language)
    known, main = _languages(ranking, _MIN_SHORT_SHARE), _languages(ranking, _MIN_LANGUAGE_SHARE)
    found, dropped = _meant(chosen, known, lexicon)
    if dropped:
        outside = sorted((*outside, *(word for word in dropped if is_word(label.text[slice(*word)]))))
    inside = {word: _within(label.text, word, lexicon) for word in outside}
    parts = {word: take_apart(label.text, word, inside[word], lexicon, known) for word in inside}
    if any(parts.values()):
        found.extend(chain.from_iterable(parts.values()))
        found.sort(key=_START)
    clauses = segment(label, text, found, lexicon)
    strange = [word for word in inside if not parts[word] and not lexicon.allergy.search(label.text, *word)]
    if not _UNREAD.isdisjoint(clauses.kinds):
        total = sum(clauses.at(word.start()) not in _UNREAD for word in WORD.finditer(label.text))
        strange = [word for word in strange if clauses.at(word[0]) not in _UNREAD]
    unsure = doubts(label.text, [*strange, *_mixed(label.text)], inside, lexicon, main)
    mentioned = list(mentions(label, text, found, clauses, lexicon))
    if uncertain := [doubtful(label, text, clauses, *doubt) for doubt in unsure]:
        mentioned = sorted((*mentioned, *uncertain), key=_START)
    return Reading(
        mentions=tuple(mentioned),
        understood=total - len(strange),
        total=total,
        unknown=tuple(_stretches(label, text, strange)),
        languages=main,
        clauses=tuple(_parts(label, text, clauses)),
        lists=lists_anything(label.text, found, strange, clauses, lexicon.claims),
    )


def _parts(label: Folded, text: str, clauses: Clauses) -> Iterator[tuple[int, int, ClauseKind]]:
    starts = [label.starts[start] if start < len(label.text) else len(text) for start in clauses.starts]
    yield from zip(starts, (*starts[1:], len(text)), clauses.kinds, strict=True)


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


def _rank(chosen: Iterable[Match], lexicon: Lexicon, hint: str | None) -> list[tuple[str, int]]:
    """Return the languages by their words: those that belong to one alone, most first."""
    weights: dict[str, int] = {}
    weight_of, tongues = lexicon.weights, lexicon.tongues
    for phrase, _, _ in chosen:
        if weight := weight_of[phrase]:
            language = tongues[phrase]
            weights[language] = weights.get(language, 0) + weight
    if hint in lexicon.languages:
        # Even where no word tells the languages apart, the caller's word does.
        weights[hint] = int(weights.get(hint, 0) * _HINT_WEIGHT) + 1
    return sorted(weights.items(), key=_WEIGHT, reverse=True)


def _languages(ranking: Sequence[tuple[str, int]], share: float) -> tuple[str, ...]:
    least = share * sum([weight for _, weight in ranking])
    return tuple([name for name, weight in ranking if weight >= least])


def _meant(
    chosen: Iterable[Match], known: tuple[str, ...], lexicon: Lexicon
) -> tuple[list[Found], list[tuple[int, int]]]:
    """Return the phrases with their meanings, and the words that have none in the label's languages."""
    found: list[Found] = []
    dropped: list[tuple[int, int]] = []
    alone = lexicon.alone
    for phrase, start, end in chosen:
        if meaning := alone[phrase] or _meaning_among(phrase, known, lexicon):
            found.append(_NEW(Found, (start, end, meaning)))
        else:
            dropped.append((start, end))
    return found, dropped


@lru_cache(maxsize=16_384)  # the same phrases stand on label after label; of their texts, nothing is kept
def _meaning_among(phrase: int, known: tuple[str, ...], lexicon: Lexicon) -> Meaning | None:
    """Return what a phrase means; a short word of a language that the label lacks means nothing.

    The Finnish "voi" is butter and the Italian "voi" is you: what is around such a word tells.
    """
    letters, meanings = lexicon.phrases[phrase], lexicon.meanings[phrase]
    if known and len(letters) < MIN_FOREIGN_LETTERS and letters.isalpha():
        meanings = tuple(meaning for meaning in meanings if meaning.language in known)
    if not meanings:
        return None
    return meanings[0] if len(meanings) == 1 else _meaning(meanings, known[0] if known else None)


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
