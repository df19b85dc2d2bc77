"""The whole of screening in one pure function: a label's text and what somebody avoids, to an answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from backend.core.clock import now
from backend.schemas.screening import Verdict
from backend.services import catalog
from backend.services.catalog import Catalog
from backend.services.screening import lexicon
from backend.services.screening.judge import Finding, Requirement, conclude, gaps, judge
from backend.services.screening.law import NO_LAW, Law, law_on
from backend.services.screening.match import Reading, read
from backend.utils.text import primary_language


@dataclass(frozen=True, slots=True)
class Screening:
    """What a label says to somebody.

    Attributes:
        verdict: The worst of the findings; `unknown` at least where there are reasons. Never "safe".
        findings: Each with the words, their offsets, the clause, the rule and why; in the order of the label.
        reasons: Why the label cannot tell enough, besides what it mentions; empty if it can.
        reading: What the label says whoever asks: its mentions, its languages, and how many of its words were
            understood.
    """

    verdict: Verdict
    findings: tuple[Finding, ...]
    reasons: tuple[str, ...]
    reading: Reading


def screen(
    text: str,
    requirements: Iterable[Requirement],
    lang: str | None = None,
    regime: str | None = None,
    *,
    day: date | None = None,
) -> Screening:
    """Check a label against what somebody avoids.

    All offsets in the answer are Unicode code points of `text` from 0, as Python slices strings:
    `text[start:end]` is what a finding quotes. The time grows linearly with the text.

    Args:
        text: The label as printed, of any length; line breaks tell where statements end.
        requirements: As `require_allergy` and `require_rules` give them; of nothing, nothing is found.
        lang: BCP 47 tag of the label's language, if known; only breaks ties between languages.
        regime: Code of the food law that the label follows, such as `eu` or `us`: decides what silence means.
        day: The day on which that law is asked; today, where it is not given.

    Raises:
        UnknownRegimeError: The catalogue has no such food law.
    """
    known = catalog.current()
    law = law_on(regime, known, day or now().date()) if regime else NO_LAW
    reading = read(text, lexicon.current(), language=primary_language(lang) if lang else None)
    return answer(reading, tuple(requirements), known, law=law, answered=True)


def answer(
    reading: Reading, requirements: tuple[Requirement, ...], known: Catalog, *, law: Law, answered: bool
) -> Screening:
    """Answer one person about a label that was read.

    Args:
        reading: The label.
        requirements: What the person avoids.
        known: The catalogue.
        law: What the label must name.
        answered: Whether the person's profile says anything.
    """
    findings = judge(reading, requirements, known, law=law)
    reasons = gaps(reading, requirements, known, law=law, answered=answered)
    return Screening(conclude(findings, reasons), findings, reasons, reading)
