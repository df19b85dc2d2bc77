"""Every block of the quickstart does what the page says, against a real server."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.conftest import ROOT, Server, start, stop

pytestmark = pytest.mark.server

PAGE = (ROOT / "docs" / "quickstart.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"(?ms)^## (.+?)\n(.*?)(?=^## |\Z)", PAGE))
STRIPS_TYPES = (22, 18)
"""The first Node that runs TypeScript without a flag."""


def _blocks(section: str, language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", SECTIONS[section])


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server as a stranger starts it."""
    running = start(tmp_path_factory.mktemp("quickstart") / "data")
    yield running
    stop(running)


def _run(command: list[str], code: str, service: Server) -> str:
    done = subprocess.run(
        command, input=code.replace("http://127.0.0.1:8000", service.url),
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def _is_part(shown: object, real: object) -> bool:
    """Tell whether a shortened answer is part of the real one."""
    if isinstance(shown, dict) and isinstance(real, dict):
        return all(name in real and _is_part(value, real[name]) for name, value in shown.items())
    if isinstance(shown, list) and isinstance(real, list):
        return all(any(_is_part(value, other) for other in real) for value in shown)
    return shown == real


def test_every_block_is_run() -> None:
    languages = re.findall(r"(?m)^```(\w+)$", PAGE)

    assert languages == ["sh", "sh", "sh", "json", "sh", "python", "text", "ts", "text"]


def test_the_commands_lead_from_nothing_to_a_verdict(service: Server) -> None:
    blocks = _blocks("curl", "sh")

    printed = _run(["sh", "-eu"], "\n".join(blocks), service)

    account, profile, refusal, answer, signed_out = printed.splitlines()
    assert json.loads(account)["username"] == "amira"
    assert [entry["allergen"] for entry in json.loads(profile)["allergies"]] == ["milk", "peanuts"]
    assert "hazelnut" in json.loads(refusal)["errors"][0]["suggestions"]
    (shown,) = _blocks("curl", "json")
    assert _is_part(json.loads(shown), json.loads(answer)), answer
    assert signed_out == "204"


def test_the_python_prints_what_the_page_says(service: Server) -> None:
    (code,), (shown,) = _blocks("Python", "python"), _blocks("Python", "text")

    assert _run([sys.executable, "-"], code, service) == shown


def test_the_typescript_prints_what_the_page_says(service: Server, tmp_path: Path) -> None:
    (code,), (shown,) = _blocks("TypeScript", "ts"), _blocks("TypeScript", "text")
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node on this machine")
    version = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout
    path, options = tmp_path / "quickstart.mts", ["--disable-warning=ExperimentalWarning"]
    if tuple(map(int, version.strip("v\n").split(".")))[:2] < STRIPS_TYPES:
        # An older one gets the same code without its three annotations.
        code = re.sub(r"\??: (string|RequestInit)\b", "", code)
        path, options = path.with_suffix(".mjs"), []
    path.write_text(code.replace("http://127.0.0.1:8000", service.url), "utf-8")

    assert _run([node, *options, str(path)], "", service) == shown
