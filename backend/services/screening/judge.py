"""Judging a label for one person: their requirements against what it mentions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from backend.schemas.screening import ClauseKind, Verdict
from backend.services.catalog import Catalog, RuleKind
from backend.services.screening.doubts import Doubt
from backend.services.screening.groups import by_code
from backend.services.screening.law import NO_LAW, Law, undeclared
from backend.services.screening.match import Reading
from backend.services.screening.meanings import Role
from backend.services.screening.mentions import Mention
from backend.services.screening.reasons import Entry, Reason, Sentence, about
from backend.services.screening.requirements import Requirement

SEVERITY: Final = {verdict: len(Verdict) - index for index, verdict in enumerate(Verdict)}
_LISTS = {ClauseKind.INGREDIENTS, ClauseKind.CONTAINS}
_ASIDES = {ClauseKind.NUTRITION, ClauseKind.STORAGE, ClauseKind.MARKETING}  # they say nothing about it
_MAX_UNKNOWN_SHARE = 0.05  # of the words: beyond that, too little was understood to find nothing
MAX_FINDINGS = 300  # of one person, the worst first, for the same reason
NOTHING_SAID: Final = Reason(Sentence.NOTHING_SAID)
_DOUBTS: Final = {doubt: Sentence[doubt.name] for doubt in Doubt}
# Looked up once: on Python 3.11 each look at a member of an enumeration takes 0.2 microseconds.
_MAYBE: Final = Role.MAYBE
_NEW: Final = tuple.__new__  # half the time of calling the class, of which a label takes dozens


class Finding(NamedTuple):
    """One reason for a verdict."""

    requirement: Requirement
    verdict: Verdict
    allergen: str
    mention: Mention
    reason: Reason


def fold_verdicts(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst verdict; of none, that no conflict was found."""
    return max(verdicts, key=SEVERITY.__getitem__, default=Verdict.NO_CONFLICT_FOUND)


def judge(
    reading: Reading, requirements: Iterable[Requirement], known: Catalog, *, law: Law = NO_LAW
) -> tuple[Finding, ...]:
    """Return every finding, in the order of the label.

    Args:
        reading: The label.
        requirements: What the person avoids.
        known: The catalogue.
        law: What the label must name: there, silence means absence.
    """
    return worst_first(conflicts(by_code(reading.mentions, known), requirements, known, law))


def conflicts(
    groups: Mapping[str, Sequence[Mention]], requirements: Iterable[Requirement], known: Catalog, law: Law
) -> Iterator[Finding]:
    """Yield every finding, requirement by requirement.

    Args:
        groups: What the label mentions, as `by_code` returns it.
        requirements: What the person avoids.
        known: The catalogue.
        law: What the label must name.
    """
    for requirement in requirements:
        concerned = requirement.concerned
        of_it = [
            finding
            for code, group in groups.items()
            if code in concerned
            for mention in group
            if (finding := _finding(requirement, code, mention, known, law))
        ]
        yield from _worst_of_place(of_it) if len(of_it) > 1 else of_it


def worst_first(findings: Iterable[Finding], most: int = MAX_FINDINGS) -> tuple[Finding, ...]:
    """Return the worst findings, in the order of the label."""
    kept = [*findings]
    if len(kept) > most:
        kept.sort(key=_lenience)
        del kept[most:]
    kept.sort(key=_order)
    return tuple(kept)


def gaps(
    reading: Reading, requirements: Iterable[Requirement], known: Catalog, *, law: Law, answered: bool
) -> tuple[Reason, ...]:
    """Return why the label cannot tell enough, besides what it mentions; nothing if it can.

    Args:
        reading: The label.
        requirements: What the person avoids.
        known: The catalogue.
        law: What the label must name.
        answered: Whether the person's profile says anything of allergies: of one that does not, nobody knows
            what conflicts.
    """
    unsaid = () if answered else (NOTHING_SAID,)
    return (*unsaid, *unread(reading), *silences(requirements, known, law))


def unread(reading: Reading) -> tuple[Reason, ...]:
    """Return why a label is not understood well enough to find nothing in it; nothing if it is."""
    strange = reading.total - reading.understood
    if not reading.total:
        return (Reason(Sentence.NO_WORDS),)
    if not reading.lists:
        return (Reason(Sentence.NO_INGREDIENT),)
    if strange > _MAX_UNKNOWN_SHARE * reading.total:
        return (Reason(Sentence.STRANGE_WORDS, (("strange", strange), ("total", reading.total))),)
    return ()


def silences(requirements: Iterable[Requirement], known: Catalog, law: Law) -> tuple[Reason, ...]:
    """Return what the law lets a label hide from somebody."""
    if law.code is None:
        return ()
    hidden: dict[str, None] = {}
    for requirement in requirements:
        if requirement.needs_law:
            hidden.update(dict.fromkeys(undeclared(requirement.avoid, law, known)))
    named = Entry("regimes", law.code)
    return tuple(
        Reason(Sentence.UNDECLARED, (("law", named), ("substance", Entry("substances", code))))
        for code in hidden
    )


