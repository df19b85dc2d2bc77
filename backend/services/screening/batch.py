"""Many labels for the same people: answers line by line, in order, while the next ones are still read."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from backend.core.errors import InvalidInputError, Violation
from backend.core.keys import Keyring
from backend.core.violations import violations_of
from backend.core.workers import Worker
from backend.schemas.base import ProblemViolation
from backend.schemas.screening import BatchLabel, BatchLine, ScreeningBatch, ScreeningResponse
from backend.services import catalog
from backend.services.audit import AuditGroup
from backend.services.catalog import Catalog
from backend.services.screening.law import Law
from backend.services.screening.people import Person, law_of, respond, seat
from backend.services.users import Identity

_TOGETHER = 8  # labels that the thread answers before others have their turn; the first goes alone


@dataclass(frozen=True, slots=True)
class _Batch:
    """What is the same for every label."""

    people: Sequence[Person]
    known: Catalog
    lang: str | None
    law: Law


async def check_batch(
    log: AuditGroup, user: Identity, data: ScreeningBatch, *, keyring: Keyring, worker: Worker
) -> AsyncIterator[bytes]:
    """Return the lines of an answer to many labels. The profiles are read, and that written down, once.

    Nothing is read ahead: whoever takes the lines slowly slows the work down, and whoever stops ends it.

    Raises:
        ProfileNotFoundError: A profile does not exist or is somebody else's.
        InvalidInputError: The regime or a guest's requirement is unknown, or somebody is named twice.
        UnavailableError: Too many checks are waiting.
    """
    known = catalog.current()
    law = law_of(data.regime, known)
    people = await seat(log, user, data, known, purpose="check of many labels", keyring=keyring)
    batch = _Batch(people, known, data.lang, law)
    first = await worker.run(_lines, batch, 0, data.labels[:1])
    return _all_lines(first, batch, data.labels, worker)


async def _all_lines(
    first: bytes, batch: _Batch, labels: Sequence[object], worker: Worker
) -> AsyncIterator[bytes]:
    yield first
    for start in range(1, len(labels), _TOGETHER):
        yield await worker.go_on(_lines, batch, start, labels[start : start + _TOGETHER])


def _lines(batch: _Batch, start: int, labels: Sequence[object]) -> bytes:
    return b"".join(_line(batch, start + place, label) for place, label in enumerate(labels))


def _line(batch: _Batch, index: int, value: object) -> bytes:
    label_id, answer = None, None
    violations: Sequence[Violation] = ()
    try:
        label = BatchLabel.model_validate(value)
        label_id = label.id
        answer = _respond(batch, label)
    except ValidationError as error:
        violations = violations_of(error.errors(include_input=False, include_url=False), place="body")
    except InvalidInputError as error:
        violations = error.violations
    errors = tuple(ProblemViolation.model_validate(violation) for violation in violations)
    line = BatchLine(index=index, id=label_id, answer=answer, errors=errors)
    return line.model_dump_json().encode() + b"\n"


def _respond(batch: _Batch, label: BatchLabel) -> ScreeningResponse:
    law = law_of(label.regime, batch.known) if label.regime is not None else batch.law
    if label.lang is None and batch.lang is not None:
        label = label.model_copy(update={"lang": batch.lang})
    return respond(label, batch.people, batch.known, law)
