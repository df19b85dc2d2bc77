"""What a person avoids: an allergy, or the rules of a diet or a condition, as codes of the catalogue."""

from dataclasses import dataclass, field

from backend.services.catalog import Allergen, Catalog, Condition, Diet, RequirementType, Rule, RuleKind
from backend.services.screening.reasons import OWN_RECORD, Entry


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
        rule: What findings say of the rule: its holder, its source and its amount; none for allergies.
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
    rule: tuple[tuple[str, str | Entry], ...] = ()
    concerned: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Join the codes once: every label asks for them."""
        object.__setattr__(self, "concerned", self.avoid | self.akin | self.wider)

    @property
    def needs_law(self) -> bool:
        """Whether what hides within "spices" matters: to allergies, and to rules that count traces."""
        return self.type is RequirementType.ALLERGY or (self.kind is RuleKind.STRICT and self.traces)


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
            rule=_told(requirement, holder, rule),
        )
        for rule in holder.rules
    )


def _told(
    requirement: RequirementType, holder: Diet | Condition, rule: Rule
) -> tuple[tuple[str, str | Entry], ...]:
    """Return what findings say of a rule, the amount last."""
    part = "diets" if requirement is RequirementType.DIET else "conditions"
    told = (("holder", Entry(part, holder.code)), ("source", str(rule.source)))
    return (*told, ("threshold", rule.threshold)) if rule.threshold else told
