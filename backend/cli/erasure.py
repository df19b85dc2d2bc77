"""Receipts of erasures."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from backend.cli import service, setup
from backend.cli.options import DataDir
from backend.cli.service import Service
from backend.core import keys
from backend.core.config import Settings
from backend.core.ledger import ERASURES_FILE
from backend.core.signing import SigningKeys
from backend.schemas.erasure import ErasureReceipt, ReceiptFindings
from backend.services import erasure

commands = typer.Typer(no_args_is_help=True, help="Receipts of erasures.")

Receipts = Annotated[
    list[Path] | None,
    typer.Option(
        help="More receipts: one as its owner got it, or lines of `erasures.jsonl` or a system's log.",
        exists=True,
        dir_okay=False,
    ),
]


@commands.command("replay")
def replay(
    receipts: Receipts = None,
    data_dir: DataDir = None,
) -> None:
    """Erase again whoever came back with a backup, by `erasures.jsonl` and the receipts that are named.

    Touches nobody else, and can be done at any time. `safeplate db restore` does it by itself.
    """
    erased, known = service.run(data_dir, partial(_replay, paths=receipts))
    typer.echo(f"Erased again: {erased}, of {known} accounts that had been erased.")


@commands.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="The receipt.", exists=True, dir_okay=False)],
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="Check the signature alone, without the database.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Check that this service signed a receipt, and that nothing is left of the account.

    Ends with status 1 if it did not, or something is left.
    """
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError:
        setup.fail("The file is not UTF-8.")
    if offline:
        settings = setup.read_settings(data_dir)
        with setup.explained():
            signing = SigningKeys(keys.read_signing(settings), life=settings.auth.access_token_ttl)
        _tell(_read(text, signing))
        return
    findings = service.run(data_dir, partial(_examine, text=text))
    _tell(findings.receipt)
    _tell_findings(findings)


def read_all(settings: Settings, paths: Iterable[Path] | None, signing: SigningKeys) -> list[ErasureReceipt]:
    """Return the receipts that are written outside the database, and those of more files."""
    own = settings.data_dir / ERASURES_FILE
    files = [*([own] if own.exists() else []), *(paths or ())]
    found: list[ErasureReceipt] = []
    for file in files:
        try:
            found += erasure.read_receipts(file.read_text("utf-8"), signing=signing)
        except (erasure.ReceiptInvalidError, UnicodeDecodeError) as error:
            setup.fail(f"{file}: {getattr(error, 'detail', None) or 'This is no receipt of this service.'}")
    return found


async def _replay(running: Service, *, paths: list[Path] | None) -> tuple[int, int]:
    found = read_all(running.settings, paths, running.keyring.signing)
    erased = await erasure.replay(running.database, found, keyring=running.keyring)
    return erased, len({receipt.pseudonym for receipt in found})


def _read(text: str, signing: SigningKeys) -> ErasureReceipt:
    try:
        return erasure.read(text, signing=signing)
    except erasure.ReceiptInvalidError as error:
        typer.echo(f"{error.title}.", err=True)
        raise typer.Exit(1) from None


async def _examine(running: Service, *, text: str) -> ReceiptFindings:
    receipt = _read(text, running.keyring.signing)
    async with running.database.reader() as session:
        return await erasure.examine(session, receipt)


def _tell(receipt: ErasureReceipt) -> None:
    rows = ", ".join(f"{table} {count}" for table, count in sorted(receipt.rows.items()) if count)
    typer.echo("Signed by this service.")
    typer.echo(f"Account {receipt.pseudonym} was erased at {receipt.erased_at:%Y-%m-%d %H:%M:%S}Z.")
    typer.echo(f"Asked for by {receipt.asked_by}, done by {receipt.erased_by}. Rows destroyed: {rows}.")
    for key in receipt.keys:
        typer.echo(f"Key destroyed: {key.name} {key.fingerprint} under master key {key.master_key}.")


def _tell_findings(findings: ReceiptFindings) -> None:
    if findings.is_complete:
        typer.echo("Nothing of it is left in the database, and its chain of events tells of the erasure.")
        return
    for table, count in sorted(findings.rows.items()):
        typer.echo(f"Left: {count} rows of {table}.", err=True)
    if findings.place_key:
        typer.echo("Left: the key of where its events came from.", err=True)
    if not findings.audit:
        typer.echo("The chain of events does not tell of the erasure.", err=True)
    raise typer.Exit(1)
