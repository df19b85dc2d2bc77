"""Bodies about what operators add to the catalogue."""

import re
import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, StringConstraints
from pydantic_core import PydanticCustomError

from backend.models.catalog import RequirementType
from backend.schemas.base import Incoming, Outgoing, Text

_LANGUAGE = re.compile(r"[a-z]{2}", re.ASCII)
_MOST_LANGUAGES, _MOST_SYNONYMS, _MOST_CODES, _MOST_RULES, _MOST_CODINGS = 40, 50, 100, 20, 20


def _require_letter(value: str) -> str:
    if not any(character.isalpha() for character in value):
        raise PydanticCustomError("no_letter", "must have a letter")
    return value


def _require_languages(value: object) -> object:
    # Before the members are looked at: the place of a fault in one of them would hold the caller's text.
    if isinstance(value, dict) and not all(_LANGUAGE.fullmatch(str(key)) for key in value):
        raise PydanticCustomError("language", "must have two-letter codes of languages as its members")
    return value


EntryCode = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*$", min_length=1, max_length=100)
]
Name = Annotated[
    Text,
    StringConstraints(strip_whitespace=True, min_length=2, max_length=100),
    AfterValidator(_require_letter),
]
_Words = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
_Codes = Annotated[tuple[EntryCode, ...], Field(max_length=_MOST_CODES)]
_ByLanguage = BeforeValidator(_require_languages)
_Names = Annotated[dict[str, Name], Field(min_length=1, max_length=_MOST_LANGUAGES), _ByLanguage]
_Synonyms = Annotated[
    dict[str, Annotated[tuple[Name, ...], Field(max_length=_MOST_SYNONYMS)]],
    Field(max_length=_MOST_LANGUAGES),
    _ByLanguage,
]


class SourceData(Incoming):
    """Who says so."""

    publication: _Words
    authority: _Words | None = None
    year: Annotated[int, Field(ge=1500, le=2100)] | None = None
    url: Annotated[Text, StringConstraints(pattern=r"^https://\S+$", max_length=500)] | None = None


class RuleData(Incoming):
    """What a diet or condition says about substances."""

    avoid: Annotated[tuple[EntryCode, ...], Field(min_length=1, max_length=_MOST_CODES)]
    unless: _Codes = ()
    kind: Literal["strict", "threshold", "advisory"] = "strict"
    threshold: _Words | None = None
    traces: bool = False
    source: SourceData


class CodingData(Incoming):
    """A code of medicine for an entry."""

    system: Literal[
        "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-10-cm"
    ]
    code: Annotated[Text, StringConstraints(min_length=3, max_length=18)]
    display: _Words
    concept: Literal["substance", "allergy", "intolerance", "condition", "diet"]
    relation: Literal["equivalent", "broader"] = "equivalent"
    sources: Annotated[tuple[_Words, ...], Field(min_length=2, max_length=10)]


_Rules = Annotated[tuple[RuleData, ...], Field(min_length=1, max_length=_MOST_RULES)]
_Codings = Annotated[tuple[CodingData, ...], Field(max_length=_MOST_CODINGS)]


class CatalogEntryCreate(Incoming):
    """An allergen, a diet or a condition; an English name is required.

    Attributes:
        code: Begins with `local.`: no release ships such a code.
        names: Preferred name by language. In each of these an allergen is looked for on labels; of a label in
            another language, the answer is `unknown`.
        synonyms: Other names by language, looked for too: plurals, spellings, what it is made into.
        parents: For an allergen: codes of what it is a kind of.
        found_in: For an allergen: codes of what holds it without being a kind of it.
        akin: For an allergen: codes of what most people who react to it react to.
        uncertain: For an allergen: a label that names it leaves open if it matters.
        rules: For a diet or condition.
    """

    kind: RequirementType
    code: EntryCode
    names: _Names
    synonyms: _Synonyms = Field(default_factory=dict)
    parents: _Codes = ()
    found_in: _Codes = ()
    akin: _Codes = ()
    uncertain: bool = False
    rules: _Rules = ()
    codings: _Codings = ()


class CatalogEntryUpdate(Incoming):
    """What of an entry shall change; what is left out stays. `retired` takes it off the list or back."""

    names: _Names = Field(default_factory=dict)
    synonyms: _Synonyms = Field(default_factory=dict)
    parents: _Codes = ()
    found_in: _Codes = ()
    akin: _Codes = ()
    uncertain: bool = False
    rules: _Rules = ()
    codings: _Codings = ()
    retired: bool | None = None


class CatalogEntryQuery(Incoming):
    """Which entries to list: those after `cursor`, the `next_cursor` of the page before."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: EntryCode | None = None


class CatalogEntryResponse(Outgoing):
    """What an operator added.

    Attributes:
        content: Its members as they were sent, but those that have their defaults.
        author_id: The administrator who wrote this version; null for an operator at the command line.
    """

    code: str
    kind: RequirementType
    content: dict[str, JsonValue]
    retired_at: datetime | None
    version: int
    author_id: uuid.UUID | None
    created_at: datetime
    updated_at: datetime


class CatalogEntryPage(Outgoing):
    """Some entries, and where the next ones begin."""

    items: tuple[CatalogEntryResponse, ...]
    next_cursor: str | None
