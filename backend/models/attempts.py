"""How often somebody guessed lately."""

from sqlalchemy import Double, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base


class Attempts(Base):
    """A leaky bucket of guesses: of one account, one network, or the two together.

    Moments are Unix seconds, since one statement counts, drains and blocks with arithmetic that both
    databases have. `key` is a keyed hash: the table names no account and no network.
    """

    __tablename__ = "attempts"
    __table_args__ = (Index(None, "counted_at"),)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    level: Mapped[float] = mapped_column(Double)
    counted_at: Mapped[float] = mapped_column(Double)
    blocked_until: Mapped[float] = mapped_column(Double, default=0.0)
