"""Lists for people, as tables, and for programs, as JSON."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from backend.schemas.base import Outgoing

_WIDE = 200  # columns, where nothing says how wide the output is


def show(items: Sequence[Outgoing], columns: Iterable[str], *, as_json: bool) -> None:
    """Print what is listed: all of it as JSON, or some of its members as a table."""
    if as_json:
        listed = [item.model_dump(mode="json") for item in items]
        typer.echo(json.dumps(listed, indent=2, ensure_ascii=False))
        return
    table = Table(box=box.SIMPLE, pad_edge=False)
    for name in columns:
        table.add_column(name.replace("_", " "), overflow="fold")
    for item in items:
        # Text, since a string would be read as markup.
        table.add_row(*(Text(_cell(getattr(item, name))) for name in columns))
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)


def _cell(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return "yes" if value else ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}Z"
    return str(value)
