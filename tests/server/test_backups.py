"""A backup that is taken under load and put back elsewhere serves the same answers, and no erased person."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from backend.core import keys
from tests import postgres
from tests.factories import PASSWORD
from tests.server.conftest import ROOT, SAFEPLATE, Server, start, stop
from tests.visitor import Visitor

pytestmark = pytest.mark.server

LABEL = {"text": "Ingredients: sugar, whey powder, semolina. May contain peanuts."}
QUESTIONS: tuple[tuple[str, str, Any], ...] = (
    ("GET", "/users/me", None),
    ("GET", "/health/profiles/me", None),
    ("GET", "/health/profiles/me/revisions", None),
    ("GET", "/health/profiles/me/revisions/1", None),
    ("POST", "/screening/check", LABEL),
)


class Elsewhere:
    """Another machine: the same keys, and an empty database of the same kind."""

    def __init__(self, server: Server, folder: Path, url: str | None) -> None:
        self.data_dir = folder / "data"
        self.data_dir.mkdir(mode=0o700)
        shutil.copytree(server.data_dir / "keys", self.data_dir / "keys")
        self.variables = {"SAFEPLATE_RATE_LIMIT__ENABLED": "false"}
        if url:
            self.variables["SAFEPLATE_DATABASE__URL"] = url
        self.environment = server.environment | self.variables

    def command(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command there."""
        return subprocess.run(
            [SAFEPLATE, *arguments, "--data-dir", self.data_dir],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    @contextmanager
    def serving(self) -> Iterator[Server]:
        """Serve there."""
        running = start(self.data_dir, **self.variables)
        try:
            yield running
        finally:
            stop(running)


@pytest.fixture
def elsewhere(server: Server, tmp_path: Path) -> Iterator[Elsewhere]:
    """Return a place for the backup to be put back."""
    if "SAFEPLATE_DATABASE__URL" not in server.environment:
        yield Elsewhere(server, tmp_path, None)
        return
    with postgres.database() as url:
        yield Elsewhere(server, tmp_path, url)


def _answers(visitor: Visitor) -> list[Any]:
    """Return what the service says to somebody, without what differs from one request to the next."""
    found = []
    for method, path, body in QUESTIONS:
        answer = visitor.call(method, path, json=body, headers=visitor.headers)
        found.append((answer.status_code, answer.headers.get("etag"), answer.json()))
    return found


def _taken(server: Server, folder: Path) -> Path:
    done = server.command("db", "backup", str(folder))
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.backup")
    return path


def _visit(server: Server, name: str) -> httpx2.Response:
    form = {"username": name, "password": PASSWORD}
    return httpx2.post(f"{server.url}/api/v1/auth/login", data=form, timeout=60)


def test_a_restored_copy_serves_the_same_answers(
    server: Server, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    amira, busy = Visitor(server, "restored"), Visitor(server, "busy")
    for _ in range(3):
        amira.write()
    before = _answers(amira)
    assert server.command("audit", "anchor").returncode == 0
    busy.start()

    path = _taken(server, tmp_path)
    busy.end()
    whole = elsewhere.command("db", "verify", path)
    restored = elsewhere.command("db", "restore", path)
    with elsewhere.serving() as copy:
        refused = httpx2.get(f"{copy.url}/api/v1/users/me", headers=amira.headers, timeout=60)
        amira.client.base_url = httpx2.URL(f"{copy.url}/api/v1")
        amira.sign_in()
        after = _answers(amira)
        checked = [copy.command(*words) for words in (("audit", "verify"), ("db", "verify"), ("doctor",))]

    assert (amira.failures, busy.failures) == ([], [])
    assert path.stat().st_mode & 0o777 == 0o600
    assert (whole.returncode, restored.returncode) == (0, 0), whole.stderr + restored.stderr
    assert refused.status_code == 401, "a session of before the restore goes on"
    assert after == before
    assert [done.returncode for done in checked] == [0, 0, 0], [done.stdout + done.stderr for done in checked]
    assert [path.name for path in elsewhere.data_dir.glob(".*")] == []


def test_a_database_is_replaced_only_if_that_is_said(
    server: Server, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    visitor = Visitor(server, "replaced")
    path = _taken(server, tmp_path)
    assert elsewhere.command("db", "restore", path).returncode == 0

    refused = elsewhere.command("db", "restore", path)
    replaced = elsewhere.command("db", "restore", path, "--replace", "--keep-sessions")
    with elsewhere.serving() as copy:
        in_use = elsewhere.command("db", "restore", path, "--replace")
        kept = httpx2.get(f"{copy.url}/api/v1/users/me", headers=visitor.headers, timeout=60)

    assert (refused.returncode, replaced.returncode) == (2, 0), replaced.stderr
    assert "--replace" in refused.stderr
    if "SAFEPLATE_DATABASE__URL" in elsewhere.variables:
        assert in_use.returncode == 2
        assert "others are connected" in in_use.stderr
        assert kept.status_code == 200
    else:  # SQLite takes the copy in one transaction, whoever reads meanwhile
        assert in_use.returncode == 0, in_use.stderr
        assert kept.status_code == 401


def test_who_was_erased_since_does_not_come_back(
    server: Server, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    stays, goes, told = (Visitor(server, name) for name in ("stays", "goes", "told"))
    path = _taken(server, tmp_path)
    receipts = [
        visitor.call("DELETE", "/users/me", params={"immediately": True}, headers=visitor.headers).json()
        for visitor in (goes, told)
    ]
    own = tmp_path / "receipt.json"
    own.write_text(json.dumps(receipts[1]), "utf-8")
    assert server.command("audit", "anchor").returncode == 0
    lines = (server.data_dir / "erasures.jsonl").read_text("utf-8").splitlines()
    (elsewhere.data_dir / "erasures.jsonl").write_text(
        "".join(f"{line}\n" for line in lines if line == receipts[0]["signature"]), "utf-8"
    )
    (elsewhere.data_dir / "erasures.jsonl").chmod(0o600)

    restored = elsewhere.command("db", "restore", path, "--receipts", own)
    replayed = elsewhere.command("erasure", "replay", "--receipts", own)
    shown = elsewhere.command("erasure", "verify", own)
    with elsewhere.serving() as copy:
        statuses = [_visit(copy, visitor.username).status_code for visitor in (stays, goes, told)]
        verified, doctor = copy.command("audit", "verify"), copy.command("doctor")

    assert {receipt["signature"] for receipt in receipts} <= set(lines)
    assert restored.returncode == 0, restored.stderr
    assert "Erased again: 2." in restored.stdout
    assert replayed.stdout.startswith("Erased again: 0, of 2"), replayed.stderr
    assert shown.returncode == 0, shown.stderr
    assert statuses == [200, 401, 401]
    assert (verified.returncode, doctor.returncode) == (0, 0), verified.stderr + doctor.stdout


def test_a_backup_that_does_not_fit_changes_nothing(
    server: Server, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    Visitor(server, "unfit")
    path = _taken(server, tmp_path)
    altered = tmp_path / "altered"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    altered.write_bytes(content)

    broken = elsewhere.command("db", "restore", altered)
    (elsewhere.data_dir / "keys" / "master.key").write_text(keys.generate()[0], "ascii")
    keyless = elsewhere.command("db", "restore", path)

    assert broken.returncode == 1
    assert "Broken: " in broken.stderr
    assert keyless.returncode == 2
    assert "not among the keys here" in keyless.stderr
    assert not (elsewhere.data_dir / "safeplate.db").exists()


def test_a_backup_for_which_there_is_no_room_says_so_in_a_line(server: Server, tmp_path: Path) -> None:
    full, nowhere = tmp_path / "full", tmp_path / "nowhere" / "a.backup"
    full.mkdir()
    kibibytes = 16  # what a file may have: less than an empty database
    told = [
        subprocess.run(
            ["bash", "-c", f'ulimit -f {limit} && exec "$@"', "bash", SAFEPLATE, "db", "backup", target],
            cwd=ROOT, env=server.environment, capture_output=True, text=True, timeout=120, check=False,
        )
        for limit, target in ((kibibytes, full), ("unlimited", nowhere))
    ]  # fmt: skip

    assert [done.returncode for done in told] == [2, 2], [done.stderr for done in told]
    assert "Traceback" not in told[0].stderr
    assert "There is no folder" in told[1].stderr
    assert list(full.iterdir()) == []
