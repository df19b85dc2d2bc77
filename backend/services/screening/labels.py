"""Checking many labels against every allergen of the European list: what `safeplate screen` does."""

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache

from pydantic import BaseModel, ConfigDict, ValidationError

from backend.core.languages import FALLBACK
from backend.schemas.screening import LabelText, Verdict
from backend.services import catalog
from backend.services.catalog import Catalog
from backend.services.screening import lexicon
from backend.services.screening.judge import Finding, judge
from backend.services.screening.law import Law, law_on
from backend.services.screening.match import read
from backend.services.screening.reasons import in_words
from backend.services.screening.requirements import Requirement, require_allergy

_REGIME = "eu"


class LabelLineError(Exception):
    """A line is not a label; the message says which, and never repeats it."""


class _Label(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str | int
    text: LabelText
    lang: str | None = None


def answer_labels(lines: Iterable[str]) -> Iterator[str]:
    """Answer labels given as JSON lines, each with one JSON line.

    Each answer has `id`, `contains` and `may_contain` (codes of Regulation (EU) 1169/2011, Annex II) and
    `findings` with offsets in code points.

    Raises:
        LabelLineError: A line is not a JSON object with `id` and `text`.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            label = _Label.model_validate_json(line)
        except ValidationError as error:
            raise LabelLineError(f"line {number} is not a label with `id` and `text`") from error
        yield json.dumps(_answer(label), ensure_ascii=False)


def find_allergens(text: str, lang: str | None) -> tuple[Finding, ...]:
    """Return what a label says about every allergen of Regulation (EU) 1169/2011, Annex II."""
    known = catalog.current()
    requirements, law = _groups(known)
    return judge(read(text, lexicon.fitting(known), language=lang), requirements, known, law=law)


def named_groups(findings: Iterable[Finding]) -> tuple[set[str], set[str]]:
    """Return the groups that a label contains, and those that it may contain beside them."""
    contains, may_contain = (
        {finding.requirement.code for finding in findings if finding.verdict is verdict}
        for verdict in (Verdict.CONTAINS, Verdict.MAY_CONTAIN)
    )
    return contains, may_contain - contains


@lru_cache(maxsize=4)
def _groups(known: Catalog) -> tuple[tuple[Requirement, ...], Law]:
    codes = known.regimes[_REGIME].declares
    requirements = (require_allergy(known.allergens[code], known, traces=True) for code in codes)
    return tuple(requirements), law_on(_REGIME, known, None)


def _answer(label: _Label) -> dict[str, object]:
    known = catalog.current()
    findings = find_allergens(label.text, label.lang)
    contains, may_contain = named_groups(findings)
    rows = [
        {
            "start": finding.mention.start,
            "end": finding.mention.end,
            "text": finding.mention.text,
            "requirement": finding.requirement.code,
            "allergen": finding.allergen,
            "verdict": finding.verdict,
            "clause": finding.mention.clause,
            "reason": in_words(finding.reason, FALLBACK, known),
        }
        for finding in findings
    ]
    return {
        "id": label.id,
        "contains": sorted(contains),
        "may_contain": sorted(may_contain),
        "findings": rows,
    }
