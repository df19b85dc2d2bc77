"""Signed-in devices."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Entity


class RevocationReason(StrEnum):
    """Why a session ended before its time."""

    SIGNED_OUT = "signed_out"
    REUSE_DETECTED = "reuse_detected"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a reason
    EMAIL_CHANGED = "email_changed"
    FACTOR_CHANGED = "factor_changed"
    ROLE_CHANGED = "role_changed"
    ACCOUNT_DISABLED = "account_disabled"
    ENDED_BY_ADMIN = "ended_by_admin"
    ERASURE_REQUESTED = "erasure_requested"


class TokenDelivery(StrEnum):
    """How a session's refresh token travels: it is accepted in no other way."""

    BODY = "body"
    COOKIE = "cookie"


class Session(Entity):
    """One signed-in device of one user.

    The refresh token of generation `n` is HMAC(family key, n): the successor can be computed again and no
    token is stored. `family_key` is wrapped by the service's key. `authentication_methods` are names of RFC
    8176, separated by spaces. The sign-in was at `created_at`.
    """

    __tablename__ = "sessions"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    family_key: Mapped[bytes]
    generation: Mapped[int] = mapped_column(default=0)
    rotated_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    idle_expires_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[RevocationReason | None]
    client_id: Mapped[str] = mapped_column(String(64), default="safeplate")
    token_delivery: Mapped[TokenDelivery] = mapped_column(default=TokenDelivery.BODY)
    authentication_methods: Mapped[str] = mapped_column(String(64), default="pwd")
    user_agent: Mapped[str] = mapped_column(String(200))
    ip_prefix: Mapped[str] = mapped_column(String(64))
