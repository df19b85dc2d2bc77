"""`safeplate demo` as a stranger meets it."""

import re
import signal
import subprocess
from pathlib import Path

import httpx2
import pytest

from tests.server.conftest import ROOT, SAFEPLATE, child_environment

pytestmark = pytest.mark.server

README = (ROOT / "README.md").read_text("utf-8")
SIGNS = {"✗ contains", "! may contain", "~ likely", "? unknown", "· none found"}


def _environment(temporary: Path, **variables: str) -> dict[str, str]:
    # Settings of a service that is used, which the demo must not touch.
    others = {"SAFEPLATE_DATABASE__URL": "postgresql://nobody@127.0.0.1:1/x", "SAFEPLATE_LOG__LEVEL": "debug"}
    return child_environment(TMPDIR=str(temporary), PYTHONUTF8="1", **others | variables)


def test_the_tour_shows_a_household_labels_and_a_menu_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = subprocess.run(
        [SAFEPLATE, "demo", "--once"],
        cwd=tmp_path, env=_environment(tmp_path), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    rows = [re.split(r"\s{2,}", line.strip()) for line in done.stdout.splitlines()]
    table = {row[0]: row[-4:] for row in rows if len(row) >= 5 and set(row[-4:]) <= SIGNS}
    assert len(table) >= 20 + 6
    assert table["Haselnuss-Schnitten"] == ["! may contain", "✗ contains", "✗ contains", "· none found"]
    assert table["Lait de coco"] == ["· none found"] * 4
    assert table["Chili seasoning"][1] == "? unknown"  # no law makes an American label name barley
    assert table["Soup of the day"] == ["? unknown"] * 4
    assert {sign for row in table.values() for sign in row} == SIGNS
    assert "»Haselnussmark«" in done.stdout
    shown = re.findall(r"(?m)^    (.+(?:contains|none found).*)$", README)
    assert len(shown) == 6
    assert [row for row in shown if f" {row}" not in done.stdout] == []
    assert "\x1b" not in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_service_stays_to_be_tried_until_it_is_ended(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [SAFEPLATE, "demo"], cwd=tmp_path, env=_environment(tmp_path, PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    printed = ""
    while "Ctrl+C" not in printed:
        line = process.stdout.readline()
        assert line, printed
        printed += line

    found = re.search(r"API\s+(\S+).*?Sign in\s+(\w+)\s+(\S+)", printed, re.DOTALL)
    assert found is not None
    url, username, password = found.groups()
    tokens = httpx2.post(f"{url}/auth/login", data={"username": username, "password": password}).json()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    profiles = httpx2.get(f"{url}/health/profiles", headers=bearer).json()["items"]
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=60)

    assert sorted(profile["display_name"] for profile in profiles) == ["Jonas", "Mila", "Nora", "Otto"]
    assert (process.returncode, complaints) == (0, "")
    assert list(tmp_path.iterdir()) == []
