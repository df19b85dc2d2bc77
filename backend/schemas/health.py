"""Bodies about health profiles."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StrictBool, StringConstraints

from backend.models.health import Relationship
from backend.schemas.base import Incoming, Note, Outgoing, Text

CatalogName = Annotated[Text, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
"""A code, or any approved name or synonym in any supported language."""

DisplayName = Annotated[Text, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]


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


class AllergyEntry(Incoming):
    """One allergy or intolerance."""

    name: CatalogName
    kind: AllergyKind = AllergyKind.ALLERGY
    severity: Severity = Severity.MODERATE
    reactions: Annotated[tuple[Reaction, ...], Field(max_length=16)] = ()
    avoid_traces: StrictBool = True
    note: Note | None = None


Allergies = Annotated[tuple[AllergyEntry, ...], Field(max_length=200)]
Restrictions = Annotated[tuple[CatalogName, ...], Field(max_length=50)]


class HealthProfileReplace(Incoming):
    """All of a profile's content.

    An empty list of allergies with `no_known_allergies` false means "not answered", with true "none known".
    """

    display_name: DisplayName | None = None
    no_known_allergies: StrictBool = False
    allergies: Allergies = ()
    dietary_restrictions: Restrictions = ()
    medical_conditions: Restrictions = ()


class HealthProfileCreate(HealthProfileReplace):
    """A new profile: one's own, or a dependant's."""

    relationship: Relationship = Relationship.SELF


class HealthProfileUpdate(HealthProfileReplace):
    """Changes to a profile; what is left out stays, a list that is given replaces the list."""


class AllergyResponse(Outgoing):
    """One recorded allergy: `allergen` is the code, `name` the preferred name in the owner's language."""

    id: uuid.UUID
    allergen: str
    name: str
    kind: AllergyKind
    severity: Severity
    reactions: tuple[Reaction, ...]
    avoid_traces: bool
    note: str | None


class HealthProfileResponse(Outgoing):
    """A profile. `dietary_restrictions` and `medical_conditions` are codes of the catalogue."""

    id: uuid.UUID
    relationship: Relationship
    display_name: str | None
    no_known_allergies: bool
    allergies: tuple[AllergyResponse, ...]
    dietary_restrictions: tuple[str, ...]
    medical_conditions: tuple[str, ...]
    version: int
    created_at: datetime
    updated_at: datetime


class HealthProfilePage(Outgoing):
    """Some of one's profiles, and where the next ones begin."""

    items: tuple[HealthProfileResponse, ...]
    next_cursor: str | None
