"""From people's profiles, and guests, to an answer for the table."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from backend.core import metrics
from backend.core.clock import now
from backend.core.errors import ForbiddenError, InvalidInputError, Violation
from backend.core.keys import Keyring
from backend.core.workers import Worker
from backend.schemas.screening import (
    GuestCheck,
    GuestTable,
    Label,
    PersonResponse,
    ScreeningCheck,
    ScreeningResponse,
    Table,
)
from backend.services import catalog, health
from backend.services.audit import AuditGroup
from backend.services.catalog import Catalog
from backend.services.health import Profile
from backend.services.screening import lexicon, reasons
from backend.services.screening.coverage import cover
from backend.services.screening.judge import fold_verdicts
from backend.services.screening.law import NO_LAW, Law, UnknownRegimeError, law_on
from backend.services.screening.persons import answer
from backend.services.screening.responses import to_coverage, to_findings, to_requirements
from backend.services.screening.sources import Source, SourceReading, of_label, read_source
from backend.services.screening.wanted import Wanted, of_document, of_guests
from backend.services.users import Identity
from backend.utils.text import primary_language

MAX_UNKNOWN = 200  # stretches of unknown words that an answer lists


class GuestsOffError(ForbiddenError):
    """This service checks labels for people with an account alone."""

    code = "guests-off"
    title = "Checks without an account are not offered here"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at the table.

    Attributes:
        is_answered: Whether anything is known of their allergies, be it that they have none; a guest answers
            with the question.
    """

    profile_id: uuid.UUID | None
    guest: str | None
    wanted: tuple[Wanted, ...]
    is_answered: bool


async def check(
    log: AuditGroup, user: Identity, data: ScreeningCheck, *, keyring: Keyring, worker: Worker
) -> ScreeningResponse:
    """Check a label against some of one's profiles, and guests.

    Raises:
        ProfileNotFoundError: A profile does not exist or is somebody else's.
        InvalidInputError: The regime or a guest's requirement is unknown, or somebody is named twice.
        UnavailableError: Too many checks are waiting.
    """
    known = catalog.current()
    law = law_of(data.regime, known)
    people = await seat(log, user, data, known, purpose="check", keyring=keyring)
    # Up to fifty people and 20,000 characters: other requests go on meanwhile.
    return await worker.run(respond, data, people, known, law)


async def check_for_guests(data: GuestCheck, *, offered: bool, worker: Worker) -> ScreeningResponse:
    """Check a label for guests alone. Touches nobody's data.

    Raises:
        GuestsOffError: It is not offered here.
        InvalidInputError: The regime or a guest's requirement is unknown.
        UnavailableError: Too many checks are waiting.
    """
    if not offered:
        raise GuestsOffError
    return await worker.run(_answer_guests, data, catalog.current(), catalog.spoken())  # the thread has none


def answer_guests(data: GuestCheck) -> ScreeningResponse:
    """Return what a label means for guests.

    Raises:
        InvalidInputError: The regime or a guest's requirement is unknown.
    """
    return _answer_guests(data, catalog.current(), catalog.spoken())


async def seat(
    log: AuditGroup, user: Identity, table: Table, known: Catalog, *, purpose: str, keyring: Keyring
) -> list[Person]:
    """Return the people of a question: one's profiles, then guests. `purpose` is written down.

    Raises:
        ProfileNotFoundError: A profile does not exist or is somebody else's.
        InvalidInputError: A guest's requirement is unknown, or somebody is named twice.
    """
    guests = _guests(table, known, catalog.spoken())
    if not table.chosen:
        return guests
    profiles = await health.read_profiles(
        log, user, table.chosen, purpose=purpose, accept=_refuse_twice, keyring=keyring
    )
    people = [_of_profile(profile, known) for profile in profiles]
    return [*people, *guests]


def law_of(regime: str | None, known: Catalog) -> Law:
    """Return the law that a question names.

    Raises:
        InvalidInputError: There is none with this code.
    """
    try:
        return law_on(regime.lower(), known, now().date()) if regime is not None else NO_LAW
    except UnknownRegimeError as error:
        detail = "is not a food law of the catalogue"
        violation = Violation("/regime", "unknown-name", detail, tuple(known.regimes))
        raise InvalidInputError([violation]) from error


def respond(label: Label, people: Sequence[Person], known: Catalog, law: Law) -> ScreeningResponse:
    """Return what a label means for the people of a table."""
    source = of_label(label)
    with metrics.screening(source.characters):
        return _respond(label, source, people, known, law)


def _respond(
    label: Label, source: Source, people: Sequence[Person], known: Catalog, law: Law
) -> ScreeningResponse:
    language = primary_language(label.lang) if label.lang else None
    read = read_source(source, lexicon.fitting(known), known, language=language)
    spoken = reasons.spoken()
    answers = tuple(_answer(person, read, known, law, spoken) for person in people)
    return ScreeningResponse(
        verdict=fold_verdicts(answer.verdict for answer in answers),
        people=answers,
        coverage=to_coverage(cover(read, most=MAX_UNKNOWN)),
        languages=read.reading.languages,
        regime=law.code,
        catalog_version=known.version,
    )


def _answer_guests(data: GuestCheck, known: Catalog, language: str | None) -> ScreeningResponse:
    return respond(data, _guests(data, known, language), known, law_of(data.regime, known))


def _of_profile(profile: Profile, known: Catalog) -> Person:
    document = profile.document
    return Person(profile.id, None, of_document(document, known), is_answered=document.answers_allergies)


def _answer(person: Person, read: SourceReading, known: Catalog, law: Law, language: str) -> PersonResponse:
    found = answer(read, person.wanted, known, law, answered=person.is_answered, language=language)
    return PersonResponse(
        profile_id=person.profile_id,
        guest=person.guest,
        allergies_answered=None if person.profile_id is None else person.is_answered,
        verdict=found.verdict,
        reasons=found.reasons,
        requirements=to_requirements(found.requirements, known, language=language),
        findings=to_findings(found.findings),
    )


def _guests(table: GuestTable, known: Catalog, language: str | None) -> list[Person]:
    guests = of_guests(table, known, language=language)
    return [Person(None, name, wanted, is_answered=True) for name, wanted in guests]


def _refuse_twice(ids: Sequence[uuid.UUID]) -> None:
    seen: set[uuid.UUID] = set()
    for index, profile_id in enumerate(ids):
        if profile_id in seen:
            raise InvalidInputError([Violation(f"/profiles/{index}", "duplicate", "is already in the list")])
        seen.add(profile_id)