def conclude(findings: Iterable[Finding], reasons: Iterable[Reason]) -> Verdict:
    """Return one person's verdict: the worst finding, and `unknown` at least where the label cannot tell.

    Args:
        findings: What was found in the label.
        reasons: Why it cannot tell enough, as `gaps` gives them.
    """
    least = [Verdict.UNKNOWN for _ in reasons]
    return fold_verdicts([*least, *(finding.verdict for finding in findings)])


def _finding(
    requirement: Requirement, code: str, mention: Mention, known: Catalog, law: Law
) -> Finding | None:
    _, _, _, role, _, clause, doubt, exempt = mention
    said = _said(requirement, code, role, clause, doubt, known)
    if said is None:
        return None
    is_open = role is _MAYBE and clause in _LISTS
    if is_open and code in law.declared and (law.code, code) not in exempt:
        return None
    verdict, reason = said
    return _NEW(Finding, (requirement, verdict, code, mention, reason))


@lru_cache(maxsize=16_384)  # the same is said of the same requirement again and again, whatever the label
def _said(
    requirement: Requirement, code: str, role: Role, clause: ClauseKind, doubt: Doubt | None, known: Catalog
) -> tuple[Verdict, Reason] | None:
    """Return what it means that a label names something, in whichever words: a verdict and its reason."""
    if clause is ClauseKind.PRECAUTIONARY:
        if not requirement.traces:
            return None
        verdict, reason = _warned(role, doubt, code)
    elif clause in _ASIDES:
        # Should the clause have been drawn too far, what it hides must still be seen.
        if role is _MAYBE or requirement.kind is not RuleKind.STRICT:
            return None
        verdict, reason = Verdict.UNKNOWN, about(Sentence.ASIDE, code)
    elif role is _MAYBE:
        verdict, reason = Verdict.UNKNOWN, about(Sentence.SOURCE_UNTOLD, code)
    else:
        verdict, reason = _listed(requirement, code, doubt, known)
    if not requirement.rule:
        return verdict, reason
    has_amount = requirement.rule[-1][0] == "threshold"
    said = Sentence.BY_AMOUNT if has_amount else Sentence.BY_RULE
    return verdict, Reason(said, (("reason", reason), *requirement.rule))


def _warned(role: Role, doubt: Doubt | None, code: str) -> tuple[Verdict, Reason]:
    """Judge something that a precautionary statement names."""
    if doubt:
        within = about(_DOUBTS[doubt], code)
        return Verdict.LIKELY, Reason(Sentence.WARNED_IN_DOUBT, (("reason", within),))
    if role is _MAYBE:  # "may contain seeds": no law requires a warning to be exact
        return Verdict.UNKNOWN, about(Sentence.WARNED_OF_MAYBE, code)
    return Verdict.MAY_CONTAIN, about(Sentence.WARNED, code)


def _listed(
    requirement: Requirement, code: str, doubt: Doubt | None, known: Catalog
) -> tuple[Verdict, Reason]:
    """Judge something that the label lists."""
    if doubt:
        return Verdict.LIKELY, about(_DOUBTS[doubt], code)
    if code in requirement.akin:
        return Verdict.LIKELY, about(Sentence.KIN, code, requirement.code)
    if code not in requirement.avoid:
        return Verdict.LIKELY, about(Sentence.WIDER, code, requirement.code)
    if known.substances[code].uncertain:
        return Verdict.UNKNOWN, about(Sentence.UNCERTAIN, code)
    if requirement.kind is RuleKind.ADVISORY:
        return Verdict.LIKELY, about(Sentence.ADVISED_AGAINST, code)
    return Verdict.CONTAINS, about(Sentence.LISTED, code)


def _worst_of_place(findings: Iterable[Finding]) -> Iterable[Finding]:
    """Keep one finding for each stretch of the label: the worst, and of those the most specific."""
    kept: dict[tuple[int, int], Finding] = {}
    for finding in findings:
        place = finding.mention[:2]
        before = kept.get(place)
        if before is None or _weight(finding) > _weight(before):
            kept[place] = finding
    return kept.values()


def _weight(finding: Finding) -> tuple[int, bool, int]:
    # What the words themselves say comes before what they imply (bare "milk" is also cow's milk).
    return (SEVERITY[finding.verdict], finding.allergen in finding.mention.codes, len(finding.allergen))


def _lenience(finding: Finding) -> int:
    return -SEVERITY[finding.verdict]


def _order(finding: Finding) -> tuple[int, int, int]:
    start, end = finding.mention[:2]
    return start, end, -SEVERITY[finding.verdict]
