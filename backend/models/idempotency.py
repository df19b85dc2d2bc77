"""Requests that may be repeated: what was answered the first time."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base


class IdempotencyKey(Base):
    """A request that somebody may send again, and its answer, sealed under their key.

    `key` and `request` are keyed hashes: what the caller chose and sent cannot be guessed from them.
    `subject_id` is the profile that the answer shows. It refers to nothing: the key outlives the profile, and
    with it the answer is emptied.
    """

    __tablename__ = "idempotency_keys"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    request: Mapped[str] = mapped_column(String(64))
    answer: Mapped[bytes]
    subject_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
