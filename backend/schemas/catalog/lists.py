"""Bodies about the catalogue, as everybody reads it."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from backend.schemas.base import Incoming, LanguageTag, Outgoing, SearchText


def _require_day(value: str) -> str:
    try:
        date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("date", "must be a day of the calendar") from None
    return value


Day = Annotated[
    str, StringConstraints(pattern=r"^(19|20)\d\d-\d\d-\d\d$", max_length=10), AfterValidator(_require_day)
]
RegimeCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]+(-[A-Za-z]+)*$", max_length=20)]


class CatalogQuery(Incoming):
    """What of a list is asked for.

    Attributes:
        q: Part of a name, in any language.
        lang: Language of `name`; without it, what `Accept-Language` asks for; English where the list does
            not have it.
        cursor: `next_cursor` of the page before.
    """

    q: SearchText = ""
    lang: LanguageTag | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: SearchText | None = None


class LanguageQuery(Incoming):
    """In which language names are wanted."""

    lang: LanguageTag | None = None


class RegimeListQuery(LanguageQuery):
    """Which food laws to list: those after `cursor`, the `next_cursor` of the page before."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: RegimeCode | None = None


class RegimeQuery(LanguageQuery):
    """On which day a food law is asked about; without it, today in UTC."""

    on: Day | None = None


class SourceResponse(Outgoing):
    """Who says so."""

    publication: str
    authority: str | None
    year: int | None
    url: str | None


class CodingResponse(Outgoing):
    """A code of medicine (FHIR's Coding).

    Attributes:
        concept: What it stands for: the `substance`, the `allergy` to it, ...
        relation: `equivalent`, or `broader` where it stands for more than the entry.
        sources: Public lists that agree on it.
    """

    system: str
    code: str
    display: str
    concept: str
    relation: str
    sources: tuple[str, ...]


class RuleResponse(Outgoing):
    """What a diet or condition says about substances; `source` is `reference` in a sentence."""

    avoid: tuple[str, ...]
    unless: tuple[str, ...]
    kind: str
    threshold: str | None
    traces: bool
    source: Annotated[str, BeforeValidator(str)]
    reference: SourceResponse


class EntryResponse(Outgoing):
    """What every entry has; `name` is in the language that was asked for.

    Attributes:
        own: Whether an operator of this service added it.
        retired: Whether nobody records it anew; who has it keeps it.
    """

    code: str
    name: str
    names: dict[str, str]
    synonyms: dict[str, tuple[str, ...]]
    codings: tuple[CodingResponse, ...]
    own: bool
    retired: bool


class AllergenResponse(EntryResponse):
    """An approved allergen."""

    parents: tuple[str, ...]


class AllergenDetail(AllergenResponse):
    """An approved allergen, and what is related to it.

    Attributes:
        children: Codes of its own kinds.
        ancestors: Codes of all that it is a kind of.
        descendants: Codes of all its kinds.
        found_in: Codes of what holds it without being a kind of it.
        akin: Codes of what most people who react to it react to.
    """

    children: tuple[str, ...]
    ancestors: tuple[str, ...]
    descendants: tuple[str, ...]
    found_in: tuple[str, ...]
    akin: tuple[str, ...]


class RuledResponse(EntryResponse):
    """An approved diet or condition with its rules."""

    rules: tuple[RuleResponse, ...]


class AllergenPage(Outgoing):
    """Some allergens, and where the next ones begin."""

    items: tuple[AllergenResponse, ...]
    next_cursor: str | None


class RuledPage(Outgoing):
    """Some diets or conditions, and where the next ones begin."""

    items: tuple[RuledResponse, ...]
    next_cursor: str | None


class DutyResponse(Outgoing):
    """What must be declared on a label, or is recommended (`kind`).

    Attributes:
        threshold: The amount from which on, in words; null for any.
        since: First day; null where that lies before 2010.
        until: First day on which it is no longer so.
        old_labels_until: Last day on which packages labelled before may be sold: until then silence tells
            nothing.
        source: The law.
    """

    allergen: str
    name: str
    kind: str
    threshold: str | None
    since: date | None
    until: date | None
    old_labels_until: date | None
    source: SourceResponse


class ExemptionResponse(Outgoing):
    """A product that need not be declared. It explains silence, and clears nothing for who is allergic."""

    code: str
    name: str
    names: dict[str, str]
    allergens: tuple[str, ...]
    purpose: str | None
    since: date | None
    until: date | None
    source: SourceResponse


class RegimeResponse(Outgoing):
    """A food law; `declares` are the codes that it requires or will require on labels."""

    code: str
    name: str
    names: dict[str, str]
    countries: tuple[str, ...]
    source: SourceResponse
    declares: tuple[str, ...]


class RegimeDetail(RegimeResponse):
    """A food law on a day.

    Attributes:
        on: The day.
        duties: What it says must be declared then, or recommends.
        silence_tells: Codes whose absence from a label tells something then: every label on sale must name
            them.
        coming: What it will say later.
        exemptions: What need not be declared then.
    """

    on: date
    duties: tuple[DutyResponse, ...]
    silence_tells: tuple[str, ...]
    coming: tuple[DutyResponse, ...]
    exemptions: tuple[ExemptionResponse, ...]


class RegimeList(Outgoing):
    """Some of the food laws that the catalogue knows, and where the next ones begin."""

    items: tuple[RegimeResponse, ...]
    next_cursor: str | None
