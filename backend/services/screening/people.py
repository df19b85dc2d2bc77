"""From people's profiles to an answer for the table."""

import asyncio
import uuid
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.database import Database
from backend.core.errors import InvalidInputError, Violation
from backend.core.keys import Keyring
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
from backend.services.catalog import Catalog
from backend.services.health import Profile, ProfileRef
from backend.services.screening import lexicon
from backend.services.screening.answers import answer
from backend.services.screening.judge import Finding, conclude, fold_verdicts
from backend.services.screening.law import NO_LAW, Law, UnknownRegimeError, law_on
from backend.services.screening.match import Reading, read
from backend.services.screening.requirements import gaps_of, requirements_of
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
    law = _law(data, catalog.current())
    # Reading is written down, and whoever writes may keep others waiting: that ends before the work begins.
    async with database.unit() as session:
        profiles = await _profiles(session, user, data.profiles, keyring)
    language = primary_language(data.lang) if data.lang else None
    # Up to fifty people and 20,000 characters: other requests go on meanwhile.
    return await asyncio.to_thread(_screen, data.text, language, profiles, law)


def _screen(text: str, language: str | None, profiles: Sequence[Profile], law: Law) -> ScreeningResponse:
    known = catalog.current()
    reading = read(text, lexicon.current(), language=language)
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
    requirements = requirements_of(profile.document, known)
    gaps = tuple(gaps_of(profile.document, reading, known))
    answered = profile.document.answers_allergies
    screening = answer(reading, requirements, known, law=law, answered=answered)
    return PersonResponse(
        profile_id=profile.id,
        allergies_answered=answered,
        verdict=conclude(screening.findings, (*screening.reasons, *(gap.reason for gap in gaps))),
        findings=tuple(_to_response(finding) for finding in screening.findings),
        reasons=screening.reasons,
        gaps=gaps,
    )


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
