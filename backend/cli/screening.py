"""Checking labels without a service."""

import sys
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from backend.cli import setup, verdicts
from backend.core.errors import InvalidInputError
from backend.schemas.health import Severity
from backend.schemas.screening import GuestCheck, Verdict
from backend.services import screening

commands = typer.Typer()

_SECTIONS: Final = {
    "allergy": "allergies",
    "diet": "dietary_restrictions",
    "condition": "medical_conditions",
}
_TRACES_OK: Final = "traces-ok"
_Names = list[str] | None


@commands.command()
def screen(  # noqa: PLR0913 - options of a command are arguments
    text: Annotated[str | None, typer.Argument(help="The label; - reads standard input.")] = None,
    *,
    allergy: Annotated[
        _Names, typer.Option(help="Name, perhaps with :severity and :traces-ok. May come again.")
    ] = None,
    diet: Annotated[_Names, typer.Option(help="Name of a diet. May come again.")] = None,
    condition: Annotated[_Names, typer.Option(help="Name of a condition. May come again.")] = None,
    person: Annotated[
        _Names, typer.Option(help='"Ana: allergy=milk:mild, diet=vegan". May come again.')
    ] = None,
    lang: Annotated[str | None, typer.Option(help="The label's language.")] = None,
    regime: Annotated[str | None, typer.Option(help="The food law of the label: eu, uk, us, ...")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as the API gives it.")] = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Many labels, one JSON object a line.")] = False,
) -> None:
    """Check a label for people, or many labels against every allergen.

    Prints the label with what was found marked, and a table. Ends with 0 if no conflict was found, with 1 if
    one was or nobody can tell, and with 2 if the question makes no sense. Nothing that it prints says "safe".

    With --jsonl, each line in: `{"id": ..., "text": ..., "lang": ...}`; each line out: `{"id", "contains",
    "may_contain", "findings": [{"start", "end", ...}]}`. Offsets are Unicode code points into the text.
    """
    if jsonl:
        if text is not None or allergy or diet or condition or person:
            setup.fail("--jsonl checks labels from standard input against every allergen: give nothing else.")
        _screen_lines()
        return
    if text is None:
        setup.fail("Give a label, or - and the label on standard input, or --jsonl.")
    table = _table({"allergy": allergy or [], "diet": diet or [], "condition": condition or []}, person or [])
    printed = _standard_input() if text == "-" else text
    question = {"text": printed, "lang": lang, "regime": regime}
    data = setup.checked(GuestCheck, **question, **table)
    try:
        answer = screening.answer_guests(data)
    except InvalidInputError as error:
        for violation in error.violations:
            near = f" (near: {', '.join(violation.suggestions)})" if violation.suggestions else ""
            typer.echo(f"{violation.pointer}: {violation.detail}{near}", err=True)
        raise typer.Exit(2) from None
    if as_json:
        typer.echo(answer.model_dump_json(indent=2))
    else:
        verdicts.show(printed, answer)
    raise typer.Exit(0 if answer.verdict is Verdict.NO_CONFLICT_FOUND else 1)


def _table(own: dict[str, list[str]], people: Iterable[str]) -> dict[str, object]:
    """Return the guests that options describe: one without a name, and those with names."""
    table: dict[str, object] = {}
    if any(own.values()):
        table["requirements"] = _requirements((kind, name) for kind in own for name in own[kind])
    guests = []
    for spec in people:
        name, colon, rest = spec.partition(":")
        pairs = [part.partition("=") for part in rest.split(",")]
        if not colon or any(kind.strip() not in _SECTIONS or not value for kind, _, value in pairs):
            setup.fail('A person is written as "Ana: allergy=milk, diet=vegan, condition=coeliac disease".')
        requirements = _requirements((kind.strip(), value.strip()) for kind, _, value in pairs)
        guests.append({"name": name, "requirements": requirements})
    if guests:
        table["guests"] = guests
    if not table:
        setup.fail("Say what to look for: --allergy, --diet, --condition or --person.")
    return table


def _requirements(named: Iterable[tuple[str, str]]) -> dict[str, list[Any]]:
    requirements: dict[str, list[Any]] = {}
    for kind, name in named:
        entry = _allergy(name) if kind == "allergy" else name
        requirements.setdefault(_SECTIONS[kind], []).append(entry)
    return requirements


def _allergy(spec: str) -> dict[str, object]:
    name, *words = (part.strip() for part in spec.split(":"))
    allergy: dict[str, object] = {"name": name}
    for word in words:
        if word == _TRACES_OK:
            allergy["avoid_traces"] = False
        elif word in list(Severity):
            allergy["severity"] = word
        else:
            setup.fail(f"After an allergy's name comes one of {', '.join(Severity)}, or {_TRACES_OK}.")
    return allergy


def _standard_input() -> str:
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr] # a text stream when run from a shell
    try:
        return sys.stdin.read().rstrip("\n")
    except UnicodeDecodeError:
        setup.fail("Standard input is not UTF-8.")


def _screen_lines() -> None:
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr] # a text stream when run from a shell
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr] # as above
    try:
        for line in _counted(screening.answer_labels(sys.stdin)):
            typer.echo(line)
    except screening.LabelLineError as error:
        setup.fail(str(error))
    except UnicodeDecodeError:
        setup.fail("Standard input is not UTF-8.")


def _counted(lines: Iterable[str]) -> Iterator[str]:
    """Show on a terminal how many were answered, unless the answers themselves go there."""
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield from lines
        return
    columns = (SpinnerColumn(), TextColumn("{task.completed} labels"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("labels", total=None)
        for line in lines:
            progress.advance(task)
            yield line
