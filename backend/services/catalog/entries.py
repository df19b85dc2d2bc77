"""What one entry of the catalogue is: the shape of the files in `backend/data/catalog`."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict

from backend.utils.text import primary_language

LANGUAGES: Final = ("en", "fr", "de", "es", "it", "nl", "pt", "pl", "sv")


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RuleKind(StrEnum):
    """How binding a rule is."""

    STRICT = "strict"  # any amount is a conflict
    THRESHOLD = "threshold"  # the amount decides, and a label seldom tells it
    ADVISORY = "advisory"  # official advice rather than a prohibition


class DutyKind(StrEnum):
    """How binding a duty to declare is: silence tells something where the law requires words."""

    REQUIRED = "required"
    RECOMMENDED = "recommended"


class CodeSystem(StrEnum):
    """The code systems of medicine that entries are linked to, under the URIs that HL7 FHIR gives them."""

    SNOMED_CT = "http://snomed.info/sct"
    ICD_10 = "http://hl7.org/fhir/sid/icd-10"  # of the WHO
    ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"  # of the United States


class Concept(StrEnum):
    """What a code of medicine stands for: the almond, the allergy to it, or the intolerance of it."""

    SUBSTANCE = "substance"
    ALLERGY = "allergy"
    INTOLERANCE = "intolerance"
    CONDITION = "condition"
    DIET = "diet"


class Relation(StrEnum):
    """How much wider than the entry a code is."""

    EQUIVALENT = "equivalent"
    BROADER = "broader"  # the code stands for more than the entry: "allergy to other foods"


class Source(_Entry):
    """Who says so.

    Attributes:
        publication: Title and place: law and article, guideline, journal and volume.
        authority: The body, court, society or author that it is from.
        year: When that text was published; none for what has no date.
        url: Where to read it.
    """

    publication: str
    authority: str | None
    year: int | None
    url: str | None = None

    def __str__(self) -> str:
        """Return the source as one would cite it in a sentence."""
        return self.publication

    @property
    def in_full(self) -> str:
        """The source with whom it is from."""
        return f"{self.authority}: {self.publication}" if self.authority else self.publication


def _cited(value: object) -> object:
    return {"publication": value, "authority": None, "year": None} if isinstance(value, str) else value


Cited = Annotated[Source, BeforeValidator(_cited)]


class CodeList(Source):
    """A public list of codes of medicine that codings were checked against."""

    code: str


class Coding(_Entry):
    """A code of medicine for an entry, as HL7 FHIR calls it.

    Attributes:
        display: What the code system calls it, in English.
        concept: What it stands for.
        relation: Whether it stands for the entry or for more.
        sources: At least two public lists that agree: codes of `code_lists.yaml`.
    """

    system: CodeSystem
    code: str
    display: str
    concept: Concept
    relation: Relation = Relation.EQUIVALENT
    sources: tuple[str, ...]


class Named(_Entry):
    """What every entry has.

    Attributes:
        code: Stable identifier, lower-case ASCII, a dot between parent and child (`nuts.almond`).
        names: Preferred name by language (`en`, `fr`, ...); English is always there.
        synonyms: Other approved names by language.
        means_other: By language, names that this entry has elsewhere and that mean something else there:
            "Piment" is allspice in German, and chilli in French.
    """

    code: str
    names: dict[str, str]
    synonyms: dict[str, tuple[str, ...]] = {}
    means_other: dict[str, tuple[str, ...]] = {}

    def name(self, language: str) -> str:
        """Return the preferred name for a language tag, in English where the language has none."""
        return self.name_in(primary_language(language))

    def name_in(self, language: str) -> str:
        """Return the preferred name in a language without its region, in English where it has none."""
        return self.names.get(language) or self.names["en"]


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
    codings: tuple[Coding, ...] = ()


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
    source: Cited

    @property
    def reference(self) -> Source:
        """The source in its parts."""
        return self.source


class Ruled(Named):
    """An entry that is rules about substances."""

    rules: tuple[Rule, ...]
    codings: tuple[Coding, ...] = ()


class Diet(Ruled):
    """A way of eating, as rules about substances."""


class Condition(Ruled):
    """A medical condition with food consequences, as rules about substances."""


class Dated(_Entry):
    """What a law says from one day to another.

    Attributes:
        since: First day of its application; none where that lies before 2010.
        until: First day on which it no longer applies.
        source: The law, where it is not the regime's.
    """

    since: date | None = None
    until: date | None = None
    source: Cited | None = None

    def applies(self, day: date) -> bool:
        """Return whether it applies on a day."""
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)


class Duty(Dated):
    """What must be declared on a label.

    Attributes:
        allergen: Code; stands for its kinds too.
        kind: Whether the law requires it or recommends it.
        threshold: The amount from which it must be declared, in words with its unit; none for any amount.
        old_labels_until: Last day on which packages labelled before `since` may be sold; until then silence
            tells nothing.
    """

    allergen: str
    kind: DutyKind = DutyKind.REQUIRED
    threshold: str | None = None
    old_labels_until: date | None = None


class Exemption(Dated):
    """A product that need not be declared though it is made from an allergen.

    It explains why a label is silent and never clears anything: who is allergic may react nevertheless.

    Attributes:
        code: Stable identifier, unique within the regime.
        names: The product by language, as the law words it.
        allergens: Codes that it is made from.
        purpose: The use or condition that the law ties the exemption to, in English.
    """

    code: str
    names: dict[str, str]
    allergens: tuple[str, ...]
    purpose: str | None = None

    def name(self, language: str) -> str:
        """Return the product's name for a language tag, in English where the language has none."""
        return self.names.get(primary_language(language), self.names["en"])


class Regime(Named):
    """Which allergens a food law requires on a label: what a silent label means depends on it.

    Attributes:
        countries: ISO 3166-1 alpha-2 codes of where it applies.
        source: The law.
    """

    countries: tuple[str, ...] = ()
    source: Cited
    duties: tuple[Duty, ...]
    exemptions: tuple[Exemption, ...] = ()

    @property
    def declares(self) -> tuple[str, ...]:
        """The codes that the law requires or will require, each once."""
        required = (duty.allergen for duty in self.duties if duty.kind is DutyKind.REQUIRED)
        return tuple(dict.fromkeys(required))
