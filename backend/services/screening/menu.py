"""What a table can eat of a menu: dishes by people."""

from collections.abc import Sequence

from backend.core import metrics
from backend.core.keys import Keyring
from backend.core.workers import Worker
from backend.schemas.screening import (
    Dish,
    DishCell,
    DishResponse,
    MenuCheck,
    MenuPersonResponse,
    MenuResponse,
    Verdict,
)
from backend.services import catalog
from backend.services.audit import AuditGroup
from backend.services.catalog import Catalog
from backend.services.screening import lexicon, reasons
from backend.services.screening.coverage import cover
from backend.services.screening.judge import fold_verdicts
from backend.services.screening.law import Law
from backend.services.screening.people import Person, law_of, seat
from backend.services.screening.persons import answer
from backend.services.screening.responses import to_coverage, to_findings
from backend.services.screening.sources import SourceReading, of_dish, read_source
from backend.services.users import Identity
from backend.utils.text import primary_language

_MAX_FINDINGS = 5  # of a cell, of which an answer may hold five thousand
_MAX_UNKNOWN = 20  # stretches of unknown words, of a dish


async def check_menu(
    log: AuditGroup, user: Identity, data: MenuCheck, *, keyring: Keyring, worker: Worker
) -> MenuResponse:
    """Check every dish of a menu for everybody at the table.

    Raises:
        ProfileNotFoundError: A profile does not exist or is somebody else's.
        InvalidInputError: The regime or a guest's requirement is unknown, or somebody is named twice.
        UnavailableError: Too many checks are waiting.
    """
    known = catalog.current()
    law = law_of(data.regime, known)
    people = await seat(log, user, data, known, purpose="check of a menu", keyring=keyring)
    return await worker.run(_respond, data, people, known, law)


def _respond(data: MenuCheck, people: Sequence[Person], known: Catalog, law: Law) -> MenuResponse:
    language = primary_language(data.lang) if data.lang else None
    spoken = reasons.spoken()
    dishes = []
    for index, dish in enumerate(data.dishes):
        source = of_dish(dish)
        with metrics.screening(source.characters):
            read = read_source(source, lexicon.fitting(known), known, language=language)
            cells = tuple(_cell(person, read, known, law, spoken) for person in people)
            dishes.append(_dish(index, dish, cells, read))
    columns = zip(*(dish.cells for dish in dishes), strict=True)
    return MenuResponse(
        people=tuple(_person(person, cells) for person, cells in zip(people, columns, strict=True)),
        dishes=tuple(dishes),
        no_conflict_found=_without_conflict([dish.verdict for dish in dishes]),
        regime=law.code,
        catalog_version=known.version,
    )


def _cell(person: Person, read: SourceReading, known: Catalog, law: Law, language: str) -> DishCell:
    found = answer(
        read, person.wanted, known, law,
        answered=person.is_answered, language=language, most=_MAX_FINDINGS,
    )  # fmt: skip
    return DishCell(verdict=found.verdict, reason=found.reason, findings=to_findings(found.findings))


def _dish(index: int, dish: Dish, cells: tuple[DishCell, ...], read: SourceReading) -> DishResponse:
    return DishResponse(
        index=index,
        id=dish.id,
        verdict=fold_verdicts(cell.verdict for cell in cells),
        cells=cells,
        coverage=to_coverage(cover(read, most=_MAX_UNKNOWN)),
    )


def _person(person: Person, cells: Sequence[DishCell]) -> MenuPersonResponse:
    verdicts = [cell.verdict for cell in cells]
    return MenuPersonResponse(
        profile_id=person.profile_id,
        guest=person.guest,
        verdict=fold_verdicts(verdicts),
        no_conflict_found=_without_conflict(verdicts),
    )


def _without_conflict(verdicts: Sequence[Verdict]) -> tuple[int, ...]:
    return tuple(index for index, verdict in enumerate(verdicts) if verdict is Verdict.NO_CONFLICT_FOUND)
