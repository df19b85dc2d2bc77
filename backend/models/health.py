"""Health profiles: sealed documents, one row each, and one for each version that was."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, query_expression

from backend.models.base import Base, Entity


class Relationship(StrEnum):
    """Whose profile it is, seen from the account's owner."""

    SELF = "self"
    CHILD = "child"
    PARTNER = "partner"
    PARENT = "parent"
    OTHER = "other"


class HealthProfile(Entity):
    """One person's profile: a JSON document, sealed under the owner's key.

    The seal is bound to owner, profile and version, so that rows cannot be swapped unseen. `newest` is no
    column: it is the newest version among the revisions, where the query asks for it.
    """

    __tablename__ = "health_profiles"
    __table_args__ = (
        # One profile of one's own; any number of dependants.
        Index(
            "uq_health_profiles_owner_id_self",
            "owner_id",
            unique=True,
            sqlite_where=text("relationship = 'self'"),
            postgresql_where=text("relationship = 'self'"),
        ),
    )

    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    relationship: Mapped[Relationship]
    version: Mapped[int] = mapped_column(default=1)
    document: Mapped[bytes]
    newest: Mapped[int | None] = query_expression()


class HealthProfileRevision(Base):
    """A profile as it was at one version: the document that the profile's row held, sealed for that version.

    `author_id` refers to nothing: what somebody wrote outlives their account.
    """

    __tablename__ = "health_profile_revisions"

    profile_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("health_profiles.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    document: Mapped[bytes]
    author_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]
