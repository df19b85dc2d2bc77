"""From people's profiles to an answer for the table."""

import asyncio
import uuid
from collections.abc import Iterator, Sequence
from functools import lru_cache

from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.database import Database
from backend.core.errors import InvalidInputError, Violation
from backend.core.keys import Keyring
from backend.schemas.health import Severity
from backend.schemas.screening import (
    CoverageResponse,
    FindingResponse,
    PersonResponse,
    RequirementResponse,
    ScreeningCheck,
    ScreeningResponse,
    UnknownWords,
)
from backend.services import catalog, health
from backend.services.catalog import Catalog, RequirementType
from backend.services.health import Document, Profile, ProfileRef
from backend.services.screening import lexicon
from backend.services.screening.answers import answer
from backend.services.screening.judge import (
    Finding,
    Requirement,
    fold_verdicts,
    require_allergy,
    require_rules,
)
from backend.services.screening.law import NO_LAW, Law, UnknownRegimeError, law_on
from backend.services.screening.match import Reading, read
from backend.services.users import Identity
from backend.utils.text import primary_language

_MAX_UNKNOWN = 200  # stretches of unknown words that an answer lists


async def check(
    database: Database, user: Identity, data: ScreeningCheck, *, keyring: Keyring
) -> ScreeningResponse:
    """Check a label against some of one's profiles.

    Raises:
        ProfileNotFoundError: A profile does not exist or is somebody else's.
        InvalidInputError: The regime is unknown, or a profile is named twice.
    """
    law = _law(data, catalog.shipped())
    # Reading is written down, and whoever writes may keep others waiting: that ends before the work begins.
    async with database.unit() as session:
        profiles = await _profiles(session, user, data.profiles, keyring)
    language = primary_language(data.lang) if data.lang else None
    # Up to fifty people and 20,000 characters: other requests go on meanwhile.
    return await asyncio.to_thread(_screen, data.text, language, profiles, law)


def _screen(text: str, language: str | None, profiles: Sequence[Profile], law: Law) -> ScreeningResponse:
    known = catalog.shipped()
    reading = read(text, lexicon.shipped(), language=language)
    people = tuple(_answer(profile, reading, known, law) for profile in profiles)
    return ScreeningResponse(
        verdict=fold_verdicts(person.verdict for person in people),
        people=people,
        coverage=CoverageResponse(
            understood=reading.understood,
            total=reading.total,
            unknown=tuple(
                UnknownWords(text=span.text, start=span.start, end=span.end)
                for span in reading.unknown[:_MAX_UNKNOWN]
            ),
        ),
        languages=reading.languages,
        catalog_version=known.version,
    )


def _law(data: ScreeningCheck, known: Catalog) -> Law:
    if data.regime is None:
        return NO_LAW
    try:
        return law_on(data.regime.lower(), known, now().date())
    except UnknownRegimeError as error:
        violation = Violation(
            "/regime", "unknown-name", "is not a food law of the catalogue", tuple(known.regimes)
        )
        raise InvalidInputError([violation]) from error


async def _profiles(
    session: AsyncSession, user: Identity, refs: Sequence[ProfileRef], keyring: Keyring
) -> list[Profile]:
    profiles = await health.read_profiles(session, user, refs, purpose="check", keyring=keyring)
    seen: set[uuid.UUID] = set()
    for index, profile in enumerate(profiles):
        if profile.id in seen:
            raise InvalidInputError([Violation(f"/profiles/{index}", "duplicate", "is already in the list")])
        seen.add(profile.id)
    return profiles


def _answer(profile: Profile, reading: Reading, known: Catalog, law: Law) -> PersonResponse:
    requirements = tuple(_requirements(profile.document))
    answered = profile.document.answers_allergies
    screening = answer(reading, requirements, known, law=law, answered=answered)
    return PersonResponse(
        profile_id=profile.id,
        allergies_answered=answered,
        verdict=screening.verdict,
        findings=tuple(_to_response(finding) for finding in screening.findings),
        reasons=screening.reasons,
    )


def _requirements(document: Document) -> Iterator[Requirement]:
    for allergy in document.allergies:
        if not allergy.counts:
            continue
        # Where a life is at stake, a trace matters whatever the box says.
        traces = allergy.avoid_traces or allergy.severity is Severity.LIFE_THREATENING
        yield _for_allergy(allergy.code, traces=traces)
    for restriction in document.dietary_restrictions:
        yield from _for_diet(restriction.code)
    for condition in document.medical_conditions:
        yield from _for_condition(condition.code)


# The catalogue does not change while the process lives: what a code means is worked out once.
@lru_cache(maxsize=1_024)
def _for_allergy(code: str, *, traces: bool) -> Requirement:
    known = catalog.shipped()
    return require_allergy(known.allergens[code], known, traces=traces)


@lru_cache(maxsize=256)
def _for_diet(code: str) -> tuple[Requirement, ...]:
    known = catalog.shipped()
    return require_rules(RequirementType.DIET, known.diets[code], known)


@lru_cache(maxsize=256)
def _for_condition(code: str) -> tuple[Requirement, ...]:
    known = catalog.shipped()
    return require_rules(RequirementType.CONDITION, known.conditions[code], known)


def _to_response(finding: Finding) -> FindingResponse:
    mention = finding.mention
    return FindingResponse(
        requirement=RequirementResponse(type=finding.requirement.type, code=finding.requirement.code),
        verdict=finding.verdict,
        allergen=finding.allergen,
        text=mention.text,
        start=mention.start,
        end=mention.end,
        clause=mention.clause,
        reason=finding.reason,
    )
