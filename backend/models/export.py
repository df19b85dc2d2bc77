"""Copies of somebody's data, made for them to take away."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, Entity


class ExportState(StrEnum):
    """How far a copy is."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"
    EXPIRED = "expired"


class Export(Entity):
    """A copy that somebody asked for. One at a time may be pending.

    `attempt` is the number of the attempt that may write: whoever was overtaken by a later one cannot write
    any more. `size` is in bytes, and `chunk_count` says how many chunks of that attempt make the file.
    """

    __tablename__ = "exports"
    __table_args__ = (
        Index(
            "uq_exports_user_id_pending",
            "user_id",
            unique=True,
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
    )

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    state: Mapped[ExportState] = mapped_column(default=ExportState.PENDING)
    attempt: Mapped[int] = mapped_column(default=0)
    size: Mapped[int | None] = mapped_column(BigInteger)
    chunk_count: Mapped[int | None]
    expires_at: Mapped[datetime | None]


class ExportChunk(Base):
    """A part of the file, sealed under the owner's key for its place in it."""

    __tablename__ = "export_chunks"

    export_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("exports.id", ondelete="CASCADE"), primary_key=True
    )
    attempt: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes]
