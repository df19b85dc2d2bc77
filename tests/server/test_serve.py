"""`safeplate serve` as a stranger meets it."""

import errno
import json
import re
import socket
import stat
import subprocess
import sys
import time
from contextlib import suppress
from email import message_from_bytes, policy
from pathlib import Path

import httpx2
import pytest

from tests.catalogs import named, with_entry
from tests.drills.processes import workers
from tests.factories import PASSWORD
from tests.server.conftest import ROOT, SAFEPLATE, child_environment, start, stop

pytestmark = pytest.mark.server


def test_the_printed_tour_leads_to_a_verdict(data_dir: Path) -> None:
    server = start(data_dir)
    commands = server.banner.partition("terminal):\n")[2]

    done = subprocess.run(["bash", "-ec", commands], check=True, capture_output=True, text=True, timeout=60)

    stop(server)
    account, profile, answer = map(json.loads, done.stdout.splitlines())
    assert account["username"] == "amira"
    assert [entry["allergen"] for entry in profile["allergies"]] == ["milk", "peanuts"]
    assert answer["verdict"] == "contains"
    found = {
        (item["requirement"]["code"], item["verdict"], item["text"])
        for item in answer["people"][0]["findings"]
    }
    assert ("milk", "contains", "whey powder") in found or ("milk", "contains", "whey") in found
    assert ("coeliac_disease", "contains", "semolina") in found
    assert any(code == "peanuts" and verdict == "may_contain" for code, verdict, _ in found)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere processes are not forked")
def test_processes_share_the_memory_of_what_they_were_forked_from(data_dir: Path) -> None:
    server = start(data_dir, "--workers", "2")
    pids = workers(server.process.pid)
    rollups = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids]
    status = stop(server)

    sizes = [dict(re.findall(r"(?m)^(\w+): +(\d+) kB", rollup)) for rollup in rollups]
    assert (len(sizes), status) == (2, 0)
    assert all(int(size["Shared_Dirty"]) > 0.4 * int(size["Rss"]) for size in sizes)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere processes are not told")
def test_processes_end_with_the_one_that_looks_after_them(data_dir: Path) -> None:
    server = start(data_dir, "--workers", "2")
    address = httpx2.URL(server.url)
    server.process.kill()
    stop(server)

    deadline = time.monotonic() + 30
    answer = 0
    while answer != errno.ECONNREFUSED:
        assert time.monotonic() < deadline, "somebody still listens there"
        with socket.socket() as probe:
            answer = probe.connect_ex((address.host, address.port or 0))
        time.sleep(0.05)


def test_mailed_links_lead_to_where_the_service_listens(data_dir: Path) -> None:
    server = start(data_dir)
    body = {"email": "amira@example.com", "username": "amira", "password": PASSWORD}
    httpx2.post(f"{server.url}/api/v1/users", json=body).raise_for_status()
    outbox = data_dir / "outbox"

    deadline = time.monotonic() + 30
    while not list(outbox.glob("*.eml")):
        assert time.monotonic() < deadline
        time.sleep(0.1)

    stop(server)
    (path,) = outbox.glob("*.eml")
    plain = message_from_bytes(path.read_bytes(), policy=policy.default).get_body(("plain",))
    assert plain is not None
    assert f"{server.url}/verify-email" in plain.get_content()
    assert str(outbox) in server.banner


def test_the_data_folder_and_the_keys_are_the_owners_alone(data_dir: Path) -> None:
    stop(start(data_dir))

    modes = {
        path.relative_to(data_dir).as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in data_dir.rglob("*")
    }
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    assert modes["keys"] == 0o700
    assert modes["keys/master.key"] == modes["keys/signing.json"] == 0o600
    assert not [name for name in modes if name.startswith("keys/.")]


