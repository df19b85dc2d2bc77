"""What a label means for people: verdicts with their evidence."""

import uuid
from enum import StrEnum

from backend.schemas.base import Outgoing, ProblemViolation


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


class RequirementResponse(Outgoing):
    """What of a profile a finding is about."""

    type: str
    code: str


class FindingResponse(Outgoing):
    """One reason for a verdict, with its evidence.

    Attributes:
        allergen: Code of the substance that the words stand for.
        text: The words as they stand in the label.
        pointer: JSON Pointer (RFC 6901) to the text that holds them: `/text`, `/ingredients/3`.
        start: Offset of the first character in that text, in Unicode code points from 0.
        end: Offset after the last character.
        kind: How binding the rule is: `strict`, `threshold` (the amount decides) or `advisory`.
        source: Who says so: a guideline or a law; for an allergy the person's own record.
    """

    requirement: RequirementResponse
    verdict: Verdict
    allergen: str
    text: str
    pointer: str
    start: int
    end: int
    clause: ClauseKind
    kind: str
    source: str
    reason: str


class RequirementAnswer(RequirementResponse):
    """The answer for one of a person's requirements, also where nothing was found.

    Attributes:
        name: The preferred name, in the language that the request asks for.
        reason: What decided: the worst finding's reason, or why nothing can be said.
    """

    name: str
    verdict: Verdict
    reason: str


class PersonResponse(Outgoing):
    """The answer for one person.

    Attributes:
        profile_id: The profile; null for a guest.
        guest: The name that the question gave a guest; null for a profile, and for a guest without a name.
        allergies_answered: Whether the profile says anything of allergies, be it that none are known; null
            for a guest. If it does not, the verdict is at best `unknown`.
        reasons: Why the label cannot tell enough, besides its words: too few were understood, its law lets it
            hide something, the profile says nothing, or the catalogue has no word of its language for what an
            operator added. With any of them the verdict is `unknown` at least.
        requirements: One answer for each requirement, in the order of the profile.
        findings: At most 300, the worst of them, in the order of the label.
    """

    profile_id: uuid.UUID | None
    guest: str | None
    allergies_answered: bool | None
    verdict: Verdict
    reasons: tuple[str, ...]
    requirements: tuple[RequirementAnswer, ...]
    findings: tuple[FindingResponse, ...]


class UnknownWords(Outgoing):
    """Words that were not understood; offsets in Unicode code points of the text at `pointer`."""

    text: str
    pointer: str
    start: int
    end: int


class IngredientsCoverage(Outgoing):
    """How many of the ingredients that the label lists were understood to the last word."""

    understood: int
    listed: int


class CoverageResponse(Outgoing):
    """How many of the label's words were understood.

    Attributes:
        unknown: Stretches of words that were not; at most 200.
    """

    understood: int
    total: int
    ingredients: IngredientsCoverage
    unknown: tuple[UnknownWords, ...]


class ScreeningResponse(Outgoing):
    """The answer for the table: `verdict` is the worst of its people's.

    Attributes:
        languages: The languages that the label was read in, most words first.
        regime: The food law that decided what silence means; null if none was named.
        catalog_version: The catalogue that was used.
    """

    verdict: Verdict
    people: tuple[PersonResponse, ...]
    coverage: CoverageResponse
    languages: tuple[str, ...]
    regime: str | None
    catalog_version: str


class BatchLine(Outgoing):
    """One line of the answer to many labels: an answer, or what is wrong with the label.

    Attributes:
        index: The label's place in the question, from 0.
        id: As the question had it.
        answer: Null where there are errors.
        errors: Pointers are into the label.
    """

    index: int
    id: str | int | None
    answer: ScreeningResponse | None
    errors: tuple[ProblemViolation, ...]


class DishCell(Outgoing):
    """What one dish means for one person.

    Attributes:
        findings: At most five, the worst of them; pointers are into the dish.
    """

    verdict: Verdict
    reason: str
    findings: tuple[FindingResponse, ...]


class DishResponse(Outgoing):
    """One dish.

    Attributes:
        index: Its place in the question, from 0.
        id: As the question had it.
        verdict: The worst of its cells.
        cells: One for each person, in the order of `people`.
    """

    index: int
    id: str | int | None
    verdict: Verdict
    cells: tuple[DishCell, ...]
    coverage: CoverageResponse


class MenuPersonResponse(Outgoing):
    """One person at the table.

    Attributes:
        verdict: The worst of all dishes.
        no_conflict_found: Places of the dishes in which nothing was found for this person. Not a promise.
    """

    profile_id: uuid.UUID | None
    guest: str | None
    verdict: Verdict
    no_conflict_found: tuple[int, ...]


class MenuResponse(Outgoing):
    """The answer for a menu: dishes by people.

    Attributes:
        no_conflict_found: Places of the dishes in which nothing was found for anybody. Not a promise.
    """

    people: tuple[MenuPersonResponse, ...]
    dishes: tuple[DishResponse, ...]
    no_conflict_found: tuple[int, ...]
    regime: str | None
    catalog_version: str
