"""PostgreSQL's own programs: where they are, and how they reach the database without telling anybody how."""

import os
import re
import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backend.core.config import Settings
from backend.core.database.tls import is_here
from backend.utils import postgres_urls
from backend.utils.postgres_urls import PostgresUrl

_INSTALLED: Final = Path("/usr/lib/postgresql")  # Debian's place: one folder for each version
_VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)")


class ProgramMissingError(Exception):
    """A program is not here, or is older than the server; the message says which, and what would help."""


class ProgramFailedError(Exception):
    """A program of PostgreSQL's failed; the message is its own, which names objects and no values."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that was found."""

    path: Path
    major: int


def find(name: str, *, server: int | None) -> Program:
    """Return a program of the server's version or a newer one: an older one does not know all that there is.

    Args:
        name: `pg_dump` or `pg_restore`.
        server: The server's major version; none where no server is asked, and the newest program is best.

    Raises:
        ProgramMissingError: There is none.
    """
    found = [program for path in _candidates(name) if (program := _program(path)) is not None]
    fitting = [program for program in found if program.major >= (server or 0)]
    if not fitting:
        have = ", ".join(f"{program.path} is {program.major}" for program in found) or "none is installed"
        version = f"-{server}" if server else ""
        raise ProgramMissingError(
            f"{name} is needed, of the server's version ({server or 'any'}) or newer: {have}. Install the "
            f"package `postgresql-client{version}` (Debian, Ubuntu) or put its folder on PATH."
        )
    if server is None:
        return max(fitting, key=lambda program: program.major)
    # The nearest to the server's: a dump by a newer one may not go back into an older server.
    return min(fitting, key=lambda program: program.major)


def run(program: Program, *arguments: str, settings: Settings, database: str | None = None) -> str:
    """Run a program on the database, and return what it printed.

    Host, user and password go through its environment: arguments can be seen by every user of the machine.

    Raises:
        ProgramFailedError: It failed.
    """
    done: subprocess.CompletedProcess[str] = subprocess.run(  # noqa: S603 - found above, and the arguments are ours
        [program.path, *arguments],
        env=_variables(settings) | ({"PGDATABASE": database} if database else {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ProgramFailedError(f"{program.path} failed: {done.stderr.strip()[-2000:]}")
    return done.stdout


def _candidates(name: str) -> list[Path]:
    on_path = shutil.which(name)
    installed = sorted(_INSTALLED.glob(f"*/bin/{name}"), reverse=True)
    # What Debian puts on PATH is a wrapper that chooses a version by rules of its own.
    return [*installed, *([Path(on_path)] if on_path else [])]


def _program(path: Path) -> Program | None:
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603 - as above
    except (OSError, subprocess.CalledProcessError):
        return None
    version = _VERSION.search(told)
    return Program(path, int(version[1])) if version else None


def _variables(settings: Settings) -> dict[str, str]:
    """Return libpq's variables for the database of the settings, and no others."""
    url = postgres_urls.parse(settings.database_url.render_as_string(hide_password=False))
    values = {
        "PATH": os.defpath,
        "PGAPPNAME": "safeplate-backup",
        "PGHOST": ",".join(server.host for server in url.servers),
        "PGPORT": ",".join(str(server.port or 5432) for server in url.servers),
        "PGUSER": url.user or "",
        "PGPASSWORD": url.password or "",
        "PGDATABASE": url.database or "",
        "PGTARGETSESSIONATTRS": url.session_attributes,
        **_tls(url),
    }
    return {name: value for name, value in values.items() if value}


def _tls(url: PostgresUrl) -> dict[str, str]:
    """Ask for what the service asks for (`core/database/tls.py`)."""
    options = ("sslmode", "sslrootcert", "sslcert", "sslkey")
    given = {f"PG{option.upper()}": url.options[option] for option in options if option in url.options}
    if "PGSSLMODE" not in given and all(is_here(server.host) for server in url.servers):
        return given
    trusted = ssl.get_default_verify_paths()
    defaults = {"PGSSLMODE": "verify-full"}
    if given.get("PGSSLMODE", "verify-full").startswith("verify-"):
        defaults["PGSSLROOTCERT"] = trusted.cafile or trusted.openssl_cafile
    return defaults | given
