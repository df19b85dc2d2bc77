"""The engine as a library: from a text and what somebody avoids to a verdict with evidence, without I/O."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from backend.core.clock import now
from backend.core.languages import FALLBACK
from backend.schemas.screening import Verdict
from backend.services import catalog
from backend.services.screening import lexicon
from backend.services.screening.coverage import Coverage, cover
from backend.services.screening.law import NO_LAW, law_on
from backend.services.screening.persons import Answer, PlacedFinding, RequirementVerdict, answer
from backend.services.screening.sources import Piece, Source, read_source
from backend.services.screening.wanted import PersonalRequirement, expand
from backend.utils.text import primary_language

_MAX_UNKNOWN = 200


class Screening(NamedTuple):
    """What a text means for one person.

    All words are English.

    Attributes:
        verdict: The worst of the requirements'; never "safe".
        reason: What decided.
        reasons: Why the text cannot tell enough, besides what it mentions; empty if it can.
        requirements: One answer for each requirement, in the order in which they were given, also where
            nothing was found.
        findings: The evidence, in the order of the text; at most 300, the worst of them. `start` and `end`
            are offsets into the text in Unicode code points.
        coverage: How much of the text was understood.
        languages: The languages that it was read in, most words first.
    """

    verdict: Verdict
    reason: str
    reasons: tuple[str, ...]
    requirements: tuple[RequirementVerdict, ...]
    findings: tuple[PlacedFinding, ...]
    coverage: Coverage
    languages: tuple[str, ...]


def screen(
    text: str,
    requirements: Iterable[PersonalRequirement],
    lang: str | None = None,
    regime: str | None = None,
    *,
    day: date | None = None,
) -> Screening:
    """Compare a label with what one person avoids. The time grows linearly with the text.

    Args:
        text: The label as printed, of any length; line breaks tell where statements end.
        requirements: `AllergyRequirement`, `DietRequirement`, `ConditionRequirement`. Without any, nothing is
            known of the person, and the verdict is `unknown`.
        lang: BCP 47 tag of the label's language, if known; only breaks ties between languages.
        regime: Code of the food law that the label follows, such as `eu` or `us`: decides what silence means.
        day: The day on which that law is asked; today, where it is not given.

    Raises:
        UnknownNameError: A requirement is not in the catalogue.
        RetiredNameError: Operators took it back.
        UnknownRegimeError: The catalogue has no such food law.
    """
    known = catalog.current()
    law = law_on(regime, known, day or now().date()) if regime else NO_LAW
    wanted = expand(requirements, known)
    language = primary_language(lang) if lang else None
    read = read_source(Source((Piece("/text", text),)), lexicon.fitting(known), known, language=language)
    found: Answer = answer(read, wanted, known, law, answered=bool(wanted), language=FALLBACK)
    return Screening(
        verdict=found.verdict,
        reason=found.reason,
        reasons=found.reasons,
        requirements=found.requirements,
        findings=found.findings,
        coverage=cover(read, most=_MAX_UNKNOWN),
        languages=read.reading.languages,
    )
