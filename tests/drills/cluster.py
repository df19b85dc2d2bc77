"""Two PostgreSQL nodes under Patroni and etcd, with synchronous replication, on the loopback."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import IO, Any, Final

import httpx2
import pytest

from tests.drills import parts
from tests.drills.processes import family
from tests.loopback import free_port

ROOT: Final = Path(__file__).parents[2]
_TEMPLATE: Final = ROOT / "deploy" / "patroni" / "patroni.yml"
_LOCK: Final = ROOT / "requirements" / "patroni.txt"
_PASSWORDS: Final = {f"{who}_password": f"loopback-{who}" for who in ("superuser", "replication", "rewind")}
_START_SECONDS: Final = 90.0


def _environment(folder: Path) -> Path:
    """Install Patroni into an environment of its own, and return the folder of its programs."""
    # PostgreSQL refuses to run as root, and whoever runs it instead may not read root's interpreter.
    system = Path("/usr/bin/python3")
    python = system if os.geteuid() == 0 and system.exists() else Path(sys.executable)
    create: list[str | Path] = [python, "-m", "venv", folder]
    install: list[str | Path] = [
        folder / "bin" / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "-r",
        _LOCK,
    ]
    for command in (create, install):
        if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode:
            pytest.skip(
                f"no Patroni: {python} could not make an environment, or pip not install {_LOCK.name} into it"
            )
    return folder / "bin"


@dataclass
class Node:
    """PostgreSQL and its Patroni."""

    name: str
    folder: Path
    postgres_port: int
    rest_port: int
    process: subprocess.Popen[bytes] | None = None

    def freeze(self) -> None:
        """Stop both without ending them, as a virtual machine that is paused."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let both go on."""
        self._send(signal.SIGCONT)

    def kill(self) -> None:
        """End both at once."""
        self._send(signal.SIGSTOP)  # lest one start another
        self._send(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def _send(self, number: int) -> None:
        if self.process is None:
            return
        pids = family(self.process.pid) | self._postgres()
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _postgres(self) -> set[int]:
        """Return the server's processes: it is nobody's child once Patroni has started it."""
        try:
            pid = int((self.folder / "data" / "postmaster.pid").read_text("ascii").split()[0])
        except (FileNotFoundError, IndexError):
            return set()
        return family(pid) if Path(f"/proc/{pid}").exists() else set()


class Cluster:
    """The two nodes."""

    def __init__(self, nodes: list[Node], programs: Path, log: IO[bytes], user: str | None) -> None:
        self.nodes = nodes
        self._programs = programs
        self._log = log
        self._user = user

    def start(self, node: Node) -> None:
        """Start a node, or start it again."""
        command = [self._programs / "patroni", node.folder / "patroni.yml"]
        node.process = subprocess.Popen(
            command, stdout=self._log, stderr=self._log, user=self._user, cwd=node.folder
        )

    def primary(self) -> Node:
        """Return the node that takes writes.

        Raises:
            LookupError: None does.
        """
        for node in self.nodes:
            if _asked(node, "primary") == 200:
                return node
        raise LookupError

    def url(self, database: str) -> str:
        """Return the address of both, for a service that wants the one that takes writes."""
        hosts = ",".join(f"127.0.0.1:{node.postgres_port}" for node in self.nodes)
        password = _PASSWORDS["superuser_password"]
        return f"postgresql://postgres:{password}@{hosts}/{database}?target_session_attrs=read-write"

    def switch_over(self) -> None:
        """Ask for the other node to take over, as an operator does before maintenance."""
        primary = self.primary()
        (other,) = [node for node in self.nodes if node is not primary]
        body = {"leader": primary.name, "candidate": other.name}
        url = f"http://127.0.0.1:{primary.rest_port}/switchover"
        httpx2.post(url, json=body, timeout=60).raise_for_status()

    def await_both(self) -> None:
        """Wait until one node leads and the other follows it synchronously."""
        deadline = time.monotonic() + _START_SECONDS
        while True:
            with suppress(LookupError):
                primary = self.primary()
                if any(_asked(node, "sync") == 200 for node in self.nodes if node is not primary):
                    return
            if time.monotonic() > deadline:
                pytest.fail("the cluster did not come up")
            time.sleep(0.2)


def _asked(node: Node, what: str) -> int:
    """Return what a node's Patroni answers to a question about its role: 200 for yes, 0 for no answer."""
    try:
        return httpx2.get(f"http://127.0.0.1:{node.rest_port}/{what}", timeout=2).status_code
    except httpx2.TransportError:
        return 0


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Start etcd and two nodes, and end them, and nothing else, afterwards."""
    binaries = Path(parts.find("initdb", "postgresql")).resolve().parent  # a link may stand alone
    etcd = parts.find("etcd", "etcd-server")
    user = "postgres" if os.geteuid() == 0 else None
    with _folder() as folder, (folder / "log").open("wb") as log, _etcd(etcd, folder / "etcd", log) as hosts:
        programs = _environment(folder / "patroni")
        nodes = [Node(name, folder / name, free_port(), free_port()) for name in ("node1", "node2")]
        for node in nodes:
            _configure(node, binaries, hosts, user)
        found = Cluster(nodes, programs, log, user)
        try:
            for node in nodes:
                found.start(node)
            found.await_both()
            yield found
        finally:
            for node in nodes:
                node.kill()


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="safeplate-cluster-"))
    folder.chmod(0o755)  # what each node has in it is its own
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _configure(node: Node, binaries: Path, hosts: str, user: str | None) -> None:
    node.folder.mkdir(mode=0o700)
    values: dict[str, Any] = {
        "name": node.name,
        "folder": node.folder,
        "binaries": binaries,
        "postgres_port": node.postgres_port,
        "rest_port": node.rest_port,
        "etcd": hosts,
    }
    filled = Template(_TEMPLATE.read_text("utf-8")).substitute(values | _PASSWORDS)
    (node.folder / "patroni.yml").write_text(filled, "utf-8")
    if user is not None:
        owner = pwd.getpwnam(user)
        for path in (node.folder, node.folder / "patroni.yml"):
            os.chown(path, owner.pw_uid, owner.pw_gid)


@contextmanager
def _etcd(program: str, folder: Path, log: IO[bytes]) -> Iterator[str]:
    client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    command: list[str | Path] = [
        program, "--name", "etcd1", "--data-dir", folder, "--listen-client-urls", client,
        "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
        "--initial-cluster", f"etcd1={peer}",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            yield client.removeprefix("http://")
        finally:
            process.kill()
