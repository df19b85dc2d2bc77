"""The service's keys."""

from datetime import timedelta
from typing import Annotated

import typer

from backend.cli import masters, setup
from backend.cli.options import DataDir
from backend.core import keys, rotation

commands = typer.Typer(no_args_is_help=True, help="The service's keys.")
commands.add_typer(masters.commands)

_BY_HAND = """\
The signing keys come from a setting, which no command can change: nothing has changed yet. Put the set above
into the secret store and restart every process before the new key signs. They change over by themselves then.
If that takes longer than the delay, discard the set and choose a longer --delay.
"""


@commands.command("create")
def create_keys() -> None:
    """Print new keys as settings, for hosts whose keys come from a secret store. Stores nothing."""
    master, signing = keys.generate()
    typer.echo(f"SAFEPLATE_KEYS__MASTER={master}\nSAFEPLATE_KEYS__SIGNING='{signing}'")


@commands.command("list")
def list_keys(data_dir: DataDir = None) -> None:
    """List the keys that sign, and the master keys with how many values are under each.

    Which one signs, which wait, are still accepted, or have retired; which one wraps, which others open.
    """
    settings = setup.read_settings(data_dir)
    with setup.explained():
        found = rotation.report(keys.read_signing(settings), settings.auth.access_token_ttl)
        wrapping = keys.read_masters(settings)
        counts = masters.count(settings)
    _echo_keys(found)
    typer.echo()
    masters.echo_keys(wrapping, counts)


@commands.command("rotate")
def rotate_keys(
    delay: Annotated[
        int,
        typer.Option(min=0, max=2_592_000, help="Seconds from publishing the new key to signing with it."),
    ] = 600,
    data_dir: DataDir = None,
) -> None:
    """Add the next signing key. Running processes follow by themselves; nobody is signed out.

    The new key signs after the delay: who caches the public keys, for up to five minutes, must learn of it.
    The old one is accepted until its last token has expired, so run this with the service's settings.
    """
    settings = setup.read_settings(data_dir)
    wait, life = timedelta(seconds=delay), settings.auth.access_token_ttl
    with setup.explained():
        before, path = keys.read_signing(settings), keys.signing_file(settings)
        if path is not None:
            _echo_keys(rotation.report(rotation.rotate(path, delay=wait, life=life), life))
            return
        after = rotation.add_next(before, delay=wait, life=life)
    typer.echo(f"SAFEPLATE_KEYS__SIGNING='{after.to_text()}'")
    typer.echo(_BY_HAND, err=True)
    _echo_keys(rotation.report(after, life), err=True)


def _echo_keys(found: list[rotation.KeyReport], *, err: bool = False) -> None:
    line = "{:43}  {:8}  {:23}  {}"
    typer.echo(line.format("kid", "state", "signs from", "retires at"), err=err)
    for key in found:
        times = rotation.in_words(key.signs_from), rotation.in_words(key.retires_at)
        typer.echo(line.format(key.kid, key.state, *times), err=err)
