"""From people's profiles to an answer for the table."""

from collections.abc import Iterator, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
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
from backend.services.catalog import Catalog, RequirementType, declared_on
from backend.services.health import Document, Profile, ProfileRef
from backend.services.screening import lexicon
from backend.services.screening.judge import (
    Finding,
    Requirement,
    conclude,
    fold_verdicts,
    judge,
    require_allergy,
    require_rules,
)
from backend.services.screening.match import Reading, read
from backend.services.users import Identity
from backend.utils.text import primary_language

_MAX_UNKNOWN = 200  # stretches of unknown words that an answer lists


async def check(
    session: AsyncSession, user: Identity, data: ScreeningCheck, *, keyring: Keyring
) -> ScreeningResponse:
    """Check a label against some of one's profiles.

    Raises:
        ProfileNotFoundError: A profile does not exist or is somebody else's.
        InvalidInputError: The regime is unknown, or a profile is named twice.
    """
    known = catalog.shipped()
    declared = _declared(data, known)
    profiles = await _profiles(session, user, data.profiles, keyring)
    language = primary_language(data.lang) if data.lang else None
    reading = read(data.text, lexicon.shipped(), language=language)
    people = tuple(_answer(profile, reading, known, declared) for profile in profiles)
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


def _declared(data: ScreeningCheck, known: Catalog) -> frozenset[str]:
    if data.regime is None:
        return frozenset()
    regime = known.regimes.get(data.regime.lower())
    if regime is None:
        violation = Violation(
            "/regime", "unknown-name", "is not a food law of the catalogue", tuple(known.regimes)
        )
        raise InvalidInputError([violation])
    return declared_on(regime, now().date())


async def _profiles(
    session: AsyncSession, user: Identity, refs: Sequence[ProfileRef], keyring: Keyring
) -> list[Profile]:
    profiles: list[Profile] = []
    for index, ref in enumerate(refs):
        profile = await health.read_profile(session, user, ref, keyring=keyring)
        if any(profile.id == other.id for other in profiles):
            raise InvalidInputError([Violation(f"/profiles/{index}", "duplicate", "is already in the list")])
        profiles.append(profile)
    return profiles


def _answer(profile: Profile, reading: Reading, known: Catalog, declared: frozenset[str]) -> PersonResponse:
    requirements = tuple(_requirements(profile.document, known))
    findings = judge(reading, requirements, known, declared=declared)
    answered = bool(requirements) or profile.document.no_known_allergies
    return PersonResponse(
        profile_id=profile.id,
        verdict=conclude(reading, findings, answered=answered),
        findings=tuple(_to_response(finding) for finding in findings),
    )


def _requirements(document: Document, known: Catalog) -> Iterator[Requirement]:
    for allergy in document.allergies:
        # Where a life is at stake, a trace matters whatever the box says.
        traces = allergy.avoid_traces or allergy.severity is Severity.LIFE_THREATENING
        yield require_allergy(known.allergens[allergy.allergen], known, traces=traces)
    for code in document.dietary_restrictions:
        yield from require_rules(RequirementType.DIET, known.diets[code], known)
    for code in document.medical_conditions:
        yield from require_rules(RequirementType.CONDITION, known.conditions[code], known)


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
