"""What shows that somebody is who they say, besides the password."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Entity


class TokenPurpose(StrEnum):
    """What a one-time token is good for, and nothing else."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a purpose
    CHANGE_EMAIL = "change_email"
    UNDO_EMAIL_CHANGE = "undo_email_change"
    UNDO_ERASURE = "undo_erasure"


class OneTimeToken(Entity):
    """A link that was sent to somebody, and the code beside it. Only keyed hashes of both are stored.

    `email_key` is the account's address when the link was asked for: with another one the link is worth
    nothing, except that of an undo, which is for that case. `email` is the address that the link gives the
    account, where it gives one, and `session_id` the session that asked for it. Link and code are used up
    together, but the code dies sooner: by time, by `code_failures`, or by a newer code.
    """

    __tablename__ = "one_time_tokens"
    __table_args__ = (UniqueConstraint("digest"),)

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[TokenPurpose]
    digest: Mapped[str] = mapped_column(String(64))
    code_digest: Mapped[str | None] = mapped_column(String(64))
    code_failures: Mapped[int] = mapped_column(default=0)
    email_key: Mapped[str] = mapped_column(String(512))
    email: Mapped[str | None] = mapped_column(String(254))
    session_id: Mapped[uuid.UUID | None]
    expires_at: Mapped[datetime]
    consumed_at: Mapped[datetime | None]
