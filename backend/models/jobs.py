"""Work that is done after the answer: the transactional outbox."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Entity


class JobKind(StrEnum):
    """What is to be done."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a kind of work
    CHANGE_EMAIL = "change_email"
    NOTIFY = "notify"
    LETTER = "letter"
    REGISTER = "register"
    EXPORT = "export"
    FAREWELL = "farewell"
    SCRUB = "scrub"


class Job(Entity):
    """One piece of work, written in the transaction of what asks for it.

    `payload` is sealed by the service's key, since it holds addresses. A process that takes a job locks it
    for a while: if it dies, another takes the job over. A job that failed for good stays, with `failed_at`,
    unless it is the last letter to somebody who is gone.
    """

    __tablename__ = "jobs"
    __table_args__ = (Index(None, "failed_at", "run_at"),)

    kind: Mapped[JobKind]
    payload: Mapped[bytes]
    run_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
