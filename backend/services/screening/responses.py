"""Answers as the API and the command line give them."""

from collections.abc import Iterable

from backend.schemas.screening import (
    CoverageResponse,
    FindingResponse,
    IngredientsCoverage,
    RequirementAnswer,
    RequirementResponse,
    UnknownWords,
)
from backend.services.catalog import Catalog
from backend.services.screening.coverage import Coverage
from backend.services.screening.persons import PlacedFinding, RequirementVerdict


def to_findings(findings: Iterable[PlacedFinding]) -> tuple[FindingResponse, ...]:
    """Return findings, each with the text that holds it."""
    return tuple(
        FindingResponse(
            requirement=RequirementResponse(
                type=placed.finding.requirement.type, code=placed.finding.requirement.code
            ),
            verdict=placed.finding.verdict,
            allergen=placed.finding.allergen,
            text=placed.finding.mention.text,
            pointer=placed.piece.pointer,
            start=placed.start,
            end=placed.end,
            clause=placed.finding.mention.clause,
            kind=placed.finding.requirement.kind,
            source=placed.source,
            reason=placed.reason,
        )
        for placed in findings
    )


def to_requirements(
    verdicts: Iterable[RequirementVerdict], known: Catalog, *, language: str
) -> tuple[RequirementAnswer, ...]:
    """Return the answer for each requirement, with its name in a language."""
    return tuple(
        RequirementAnswer(
            type=one.type,
            code=one.code,
            name=known.name(one.type, one.code, language),
            verdict=one.verdict,
            reason=one.reason,
        )
        for one in verdicts
    )


def to_coverage(coverage: Coverage) -> CoverageResponse:
    """Return how much was understood."""
    return CoverageResponse(
        understood=coverage.understood,
        total=coverage.total,
        ingredients=IngredientsCoverage(
            understood=coverage.ingredients_understood, listed=coverage.ingredients_listed
        ),
        unknown=tuple(
            UnknownWords(text=span.text, pointer=piece.pointer, start=span.start, end=span.end)
            for piece, span in coverage.unknown
        ),
    )
