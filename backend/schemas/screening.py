"""Bodies about checking labels."""

import uuid
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from backend.schemas.base import Incoming, LanguageTag, Outgoing, Text

LabelText = Annotated[Text, StringConstraints(min_length=1, max_length=20_000)]


class Verdict(StrEnum):
    """What a label means for somebody, worst first. None of them says "safe"."""

    CONTAINS = "contains"  # the label lists something that they avoid
    MAY_CONTAIN = "may_contain"  # a precautionary statement names it
    LIKELY = "likely"  # a wider or misspelt word, or something that is advised against
    UNKNOWN = "unknown"  # the label does not tell, or too little of it was understood
    NO_CONFLICT_FOUND = "no_conflict_found"  # nothing was found in what was understood


class ClauseKind(StrEnum):
    """What a part of a label says about the words in it."""

    INGREDIENTS = "ingredients"
    CONTAINS = "contains"
    PRECAUTIONARY = "precautionary"
    FREE_FROM = "free_from"
    SUITABILITY = "suitability"
    NUTRITION = "nutrition"
    STORAGE = "storage"
    MARKETING = "marketing"


class ScreeningCheck(Incoming):
    """A label, and whom it is for.

    Attributes:
        text: What is printed on the label.
        profiles: Identifiers of one's profiles; `me` is one's own.
        lang: The label's language, if known: decides between words that two languages spell alike.
        regime: The food law that the label follows (`eu`, `uk`, `us`, `ca`, `au-nz`, `jp`, `kr`, `cn` or
            `codex`): decides what silence means. Without one, nothing is taken as declared.
    """

    text: LabelText
    profiles: Annotated[tuple[uuid.UUID | Literal["me"], ...], Field(min_length=1, max_length=50)] = ("me",)
    lang: LanguageTag | None = None
    regime: Annotated[Text, StringConstraints(max_length=20)] | None = None


class RequirementResponse(Outgoing):
    """What of a profile a finding is about."""

    type: str
    code: str


class FindingResponse(Outgoing):
    """One reason for a verdict, with its evidence.

    Attributes:
        allergen: Code of the substance that the words stand for.
        text: The words as they stand in the label.
        start: Offset of the first character, in Unicode code points from 0.
        end: Offset after the last character.
    """

    requirement: RequirementResponse
    verdict: Verdict
    allergen: str
    text: str
    start: int
    end: int
    clause: ClauseKind
    reason: str


class GapResponse(Outgoing):
    """Something of a profile that could not be looked for, and why: the answer is then never clear."""

    requirement: RequirementResponse
    reason: str


class PersonResponse(Outgoing):
    """The answer for one person.

    Attributes:
        allergies_answered: Whether the profile says anything of allergies, be it that none are known. If it
            does not, the verdict is at best `unknown`.
        reasons: Why the label cannot tell enough, besides its words: too few were understood, its law lets it
            hide something, or the profile says nothing. With any of them the verdict is `unknown` at least.
    """

    profile_id: uuid.UUID
    allergies_answered: bool
    verdict: Verdict
    findings: tuple[FindingResponse, ...]
    reasons: tuple[str, ...]
    gaps: tuple[GapResponse, ...]


class UnknownWords(Outgoing):
    """Words of the label that were not understood; offsets in Unicode code points."""

    text: str
    start: int
    end: int


class CoverageResponse(Outgoing):
    """How many of the label's words were understood."""

    understood: int
    total: int
    unknown: tuple[UnknownWords, ...]


class ScreeningResponse(Outgoing):
    """The answer for the table: `verdict` is the worst of its people's.

    Attributes:
        languages: The languages that the label was read in, most words first.
        catalog_version: The catalogue that was used.
    """

    verdict: Verdict
    people: tuple[PersonResponse, ...]
    coverage: CoverageResponse
    languages: tuple[str, ...]
    catalog_version: str
