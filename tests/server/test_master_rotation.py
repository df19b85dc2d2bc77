"""The master key changes under two processes that serve, while people read and write all the time."""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from backend.core import keys, masters
from tests import postgres
from tests.conftest import DATABASES
from tests.server.conftest import ROOT, SAFEPLATE, Server, start, stop
from tests.visitor import Visitor

pytestmark = pytest.mark.server

OFF = {"SAFEPLATE_RATE_LIMIT__ENABLED": "false"}


@pytest.fixture(params=DATABASES)
def server(request: pytest.FixtureRequest, data_dir: Path) -> Iterator[Server]:
    """Return a server of two processes."""
    if request.param == "sqlite":
        running = start(data_dir, "--workers", "2", **OFF)
        yield running
        stop(running)
        return
    with postgres.database() as url:
        running = start(data_dir, "--workers", "2", SAFEPLATE_DATABASE__URL=url, **OFF)
        yield running
        stop(running)


def _rotation(server: Server) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [SAFEPLATE, "keys", "rotate-master", "--data-dir", server.data_dir],
        cwd=ROOT, env=server.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def _file(server: Server) -> Path:
    return server.data_dir / "keys" / "master.key"


def _age(server: Server) -> None:
    """Let the keys of the file be an hour older: those of before have rested then."""
    stored = json.loads(_file(server).read_text())
    for key in stored["keys"]:
        if "nbf" in key:
            key["nbf"] -= 3600
    _file(server).write_text(json.dumps(stored))


def _counts(server: Server) -> dict[str, tuple[str, int]]:
    listed = server.command("keys", "list").stdout.partition("master key")[2].splitlines()[1:]
    rows = [line.split() for line in listed]
    return {row[0]: (row[1], int(row[-1])) for row in rows}


def test_no_request_fails_while_the_master_key_changes_again_and_again(server: Server) -> None:
    visitors = [Visitor(server, f"visitor{number}") for number in range(3)]
    old = masters.parse(_file(server).read_text()).keys[0]
    for visitor in visitors:
        visitor.start()

    for wait in (1.5, 2.5):  # the first are killed: in the middle, and wherever else it happens
        killed = _rotation(server)
        time.sleep(wait + random.random())
        os.kill(killed.pid, signal.SIGKILL)
        killed.communicate()
    both = [_rotation(server) for _ in range(2)]
    outputs = [process.communicate(timeout=120)[0] for process in both]
    newcomer = Visitor(server, "newcomer")
    for visitor in visitors:
        visitor.end()

    assert [process.returncode for process in both] == [0, 0], outputs
    faults = [fault for visitor in [*visitors, newcomer] for fault in visitor.failures]
    assert faults == []
    assert sum(visitor.requests for visitor in visitors) > 60
    again = server.command("keys", "rotate-master")  # whatever came last
    assert again.returncode == 0, again.stderr
    _require_new_key_alone(server, old.name, [*visitors, newcomer])


def _require_new_key_alone(server: Server, old: str, visitors: list[Visitor]) -> None:
    counts = _counts(server)
    newest = list(counts)[-1]
    assert counts[newest][0] == "wrapping"
    assert {name for name, (_, number) in counts.items() if number} == {newest}
    _age(server)
    for name in list(counts)[:-1]:
        gone = server.command("keys", "destroy-master", name)
        assert gone.returncode == 0, gone.stderr
        assert "backup" in gone.stdout
    assert list(_counts(server)) == [newest]
    assert old not in _file(server).read_text()
    for visitor in visitors:
        visitor.read()
        visitor.refresh()
        visitor.sign_in()
        visitor.read()
        version = int(visitor.notes.get("etag", '"1"').strip('"').split("-")[0])
        for number in range(1, version + 1):
            visitor.call("GET", f"/health/profiles/me/revisions/{number}", headers=visitor.headers)
        visitor.call("GET", "/users/me/activity", headers=visitor.headers)
        assert visitor.failures == []
    verified = server.command("audit", "verify")
    assert verified.returncode == 0, verified.stderr


