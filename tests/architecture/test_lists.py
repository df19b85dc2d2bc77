"""The lists of settings and commands are complete."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel

from backend import __version__
from backend.cli import COMMANDS as COMMANDS_BY_NAME
from backend.cli import app
from backend.core.config import Settings
from backend.core.environment import PREFIX

DOCS = Path(__file__).parents[2] / "docs"
SETTINGS = (DOCS / "settings.md").read_text("utf-8")
COMMANDS = (DOCS / "commands.md").read_text("utf-8")


def _settings(model: type[BaseModel], prefix: str = PREFIX) -> Iterator[str]:
    for name, field in model.model_fields.items():
        group = field.annotation
        if isinstance(group, type) and issubclass(group, BaseModel):
            yield from _settings(group, f"{prefix}{name.upper()}__")
        else:
            yield prefix + name.upper()


def _listed() -> Iterator[str]:
    """Return what the table's first column names; `__NAME` stands for another of the row's group."""
    for row in re.findall(rf"(?m)^\| (`{PREFIX}[^|]*) \|", SETTINGS):
        first, *others = re.findall(r"`(\w+)`", row)
        yield first
        yield from (first.rpartition("__")[0] + other for other in others)


def _commands(group: typer.core.TyperGroup, path: str) -> Iterator[str]:
    context = group.make_context(path, [], resilient_parsing=True)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, typer.core.TyperGroup):
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}"


def test_every_setting_is_in_the_table_and_nothing_else() -> None:
    assert sorted(_listed()) == sorted(_settings(Settings))


def test_every_command_is_explained() -> None:
    root = typer.main.get_command(app)
    assert isinstance(root, typer.core.TyperGroup)

    assert [
        name for name in _commands(root, "safeplate") if f"| `{name}" not in COMMANDS.replace(", `", "| `")
    ] == []


@pytest.mark.parametrize("name", COMMANDS_BY_NAME)
def test_the_list_of_commands_says_what_each_says_of_itself(name: str) -> None:
    root = typer.main.get_command(app)
    assert isinstance(root, typer.core.TyperGroup)

    command = root.get_command(root.make_context("safeplate", [], resilient_parsing=True), name)

    assert command is not None
    first = " ".join((command.help or "").partition("\n\n")[0].split())
    assert first == COMMANDS_BY_NAME[name].help


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        app(["--version"])

    assert capsys.readouterr().out == f"safeplate {__version__}\n"
