"""Judging a label for one person: their requirements against what it mentions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from backend.schemas.screening import ClauseKind, Verdict
from backend.services.catalog import Allergen, Catalog, Condition, Diet, RequirementType, Rule, RuleKind
from backend.services.screening.doubts import Doubt
from backend.services.screening.groups import by_code
from backend.services.screening.law import NO_LAW, Law, undeclared
from backend.services.screening.match import Reading
from backend.services.screening.meanings import Role
from backend.services.screening.mentions import Mention

SEVERITY: Final = {verdict: len(Verdict) - index for index, verdict in enumerate(Verdict)}
_LISTS = {ClauseKind.INGREDIENTS, ClauseKind.CONTAINS}
_ASIDES = {ClauseKind.NUTRITION, ClauseKind.STORAGE, ClauseKind.MARKETING}  # they say nothing about it
_MAX_UNKNOWN_SHARE = 0.05  # of the words: beyond that, too little was understood to find nothing
MAX_FINDINGS = 300  # of one person, the worst first, for the same reason
NOTHING_SAID = "the profile does not tell of allergies, nor that there are none"
OWN_RECORD = "the person's own record"  # what an allergy rests on
# Looked up once: on Python 3.11 each look at a member of an enumeration takes 0.2 microseconds.
_MAYBE: Final = Role.MAYBE
_NEW: Final = tuple.__new__  # half the time of calling the class, of which a label takes dozens


@dataclass(frozen=True, slots=True, eq=False)
class Requirement:
    """Something that a person avoids.

    Attributes:
        avoid: The codes that conflict with it, kinds included.
        akin: Codes to which most people who avoid this react as well.
        wider: Codes of which what is avoided is a kind: a label that names one may mean it.
        kind: How binding it is.
        traces: Whether a precautionary statement matters.
        source: Who says so.
        why: The rule in words, for findings; empty for allergies.
        concerned: All codes that may give a finding.
    """

    type: RequirementType
    code: str
    avoid: frozenset[str]
    akin: frozenset[str]
    wider: frozenset[str]
    kind: RuleKind
    traces: bool
    source: str = OWN_RECORD
    why: str = ""
    concerned: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Join the codes once: every label asks for them."""
        object.__setattr__(self, "concerned", self.avoid | self.akin | self.wider)

    @property
    def needs_law(self) -> bool:
        """Whether what hides within "spices" matters: to allergies, and to rules that count traces."""
        return self.type is RequirementType.ALLERGY or (self.kind is RuleKind.STRICT and self.traces)


class Finding(NamedTuple):
    """One reason for a verdict."""

    requirement: Requirement
    verdict: Verdict
    allergen: str
    mention: Mention
    reason: str


