"""The servers that are compared, and how each is started: Safeplate as it ships, a reference, its peers."""

import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path

from benchmarks import machine, processes, workloads
from benchmarks.people import SignIn, at_django, at_fastapi_users, at_safeplate
from benchmarks.processes import Server
from benchmarks.workloads import Words

_HERE = Path(__file__).parent
_REPOSITORY = _HERE.parent
_BIN = Path(sys.executable).parent
_PEERS = _REPOSITORY / ".venv-peers"
_UNLIMITED = "999999/second"
_SECRET = secrets.token_urlsafe(48)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A server that can be started.

    Attributes:
        command: What starts it; `{port}` stands for where it shall listen.
        register: Where accounts are opened.
        sign_in: How one signs in.
    """

    name: str
    command: tuple[str, ...]
    words: Words = workloads.SAFEPLATE
    register: str = "/api/v1/users"
    sign_in: SignIn = at_safeplate
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = _REPOSITORY

    @contextmanager
    def running(self, folder: Path, *, cores: frozenset[int] = machine.SERVER_CORES) -> Iterator[Server]:
        """Run it until the end of the block; its log is in the folder."""
        port = _free_port()
        command = [part.format(port=port) for part in self.command]
        log = folder / f"{self.name.replace(' ', '-')}.log"
        with processes.running(
            command,
            port=port,
            live="/livez",
            environment={"PYTHONPATH": str(self.folder)} | self.environment,
            log=log,
            cores=cores,
        ) as server:
            yield server


def safeplate(name: str, data: Path, *, database: str = "", workers: int = 1) -> Candidate:
    """Return Safeplate as it ships; only how often one network may ask is raised, since all ask from one."""
    environment = {
        f"SAFEPLATE_RATE_LIMIT__{limit}": _UNLIMITED for limit in ("LOGIN", "REGISTRATION", "REFRESH")
    }
    environment |= {"SAFEPLATE_RATE_LIMIT__FREE_GUESSES": "1000000", "SAFEPLATE_DATA_DIR": str(data)}
    environment |= {"SAFEPLATE_DATABASE__URL": database} if database else {}
    command = (str(_BIN / "safeplate"), "serve", "--port", "{port}", "--workers", str(workers))
    return Candidate(name, command, environment=environment)


def reference(data: Path, database: str, *, resets: bool = True) -> Candidate:
    """Return the bare handlers, on what a Safeplate with this folder and database prepared."""
    environment = {"SAFEPLATE_DATA_DIR": str(data), "REFERENCE_DATABASE": database}
    environment |= {"REFERENCE_RESET": "yes" if resets else "no"}
    name = "reference" if resets else "reference that resets nothing"
    return Candidate(name, _uvicorn(_BIN, "benchmarks.servers.reference"), environment=environment)


def smallest(folder: Path) -> Candidate:
    """Return the smallest application of FastAPI and SQLAlchemy."""
    environment = {"SMALLEST_DATABASE": f"sqlite+aiosqlite:///{folder / 'smallest.db'}"}
    return Candidate("smallest app", _uvicorn(_BIN, "benchmarks.servers.smallest"), environment=environment)


def fastapi_users(database: str) -> Candidate:
    """Return fastapi-users."""
    return Candidate(
        "fastapi-users",
        _uvicorn(_peers(), "fastapi_users_app"),
        words=workloads.FASTAPI_USERS,
        register="/auth/register",
        sign_in=at_fastapi_users,
        environment=_peer(database.replace("postgresql://", "postgresql+asyncpg://")),
        folder=_HERE / "servers",
    )


def django(database: str) -> Candidate:
    """Return Django with its REST framework and simplejwt: one process, eight threads."""
    gunicorn = (
        str(_peers() / "gunicorn"),
        "--worker-class",
        "gthread",
        "--threads",
        "8",
        "--keep-alive",
        "75",
    )
    return Candidate(
        "django",
        (*gunicorn, "--bind", "127.0.0.1:{port}", "django_app:application"),
        words=workloads.DJANGO,
        register="/register",
        sign_in=at_django,
        environment=_peer(database),
        folder=_HERE / "servers",
    )


@cache
def _peers() -> Path:
    """Return where the peers' programs are, installed from their own lock if it changed."""
    lock = _HERE / "peers.txt"
    stamp = _PEERS / f".{sha256(lock.read_bytes()).hexdigest()[:16]}"
    if not stamp.exists():
        print("installing benchmarks/peers.txt into .venv-peers ...")
        subprocess.run([sys.executable, "-m", "venv", "--clear", _PEERS], check=True)
        command = [
            _PEERS / "bin" / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        subprocess.run([*command, "--require-hashes", "--no-deps", "-r", lock], check=True)
        stamp.touch()
    return _PEERS / "bin"


def _uvicorn(programs: Path, module: str) -> tuple[str, ...]:
    options = ("--port", "{port}", "--loop", "uvloop", "--http", "httptools", "--no-access-log")
    return (str(programs / "python"), "-m", "uvicorn", f"{module}:app", *options)


def _peer(database: str) -> dict[str, str]:
    return {"PEER_DATABASE": database, "PEER_SECRET": _SECRET}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
