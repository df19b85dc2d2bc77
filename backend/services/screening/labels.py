"""Checking many labels against every allergen of the European list: what `safeplate screen` does."""

import json
from collections.abc import Iterable, Iterator

from pydantic import BaseModel, ConfigDict, ValidationError

from backend.schemas.screening import LabelText, Verdict
from backend.services import catalog
from backend.services.screening import lexicon
from backend.services.screening.judge import Finding, judge, require_allergy
from backend.services.screening.law import law_on
from backend.services.screening.match import read

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
    known, words = catalog.current(), lexicon.current()
    groups = known.regimes[_REGIME].declares
    requirements = [require_allergy(known.allergens[code], known, traces=True) for code in groups]
    law = law_on(_REGIME, known, None)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            label = _Label.model_validate_json(line)
        except ValidationError as error:
            raise LabelLineError(f"line {number} is not a label with `id` and `text`") from error
        reading = read(label.text, words, language=label.lang)
        findings = judge(reading, requirements, known, law=law)
        yield json.dumps(_answer(label, findings), ensure_ascii=False)


def _answer(label: _Label, findings: Iterable[Finding]) -> dict[str, object]:
    contains, may_contain, rows = set(), set(), []
    for finding in findings:
        group = finding.requirement.code
        if finding.verdict is Verdict.CONTAINS:
            contains.add(group)
        elif finding.verdict is Verdict.MAY_CONTAIN:
            may_contain.add(group)
        rows.append(
            {
                "start": finding.mention.start,
                "end": finding.mention.end,
                "text": finding.mention.text,
                "requirement": group,
                "allergen": finding.allergen,
                "verdict": finding.verdict,
                "clause": finding.mention.clause,
                "reason": finding.reason,
            }
        )
    return {
        "id": label.id,
        "contains": sorted(contains),
        "may_contain": sorted(may_contain - contains),
        "findings": rows,
    }
