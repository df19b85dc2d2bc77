"""The catalogue: checking its files, and what operators add to it. A running service heeds every change."""

import json
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from backend.cli import output, setup
from backend.cli.options import DataDir
from backend.cli.service import Service, run
from backend.models.catalog import RequirementType
from backend.schemas.catalog import CatalogEntryCreate, CatalogEntryResponse, CatalogEntryUpdate
from backend.services import admin, catalog, screening

commands = typer.Typer(no_args_is_help=True, help="The catalogue. Safe to use while the service runs.")

Code = Annotated[str, typer.Argument(metavar="CODE", help="Code of an entry: local.something.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_DATA = Path(catalog.__file__).parents[2] / "data"
_PAGE = 200


@commands.command("check")
def check(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder with `catalog` and `lexicon`; what is shipped.")
    ] = _DATA,
) -> None:
    """Check the catalogue's files and the lexicons against it, and print every fault."""
    try:
        faults = catalog.find_faults(folder / "catalog")
        if not faults and (folder / "lexicon").is_dir():
            faults = screening.find_faults(folder / "lexicon", catalog.load(folder / "catalog"))
    except OSError as error:
        setup.fail(f"{error.filename}: {error.strerror}")
    for fault in faults:
        typer.echo(fault, err=True)
    if faults:
        raise typer.Exit(1)
    typer.echo("No fault.")


@commands.command("add")
def add(  # noqa: PLR0913, PLR0917 - what an entry has
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="YAML: entries as the API takes them."),
    ] = None,
    kind: Annotated[RequirementType | None, typer.Option(help="What it is, without a file.")] = None,
    code: Annotated[str | None, typer.Option(help="Begins with local.")] = None,
    name: Annotated[list[str] | None, typer.Option(help="LANGUAGE=NAME; one in English.")] = None,
    synonym: Annotated[list[str] | None, typer.Option(help="LANGUAGE=NAME.")] = None,
    parent: Annotated[list[str] | None, typer.Option(help="Code of what an allergen is a kind of.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Add entries: all of a file, or none of it. A diet or condition has rules, and needs a file."""
    if file is not None:
        listed = _read(file)
    else:
        listed = [
            {
                "kind": kind,
                "code": code,
                "names": {language: names[-1] for language, names in _by_language(name or []).items()},
                "synonyms": _by_language(synonym or []),
                **({"parents": parent} if parent else {}),
            }
        ]
    entries = [setup.checked(CatalogEntryCreate, **item) for item in listed]

    async def store(service: Service) -> None:
        async with service.database.unit() as session:
            for entry in entries:
                await admin.add_entry(session, admin.OPERATOR, entry, keyring=service.keyring)

    run(data_dir, store)
    typer.echo(f"Added {len(entries)}.")


@commands.command("retire")
def retire(code: Code, data_dir: DataDir = None) -> None:
    """Take an entry off the list: who has it keeps it, and nobody records it anew."""
    run(data_dir, partial(_update, code=code, data=CatalogEntryUpdate(retired=True)))
    typer.echo("Retired.")


@commands.command("restore")
def restore(code: Code, data_dir: DataDir = None) -> None:
    """Take an entry back into the list."""
    run(data_dir, partial(_update, code=code, data=CatalogEntryUpdate(retired=False)))
    typer.echo("Restored.")


@commands.command("list")
def list_entries(*, as_json: Json = False, data_dir: DataDir = None) -> None:
    """List what operators added, retired entries too."""
    items = run(data_dir, _list)
    output.show(items, ("code", "kind", "version", "retired_at", "updated_at"), as_json=as_json)


def _read(file: Path) -> list[dict[str, Any]]:  # whatever a file holds: the body's rules decide
    try:
        found = yaml.safe_load(file.read_text("utf-8"))
    except OSError as error:
        setup.fail(f"{file}: {error.strerror}")
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        setup.fail(f"{file}: {' '.join(str(error).split())}")
    # Through JSON, so that nothing is there that the API could not be sent.
    listed: list[dict[str, Any]] = json.loads(
        json.dumps(found if isinstance(found, list) else [found], default=str)
    )
    if not all(isinstance(item, dict) for item in listed):
        setup.fail(f"{file}: is neither an entry nor a list of entries")
    return listed


def _by_language(options: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for option in options:
        language, _, name = option.partition("=")
        found.setdefault(language, []).append(name)
    return found


async def _update(service: Service, *, code: str, data: CatalogEntryUpdate) -> None:
    async with service.database.unit() as session:
        await admin.update_entry(session, admin.OPERATOR, code, data, versions=None, keyring=service.keyring)


async def _list(service: Service) -> list[CatalogEntryResponse]:
    items: list[CatalogEntryResponse] = []
    async with service.database.reader() as session:
        while True:
            after = items[-1].code if items else None
            rows = await admin.list_entries(session, after=after, limit=_PAGE + 1)
            items += [admin.to_entry_response(row) for row in rows[:_PAGE]]
            if len(rows) <= _PAGE:
                return items
