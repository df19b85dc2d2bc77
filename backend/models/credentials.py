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


class OneTimeToken(Entity):
    """A link that was sent to somebody. Only a keyed hash of the token is stored.

    `email_key` is the address that it was sent to: a token proves that address, and no later one.
    """

    __tablename__ = "one_time_tokens"
    __table_args__ = (UniqueConstraint("digest"),)

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[TokenPurpose]
    digest: Mapped[str] = mapped_column(String(64))
    email_key: Mapped[str] = mapped_column(String(512))
    expires_at: Mapped[datetime]
    consumed_at: Mapped[datetime | None]
