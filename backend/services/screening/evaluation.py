"""How good the engine is: its answers beside labels of which somebody said what they hold."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from backend.schemas.screening import LabelText
from backend.services.screening.labels import LabelLineError, find_allergens, named_groups

_Z = 1.96  # of the normal distribution, for intervals of 95 %
_ALL = "all"


class _Sample(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    text: LabelText
    lang: str


class _DeclaredLabel(_Sample):
    contains: frozenset[str]
    hand_entered: bool = False


class _EmphasisedLabel(_Sample):
    spans: tuple[tuple[int, int] | tuple[int, int, str], ...]


_Row = TypeVar("_Row", bound=_Sample)


@dataclass(frozen=True, slots=True)
class LabelScore:
    """How declared allergens were found: in all labels, those of one language, or of one group.

    Attributes:
        labels: How many labels; nothing for a group.
        right: Pairs of a label and a group that both have.
        surplus: Pairs that the answer alone has.
        missed: Pairs that the declaration alone has.
        traced: Those of the missed ones that were answered as "may contain".
    """

    name: str
    labels: int
    right: int
    surplus: int
    missed: int
    traced: int

    @property
    def precision(self) -> float:
        """Return the share of the answers that were declared."""
        return _share(self.right, self.right + self.surplus)

    @property
    def recall(self) -> float:
        """Return the share of the declared that were answered."""
        return _share(self.right, self.right + self.missed)

    @property
    def recall_with_traces(self) -> float:
        """Return the same, if an answer of "may contain" counts."""
        return _share(self.right + self.traced, self.right + self.missed)

    @property
    def interval(self) -> tuple[float, float]:
        """Return between what the recall lies."""
        return wilson(self.right, self.right + self.missed)


@dataclass(frozen=True, slots=True)
class SpanScore:
    """How many of the words that labels emphasise some finding overlaps, in all or in one language."""

    name: str
    spans: int
    found: int

    @property
    def recall(self) -> float:
        """Return the share that was found."""
        return _share(self.found, self.spans)

    @property
    def interval(self) -> tuple[float, float]:
        """Return between what the recall lies."""
        return wilson(self.found, self.spans)


def score_labels(
    lines: Iterable[str], *, hand_entered: bool = False, lang: str | None = None
) -> list[LabelScore]:
    """Score declared allergens.

    Args:
        lines: JSON objects with `text`, `lang`, `contains` (codes of groups) and perhaps `hand_entered`.
        hand_entered: Whether to leave out what no person entered.
        lang: Whether to leave out other languages.

    Raises:
        LabelLineError: A line is no such object.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for label in _rows(lines, _DeclaredLabel, lang):
        if hand_entered and not label.hand_entered:
            continue
        found, traced = named_groups(find_allergens(label.text, label.lang))
        both = (_ALL, f"lang:{label.lang}")
        for name in both:
            counts[name]["labels"] += 1
        for group in label.contains | found:
            kind = "missed" if group not in found else "right" if group in label.contains else "surplus"
            for name in (*both, group):
                counts[name][kind] += 1
                counts[name]["traced"] += kind == "missed" and group in traced
    members = ("labels", "right", "surplus", "missed", "traced")
    names = sorted(counts, key=lambda name: (name != _ALL, name))
    return [LabelScore(name, *(counts[name][member] for member in members)) for name in names]


def score_spans(lines: Iterable[str], *, lang: str | None = None) -> list[SpanScore]:
    """Score words that labels emphasise.

    Args:
        lines: JSON objects with `text`, `lang` and `spans`: `[start, end, ...]` in code points.
        lang: Whether to leave out other languages.

    Raises:
        LabelLineError: A line is no such object.
    """
    totals: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    for label in _rows(lines, _EmphasisedLabel, lang):
        places = [
            (finding.mention.start, finding.mention.end) for finding in find_allergens(label.text, label.lang)
        ]
        for start, end, *_ in label.spans:
            is_found = any(first < end and last > start for first, last in places)
            for name in (_ALL, label.lang):
                totals[name] += 1
                hits[name] += is_found
    names = sorted(totals, key=lambda name: (name != _ALL, -totals[name]))
    return [SpanScore(name, totals[name], hits[name]) for name in names]


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Return Wilson's interval of 95 % around a share."""
    if not total:
        return 0.0, 1.0
    share, square = hits / total, _Z * _Z
    centre = (share + square / (2 * total)) / (1 + square / total)
    half = _Z * math.sqrt(share * (1 - share) / total + square / (4 * total * total)) / (1 + square / total)
    return centre - half, centre + half


def _rows(lines: Iterable[str], kind: type[_Row], lang: str | None) -> Iterator[_Row]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = kind.model_validate_json(line)
        except ValidationError as error:
            members = ", ".join(
                f"`{name}`" for name, field in kind.model_fields.items() if field.is_required()
            )
            raise LabelLineError(f"line {number} is not a label with {members}") from error
        if lang in {None, row.lang}:
            yield row


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
