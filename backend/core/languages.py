"""The languages of a request: bound once at its edge, asked by whoever writes words for people."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from backend.utils.text import preferred_language

FALLBACK: Final = "en"
_FOLDER: Final = Path(__file__).parents[1] / "data"
_wanted: ContextVar[str] = ContextVar("accept_language", default="")


def bind(accept_language: str) -> None:
    """Say which languages the caller reads, for the rest of the request's context."""
    _wanted.set(accept_language[:1000])


def preferred(offered: Sequence[str]) -> str | None:
    """Return which of some languages the caller would rather read; None where they name none of these."""
    return preferred_language(_wanted.get(), offered)


def of_messages() -> str:
    """Return the language in which the caller is told what went wrong."""
    return preferred((FALLBACK, *translations())) or FALLBACK


def translate(message: str) -> str:
    """Return a message in the caller's language. A message is its own name, in English, places included."""
    return translations().get(of_messages(), {}).get(message, message)


@cache
def translations(table: str = "messages") -> Mapping[str, Mapping[str, str]]:
    """Return, by language, what each text of a table (`messages`, `reasons`) is called in it."""
    files = sorted((_FOLDER / table).glob("*.yaml"))
    return {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in files}
