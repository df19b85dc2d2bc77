"""The sealed document: what a profile holds, and how it is sealed and opened."""

import uuid
from typing import Literal

from pydantic import BaseModel, ConfigDict

from backend.core.keys import Keyring
from backend.models.health import HealthProfile
from backend.schemas.health import AllergyKind, Reaction, Severity
from backend.services.users import DATA_KEY, Identity
from backend.utils.security import open_sealed, seal


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Allergy(_Part):
    """One allergy as it is stored: the catalogue's code, never a name."""

    id: uuid.UUID
    allergen: str
    kind: AllergyKind
    severity: Severity
    reactions: tuple[Reaction, ...]
    avoid_traces: bool
    note: str | None


class Document(_Part):
    """Everything that a profile says. `format` lets later versions read earlier documents."""

    format: Literal[1] = 1
    display_name: str | None
    no_known_allergies: bool
    allergies: tuple[Allergy, ...]
    dietary_restrictions: tuple[str, ...]
    medical_conditions: tuple[str, ...]


def seal_document(
    document: Document, *, profile_id: uuid.UUID, version: int, owner: Identity, keyring: Keyring
) -> bytes:
    """Seal a document for one owner, profile and version."""
    key = keyring.unwrap(owner.data_key, owner=owner.id, purpose=DATA_KEY)
    plaintext = document.model_dump_json().encode()
    return seal(key, plaintext, associated=_binding(owner.id, profile_id, version))


def open_document(profile: HealthProfile, *, owner: Identity, keyring: Keyring) -> Document:
    """Open a profile's document.

    Raises:
        SealBrokenError: The row was altered, swapped or rolled back. Nothing of it is served.
    """
    key = keyring.unwrap(owner.data_key, owner=owner.id, purpose=DATA_KEY)
    binding = _binding(profile.owner_id, profile.id, profile.version)
    return Document.model_validate_json(open_sealed(key, profile.document, associated=binding))


def _binding(owner_id: uuid.UUID, profile_id: uuid.UUID, version: int) -> bytes:
    return b"health-profile" + owner_id.bytes + profile_id.bytes + version.to_bytes(8)
