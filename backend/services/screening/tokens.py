"""What texts and phrases are made of: runs of letters, runs of digits, and single other characters.

A phrase begins and ends where one of these does: "hazelnuts13%" and "milk²" hold a word and a number.
"""

import re
from collections.abc import Collection, Iterable
from typing import Final

TOKEN = re.compile(r"[^\W\d]+|\d+|[^\w ]")  # of a folded text, which has no space but " " and no "_"
NO_PHRASE: Final = -1
"""Stands for what begins a phrase and is none."""
BY_WORD: Final = 1
"""A longer phrase goes on with a word or a number."""
BY_MARK: Final = 2
"""A longer phrase goes on with another character."""
PICTURES: Final = (
    "\U0001f32d-\U0001f330\U0001f33d-\U0001f33e\U0001f344-\U0001f37f\U0001f400-\U0001f43f"
    "\U0001f950-\U0001f96f\U0001f980-\U0001f9ae\U0001f9c0-\U0001f9cb\U0001fab0-\U0001fabd\U0001fad0-\U0001fadf"
)
"""Emoji of foods, drinks and animals, as a class of characters. Each is a word, and none is understood."""
_LATIN_END = "\u024f"
# A single letter is a word in Chinese, Japanese or Korean; it tells nothing in Latin, Greek or Cyrillic.
_LONE: Final = rf"[^\W\d\u0000-\u024f\u0370-\u052f]|[{PICTURES}]"
_LONE_WORD = re.compile(_LONE)
WORD = re.compile(rf"[^\W\d]{{2,}}|{_LONE}")  # a token that `is_word`
_ALWAYS: Final = rf"[^\W\d]+|\d+|[{PICTURES}]"


def is_word(token: str) -> bool:
    """Whether a token counts as a word."""
    if len(token) > 1:
        return not token[0].isdecimal()
    return token > _LATIN_END and _LONE_WORD.match(token) is not None


def beginnings_of(phrases: Iterable[tuple[str, int]]) -> tuple[dict[str, int], dict[int, int]]:
    """Return the numbers of phrases, with `NO_PHRASE` for what only begins one, and how phrases go on.

    With it, the phrases at a place are found from one token to the next, by as many looks as there are tokens
    in the longest of them.
    """
    table: dict[str, int] = {}
    begun: dict[str, int] = {}
    for phrase, number in phrases:
        table[phrase] = number
        if phrase.isalpha():
            continue
        if phrase.replace(" ", "").isalpha():  # as most are: no need to look for tokens
            end = phrase.find(" ")
            while end >= 0:
                begun[phrase[:end]] = begun.get(phrase[:end], 0) | BY_WORD
                end = phrase.find(" ", end + 1)
        else:
            beginning = ""
            for token in TOKEN.finditer(phrase):
                if beginning:
                    way = BY_WORD if token[0].isalnum() else BY_WORD | BY_MARK
                    begun[beginning] = begun.get(beginning, 0) | way
                beginning = phrase[: token.end()]
    for beginning in begun:
        table.setdefault(beginning, NO_PHRASE)
    return table, {table[beginning]: way for beginning, way in begun.items()}


def apart(beginnings: Collection[str]) -> re.Pattern[str]:
    """Return what splits a text at its words: at every token that may begin a phrase, and at numbers.

    Args:
        beginnings: Phrases, and what begins one.
    """
    marks = sorted({phrase[0] for phrase in beginnings if not phrase[0].isalnum()})
    return re.compile("(" + "|".join((_ALWAYS, *map(re.escape, marks))) + ")")
