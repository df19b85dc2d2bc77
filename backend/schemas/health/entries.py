"""Bodies about the entries of a profile: allergies, dietary restrictions, medical conditions."""

import uuid
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, StrictBool, StringConstraints
from pydantic_core import PydanticCustomError

from backend.core.clock import now
from backend.schemas.base import Incoming, Note, Outgoing, Text

MAX_ALLERGIES = 200
MAX_RESTRICTIONS = 50

CatalogName = Annotated[Text, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
"""A code, or any approved name or synonym in any supported language."""


def _refuse_future_year(value: int) -> int:
    if value > now().year:
        raise PydanticCustomError("in_future", "must not lie in the future")
    return value


def _refuse_no_date(value: str) -> str:
    """Check a year, a month or a day (FHIR `dateTime` without a time)."""
    try:
        begin = date.fromisoformat(value + "-01-01"[len(value) - 4 :])  # the first day of what is left open
    except ValueError:
        raise PydanticCustomError("date", "must be a year, a month or a day of the calendar") from None
    if begin > now().date():
        raise PydanticCustomError("in_future", "must not lie in the future")
    return value


Year = Annotated[int, Field(strict=True, ge=1900, le=9999), AfterValidator(_refuse_future_year)]
PartialDate = Annotated[
    str,
    StringConstraints(pattern=r"^(19|20)\d\d(-\d\d(-\d\d)?)?$", max_length=10),
    AfterValidator(_refuse_no_date),
]
"""A year, a month or a day: people seldom know the day (`2019`, `2019-05`, `2019-05-20`)."""

# One in a hundred reacts to 0.2 mg of peanut protein (VITAL 3.0): less than that must be sayable.
Milligrams = Annotated[float, Field(strict=True, ge=0.001, le=100_000)]


class AllergyKind(StrEnum):
    """Whether the immune system reacts (FHIR AllergyIntolerance.type)."""

    ALLERGY = "allergy"
    INTOLERANCE = "intolerance"


class Severity(StrEnum):
    """How bad a reaction can be."""

    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"
    LIFE_THREATENING = "life_threatening"


class Verification(StrEnum):
    """How sure it is (after FHIR AllergyIntolerance.verificationStatus)."""

    SELF_REPORTED = "self_reported"
    SUSPECTED = "suspected"
    CONFIRMED = "confirmed"
    REFUTED = "refuted"


class Reaction(StrEnum):
    """What happens: the approved manifestations."""

    ABDOMINAL_PAIN = "abdominal_pain"
    ANAPHYLAXIS = "anaphylaxis"
    ANGIOEDEMA = "angioedema"
    ASTHMA = "asthma"
    BLOATING = "bloating"
    DIARRHOEA = "diarrhoea"
    DIZZINESS = "dizziness"
    ECZEMA = "eczema"
    HEADACHE = "headache"
    NAUSEA = "nausea"
    ORAL_ITCHING = "oral_itching"
    RHINITIS = "rhinitis"
    URTICARIA = "urticaria"
    VOMITING = "vomiting"
    WHEEZING = "wheezing"
    OTHER = "other"


class Strictness(StrEnum):
    """Whether there are exceptions to a diet."""

    STRICT = "strict"
    FLEXIBLE = "flexible"


class DietaryReason(StrEnum):
    """Why somebody keeps a diet."""

    MEDICAL = "medical"
    RELIGIOUS = "religious"
    ETHICAL = "ethical"
    PREFERENCE = "preference"


class AllergyUpdate(Incoming):
    """Changes to an allergy; what is left out stays. Its substance is its identity, and stays too.

    Attributes:
        verification: A refuted allergy is kept on record and counts in no check.
        threshold_mg: How many milligrams of the allergen's protein are tolerated, as a clinic found.
        onset_year: Since when.
    """

    kind: AllergyKind = AllergyKind.ALLERGY
    severity: Severity = Severity.MODERATE
    reactions: Annotated[tuple[Reaction, ...], Field(max_length=16)] = ()
    verification: Verification = Verification.SELF_REPORTED
    avoid_traces: StrictBool = True
    threshold_mg: Milligrams | None = None
    onset_year: Year | None = None
    note: Note | None = None


class AllergyEntry(AllergyUpdate):
    """One allergy or intolerance."""

    name: CatalogName


class DietaryRestrictionUpdate(Incoming):
    """Changes to a dietary restriction; what is left out stays."""

    strictness: Strictness = Strictness.STRICT
    reason: DietaryReason | None = None


class DietaryRestrictionEntry(DietaryRestrictionUpdate):
    """One dietary restriction."""

    name: CatalogName


class MedicalConditionUpdate(Incoming):
    """Changes to a medical condition; what is left out stays."""

    since: PartialDate | None = None
    note: Note | None = None


class MedicalConditionEntry(MedicalConditionUpdate):
    """One medical condition."""

    name: CatalogName


class AllergyResponse(Outgoing):
    """One recorded allergy: `allergen` is the code, `name` the preferred name in the owner's language."""

    id: uuid.UUID
    allergen: str
    name: str
    kind: AllergyKind
    severity: Severity
    reactions: tuple[Reaction, ...]
    verification: Verification
    avoid_traces: bool
    threshold_mg: float | None
    onset_year: int | None
    note: str | None


class DietaryRestrictionResponse(Outgoing):
    """One recorded restriction: `diet` is the code, `name` the preferred name in the owner's language."""

    id: uuid.UUID
    diet: str
    name: str
    strictness: Strictness
    reason: DietaryReason | None


class MedicalConditionResponse(Outgoing):
    """One recorded condition: `condition` is the code, `name` the preferred name in the owner's language."""

    id: uuid.UUID
    condition: str
    name: str
    since: str | None
    note: str | None


class AllergyList(Outgoing):
    """Some of the allergies of a profile, of which there are at most 200, and where the next ones begin.

    An empty list with `no_known_allergies` false means "not answered", with true "none known".
    """

    no_known_allergies: bool
    items: tuple[AllergyResponse, ...]
    next_cursor: str | None


class DietaryRestrictionList(Outgoing):
    """Some of the dietary restrictions of a profile, of at most 50, and where the next begin."""

    items: tuple[DietaryRestrictionResponse, ...]
    next_cursor: str | None


class MedicalConditionList(Outgoing):
    """Some of the medical conditions of a profile, of at most 50, and where the next begin."""

    items: tuple[MedicalConditionResponse, ...]
    next_cursor: str | None
