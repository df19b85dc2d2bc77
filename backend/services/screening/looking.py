"""Looking for the phrases of a lexicon in a text, from one word to the next."""

import re
from collections.abc import Sequence
from itertools import accumulate

from backend.services.screening.compounds import Match
from backend.services.screening.lexicon import Lexicon
from backend.services.screening.meanings import Role
from backend.services.screening.tokens import BY_MARK, BY_WORD, NO_PHRASE, TOKEN, is_word

_NUMBER_BEFORE = re.compile(r"\d[\s.,·/]*\Z")  # "2,0% de": the nought belongs to the number
_NUMBER_AFTER = re.compile(r"[.,·/]?\d")
_MAX_GAP = 4  # characters between the parts of a number: "2 , 0 %"
_NO_MARK = {"", " "}  # what may stand between two words of a phrase
_SUBSTANCES = {Role.TERM, Role.MAYBE}


def longest_phrases(text: str, lexicon: Lexicon) -> tuple[list[Match], list[tuple[int, int]]]:
    """Return the phrases of a text, leftmost and then longest first, and the words that none of them covers.

    Args:
        text: The folded text.
        lexicon: The phrases, which begin and end where tokens do.
    """
    # Words and what stands between them in turn, so that few pieces must be looked up one by one.
    pieces = lexicon.words_apart.split(text)
    words, gaps = pieces[1::2], pieces[2::2]
    edges = list(accumulate(map(len, pieces)))
    ends = edges[1::2]
    numeric, goes_on = lexicon.numeric, lexicon.goes_on
    chosen: list[Match] = []
    outside: list[tuple[int, int]] = []
    position = 0
    for place, (phrase, start) in enumerate(
        zip(map(lexicon.beginnings.get, words), edges[::2], strict=False)
    ):
        if start < position:
            continue
        if phrase is not None:
            way = BY_WORD if gaps[place] in _NO_MARK else BY_MARK
            if numeric[phrase] or goes_on[phrase] & way:
                longest, end = _longest(text, (phrase, start, place), ends, gaps, lexicon)
            else:
                longest, end = phrase, ends[place]
            if longest >= 0:
                position = end
                chosen.append((longest, start, end))
                continue
        if is_word(words[place]):
            outside.append((start, ends[place]))
    return chosen, outside


def _longest(
    text: str, first: tuple[int, int, int], ends: Sequence[int], gaps: Sequence[str], lexicon: Lexicon
) -> tuple[int, int]:
    """Return the longest phrase at a word, or `NO_PHRASE`, and where it ends.

    Args:
        text: The folded text.
        first: The phrase that is the word or begins with it, where it starts, and which word it is.
        ends: Where the words end.
        gaps: What stands behind each of them.
        lexicon: The phrases.
    """
    phrase, start, word = first
    longest = position = NO_PHRASE
    while True:
        end = ends[word]
        if phrase >= 0 and not _cuts_number(text, start, end, phrase, lexicon):
            longest, position = phrase, end
        way = lexicon.goes_on[phrase]
        if gaps[word] not in _NO_MARK:
            return (
                _longer(text, (longest, start, position), end, lexicon)
                if way & BY_MARK
                else (longest, position)
            )
        word += 1
        following = lexicon.beginnings.get(text[start : ends[word]]) if way and word < len(ends) else None
        if following is None:
            return longest, position
        phrase = following


def _longer(text: str, before: Match, end: int, lexicon: Lexicon) -> tuple[int, int]:
    """Return the longest phrase that goes on with a comma or the like, else the one before, and its end.

    Args:
        text: The folded text.
        before: The longest phrase without.
        end: Where what begins a phrase ends.
        lexicon: The phrases.
    """
    longest, start, position = before
    while token := TOKEN.match(text, end + text.startswith(" ", end)):
        end = token.end()
        phrase = lexicon.beginnings.get(text[start:end])
        if phrase is None:
            break
        if phrase >= 0 and not _cuts_number(text, start, end, phrase, lexicon):
            longest, position = phrase, end
    return longest, position


def _cuts_number(text: str, start: int, end: int, phrase: int, lexicon: Lexicon) -> bool:
    """Whether a phrase takes a part of a number for the whole of it: the "0% of" of "2.0% of milk".

    "E 223,224" are two numbers: what names a substance may end where another number begins.
    """
    if not lexicon.numeric[phrase]:
        return False
    if text[start].isdecimal() and _NUMBER_BEFORE.search(text, max(0, start - _MAX_GAP), start):
        return True
    if not text[end - 1].isdecimal() or not _NUMBER_AFTER.match(text, end):
        return False
    return all(meaning.role not in _SUBSTANCES for meaning in lexicon.meanings[phrase])
