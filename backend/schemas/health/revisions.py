"""Bodies about what a profile was."""

import uuid
from datetime import datetime

from pydantic import JsonValue

from backend.schemas.base import Outgoing
from backend.schemas.health.entries import (
    AllergyResponse,
    DietaryRestrictionResponse,
    MedicalConditionResponse,
)


class RevisionSummary(Outgoing):
    """One version of a profile: who wrote it, and when."""

    version: int
    author_id: uuid.UUID
    recorded_at: datetime


class RevisionPage(Outgoing):
    """Some versions of a profile, the newest first, and where the next page begins."""

    items: tuple[RevisionSummary, ...]
    next_cursor: str | None


class RevisionResponse(RevisionSummary):
    """A profile as it was at one version."""

    profile_id: uuid.UUID
    display_name: str | None
    birth_year: int | None
    no_known_allergies: bool
    allergies: tuple[AllergyResponse, ...]
    dietary_restrictions: tuple[DietaryRestrictionResponse, ...]
    medical_conditions: tuple[MedicalConditionResponse, ...]


class MemberChange(Outgoing):
    """A member that differs, with its value at either version."""

    member: str
    before: JsonValue
    after: JsonValue


class EntryMention(Outgoing):
    """An entry, by its identity.

    Attributes:
        section: `allergies`, `dietary_restrictions` or `medical_conditions`.
        code: The catalogue's code.
    """

    section: str
    id: uuid.UUID
    code: str


class EntryChange(EntryMention):
    """An entry that both versions have, and that differs."""

    members: tuple[MemberChange, ...]


class RevisionDiff(Outgoing):
    """What became different between two versions of a profile.

    Attributes:
        before: The version that it is compared with.
        after: The version that was asked about.
        members: What differs of the profile's own members.
        added: Entries that only `after` has.
        removed: Entries that only `before` has.
        changed: Entries that differ.
    """

    profile_id: uuid.UUID
    before: int
    after: int
    members: tuple[MemberChange, ...]
    added: tuple[EntryMention, ...]
    removed: tuple[EntryMention, ...]
    changed: tuple[EntryChange, ...]
