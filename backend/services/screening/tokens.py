"""What texts and phrases are made of: runs of letters, runs of digits, and single other characters.

A phrase begins and ends where one of these does: "hazelnuts13%" and "milk²" hold a word and a number.
"""

import re
from collections.abc import Iterable
from typing import Final

TOKEN = re.compile(r"[^\W\d]+|\d+|[^\w ]")  # of a folded text, which has no space but " " and no "_"
NO_PHRASE: Final = -1
"""Stands for what begins a phrase and is none."""


def beginnings_of(phrases: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return the numbers of phrases, and `NO_PHRASE` for what only begins one, to the end of a token.

    With it, the phrases at a place are found from one token to the next, by as many looks as there are tokens
    in the longest of them.
    """
    table: dict[str, int] = {}
    for phrase, number in phrases:
        table[phrase] = number
        if not phrase.isalpha():
            for token in TOKEN.finditer(phrase):
                table.setdefault(phrase[: token.end()], NO_PHRASE)
    return table
