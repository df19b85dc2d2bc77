"""Checking a label in one line."""

from datetime import date

from backend.schemas.screening import Verdict
from backend.services import catalog, screening
from backend.services.catalog import declared_on
from backend.services.screening import Finding, lexicon
from backend.services.screening.judge import Requirement, conclude, require_allergy

KNOWN = catalog.shipped()
A_DAY = date(2026, 11, 23)


def allergy(code: str, *, traces: bool = True) -> list[Requirement]:
    """Return what somebody with an allergy avoids."""
    return [require_allergy(KNOWN.allergens[code], KNOWN, traces=traces)]


def judged(
    text: str, requirements: list[Requirement], *, lang: str | None = "en", law: str | None = None
) -> tuple[Verdict, tuple[Finding, ...]]:
    """Check a label for one person."""
    reading = screening.read(text, lexicon.shipped(), language=lang)
    declared = declared_on(KNOWN.regimes[law], A_DAY) if law else frozenset()
    findings = screening.judge(reading, requirements, KNOWN, declared=declared)
    return conclude(reading, findings, answered=True), findings
