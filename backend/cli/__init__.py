"""The `safeplate` command: one module for each group of commands, wiring only.

A module is loaded when one of its commands is run: most need the whole service, which takes a second, and
`--help` needs nothing of it.
"""

import importlib
from typing import Annotated, Any, Final, NamedTuple, TypeAlias

import typer
from typer.core import TyperCommand, TyperGroup

from backend import __version__
from backend.utils.collecting import uncollected


class _Entry(NamedTuple):
    """A command, or a group of them.

    Attributes:
        module: Where it is.
        help: What the list of commands says of it: its first sentence.
        is_group: Whether the module's commands go under this name, rather than one of them having it.
    """

    module: str
    help: str
    is_group: bool = False


COMMANDS: Final = {
    "serve": _Entry("serving", "Prepare the data folder, the keys and the schema, and serve."),
    "openapi": _Entry("openapi", "Print the OpenAPI document."),
    "worker": _Entry(
        "worker",
        "Prepare like `serve`, and do the jobs: letters, exports, audit heads, erasures, tidying up.",
    ),
    "screen": _Entry("screening", "Check a label for people, or many labels against every allergen."),
    "demo": _Entry("demo", "Show a household of four, labels in many languages and a menu."),
    "doctor": _Entry(
        "doctor",
        "Look at the whole service, and at all that it stores. Ends with status 1 if something is wrong.",
    ),
    "evaluate": _Entry("evaluation", "Measure how good the screening is.", is_group=True),
    "keys": _Entry("keys", "The service's keys.", is_group=True),
    "db": _Entry("db", "The database: its schema, and backups of it.", is_group=True),
    "user": _Entry("users", "Accounts. Safe to use while the service runs.", is_group=True),
    "audit": _Entry("audit", "What happened: the chains of events.", is_group=True),
    "erasure": _Entry("erasure", "Receipts of erasures.", is_group=True),
    "catalog": _Entry("catalog", "The catalogue. Safe to use while the service runs.", is_group=True),
}


class _Commands(TyperGroup):
    """The commands by name, each loaded when it is asked for."""

    _is_listing = False

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - the base's signature
        super().__init__(**attributes)
        self.commands = {name: TyperCommand(name, help=entry.help) for name, entry in COMMANDS.items()}

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - the base's signature
        """Return a command, or None where there is none of the name."""
        entry = COMMANDS.get(cmd_name)
        if entry is None or self._is_listing:
            return self.commands.get(cmd_name)
        with uncollected():
            module = importlib.import_module(f"backend.cli.{entry.module}")
        group = typer.main.get_group(module.commands)
        group.name = cmd_name
        return group if entry.is_group else group.get_command(ctx, cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - the base's signature
        """Write the list of commands from the table above."""
        self._is_listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._is_listing = False


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="May these people eat this?",
)


def _show_version(*, asked: bool) -> None:
    if asked:
        typer.echo(f"safeplate {__version__}")
        raise typer.Exit


_Version: TypeAlias = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
]


@app.callback()
def _root(*, _version: _Version = False) -> None:
    """Nothing of its own: it makes this a group."""
