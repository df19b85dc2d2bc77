"""Operators' additions to the shipped catalogue."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, Entity

STATE_ID: Final = 1
"""The one row of `catalog_state`."""


class RequirementType(StrEnum):
    """The three parts of the catalogue that a person's profile may hold."""

    ALLERGY = "allergy"
    DIET = "diet"
    CONDITION = "condition"


class CatalogEntry(Entity):
    """An allergen, diet or condition that an operator added.

    `content` is the entry as JSON, in the shape of the shipped files. `author_id` is the administrator who
    wrote its newest version, and refers to nothing: the entry outlives the account; none for an operator at
    the command line.
    """

    __tablename__ = "catalog_entries"
    __table_args__ = (UniqueConstraint("code"),)

    code: Mapped[str] = mapped_column(String(100))
    kind: Mapped[RequirementType]
    content: Mapped[str] = mapped_column(Text())
    retired_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    author_id: Mapped[uuid.UUID | None]


class CatalogState(Base):
    """The one row that every change of an entry changes: processes see by it that their catalogue is old.

    It is the lock too under which entries change, so that no two can take one name. The version is drawn by
    lot: a counter would repeat itself when a backup is restored.
    """

    __tablename__ = "catalog_state"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[uuid.UUID]
