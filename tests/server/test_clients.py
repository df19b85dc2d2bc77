"""The clients that are made from the document do the main job, against a running service."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.server.conftest import ROOT, start, stop

pytestmark = pytest.mark.server

CLIENTS = ROOT / "clients"
NODE = ROOT / "tools" / "contract"
DONE = ["the access token has expired", "contains", "204"]


def _tell(data_dir: Path, *command: str | Path) -> str:
    """Run an example with tokens of three seconds, of which it waits for the end."""
    server = start(data_dir, SAFEPLATE_AUTH__ACCESS_TOKEN_TTL="PT3S")
    try:
        done = subprocess.run(
            [*command, server.url, "4"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
        )
    finally:
        stop(server)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _is_newer(made: Path) -> bool:
    return made.exists() and made.stat().st_mtime >= (ROOT / "openapi.json").stat().st_mtime


def test_the_python_example_does_the_main_job(data_dir: Path) -> None:
    if not _is_newer(CLIENTS / "python" / "safeplate_client" / "client.py"):
        pytest.skip("the client was not made from this openapi.json: run `make clients`")

    told = _tell(data_dir, ROOT / ".venv" / "clients" / "bin" / "python", CLIENTS / "python" / "example.py")

    assert all(part in told for part in DONE)


def test_the_typescript_example_does_the_main_job(data_dir: Path) -> None:
    if shutil.which("node") is None or not _is_newer(CLIENTS / "typescript" / "schema.d.ts"):
        pytest.skip("there is no node here, or no client made from this openapi.json: run `make clients`")
    subprocess.run(
        [NODE / "node_modules" / ".bin" / "tsc", "-p", CLIENTS / "typescript"],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip

    told = _tell(data_dir, "node", NODE / "build" / "example.js")

    assert all(part in told for part in DONE)
