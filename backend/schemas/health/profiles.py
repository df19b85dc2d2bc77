"""Bodies about whole profiles."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field, StrictBool, StringConstraints

from backend.models.health import Relationship
from backend.schemas.base import Incoming, Outgoing, Text
from backend.schemas.health.entries import (
    MAX_ALLERGIES,
    MAX_RESTRICTIONS,
    AllergyEntry,
    AllergyResponse,
    CatalogName,
    DietaryRestrictionEntry,
    DietaryRestrictionResponse,
    MedicalConditionEntry,
    MedicalConditionResponse,
    Year,
)

DisplayName = Annotated[Text, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]


def _from_name(value: object) -> object:
    """Read a bare name as an entry of which nothing else is said."""
    return value if isinstance(value, Mapping | Incoming) else {"name": value}


_Restriction = Annotated[
    DietaryRestrictionEntry,
    BeforeValidator(_from_name, json_schema_input_type=CatalogName | DietaryRestrictionEntry),
]
_Condition = Annotated[
    MedicalConditionEntry,
    BeforeValidator(_from_name, json_schema_input_type=CatalogName | MedicalConditionEntry),
]


class HealthProfileReplace(Incoming):
    """All of a profile's content.

    An empty list of allergies with `no_known_allergies` false means "not answered", with true "none known".
    An entry that was there before, under any of its names, keeps its id. A dietary restriction or a medical
    condition of which no more is said may be a bare name.
    """

    display_name: DisplayName | None = None
    birth_year: Year | None = None
    no_known_allergies: StrictBool = False
    allergies: Annotated[tuple[AllergyEntry, ...], Field(max_length=MAX_ALLERGIES)] = ()
    dietary_restrictions: Annotated[tuple[_Restriction, ...], Field(max_length=MAX_RESTRICTIONS)] = ()
    medical_conditions: Annotated[tuple[_Condition, ...], Field(max_length=MAX_RESTRICTIONS)] = ()


class HealthProfileCreate(HealthProfileReplace):
    """A new profile: one's own, or a dependant's."""

    relationship: Relationship = Relationship.SELF


class HealthProfileUpdate(HealthProfileReplace):
    """Changes to a profile; what is left out stays, a list that is given replaces the list."""


class HealthProfileResponse(Outgoing):
    """A profile."""

    id: uuid.UUID
    relationship: Relationship
    display_name: str | None
    birth_year: int | None
    no_known_allergies: bool
    allergies: tuple[AllergyResponse, ...]
    dietary_restrictions: tuple[DietaryRestrictionResponse, ...]
    medical_conditions: tuple[MedicalConditionResponse, ...]
    version: int
    created_at: datetime
    updated_at: datetime


class HealthProfilePage(Outgoing):
    """Some of one's profiles, and where the next ones begin."""

    items: tuple[HealthProfileResponse, ...]
    next_cursor: str | None
