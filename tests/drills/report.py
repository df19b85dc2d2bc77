"""What a drill found, and the table at the end that says of each bar whether it holds."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

PROPERTY: Final = "drill"
"""The name under which a test hands its finding to the table, from whichever process runs it."""

_TITLES: Final = ("drill", "sent", "acked", "lost", "wrong", "seconds out", "bar", "holds")


@dataclass(frozen=True)
class Finding:
    """What one drill found.

    Attributes:
        drill: What was done to the service.
        sent: Requests.
        acknowledged: Writes that the service said it had done.
        lost: Of those, how many were not there afterwards.
        wrong: Answers that showed what was not, or was no longer, so.
        outage: Seconds between the two acknowledgements that were furthest apart.
        bar: What must hold besides: nothing lost, nothing wrong.
        holds: Whether it does.
        notes: What was counted besides.
    """

    drill: str
    sent: int
    acknowledged: int
    lost: int
    wrong: int
    outage: float
    bar: str
    holds: bool
    notes: Mapping[str, str | int | float] = field(default_factory=dict)

    @property
    def passes(self) -> bool:
        """Whether nothing was lost or wrong, and the bar holds."""
        return self.holds and not self.lost and not self.wrong

    def to_text(self) -> str:
        """Return what crosses from a test's process to the table's."""
        return json.dumps(asdict(self))

    def row(self) -> tuple[str, ...]:
        """Return the finding as cells of the table."""
        bar = f"lost 0, wrong 0, {self.bar}"
        numbers = (self.sent, self.acknowledged, self.lost, self.wrong)
        return (self.drill, *map(str, numbers), f"{self.outage:.1f}", bar, "yes" if self.passes else "NO")


def parse(text: str) -> Finding:
    """Return the finding that `to_text` wrote."""
    return Finding(**json.loads(text))


def table(findings: Iterable[Finding], others: Iterable[tuple[str, str]]) -> list[str]:
    """Return the closing table, and what was counted besides, line by line.

    Args:
        findings: Of the drills that came to their end.
        others: Names of drills that did not, and what became of each.
    """
    findings = list(findings)
    rows = [_TITLES, *(finding.row() for finding in findings)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_TITLES))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    lines += [f"{name}: {outcome}" for name, outcome in others]
    lines += [
        f"{finding.drill}: {', '.join(f'{name} {value}' for name, value in finding.notes.items())}"
        for finding in findings
        if finding.notes
    ]
    return lines
