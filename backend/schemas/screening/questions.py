"""For whom it is checked: one's profiles, and guests whose requirements come with the question."""

import uuid
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, SkipValidation, StrictBool, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from backend.schemas.base import Incoming, LanguageTag, Text
from backend.schemas.health import Severity
from backend.schemas.health.entries import MAX_ALLERGIES, MAX_RESTRICTIONS, CatalogName
from backend.schemas.screening.labels import MAX_MENU_TEXT, BatchLabel, Dish, Label, Regime, dish_length

MAX_PEOPLE = 50
MAX_BATCH_PEOPLE = 10  # each of up to a thousand labels has an answer for each of them
MAX_LABELS = 1_000

GuestName = Annotated[Text, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
ProfileRefs = tuple[uuid.UUID | Literal["me"], ...]


def _from_name(value: object) -> object:
    """Read a bare name as an allergy of which nothing else is said."""
    return value if isinstance(value, Mapping | Incoming) else {"name": value}


class GuestAllergy(Incoming):
    """An allergy of somebody without a profile: severity and traces count as in a profile."""

    name: CatalogName
    severity: Severity = Severity.MODERATE
    avoid_traces: StrictBool = True


_Allergy = Annotated[
    GuestAllergy, BeforeValidator(_from_name, json_schema_input_type=CatalogName | GuestAllergy)
]


class Requirements(Incoming):
    """What somebody without a profile avoids; at least one thing. Nothing of it is stored or logged."""

    allergies: Annotated[tuple[_Allergy, ...], Field(max_length=MAX_ALLERGIES)] = ()
    dietary_restrictions: Annotated[tuple[CatalogName, ...], Field(max_length=MAX_RESTRICTIONS)] = ()
    medical_conditions: Annotated[tuple[CatalogName, ...], Field(max_length=MAX_RESTRICTIONS)] = ()

    @model_validator(mode="after")
    def _say_something(self) -> Self:
        if not (self.allergies or self.dietary_restrictions or self.medical_conditions):
            raise PydanticCustomError("no_requirement", "must name something that the person avoids")
        return self


class Guest(Incoming):
    """Somebody without a profile. The name comes back with the answer, and goes nowhere else."""

    name: GuestName
    requirements: Requirements


class GuestTable(Incoming):
    """Guests of one question.

    Attributes:
        requirements: What one guest avoids who needs no name.
        guests: Guests with names.
    """

    requirements: Requirements | None = None
    guests: Annotated[tuple[Guest, ...], Field(max_length=MAX_PEOPLE)] = ()


class Table(GuestTable):
    """One's profiles and guests.

    Attributes:
        profiles: Identifiers of one's profiles; `me` is one's own, which counts alone if nobody is named.
    """

    profiles: Annotated[ProfileRefs, Field(min_length=1, max_length=MAX_PEOPLE)] = ("me",)

    @property
    def chosen(self) -> ProfileRefs:
        """Return the profiles that are asked about: with guests, none that is not named."""
        has_guests = self.requirements is not None or bool(self.guests)
        return () if has_guests and "profiles" not in self.model_fields_set else self.profiles

    @model_validator(mode="after")
    def _fit_at_one_table(self) -> Self:
        _refuse_more(self, len(self.chosen), MAX_PEOPLE)
        return self


class ScreeningCheck(Table, Label):
    """A label, and whom it is for."""


class GuestCheck(GuestTable, Label):
    """A label, and guests whom it is for."""

    guests: Annotated[tuple[Guest, ...], Field(max_length=10)] = ()

    @model_validator(mode="after")
    def _have_a_guest(self) -> Self:
        if self.requirements is None and not self.guests:
            raise PydanticCustomError("no_guest", "must have requirements or guests")
        return self


class ScreeningBatch(Table):
    """Up to 1,000 labels, and at most 10 people whom they are for.

    Attributes:
        labels: Each as in a check, with an `id` if wanted.
        lang: The language of labels that name none.
        regime: The food law of labels that name none.
    """

    # Each is validated when its turn comes, so that one that makes no sense spoils its own line alone.
    labels: Annotated[tuple[SkipValidation[BatchLabel], ...], Field(min_length=1, max_length=MAX_LABELS)]
    lang: LanguageTag | None = None
    regime: Regime | None = None

    @model_validator(mode="after")
    def _be_few(self) -> Self:
        _refuse_more(self, len(self.chosen), MAX_BATCH_PEOPLE)
        return self


class MenuCheck(Table):
    """A menu, and whom it is for: at most 100 dishes with 100,000 characters in all."""

    dishes: Annotated[tuple[Dish, ...], Field(min_length=1, max_length=100)]
    lang: LanguageTag | None = None
    regime: Regime | None = None

    @model_validator(mode="after")
    def _be_short(self) -> Self:
        if sum(map(dish_length, self.dishes)) > MAX_MENU_TEXT:
            raise PydanticCustomError("too_much_text", "must not have more than 100000 characters in all")
        return self


def _refuse_more(people: GuestTable, profiles: int, most: int) -> None:
    if profiles + len(people.guests) + (people.requirements is not None) > most:
        raise PydanticCustomError("too_many_people", "must not be for more people than an answer can hold")