def fold_verdicts(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst verdict; of none, that no conflict was found."""
    return max(verdicts, key=SEVERITY.__getitem__, default=Verdict.NO_CONFLICT_FOUND)


def require_allergy(allergen: Allergen, known: Catalog, *, traces: bool) -> Requirement:
    """Return what somebody with an allergy avoids."""
    roots = (allergen.code, *allergen.found_in)
    avoid = frozenset(code for root in roots for code in known.descendants(root))
    akin = frozenset(code for root in allergen.akin for code in known.descendants(root)) - avoid
    wider = known.ancestors(allergen.code) - avoid
    return Requirement(RequirementType.ALLERGY, allergen.code, avoid, akin, wider, RuleKind.STRICT, traces)


def require_rules(
    requirement: RequirementType, holder: Diet | Condition, known: Catalog
) -> tuple[Requirement, ...]:
    """Return what somebody with a diet or condition avoids: one requirement for each rule."""
    return tuple(
        Requirement(
            requirement,
            holder.code,
            avoid=frozenset(code for root in rule.avoid for code in known.descendants(root))
            - frozenset(code for root in rule.unless for code in known.descendants(root)),
            akin=frozenset(),
            wider=frozenset(),
            kind=rule.kind,
            traces=rule.traces,
            source=rule.source.in_full,
            why=_why(holder, rule),
        )
        for rule in holder.rules
    )


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
) -> tuple[str, ...]:
    """Return why the label cannot tell enough, in words, besides what it mentions; nothing if it can.

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


def unread(reading: Reading) -> tuple[str, ...]:
    """Return why a label is not understood well enough to find nothing in it; nothing if it is."""
    strange = reading.total - reading.understood
    if not reading.total:
        return ("the label has no words of a list or a statement",)
    if not reading.lists:
        return ("the label lists no ingredient",)
    if strange > _MAX_UNKNOWN_SHARE * reading.total:
        return (f"{strange} of {reading.total} words were not understood",)
    return ()


def silences(requirements: Iterable[Requirement], known: Catalog, law: Law) -> tuple[str, ...]:
    """Return what the law lets a label hide from somebody, in words."""
    if law.code is None:
        return ()
    hidden: dict[str, None] = {}
    for requirement in requirements:
        if requirement.needs_law:
            hidden.update(dict.fromkeys(undeclared(requirement.avoid, law, known)))
    names = (known.substances[code].name("en") for code in hidden)
    return tuple(f"a label under this food law ({law.name}) need not always name {name}" for name in names)


def conclude(findings: Iterable[Finding], reasons: Iterable[str]) -> Verdict:
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
) -> tuple[Verdict, str] | None:
    """Return what it means that a label names something, in whichever words: a verdict and its reason."""
    name = known.substances[code].names["en"]
    if clause is ClauseKind.PRECAUTIONARY:
        if not requirement.traces:
            return None
        verdict, reason = _warned(role, doubt, name)
    elif clause in _ASIDES:
        # Should the clause have been drawn too far, what it hides must still be seen.
        if role is _MAYBE or requirement.kind is not RuleKind.STRICT:
            return None
        verdict, reason = Verdict.UNKNOWN, f"names {name} where the label speaks of something else"
    elif role is _MAYBE:
        verdict, reason = Verdict.UNKNOWN, f"the label does not tell the source, which could be: {name}"
    else:
        verdict, reason = _listed(requirement, code, doubt, known)
    return verdict, reason + requirement.why


def _warned(role: Role, doubt: Doubt | None, name: str) -> tuple[Verdict, str]:
    """Judge something that a precautionary statement names."""
    if doubt:
        return Verdict.LIKELY, f"in a precautionary statement, {doubt} {name}"
    if role is _MAYBE:  # "may contain seeds": no law requires a warning to be exact
        return Verdict.UNKNOWN, f"a precautionary statement names what could be {name}"
    return Verdict.MAY_CONTAIN, f"a precautionary statement names {name}"


def _listed(requirement: Requirement, code: str, doubt: Doubt | None, known: Catalog) -> tuple[Verdict, str]:
    """Judge something that the label lists."""
    name = known.substances[code].names["en"]
    if doubt:
        return Verdict.LIKELY, f"{doubt} {name}"
    if code in requirement.akin:
        kin = known.substances[requirement.code].names["en"]
        return Verdict.LIKELY, f"is {name}, to which most people who react to {kin} react too"
    if code not in requirement.avoid:
        return Verdict.LIKELY, f"{name} may mean {known.substances[requirement.code].name('en')}"
    if known.substances[code].uncertain:
        return Verdict.UNKNOWN, f"is an {name}; the label does not tell which"
    if requirement.kind is RuleKind.ADVISORY:
        return Verdict.LIKELY, f"is {name}, which is advised against"
    return Verdict.CONTAINS, f"is {name} or made from it"


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


def _why(holder: Diet | Condition, rule: Rule) -> str:
    amount = f"; the amount decides: {rule.threshold}" if rule.threshold else ""
    return f" ({holder.name('en')}: {rule.source}{amount})"
