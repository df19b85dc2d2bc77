"""The `safeplate` command: wiring only."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from alembic.util import CommandError
from limits.errors import ConfigurationError
from pydantic import ValidationError
from pydantic_settings import SettingsError
from sqlalchemy.exc import DBAPIError
from uvicorn.supervisors import Multiprocess

from backend import __version__
from backend.core import bootstrap, config, keys, migrations, rotation
from backend.core.config import Settings
from backend.core.http import GuardedHttpProtocol
from backend.main import create_app
from backend.services import screening

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="May these people eat this?",
)
keys_app = typer.Typer(no_args_is_help=True, help="The service's keys.")
db_app = typer.Typer(no_args_is_help=True, help="The database's schema.")
app.add_typer(keys_app, name="keys")
app.add_typer(db_app, name="db")

DataDir = Annotated[Path | None, typer.Option(help="Folder of the database and the keys.")]

_TOUR = """\
Safeplate {version} listens on {url}
  API     {url}/api/v1
  Docs    {url}/docs
  Data    {data}
  Stop    Ctrl+C

The main job in four commands (paste them into another terminal):

  API={url}/api/v1
  curl -sS -w '\\n' $API/users -H 'Content-Type: application/json' \\
    -d '{{"email": "amira@example.com", "username": "amira", "password": "Sesame-Street-9"}}'
  TOKEN=$(curl -sS $API/auth/login -d username=amira -d password=Sesame-Street-9 \\
    | sed -E 's/.*"access_token":"([^"]+)".*/\\1/')
  curl -sS -w '\\n' $API/health/profiles -H "Authorization: Bearer $TOKEN" \\
    -H 'Content-Type: application/json' \\
    -d '{{"allergies": [{{"name": "milk", "severity": "life_threatening"}}, {{"name": "peanut"}}],
         "dietary_restrictions": ["vegetarian"], "medical_conditions": ["coeliac disease"]}}'
  curl -sS -w '\\n' $API/screening/check -H "Authorization: Bearer $TOKEN" \\
    -H 'Content-Type: application/json' \\
    -d '{{"text": "Ingredients: sugar, cocoa butter, semolina, whey powder. May contain peanuts."}}'
"""

_BY_HAND = """\
The signing keys come from a setting, which no command can change: nothing has changed yet. Put the set above
into the secret store and restart every process before the new key signs. They change over by themselves then.
If that takes longer than the delay, discard the set and choose a longer --delay.
"""


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 picks a free one.")
    ] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that serve.")] = 1,
    data_dir: DataDir = None,
) -> None:
    """Prepare the data folder, the keys and the schema, and serve."""
    settings = _prepared(data_dir)
    with _explained():
        asyncio.run(migrations.upgrade(settings))
        create_app(settings)  # what is wrong with the settings shows before anything is announced
    server_config = uvicorn.Config(
        "backend.main:create_app",
        factory=True,
        http=GuardedHttpProtocol,
        host=host,
        port=port,
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # X-Forwarded-For is read by us, and believed only behind a configured proxy
        timeout_graceful_shutdown=25,
    )
    socket = server_config.bind_socket()
    name = f"[{host}]" if ":" in host else host
    url = f"http://{name}:{socket.getsockname()[1]}"
    typer.echo(_TOUR.format(version=__version__, url=url, data=settings.data_dir.resolve()))
    sys.stdout.flush()
    if workers > 1:
        Multiprocess(server_config, sockets=[socket]).run()
        return
    server = uvicorn.Server(server_config)
    server.run(sockets=[socket])
    if not server.started:
        raise typer.Exit(3)


@app.command()
def screen(
    *,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One JSON object a line, in and out.")] = False,
) -> None:
    """Check labels from standard input against every allergen.

    Each line in: `{"id": ..., "text": ..., "lang": ...}`. Each line out: `{"id", "contains", "may_contain",
    "findings": [{"start", "end", ...}]}` with offsets in Unicode code points into the text.
    """
    if not jsonl:
        _fail("Give --jsonl and labels on standard input.")
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr] # a text stream when run from a shell
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr] # as above
    try:
        for line in screening.answer_labels(sys.stdin):
            typer.echo(line)
    except screening.LabelLineError as error:
        _fail(str(error))
    except UnicodeDecodeError:
        _fail("Standard input is not UTF-8.")


@app.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    master, signing = keys.generate()
    throwaway = Settings.model_validate({"keys": {"master": master, "signing": signing}})
    typer.echo(json.dumps(create_app(throwaway).openapi(), indent=2, ensure_ascii=False))


@keys_app.command("create")
def create_keys() -> None:
    """Print new keys as settings, for hosts whose keys come from a secret store. Stores nothing."""
    master, signing = keys.generate()
    typer.echo(f"SAFEPLATE_KEYS__MASTER={master}\nSAFEPLATE_KEYS__SIGNING='{signing}'")


@keys_app.command("list")
def list_keys(data_dir: DataDir = None) -> None:
    """List the signing keys: which one signs, which wait, are still accepted, or have retired."""
    settings = _settings(data_dir)
    with _explained():
        found = rotation.report(keys.read_signing(settings), settings.auth.access_token_ttl)
    _echo_keys(found)


@keys_app.command("rotate")
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
    settings = _settings(data_dir)
    wait, life = timedelta(seconds=delay), settings.auth.access_token_ttl
    with _explained():
        before, path = keys.read_signing(settings), keys.signing_file(settings)
        if path is not None:
            _echo_keys(rotation.report(rotation.rotate(path, delay=wait, life=life), life))
            return
        after = rotation.add_next(before, delay=wait, life=life)
    typer.echo(f"SAFEPLATE_KEYS__SIGNING='{after.to_text()}'")
    typer.echo(_BY_HAND, err=True)
    _echo_keys(rotation.report(after, life), err=True)


@db_app.command("migrate")
def migrate(data_dir: DataDir = None, revision: str = "head") -> None:
    """Bring the schema to this release's revision. Safe to run while the service runs."""
    settings = _prepared(data_dir)
    with _explained():
        asyncio.run(migrations.upgrade(settings, revision))


def _settings(data_dir: Path | None) -> Settings:
    if data_dir is not None:
        config.export({"data_dir": str(data_dir.absolute())})
    with _explained():
        return Settings()


def _prepared(data_dir: Path | None) -> Settings:
    settings = _settings(data_dir)
    with _explained():
        bootstrap.prepare_folder(settings)
    return settings


def _echo_keys(found: list[rotation.KeyReport], *, err: bool = False) -> None:
    line = "{:43}  {:8}  {:23}  {}"
    typer.echo(line.format("kid", "state", "signs from", "retires at"), err=err)
    for key in found:
        times = rotation.in_words(key.signs_from), rotation.in_words(key.retires_at)
        typer.echo(line.format(key.kid, key.state, *times), err=err)


@contextmanager
def _explained() -> Iterator[None]:
    """Say what an operator can put right in one line each, without a stack trace."""
    try:
        yield
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            name = config.PREFIX + "__".join(str(part) for part in fault["loc"]).upper()
            typer.echo(f"{name}: {fault['msg']}", err=True)
        raise typer.Exit(2) from None
    except SettingsError as error:
        _fail(f"{error}. Lists are written as JSON: '[\"food.example\"]'.")
    except (bootstrap.SettingMissingError, keys.KeysMissingError, CommandError, ConfigurationError) as error:
        _fail(str(error))
    except rotation.RotationPendingError as error:
        _fail(str(error))
    except (DBAPIError, OSError) as error:
        _fail(f"The database or the data folder cannot be used: {error.__cause__ or error}")


def _fail(message: str) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(2)
