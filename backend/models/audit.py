"""What happened to an account: chained events that nobody can alter, remove or reorder unseen."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.clock import now
from backend.models.base import Base
from backend.utils.identifiers import uuid7


class AuditAction(StrEnum):
    """What happened."""

    ACCOUNT_REGISTERED = "account_registered"
    ACCOUNT_UPDATED = "account_updated"
    ACCOUNT_REMOVED = "account_removed"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_ENABLED = "account_enabled"
    ACCOUNT_READ = "account_read"
    ACCOUNTS_LISTED = "accounts_listed"
    ROLE_CHANGED = "role_changed"
    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGN_IN_CHALLENGED = "sign_in_challenged"
    SIGNED_OUT = "signed_out"
    SESSION_ENDED = "session_ended"
    SESSIONS_ENDED = "sessions_ended"
    REUSE_DETECTED = "reuse_detected"
    EMAIL_VERIFIED = "email_verified"
    EMAIL_CHANGE_REQUESTED = "email_change_requested"
    EMAIL_CHANGED = "email_changed"
    EMAIL_CHANGE_UNDONE = "email_change_undone"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - an event
    PASSWORD_RESET = "password_reset"  # noqa: S105 - as above
    RESET_REQUESTED = "reset_requested"
    FACTOR_ADDED = "factor_added"
    FACTOR_RENAMED = "factor_renamed"
    FACTOR_REMOVED = "factor_removed"
    FACTOR_FAILED = "factor_failed"
    RECOVERY_CODES_CREATED = "recovery_codes_created"
    RECOVERY_CODE_USED = "recovery_code_used"
    PROFILE_CREATED = "profile_created"
    PROFILE_READ = "profile_read"
    PROFILE_CHANGED = "profile_changed"
    PROFILE_REMOVED = "profile_removed"
    EXPORT_REQUESTED = "export_requested"
    EXPORT_DOWNLOADED = "export_downloaded"
    SEAL_BROKEN = "seal_broken"
    ERASURE_REQUESTED = "erasure_requested"
    ERASURE_UNDONE = "erasure_undone"
    CATALOG_ENTRY_ADDED = "catalog_entry_added"
    CATALOG_ENTRY_CHANGED = "catalog_entry_changed"
    CATALOG_ENTRY_RETIRED = "catalog_entry_retired"
    CATALOG_ENTRY_RESTORED = "catalog_entry_restored"


class AuditActor(StrEnum):
    """Who did it, seen from the owner of the chain."""

    OWNER = "owner"
    ADMIN = "admin"
    OPERATOR = "operator"  # with the command line
    ANYONE = "anyone"  # who has not shown who they are
    SERVICE = "service"  # by itself, when a time has come


class AuditChain(Base):
    """The head of one owner's chain. Its row is the lock under which the chain grows.

    `owner_id` refers to nothing: the chain outlives the account, of which the identifier is then a pseudonym.
    Both keys are wrapped by the service's: `key` makes the codes that chain the events; `place_key` seals
    where each came from, and is destroyed with the account. `anchored` is the sequence of the newest head
    that was written outside the database.
    """

    __tablename__ = "audit_chains"
    # Few chains have grown since the last look; the others must not be read to find them.
    __table_args__ = (
        Index(
            "ix_audit_chains_grown",
            "owner_id",
            sqlite_where=text("sequence > anchored"),
            postgresql_where=text("sequence > anchored"),
        ),
    )

    owner_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    key: Mapped[bytes]
    place_key: Mapped[bytes | None]
    sequence: Mapped[int] = mapped_column(default=0)
    code: Mapped[bytes]
    anchored: Mapped[int] = mapped_column(default=0)


class AuditEvent(Base):
    """One event. `code` is the HMAC of the event and of the code before it.

    `details` names what was touched, as a JSON object of short texts; it never holds a value of anybody's.
    """

    __tablename__ = "audit_events"
    __table_args__ = (UniqueConstraint("owner_id", "sequence"), Index(None, "actor_id"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    owner_id: Mapped[uuid.UUID]
    sequence: Mapped[int]
    action: Mapped[AuditAction]
    actor: Mapped[AuditActor]
    actor_id: Mapped[uuid.UUID | None]
    details: Mapped[str] = mapped_column(String(1000))
    place: Mapped[bytes | None]
    recorded_at: Mapped[datetime] = mapped_column(default=now)
    code: Mapped[bytes]
