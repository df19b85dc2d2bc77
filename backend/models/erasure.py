"""What shows that an account was erased."""

import uuid
from datetime import datetime

from sqlalchemy import Index, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.clock import now
from backend.models.base import Base
from backend.utils.identifiers import uuid7


class ErasureReceipt(Base):
    """A receipt, signed: what was destroyed, when and by whom. Nothing in it is the person's.

    `pseudonym` is the identifier that the account had, under which its chain of events goes on. It refers to
    nothing. Who came back with a backup and was erased again has two. `anchored` says that it was written
    outside the database too.
    """

    __tablename__ = "erasure_receipts"
    # Few are not written down outside yet; the others must not be read to find them.
    __table_args__ = (
        Index(None, "pseudonym"),
        Index(
            "ix_erasure_receipts_unanchored",
            "id",
            sqlite_where=text("NOT anchored"),
            postgresql_where=text("NOT anchored"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    pseudonym: Mapped[uuid.UUID]
    signature: Mapped[str] = mapped_column(String(8192))  # a compact JWS, as long as one is read
    erased_at: Mapped[datetime] = mapped_column(default=now)
    anchored: Mapped[bool] = mapped_column(default=False, server_default=false())
