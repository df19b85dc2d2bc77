"""What shows that an account was erased."""

import uuid
from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.clock import now
from backend.models.base import Base
from backend.utils.identifiers import uuid7


class ErasureReceipt(Base):
    """A receipt, signed: what was destroyed, when and by whom. Nothing in it is the person's.

    `pseudonym` is the identifier that the account had, under which its chain of events goes on. It refers to
    nothing.
    """

    __tablename__ = "erasure_receipts"
    __table_args__ = (UniqueConstraint("pseudonym"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    pseudonym: Mapped[uuid.UUID]
    signature: Mapped[str] = mapped_column(String(8192))  # a compact JWS, as long as one is read
    erased_at: Mapped[datetime] = mapped_column(default=now)
