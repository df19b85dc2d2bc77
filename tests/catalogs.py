"""Copies of the shipped catalogue, for tests to spoil."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from backend.services.catalog.entries import LANGUAGES
from backend.services.catalog.files import FOLDER

FILES = ("allergens", "substances", "diets", "conditions", "regimes", "code_lists")
Entries = list[dict[str, Any]]
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def named(code: str, **members: Any) -> dict[str, Any]:
    """Return an entry with a name of its own in every language."""
    return {"code": code, "names": {language: f"{code} {language}" for language in LANGUAGES}, **members}


def copy(folder: Path, changes: Mapping[str, Callable[[Entries], object]] | None = None) -> Path:
    """Write the shipped catalogue into a folder, with changes by file."""
    for name in FILES:
        shipped, own = FOLDER / f"{name}.yaml", folder / f"{name}.yaml"
        if changes and name in changes:
            # In C where PyYAML was built with it: reading and writing the allergens takes a second otherwise.
            entries = yaml.load(shipped.read_text("utf-8"), Loader=_LOADER)  # noqa: S506 - a safe one
            changes[name](entries)
            own.write_text(yaml.dump(entries, Dumper=_DUMPER, allow_unicode=True), "utf-8")
        else:
            own.write_bytes(shipped.read_bytes())
    return folder


def with_entry(folder: Path, part: str, entry: dict[str, Any]) -> Path:
    """Write the shipped catalogue with one entry more."""
    return copy(folder, {part: lambda entries: entries.append(entry)})
