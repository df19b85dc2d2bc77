"""One person's answer: a verdict with its reason for each requirement, and the findings behind them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from backend.schemas.screening import Verdict
from backend.services.catalog import Catalog, RequirementType
from backend.services.screening.judge import (
    MAX_FINDINGS,
    NOTHING_SAID,
    SEVERITY,
    Finding,
    conflicts,
    silences,
    worst_first,
)
from backend.services.screening.law import Law
from backend.services.screening.reasons import Reason, Sentence, all_in_words, in_words, say
from backend.services.screening.sources import Piece, PieceKind, SourceReading
from backend.services.screening.unheard import unheard
from backend.services.screening.wanted import Wanted

_NOTHING_FOUND: Final = Reason(Sentence.NOTHING_FOUND)
_CERTAIN = {Verdict.CONTAINS, Verdict.MAY_CONTAIN}
# Looked up once: on Python 3.11 each look at a member of an enumeration takes 0.2 microseconds.
_NO_CONFLICT: Final = Verdict.NO_CONFLICT_FOUND


class RequirementVerdict(NamedTuple):
    """The answer for one requirement; the reason is the worst finding's, or why nothing can be said."""

    type: RequirementType
    code: str
    name: str
    verdict: Verdict
    reason: str


class PlacedFinding(NamedTuple):
    """A finding, and the text that holds it.

    Attributes:
        start: Offset in that text, in code points.
        end: Offset after the last character.
        reason: The finding's, in words.
        source: Whom its requirement rests on, in words.
    """

    finding: Finding
    piece: Piece
    start: int
    end: int
    reason: str
    source: str


class Answer(NamedTuple):
    """The answer for one person.

    Attributes:
        reason: What decided: that of a requirement with this verdict.
        reasons: Why the food cannot tell enough, besides what it mentions; empty if it can.
        requirements: One for each, in the order in which they were given.
        findings: The worst of them, in the order of the label.
    """

    verdict: Verdict
    reason: str
    reasons: tuple[str, ...]
    requirements: tuple[RequirementVerdict, ...]
    findings: tuple[PlacedFinding, ...]


def answer(  # noqa: PLR0913 - the food, the person, and what both are read by
    read: SourceReading,
    wanted: Sequence[Wanted],
    known: Catalog,
    law: Law,
    *,
    answered: bool,
    language: str,
    most: int = MAX_FINDINGS,
) -> Answer:
    """Answer for one person.

    Args:
        read: The food.
        wanted: What the person avoids.
        known: The catalogue.
        law: What the label must name.
        answered: Whether anything is known of what the person avoids, be it that it is nothing.
        language: Of the reasons: one that names of the catalogue come in.
        most: How many findings to show.
    """
    found: list[Finding] = []
    verdicts = []
    gaps = read.gaps if answered else (NOTHING_SAID, *read.gaps)
    reasons = dict.fromkeys(gaps)
    for one in wanted:
        of_it = list(conflicts(read.mentioned, one.rules, known, law))
        if not read.source.is_listed:
            of_it = list(_weighed(of_it, read))
        found += of_it
        hidden = (*silences(one.rules, known, law), *unheard(one, read.reading.languages, known))
        reasons.update(dict.fromkeys(hidden))
        verdict, why = _conclude(of_it, (*gaps, *hidden))
        said = all_in_words(why, language, known)
        verdicts.append(RequirementVerdict(one.type, one.code, one.name, verdict, said))
    if verdicts:
        worst = max(verdicts, key=_severity)  # of equally bad ones, the first
        verdict, said = worst.verdict, worst.reason
    else:
        verdict, why = _conclude((), gaps)
        said = all_in_words(why, language, known)
    told = tuple([in_words(one, language, known) for one in reasons])
    placed = tuple([_placed(finding, read, language, known) for finding in worst_first(found, most)])
    return Answer(verdict, said, told, tuple(verdicts), placed)


def _weighed(findings: Iterable[Finding], read: SourceReading) -> Iterator[Finding]:
    """Weigh findings by what holds them: a name only suggests, and leaves nothing open that a list tells."""
    for finding in findings:
        piece, _ = read.place(finding.mention.start)
        if piece.is_listed or (finding.verdict is Verdict.UNKNOWN and read.source.gap):
            yield finding
        elif piece.kind is PieceKind.NAME and finding.verdict in _CERTAIN:
            reason = Reason(Sentence.SUGGESTED, (("reason", finding.reason),))
            yield finding._replace(verdict=Verdict.LIKELY, reason=reason)
        elif finding.verdict is not Verdict.UNKNOWN:
            yield finding


def _conclude(findings: Sequence[Finding], doubts: tuple[Reason, ...]) -> tuple[Verdict, tuple[Reason, ...]]:
    if findings:
        worst = max(findings, key=_severity)
        return worst.verdict, (worst.reason,)
    if doubts:
        return Verdict.UNKNOWN, doubts
    return _NO_CONFLICT, (_NOTHING_FOUND,)


def _severity(judged: Finding | RequirementVerdict) -> int:
    return SEVERITY[judged.verdict]


def _placed(finding: Finding, read: SourceReading, language: str, known: Catalog) -> PlacedFinding:
    mention = finding.mention
    piece, base = read.place(mention.start)
    reason = in_words(finding.reason, language, known)
    source = say(finding.requirement.source, language)
    return PlacedFinding(finding, piece, mention.start - base, mention.end - base, reason, source)
