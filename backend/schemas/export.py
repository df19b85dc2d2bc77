"""Bodies about exports, and what stands in the files of one."""

import uuid
from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from backend.models.credentials import TokenPurpose
from backend.models.export import ExportState
from backend.models.factors import ChallengePurpose, FactorKind
from backend.models.sessions import RevocationReason, TokenDelivery
from backend.models.users import UserRole
from backend.schemas.base import Outgoing
from backend.schemas.health import HealthProfileResponse, RevisionResponse


class ExportResponse(Outgoing):
    """A copy of one's data.

    Attributes:
        state: `pending` until it is made; `ready` until `expires_at`; `failed` if it could not be made.
        expires_at: Until when it can be downloaded; null before it is ready.
        size: In bytes; null before it is ready.
    """

    id: uuid.UUID
    state: ExportState
    created_at: datetime
    expires_at: datetime | None
    size: int | None


class ExportPage(Outgoing):
    """Some of one's exports, the newest first, and where the next page begins."""

    items: tuple[ExportResponse, ...]
    next_cursor: str | None


class UnreadableDocument(Outgoing):
    """What should stand in the file, and cannot be opened any more.

    Attributes:
        is_present: Whether it is the profile as it is now; otherwise as it was at a version.
    """

    profile_id: uuid.UUID
    version: int
    is_present: bool


class ProfileFile(Outgoing):
    """`profile.json`: the household's health profiles.

    Attributes:
        format: Rises when a reader of the file must change.
        language: The language of names; codes are the same in every language.
        profiles: As they are now, in the order in which they were recorded.
        revisions: As they were at each version, by profile and version.
        unreadable: What is not in the two lists, since it was altered or is damaged; mostly none.
    """

    format: Literal[1]
    language: str
    profiles: tuple[HealthProfileResponse, ...]
    revisions: tuple[RevisionResponse, ...]
    unreadable: tuple[UnreadableDocument, ...]


class ExportedAccount(Outgoing):
    """The account itself."""

    id: uuid.UUID
    email: str
    username: str
    email_verified_at: datetime | None
    role: UserRole
    disabled_at: datetime | None
    erase_at: datetime | None
    locale: str
    created_at: datetime
    updated_at: datetime


class ExportedFactor(Outgoing):
    """An authenticator app, a passkey or a recovery code; without what it proves anything with.

    Attributes:
        counter: The last accepted step of an app, or how often a passkey says that it signed.
        consumed_at: When a recovery code was used.
    """

    id: uuid.UUID
    kind: FactorKind
    name: str
    counter: int
    backup_eligible: bool | None
    backed_up: bool | None
    created_at: datetime
    updated_at: datetime
    confirmed_at: datetime | None
    last_used_at: datetime | None
    consumed_at: datetime | None


class ExportedLink(Outgoing):
    """A link that was mailed; without what opens it.

    Attributes:
        email: The address that it gives the account, where it gives one.
        session_id: The session that asked for it, where one did.
        code_failures: How often a wrong code was tried instead.
    """

    id: uuid.UUID
    purpose: TokenPurpose
    email: str | None
    session_id: uuid.UUID | None
    code_failures: int
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    consumed_at: datetime | None


class ExportedChallenge(Outgoing):
    """A sign-in or a new passkey that waits, or waited, for an answer."""

    id: uuid.UUID
    purpose: ChallengePurpose
    client_id: str
    token_delivery: TokenDelivery
    authentication_methods: str
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    consumed_at: datetime | None


class ExportedAnswer(Outgoing):
    """An answer that is kept for whoever sends the same request again.

    Attributes:
        answer: Its status, headers and body; null where it was altered or is damaged.
    """

    expires_at: datetime
    answer: JsonValue


class ExportedExport(Outgoing):
    """A copy that was asked for."""

    id: uuid.UUID
    state: ExportState
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    size: int | None


class ExportedSession(Outgoing):
    """A device that signed in; without what keeps it signed in.

    Attributes:
        device: Its name, from what it said about itself.
        generation: How often it exchanged its refresh token.
    """

    id: uuid.UUID
    device: str
    user_agent: str
    ip_prefix: str
    client_id: str
    token_delivery: TokenDelivery
    authentication_methods: str
    generation: int
    created_at: datetime
    updated_at: datetime
    rotated_at: datetime
    last_used_at: datetime
    idle_expires_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    revoked_reason: RevocationReason | None
