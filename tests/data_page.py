"""What `docs/data.md` says of every table and column, for tests to hold against database and export."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "data.md").read_text("utf-8")


@dataclass(frozen=True)
class Column:
    """One row of a table of the page.

    Attributes:
        file: In which file of an export it stands; empty where in none.
        places: Where in the file: JSON Pointers with `*` for every element, or names of a table's columns.
        reason: Why it is in none.
    """

    table: str
    name: str
    stored: str
    file: str
    places: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Table:
    """One section of the page."""

    holds: str
    kept: str
    erasure: str
    columns: tuple[Column, ...]


def read(page: str = PAGE) -> dict[str, Table]:
    """Return what the page says, by table."""
    return {
        name: _table(name, text) for name, text in re.findall(r"(?ms)^### `(\w+)`\n(.*?)(?=^##|\Z)", page)
    }


def foreign_keys(page: str = PAGE) -> set[tuple[str, str]]:
    """Return the lines of the diagram: from which table to which."""
    return set(re.findall(r"(?m)^  (\w+) \|\|--o\{ (\w+) :", page))


def drawn(page: str = PAGE) -> set[str]:
    """Return the tables of the diagram."""
    diagram = page.partition("```mermaid")[2].partition("```")[0]
    return set(re.findall(r"\b[a-z]\w+\b", re.sub(r'"[^"]*"', "", diagram))) - {"erDiagram"}


def words(heading: str, page: str = PAGE) -> set[str]:
    """Return the words that a table with that heading explains."""
    table = page.partition(f"\n| {heading} | ")[2].partition("\n\n")[0]
    return set(re.findall(r"(?m)^\| ([a-z][^|]*?) \|", table))


def _table(name: str, text: str) -> Table:
    parts = dict(re.findall(r"(?ms)^\*\*(\w+)\.\*\* (.*?)(?=^\*\*|\n\n|\Z)", text))
    rows = re.findall(r"(?m)^\| `(\w+)` \| ([^|]+?) \| ([^|]+?) \|$", text)
    columns = tuple(_column(name, *row) for row in rows)
    return Table(parts.get("Holds", ""), parts.get("Kept", ""), parts.get("Erasure", ""), columns)


def _column(table: str, name: str, stored: str, export: str) -> Column:
    if export.startswith("no: "):
        return Column(table, name, stored, "", (), export)
    file, *places = re.findall(r"`([^`]+)`", export)
    return Column(table, name, stored, file, tuple(places), "")