@pytest.mark.drill
def test_a_key_that_something_is_under_is_not_destroyed(server: Server) -> None:
    Visitor(server, "amira")
    (old,) = _counts(server)
    assert server.command("keys", "rotate-master", "--delay", "1").returncode == 0
    time.sleep(1)
    _age(server)

    refused = server.command("keys", "destroy-master", old)
    unknown = server.command("keys", "destroy-master", "0" * 16)
    current = server.command("keys", "destroy-master", list(_counts(server))[-1])

    assert refused.returncode == 2
    assert "rotate-master" in refused.stderr
    assert (unknown.returncode, unknown.stderr) == (2, f"There is no master key {'0' * 16}.\n")
    assert (current.returncode, old in _counts(server)) == (2, True)


@pytest.mark.drill
def test_a_key_that_waits_is_not_overtaken(server: Server) -> None:
    first = server.command("keys", "rotate-master", "--delay", "3600")
    second = server.command("keys", "rotate-master")

    assert (first.returncode, second.returncode) == (0, 2)
    assert "waiting" in second.stderr
    assert [state for state, _ in _counts(server).values()] == ["wrapping", "waiting"]


def _restored(server: Server, data_dir: Path, backup: Path) -> subprocess.CompletedProcess[str]:
    """Put a backup beside the keys of today, and ask for what needs them."""
    data_dir.mkdir()
    shutil.copytree(server.data_dir / "keys", data_dir / "keys")
    shutil.copy(backup, data_dir / "safeplate.db")
    return subprocess.run(
        [SAFEPLATE, "audit", "verify", "--data-dir", data_dir],
        cwd=ROOT, env=server.environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.drill
@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
def test_an_old_backup_is_readable_as_long_as_the_old_key_is_kept(server: Server, tmp_path: Path) -> None:
    Visitor(server, "amira")
    (old,) = _counts(server)
    backup = tmp_path / "backup.db"
    with (
        closing(sqlite3.connect(server.data_dir / "safeplate.db")) as source,
        closing(sqlite3.connect(backup)) as target,
    ):
        source.backup(target)
    assert server.command("keys", "rotate-master").returncode == 0

    kept = _restored(server, tmp_path / "kept", backup)
    _age(server)
    assert server.command("keys", "destroy-master", old).returncode == 0
    gone = _restored(server, tmp_path / "gone", backup)

    assert kept.returncode == 0, kept.stderr
    assert gone.returncode == 2
    assert gone.stderr == (
        f"The database was sealed under the master key {old}, which is not among the keys here: what is "
        "sealed under it could not be opened. Restore the keys that belong to this database.\n"
    )


def test_a_server_does_not_start_with_another_master_key(server: Server) -> None:
    Visitor(server, "amira")
    (old,) = _counts(server)
    _file(server).write_text(masters.MasterSet((masters.MasterKey(bytes(32)),), bytes(32)).to_text())

    started = server.command("serve", "--port", "0")

    assert started.returncode == 2
    assert started.stdout == ""
    assert f"sealed under the master key {old}" in started.stderr


@pytest.mark.drill
def test_a_setting_is_changed_by_hand(tmp_path: Path) -> None:
    master, signing = keys.generate()
    first = masters.parse(master)
    variables = {"SAFEPLATE_KEYS__SIGNING": signing, "SAFEPLATE_KEYS__MASTER": first.to_text()}
    running = start(tmp_path / "data", **variables, **OFF)
    Visitor(running, "amira")

    printed = running.command("keys", "rotate-master", "--delay", "0")
    stop(running)

    assert printed.returncode == 0
    assert "restart every process" in printed.stderr
    name, _, text = printed.stdout.strip().partition("=")
    found = masters.parse(text.strip("'"))
    assert (name, found.keys[0], len(found.keys)) == ("SAFEPLATE_KEYS__MASTER", first.keys[0], 2)
    secret = tmp_path / "secret"
    secret.write_text(found.to_text())
    del variables["SAFEPLATE_KEYS__MASTER"]
    again = start(tmp_path / "data", **variables, SAFEPLATE_KEYS__MASTER_FILE=str(secret), **OFF)
    wrapped = again.command("keys", "rotate-master")
    counts = _counts(again)
    stop(again)
    assert wrapped.returncode == 0, wrapped.stderr
    assert [number > 0 for _, number in counts.values()] == [False, True]
