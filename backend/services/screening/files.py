"""The files of a lexicon, one for each language; the header of the English one says what the members mean."""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

_Loader: type[yaml.BaseLoader] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_Plain: TypeAlias = "str | list[_Plain] | dict[str, _Plain]"


class LexiconFaultError(Exception):
    """A lexicon contradicts itself or the catalogue; the message says where."""


class Source(BaseModel):
    """What an ingredient may be made from, and which laws let it hide that."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    could_be: tuple[str, ...]
    exempt: dict[str, tuple[str, ...]] = {}


class Maybe(BaseModel):
    """Words that have a source which the label does not tell: one that all languages know, or codes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: tuple[str, ...]
    source: str | None = None
    could_be: tuple[str, ...] = ()
    compound: bool = False


class Compounds(BaseModel):
    """How a language joins words into one, and which parts stand only within such a word."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    links: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    stems: dict[str, tuple[str, ...]] = {}
    neutral: tuple[str, ...] = ()


class File(BaseModel):
    """One language's file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: str
    terms: dict[str, tuple[str, ...]]
    recipes: tuple[str, ...] = ()
    traps: tuple[str, ...] = ()
    maybe: tuple[Maybe, ...] = ()
    plain: tuple[str, ...] = ()
    clauses: dict[str, tuple[str, ...]]
    filler: tuple[str, ...] = ()
    joining: tuple[str, ...] = ()
    allergy_stems: tuple[str, ...] = ()
    nutrients: tuple[str, ...] = ()
    object_endings: tuple[str, ...] = ()
    compounds: Compounds | None = None


def read_sources(text: bytes) -> dict[str, Source]:
    """Read what the ingredients that do not tell their source may be made from.

    Raises:
        LexiconFaultError: A member stands in it twice.
    """
    return TypeAdapter(dict[str, Source]).validate_python(_plain(text))


def read_file(text: bytes) -> File:
    """Read one language's file.

    Every scalar is text: a lexicon has no numbers, and its "no" is a word. Building the values here, from the
    parser's events, takes a third of the time that the loaders of PyYAML take, and there are many words.

    Raises:
        LexiconFaultError: A member stands in it twice: the second would hide the words of the first.
    """
    return File.model_validate(_plain(text))


def _plain(text: bytes) -> _Plain:
    events = yaml.parse(text, Loader=_Loader)
    return _build(events, next(event for event in events if _opens(event)))


def _opens(event: yaml.Event) -> bool:
    return isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent))


def _build(events: Iterator[yaml.Event], event: yaml.Event) -> _Plain:
    if isinstance(event, yaml.ScalarEvent):
        return event.value
    if isinstance(event, yaml.SequenceStartEvent):
        return list(_children(events))
    if isinstance(event, yaml.MappingStartEvent):
        children = _children(events)
        line = event.start_mark.line + 1 if event.start_mark else 0
        return _unique(zip(children, children, strict=True), line)
    raise yaml.YAMLError(type(event).__name__)  # an alias: no lexicon has any


def _unique(members: Iterable[tuple[_Plain, _Plain]], line: int) -> dict[str, _Plain]:
    built: dict[str, _Plain] = {}
    for key, value in members:
        if str(key) in built:
            raise LexiconFaultError(f"the mapping of line {line} has {str(key)!r} twice")
        built[str(key)] = value
    return built


def _children(events: Iterator[yaml.Event]) -> Iterator[_Plain]:
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            return
        yield _build(events, event)