def test_a_restart_keeps_accounts_keys_and_sessions(data_dir: Path) -> None:
    first = start(data_dir)
    with httpx2.Client(base_url=first.url) as client:
        body = {"email": "amira@example.com", "username": "amira", "password": PASSWORD}
        client.post("/api/v1/users/", json=body).raise_for_status()
        tokens = client.post("/api/v1/auth/login", data={"username": "amira", "password": PASSWORD}).json()
    first.process.kill()
    stop(first)

    second = start(data_dir)

    with httpx2.Client(base_url=second.url) as client:
        me = client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
        refreshed = client.post("/api/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert stop(second) == 0  # ended gracefully: it was asked to
    assert (me.status_code, refreshed.status_code) == (200, 200)


def test_rate_limits_are_on_unless_they_are_turned_off(data_dir: Path) -> None:
    server = start(data_dir)
    with httpx2.Client(base_url=server.url) as client:
        forms = [{"username": f"nobody{number}", "password": PASSWORD} for number in range(22)]
        guesses = [client.post("/api/v1/auth/login", data=forms[0]).status_code for _ in range(7)]
        answers = [client.post("/api/v1/auth/login", data=form) for form in forms[1:]]
    stop(server)

    assert guesses == [401] * 6 + [429]
    assert {answer.status_code for answer in answers[:13]} == {401}
    assert answers[-1].status_code == 429
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60


def _python(code: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"]
    return subprocess.run(
        command,
        cwd=cwd,
        env=child_environment(**variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_serverless_entry_asks_for_a_database_and_keys(tmp_path: Path) -> None:
    done = _python("import index", tmp_path, VERCEL="1")

    assert done.returncode != 0
    assert "SAFEPLATE_DATABASE__URL" in done.stderr
    assert not (tmp_path / "data").exists()


def test_the_entry_prepares_everything_on_a_machine_with_a_disk(tmp_path: Path) -> None:
    code = (
        "from starlette.testclient import TestClient\nimport index\n"
        "with TestClient(index.app) as client: print(client.get('/readyz').status_code)"
    )

    done = _python(code, tmp_path)

    assert done.stdout.strip() == "200", done.stderr
    assert (tmp_path / "data" / "keys" / "master.key").exists()


def test_what_the_service_writes_is_the_owners_alone_even_in_an_open_folder(data_dir: Path) -> None:
    data_dir.mkdir(mode=0o755)

    stop(start(data_dir))

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in data_dir.iterdir() if path.is_file()}
    assert "safeplate.db" in modes
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize("name", ["we ird?x=1#%41", "\u00fc\u2603"])
def test_a_folder_of_any_name_holds_the_database(tmp_path: Path, name: str) -> None:
    stop(start(tmp_path / name))

    assert (tmp_path / name / "safeplate.db").exists()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_no_new_keys_are_made_beside_a_database_that_was_sealed_under_others(data_dir: Path) -> None:
    stop(start(data_dir))
    (data_dir / "keys" / "master.key").unlink()

    done = _serve(data_dir)

    assert done.returncode == 2
    assert "Restore the folder `keys` from its backup." in done.stderr
    assert not (data_dir / "keys" / "master.key").exists()


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("LOG__LEVEL", "loud", "SAFEPLATE_LOG__LEVEL"),
        ("HTTP__ALLOWED_HOSTS", "food.example", "as JSON"),
        ("DATABASE__URL", "mysql://127.0.0.1/x", "SAFEPLATE_DATABASE__URL"),
        ("DATABASE__URL", "postgresql://nobody@127.0.0.1:1,127.0.0.1:2/x", "127.0.0.1:2: "),
        ("DATABASE__URL", "postgresql://nobody@127.0.0.1:1/x?sslcrl=y", "'sslcrl' is not understood"),
        ("DATABASE__URL", "sqlite:////nonexistent/x.db", "database"),
        ("KEYS__MASTER_FILE", "/nonexistent", "/nonexistent"),
        ("RATE_LIMIT__LOGIN", "0/minute", "SAFEPLATE_RATE_LIMIT__LOGIN"),
        ("AUTH__ACCESS_TOKEN_TTL", "15m", "SAFEPLATE_AUTH__ACCESS_TOKEN_TTL"),
    ],
)
def test_a_wrong_setting_is_named_without_a_stack_trace(
    data_dir: Path, name: str, value: str, hint: str
) -> None:
    done = _serve(data_dir, **{f"SAFEPLATE_{name}": value})

    assert done.returncode == 2
    assert hint in done.stderr
    assert "Traceback" not in done.stderr
    assert "listens on" not in done.stdout


@pytest.mark.parametrize(
    ("workers", "status", "said", "unsaid"),
    [
        ("1", 3, ["listens on", "lists_unreadable", "CatalogFaultError"], "unknown parent"),  # as any log
        ("2", 2, ["x: has the unknown parent y"], "Traceback"),
    ],
)
def test_faulty_lists_end_the_service_and_are_named(
    data_dir: Path, tmp_path: Path, workers: str, status: int, said: list[str], unsaid: str
) -> None:
    folder = with_entry(tmp_path, "allergens", named("x", parents=["y"]))
    arguments = ["serve", "--port", "0", "--workers", workers, "--data-dir", str(data_dir)]
    code = (
        "from pathlib import Path; from backend.cli import app; "
        "from backend.services.catalog import loading; "
        f"loading.FOLDER = Path({str(folder)!r}); app({arguments!r})"
    )

    done = _python(code, tmp_path)

    output = done.stdout + done.stderr
    assert done.returncode == status, output
    assert all(part in output for part in said), output
    assert unsaid not in output


def _serve(data_dir: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SAFEPLATE, "serve", "--port", "0", "--data-dir", data_dir],
        env=child_environment(**variables), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_head_is_get_without_content_on_one_connection(data_dir: Path) -> None:
    server = start(data_dir)
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"HEAD /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    stop(server)

    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert answer.count(b'"alive"') == 1


def test_a_head_without_an_end_is_refused(data_dir: Path) -> None:
    server = start(data_dir)
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: ")
        with suppress(ConnectionError):  # the server may close while we still send
            for _ in range(40):
                connection.sendall(b"a" * 8_192)
        answer = connection.recv(65_536)
    with httpx2.Client(base_url=server.url) as client:
        body = {"email": "a" * 200_000, "username": "amira", "password": PASSWORD}
        large_body = client.post("/api/v1/users", json=body)
    stop(server)

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert large_body.status_code == 422
