"""An answer about a label for people to read: the label itself with what was found, and a table."""

import sys
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from backend.schemas.screening import FindingResponse, PersonResponse, ScreeningResponse, Verdict

_STYLES: Final = {
    Verdict.CONTAINS: "bold white on red",
    Verdict.MAY_CONTAIN: "bold black on yellow",
    Verdict.LIKELY: "bold magenta underline",
    Verdict.UNKNOWN: "bold cyan underline",
    Verdict.NO_CONFLICT_FOUND: "bold",
}
_ORDER: Final = list(Verdict)
_WIDE: Final = 200  # columns, where nothing says how wide the output is


def show(text: str, answer: ScreeningResponse, console: Console | None = None) -> None:
    """Print a label with what was found in it, and who is concerned."""
    console = console or Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
    console.print(marked(console, text, answer), soft_wrap=True)
    console.print(_table(answer))
    coverage = answer.coverage
    console.print(
        f"Understood {coverage.understood} of {coverage.total} words, "
        f"{coverage.ingredients.understood} of {coverage.ingredients.listed} ingredients."
    )
    if coverage.unknown:
        unknown = ", ".join(dict.fromkeys(words.text for words in coverage.unknown))
        console.print(Text(f"Not understood: {unknown}"), soft_wrap=True)


def marked(console: Console, text: str, answer: ScreeningResponse) -> Text:
    """Return a label with what was found in it marked: by colours, or by signs where there are none."""
    findings = [finding for person in answer.people for finding in person.findings]
    has_colours = console.color_system is not None and not console.no_color
    return _coloured(text, findings) if has_colours else Text(_bracketed(text, findings))


def _coloured(text: str, findings: list[FindingResponse]) -> Text:
    marked = Text(text)
    for finding in sorted(findings, key=lambda finding: -_ORDER.index(finding.verdict)):  # the worst on top
        marked.stylize(_STYLES[finding.verdict], finding.start, finding.end)
    return marked


def _bracketed(text: str, findings: list[FindingResponse]) -> str:
    """Mark what was found where there are no colours; what overlaps is marked once."""
    marked, done = [], 0
    for start, end in _joined(findings):
        marked += [text[done:start], "»", text[start:end], "«"]
        done = end
    return "".join((*marked, text[done:]))


def _joined(findings: list[FindingResponse]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted({(finding.start, finding.end) for finding in findings}):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _table(answer: ScreeningResponse) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False)
    for name in ("person", "requirement", "verdict", "words", "reason"):
        table.add_column(name, overflow="fold")
    for number, person in enumerate(answer.people):
        who = person.guest or ("" if len(answer.people) == 1 else f"guest {number + 1}")
        for requirement in person.requirements:
            words = _words(person, requirement.type, requirement.code)
            verdict = Text(requirement.verdict.replace("_", " "), _STYLES[requirement.verdict])
            # Text, since a string would be read as markup.
            table.add_row(Text(who), requirement.name, verdict, Text(words), Text(requirement.reason))
    return table


def _words(person: PersonResponse, kind: str, code: str) -> str:
    found = (
        finding.text
        for finding in person.findings
        if (finding.requirement.type, finding.requirement.code) == (kind, code)
    )
    return ", ".join(dict.fromkeys(found))
