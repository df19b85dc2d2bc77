"""What the demo prints."""

import sys
from collections.abc import Iterable, Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from backend import __version__
from backend.cli import verdicts
from backend.cli.demo.household import Answers
from backend.schemas.health import HealthProfileResponse
from backend.schemas.screening import Verdict

_WIDE: Final = 100  # columns, where nothing says how wide the output is
_NARROW: Final = 84  # below that, a table's cells are signs alone
_SHOWN: Final = "Haselnuss-Schnitten"  # the label that is looked at closely
_CELLS: Final = {
    Verdict.CONTAINS: ("✗", "contains", "bold red"),
    Verdict.MAY_CONTAIN: ("!", "may contain", "yellow"),
    Verdict.LIKELY: ("~", "likely", "magenta"),
    Verdict.UNKNOWN: ("?", "unknown", "cyan"),
    Verdict.NO_CONFLICT_FOUND: ("·", "none found", "dim"),
}


def show(answers: Answers, *, stays: bool) -> None:
    """Print the tour.

    Args:
        answers: What the service answered.
        stays: Whether the service goes on, and can be tried.
    """
    console = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
    _banner(console, answers)
    _people(console, answers.people)
    _labels(console, answers)
    _closer_look(console, answers)
    _menu(console, answers)
    if stays:
        _carry_on(console, answers)


def _banner(console: Console, answers: Answers) -> None:
    grid = Table.grid(padding=(0, 2))
    for name, value in (
        ("API", f"{answers.url}/api/v1"),
        ("Try it", f"{answers.url}/docs"),
        ("Sign in", f"{answers.username}  {answers.password}"),
        ("Data", "in a temporary folder, gone when this ends"),
    ):
        grid.add_row(Text(name, "dim"), Text(value))
    title = Text(f"Safeplate {__version__}: may these people eat this?", "bold")
    console.print(Panel(grid, title=title, title_align="left", box=box.ROUNDED, padding=(1, 2), expand=False))


def _people(console: Console, people: Sequence[HealthProfileResponse]) -> None:
    _heading(console, "A household of four, in one account")
    table = _table("who", "keeps off")
    for person in people:
        entries = [
            *(f"{entry.name} ({entry.severity.replace('_', ' ')})" for entry in person.allergies),
            *(entry.name for entry in person.dietary_restrictions),
            *(entry.name for entry in person.medical_conditions),
        ]
        table.add_row(Text(person.display_name or ""), Text(", ".join(entries)))
    console.print(table)


def _labels(console: Console, answers: Answers) -> None:
    cells = len(answers.labels) * len(answers.people)
    languages = len({label["lang"] for label in answers.labels})
    _heading(console, f"{len(answers.labels)} labels in {languages} languages")
    table = _table("label", "", *_names(answers.people))
    for label, line in zip(answers.labels, answers.lines, strict=True):
        verdicts_of = [person.verdict for person in line.answer.people] if line.answer else []
        table.add_row(Text(label["name"]), Text(label["lang"], "dim"), *_cells(console, verdicts_of))
    console.print(table)
    _legend(console)
    console.print(f"{cells} answers in one request, which took {answers.seconds * 1000:.0f} ms.")


def _closer_look(console: Console, answers: Answers) -> None:
    place = [label["name"] for label in answers.labels].index(_SHOWN)
    answer = answers.lines[place].answer
    if answer is None:
        return
    _heading(console, f"Why: {_SHOWN}")
    console.print(verdicts.marked(console, answers.labels[place]["text"], answer))
    console.print()
    for name, person in zip(_names(answers.people), answer.people, strict=True):
        found = [it for it in person.requirements if it.verdict is not Verdict.NO_CONFLICT_FOUND]
        for requirement in found:
            sign, word, style = _CELLS[requirement.verdict]
            line = Text.assemble(
                (f"{sign} {word}", style), f"  {name}, {requirement.name}: ", requirement.reason
            )
            console.print(line)
        if not found:
            sign, word, style = _CELLS[person.verdict]
            console.print(Text.assemble((f"{sign} {word}", style), f"  {name}"))


def _menu(console: Console, answers: Answers) -> None:
    _heading(console, "A menu, which seldom tells all that is in a dish")
    table = _table("dish", *_names(answers.people))
    for dish, answer in zip(answers.dishes, answers.menu.dishes, strict=True):
        table.add_row(Text(dish["name"]), *_cells(console, [cell.verdict for cell in answer.cells]))
    console.print(table)


def _carry_on(console: Console, answers: Answers) -> None:
    _heading(console, "Carry on")
    console.print(
        f"Open {answers.url}/docs, press Authorize, and sign in as {answers.username} with its password.\n"
        "The way from here: docs/quickstart.md. Ctrl+C ends the service and removes its data.",
        soft_wrap=True,
    )


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(Rule(Text(text, "bold"), align="left", style="dim"))


def _table(*names: str) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False, header_style="dim")
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def _names(people: Iterable[HealthProfileResponse]) -> list[str]:
    return [person.display_name or "" for person in people]


def _cells(console: Console, found: Iterable[Verdict]) -> list[Text]:
    """Return what a table shows of verdicts: a sign, which tells them apart without colours, and a word."""
    cells = (_CELLS[verdict] for verdict in found)
    return [Text(sign if console.width < _NARROW else f"{sign} {word}", style) for sign, word, style in cells]


def _legend(console: Console) -> None:
    legend = Text("  ").join(Text(f"{sign} {word}", style) for sign, word, style in _CELLS.values())
    console.print(legend)
    console.print(Text("None found is no promise: a label can be wrong, and so can its reader.", "dim"))
