"""Copies of the shipped catalogue, for tests to spoil."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from backend.services.catalog.entries import LANGUAGES
from backend.services.catalog.files import FOLDER

FILES = ("allergens", "substances", "diets", "conditions", "regimes", "code_lists")
Entries = list[dict[str, Any]]


def named(code: str, **members: Any) -> dict[str, Any]:
    """Return an entry with a name of its own in every language."""
    return {"code": code, "names": {language: f"{code} {language}" for language in LANGUAGES}, **members}


def copy(folder: Path, changes: Mapping[str, Callable[[Entries], object]] | None = None) -> Path:
    """Write the shipped catalogue into a folder, with changes by file."""
    for name in FILES:
        entries = yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
        if changes and name in changes:
            changes[name](entries)
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(entries, allow_unicode=True), "utf-8")
    return folder


def with_entry(folder: Path, part: str, entry: dict[str, Any]) -> Path:
    """Write the shipped catalogue with one entry more."""
    return copy(folder, {part: lambda entries: entries.append(entry)})
