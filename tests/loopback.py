"""Servers of other projects that tests start on loopback: Redis or Valkey, and PgBouncer."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

import pytest
from sqlalchemy import make_url

_PGBOUNCER: Final = Path(__file__).parents[1] / "deploy" / "pgbouncer" / "pgbouncer.ini"


@dataclass(frozen=True)
class Started:
    """A server that a test has started, and may do anything to."""

    url: str
    port: int
    process: subprocess.Popen[bytes]

    def freeze(self) -> None:
        """Let it take connections and answer nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait()


def free_port() -> int:
    """Return a port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def redis(port: int = 0) -> Iterator[Started]:
    """Start a Redis or Valkey that keeps nothing; skips the test where neither is installed."""
    program = shutil.which("valkey-server") or shutil.which("redis-server")
    if program is None:
        pytest.skip("neither valkey-server nor redis-server is installed")
    port = port or free_port()
    arguments = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with _running([program, *arguments], None, port) as process:
        yield Started(f"redis://127.0.0.1:{port}/0", port, process)


@contextmanager
def pgbouncer(database_url: str, *, size: int = 4) -> Iterator[Started]:
    """Start a PgBouncer, as `deploy` sets it up, before a database; skips the test where it is not installed.

    Args:
        database_url: Where it leads.
        size: Its connections to the server: fewer than its clients, so that they take turns.
    """
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")  # noqa: TID251 - to find it
    if program is None:
        pytest.skip("pgbouncer is not installed")
    url, port = make_url(database_url), free_port()
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None  # it refuses to run as root
    with tempfile.TemporaryDirectory(prefix="safeplate-pgbouncer-") as name:
        folder = Path(name)
        file, users = folder / "pgbouncer.ini", folder / "users.txt"
        server = {"postgres_host": url.host, "postgres_port": url.port or 5432}
        shipped = Template(_PGBOUNCER.read_text("utf-8")).substitute(server, port=port, folder=folder)
        password = f" password={url.password}" if url.password else ""
        # What is said last counts: the test's own database and account, and a smaller pool.
        file.write_text(
            f"{shipped}default_pool_size = {size}\n"
            f"[databases]\n* = host={url.host} port={url.port or 5432} user={url.username}{password}\n"
        )
        users.write_text('"safeplate" "loopback"\n')
        if user is not None:
            for path in (folder, file, users):
                os.chown(path, user.pw_uid, user.pw_gid)
        with _running([program, "-q", str(file)], user.pw_name if user else None, port) as process:
            yield Started(f"postgresql://safeplate:loopback@127.0.0.1:{port}/{url.database}", port, process)


@contextmanager
def _running(command: list[str], user: str | None, port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=user)
    try:
        deadline = time.monotonic() + 30
        while True:
            assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, f"{command[0]} does not answer"
                time.sleep(0.02)
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()
