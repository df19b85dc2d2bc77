"""The sealed document: what a profile holds, and how it is sealed and opened.

Each document carries the number of its format. Those of earlier formats open as if they were of the newest;
what is written is always of the newest.
"""

import uuid
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from backend.core.keys import Keyring
from backend.models.health import Relationship
from backend.schemas.health import AllergyKind, DietaryReason, Reaction, Severity, Strictness, Verification
from backend.services.users import DATA_KEY, Owner
from backend.utils.security import open_sealed, seal


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Entry(_Part):
    """What every entry has: an identity, and the catalogue's code, never a name."""

    id: uuid.UUID
    code: str


class Allergy(Entry):
    """One allergy or intolerance as it is stored."""

    kind: AllergyKind
    severity: Severity
    reactions: tuple[Reaction, ...]
    verification: Verification
    avoid_traces: bool
    threshold_mg: float | None
    onset_year: int | None
    note: str | None

    @property
    def counts(self) -> bool:
        """Whether it is an allergy for all that is known: one that was refuted is none."""
        return self.verification is not Verification.REFUTED


class DietaryRestriction(Entry):
    """One dietary restriction as it is stored."""

    strictness: Strictness
    reason: DietaryReason | None


class MedicalCondition(Entry):
    """One medical condition as it is stored."""

    since: str | None
    note: str | None


class _Content(_Part):
    display_name: str | None
    no_known_allergies: bool
    allergies: tuple[Allergy, ...]
    dietary_restrictions: tuple[DietaryRestriction, ...]
    medical_conditions: tuple[MedicalCondition, ...]


class Document(_Content):
    """Everything that a profile says.

    Attributes:
        relationship: Whose profile it is, as the row says in the open: sealed here, nobody can exchange two
            people of one account unseen. None in documents of earlier formats.
    """

    format: Literal[4] = 4
    birth_year: int | None
    relationship: Relationship | None = None

    @property
    def answers_allergies(self) -> bool:
        """Whether it says anything of allergies: these, or none. A diet says nothing of them."""
        return self.no_known_allergies or any(allergy.counts for allergy in self.allergies)


class _ThirdDocument(_Content):
    """Format 3: nothing told whose profile it is."""

    format: Literal[3]
    birth_year: int | None

    def upgrade(self, _: uuid.UUID) -> Document:
        """Return the same in the newest format."""
        members = {name: getattr(self, name) for name in _Content.model_fields}
        return Document(birth_year=self.birth_year, **members)


class _SecondDocument(_Content):
    """Format 2: nothing told a year of birth."""

    format: Literal[2]

    def upgrade(self, _: uuid.UUID) -> Document:
        """Return the same in the newest format."""
        members = {name: getattr(self, name) for name in _Content.model_fields}
        return Document(birth_year=None, **members)


class _FirstAllergy(_Part):
    id: uuid.UUID
    allergen: str
    kind: AllergyKind
    severity: Severity
    reactions: tuple[Reaction, ...]
    avoid_traces: bool
    note: str | None


class _FirstDocument(_Part):
    """Format 1: diets and conditions were bare codes, and nothing told how sure an allergy is."""

    format: Literal[1]
    display_name: str | None
    no_known_allergies: bool
    allergies: tuple[_FirstAllergy, ...]
    dietary_restrictions: tuple[str, ...]
    medical_conditions: tuple[str, ...]

    def upgrade(self, profile_id: uuid.UUID) -> Document:
        """Return the same in the newest format. What had no id is given the same one at every reading."""
        return Document(
            display_name=self.display_name,
            birth_year=None,
            no_known_allergies=self.no_known_allergies,
            allergies=tuple(_upgrade_allergy(allergy) for allergy in self.allergies),
            dietary_restrictions=tuple(
                DietaryRestriction(
                    id=uuid.uuid5(profile_id, f"diet:{code}"),
                    code=code,
                    strictness=Strictness.STRICT,
                    reason=None,
                )
                for code in self.dietary_restrictions
            ),
            medical_conditions=tuple(
                MedicalCondition(
                    id=uuid.uuid5(profile_id, f"condition:{code}"), code=code, since=None, note=None
                )
                for code in self.medical_conditions
            ),
        )


_AnyFormat = Document | _ThirdDocument | _SecondDocument | _FirstDocument
_AnyDocument: TypeAdapter[_AnyFormat] = TypeAdapter(Annotated[_AnyFormat, Field(discriminator="format")])


def seal_document(
    document: Document, *, profile_id: uuid.UUID, version: int, owner: Owner, keyring: Keyring
) -> bytes:
    """Seal a document for one owner, profile and version."""
    key = keyring.unwrap(owner.data_key, owner=owner.id, purpose=DATA_KEY)
    plaintext = document.model_dump_json().encode()
    return seal(key, plaintext, associated=_binding(owner.id, profile_id, version))


def open_document(
    sealed: bytes, *, profile_id: uuid.UUID, version: int, owner: Owner, keyring: Keyring
) -> Document:
    """Open a document of a profile, whatever its format.

    Raises:
        SealBrokenError: The row was altered, swapped or rolled back. Nothing of it is served.
    """
    key = keyring.unwrap(owner.data_key, owner=owner.id, purpose=DATA_KEY)
    binding = _binding(owner.id, profile_id, version)
    document = _AnyDocument.validate_json(open_sealed(key, sealed, associated=binding))
    return document if isinstance(document, Document) else document.upgrade(profile_id)


def _upgrade_allergy(allergy: _FirstAllergy) -> Allergy:
    members: dict[str, Any] = allergy.model_dump(exclude={"allergen"})  # as each member says
    return Allergy(
        **members,
        code=allergy.allergen,
        verification=Verification.SELF_REPORTED,
        threshold_mg=None,
        onset_year=None,
    )


def _binding(owner_id: uuid.UUID, profile_id: uuid.UUID, version: int) -> bytes:
    return b"health-profile" + owner_id.bytes + profile_id.bytes + version.to_bytes(8)
