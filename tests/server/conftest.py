"""A real server, in processes of its own, on each database."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests import postgres
from tests.databases import DATABASES

ROOT = Path(__file__).parents[2]
SAFEPLATE = Path(sys.executable).with_name("safeplate")
FULL_DRILLS = "SAFEPLATE_TEST_FULL_DRILLS" in os.environ  # noqa: TID251 - the suite's own variable
"""Whether drills are done in full: `make drills`."""
FAST_HASHES = {"SAFEPLATE_PASSWORD__MEMORY_KIB": "8192", "SAFEPLATE_PASSWORD__PASSES": "1"}


@pytest.hookimpl(tryfirst=True)  # before groups are read
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Keep the tests of one server in one worker, which starts it once."""
    for item in items:
        if isinstance(item, pytest.Function) and "server" in item.fixturenames:
            parameters = item.callspec.params if hasattr(item, "callspec") else {}
            item.add_marker(pytest.mark.xdist_group(f"{item.path.stem}-{parameters.get('server')}"))


def child_environment(**variables: str) -> dict[str, str]:
    """Return the environment of a process that a test starts: ours without its settings, and variables."""
    ours = os.environ.items()  # noqa: TID251 - a child's environment
    return {name: value for name, value in ours if not name.startswith("SAFEPLATE_")} | variables


@dataclass(frozen=True)
class Server:
    """A running `safeplate serve`."""

    url: str
    data_dir: Path
    banner: str
    process: subprocess.Popen[str]
    environment: dict[str, str]

    def command(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command on what the server works on, while it runs."""
        return subprocess.run(
            [SAFEPLATE, *arguments, "--data-dir", self.data_dir],
            cwd=ROOT, env=self.environment, input=stdin,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip


def start(data_dir: Path, *arguments: str, wrapper: Sequence[str] = (), **variables: str) -> Server:
    """Start `safeplate serve` on a free port, and wait until it is ready.

    Args:
        data_dir: Its folder.
        arguments: Its options.
        wrapper: A program that runs it, and its options.
        variables: Its settings.
    """
    environment = child_environment(**FAST_HASHES | variables)
    process = subprocess.Popen(
        [*wrapper, SAFEPLATE, "serve", "--port", "0", "--data-dir", data_dir, *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        banner = ""
        while "May contain" not in banner:  # the last line of the tour
            line = process.stdout.readline()
            assert line, f"the server ended with {process.wait()}: {banner}"
            banner += line
        found = re.search(r"listens on (http://\S+)", banner)
        assert found is not None
        _await_ready(found[1])
    except BaseException:
        process.kill()
        process.wait()
        process.stdout.close()
        raise
    return Server(found[1], data_dir, banner, process, environment)


def _await_ready(url: str) -> None:
    """Wait until the server answers: its processes take seconds to start on a busy machine."""
    deadline = time.monotonic() + 120
    with httpx2.Client(timeout=30) as client:
        while True:
            try:
                client.get(f"{url}/readyz").raise_for_status()
            except httpx2.ConnectError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return


def stop(server: Server) -> int:
    """Ask the server to end, and return its exit status."""
    server.process.terminate()
    try:
        return server.process.wait(timeout=30)
    finally:
        server.process.kill()
        assert server.process.stdout is not None
        server.process.stdout.close()


@pytest.fixture(scope="module", params=DATABASES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server of two processes without rate limits."""
    folder = tmp_path_factory.mktemp("server") / "data"
    off = {"SAFEPLATE_RATE_LIMIT__ENABLED": "false"}
    if request.param == "sqlite":
        running = start(folder, "--workers", "2", **off)
        yield running
        stop(running)
        return
    with postgres.database() as url:
        running = start(folder, "--workers", "2", SAFEPLATE_DATABASE__URL=url, **off)
        yield running
        stop(running)
