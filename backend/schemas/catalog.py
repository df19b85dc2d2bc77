"""Bodies about the catalogue."""

from typing import Annotated

from pydantic import Field

from backend.schemas.base import Incoming, LanguageTag, Outgoing, SearchText


class CatalogQuery(Incoming):
    """What of a list is asked for.

    Attributes:
        q: Part of a name, in any language.
        lang: Language of `name`; English where the list does not have it.
        cursor: `next_cursor` of the page before.
    """

    q: SearchText = ""
    lang: LanguageTag = "en"
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: SearchText | None = None


class RuleResponse(Outgoing):
    """What a diet or condition says about substances."""

    avoid: tuple[str, ...]
    unless: tuple[str, ...]
    kind: str
    threshold: str | None
    traces: bool
    source: str


class AllergenResponse(Outgoing):
    """An approved allergen; `name` is in the language that was asked for."""

    code: str
    name: str
    names: dict[str, str]
    synonyms: dict[str, tuple[str, ...]]
    parents: tuple[str, ...]


class RuledResponse(Outgoing):
    """An approved diet or condition with its rules; `name` is in the language that was asked for."""

    code: str
    name: str
    names: dict[str, str]
    synonyms: dict[str, tuple[str, ...]]
    rules: tuple[RuleResponse, ...]


class AllergenPage(Outgoing):
    """Some allergens, and where the next ones begin."""

    items: tuple[AllergenResponse, ...]
    next_cursor: str | None


class RuledPage(Outgoing):
    """Some diets or conditions, and where the next ones begin."""

    items: tuple[RuledResponse, ...]
    next_cursor: str | None
