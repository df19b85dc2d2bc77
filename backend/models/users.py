"""People who sign in."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Entity


class UserRole(StrEnum):
    """What an account may do beyond its own data."""

    USER = "user"
    ADMIN = "admin"


def _by_code_points(width: int) -> String:
    return String(width).with_variant(String(width, collation="C"), "postgresql")


class User(Entity):
    """An account.

    `email_key` and `username_key` are the normal forms that decide whether two are the same; Python computes
    them, since SQLite's `lower` knows ASCII alone. Both databases compare them by code points, so that a
    range of the unique index holds what begins with a text. `data_key` is the person's own key, wrapped by
    the service's: deleting the row destroys the key, and the person's documents with it. A backup from before
    holds both still. An account with `erase_at` waits until then to be erased, and nobody signs in to it.
    """

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("email_key"),
        UniqueConstraint("username_key"),
        # Few accounts wait; the others must not be read to find them.
        Index(
            "ix_users_erase_at",
            "erase_at",
            sqlite_where=text("erase_at IS NOT NULL"),
            postgresql_where=text("erase_at IS NOT NULL"),
        ),
    )

    email: Mapped[str] = mapped_column(String(254))  # RFC 5321, 4.5.3.1.3
    email_key: Mapped[str] = mapped_column(_by_code_points(512))  # NFKC may lengthen a text
    username: Mapped[str] = mapped_column(String(64))
    username_key: Mapped[str] = mapped_column(_by_code_points(256))
    password_hash: Mapped[str] = mapped_column(String(256))
    email_verified_at: Mapped[datetime | None]
    role: Mapped[UserRole] = mapped_column(default=UserRole.USER)
    disabled_at: Mapped[datetime | None]
    erase_at: Mapped[datetime | None]
    locale: Mapped[str] = mapped_column(String(35), default="en")  # BCP 47, 4.4.1
    data_key: Mapped[bytes]

    @property
    def email_verified(self) -> bool:
        """Whether the person has shown that the address is theirs."""
        return self.email_verified_at is not None
