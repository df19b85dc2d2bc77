"""What one entry of the catalogue is: the shape of the files in `backend/data/catalog`."""

from datetime import date
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from backend.utils.text import primary_language


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RequirementType(StrEnum):
    """The three parts of the catalogue that a person's profile may hold."""

    ALLERGY = "allergy"
    DIET = "diet"
    CONDITION = "condition"


class RuleKind(StrEnum):
    """How binding a rule is."""

    STRICT = "strict"  # any amount is a conflict
    THRESHOLD = "threshold"  # the amount decides, and a label seldom tells it
    ADVISORY = "advisory"  # official advice rather than a prohibition


class Named(_Entry):
    """What every entry has.

    Attributes:
        code: Stable identifier, lower-case ASCII, a dot between parent and child (`nuts.almond`).
        names: Preferred name by language (`en`, `fr`, ...); English is always there.
        synonyms: Other approved names by language.
    """

    code: str
    names: dict[str, str]
    synonyms: dict[str, tuple[str, ...]] = {}

    def name(self, language: str) -> str:
        """Return the preferred name for a language tag, in English where the language has none."""
        return self.names.get(primary_language(language), self.names["en"])


class Substance(Named):
    """Something that a label can list: what the lexicons map words to and rules refer to.

    Attributes:
        parents: Codes of the wider substances that this one is a kind of.
        found_in: Codes of substances that hold this one without being a kind of it: who avoids it avoids
            them (lactose is in milk).
        akin: Codes whose allergens are so like this one's that most people who react to it react to them.
        bare: Code of the kind that the bare name means in food law (milk is cow's milk).
        uncertain: Whether a label that names it leaves open if it matters (E471 may be from plants).
    """

    parents: tuple[str, ...] = ()
    found_in: tuple[str, ...] = ()
    akin: tuple[str, ...] = ()
    bare: str | None = None
    uncertain: bool = False


class Allergen(Substance):
    """A substance that a person can be recorded as allergic or intolerant to."""


class Rule(_Entry):
    """What a diet or condition says about substances.

    Attributes:
        avoid: Substance codes; each stands for its descendants too.
        unless: Substance codes below `avoid` that the rule permits.
        kind: How binding the rule is.
        threshold: For `threshold` rules: the amount in words, with its unit.
        traces: Whether an unintended trace ("may contain") matters to this rule.
        source: Who says so (publication or authority).
    """

    avoid: tuple[str, ...]
    unless: tuple[str, ...] = ()
    kind: RuleKind = RuleKind.STRICT
    threshold: str | None = None
    traces: bool = False
    source: str


class Diet(Named):
    """A way of eating, as rules about substances."""

    rules: tuple[Rule, ...]


class Condition(Named):
    """A medical condition with food consequences, as rules about substances."""

    rules: tuple[Rule, ...]


class Regime(Named):
    """Which allergens a food law requires on a label: what a silent label means depends on it.

    Attributes:
        declares: Allergen codes that must be declared, each with the first day of the duty (null: before
            2010).
        source: The law.
    """

    declares: dict[str, date | None]
    source: str
