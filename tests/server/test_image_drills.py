"""The image is built, and serves as nobody on a read-only root, where something is at hand that builds it."""

import shutil
import subprocess
import time
import uuid
from pathlib import Path

import pytest

pytestmark = [pytest.mark.server, pytest.mark.drill]

ROOT = Path(__file__).parents[2]
LIMIT = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--tmpfs=/tmp")


def _builder() -> str:
    for name in ("docker", "podman"):
        if (
            shutil.which(name)
            and not subprocess.run([name, "info"], capture_output=True, check=False).returncode
        ):
            return name
    pytest.skip("neither docker nor podman answers here: the image is not built")


def _run(*words: str | Path) -> str:
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=1800)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


def test_the_image_is_built_and_serves() -> None:
    builder, tag = _builder(), f"safeplate-test:{uuid.uuid4().hex[:8]}"
    _run(builder, "build", "--file", "deploy/Dockerfile", "--tag", tag, ".")
    container = ""
    try:
        container = _run(builder, "run", "--detach", *LIMIT, tag)
        ask = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/readyz').read().decode())"
        deadline = time.monotonic() + 120
        while True:
            told = subprocess.run(
                [builder, "exec", container, "python", "-c", ask], capture_output=True, text=True, check=False
            )
            if not told.returncode or time.monotonic() > deadline:
                break
            time.sleep(1)
        who = _run(builder, "exec", container, "id", "-u")
    finally:
        if container:
            _run(builder, "rm", "--force", container)
        _run(builder, "rmi", "--force", tag)

    assert '"ready"' in told.stdout, told.stderr
    assert who == "10001"
