"""Metrics of several processes: added up on a port of their own, and gone with the server."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx2
import pytest

from tests.drills.processes import workers
from tests.loopback import free_port
from tests.server.conftest import start, stop

pytestmark = pytest.mark.server

REQUESTS = re.compile(r'safeplate_requests_total\{method="GET",route="/livez",status="200"\} (\S+)')


def _holders(port: int, pids: Sequence[int]) -> list[int]:
    """Return which processes hold the socket that listens on a port."""
    lines = Path("/proc/net/tcp").read_text("ascii").splitlines()
    (inode,) = (line.split()[9] for line in lines if f":{port:04X} 00000000:0000 0A" in line)
    held = {pid: {path.resolve().name for path in Path(f"/proc/{pid}/fd").iterdir()} for pid in pids}
    return [pid for pid in pids if f"socket:[{inode}]" in held[pid]]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere processes are not forked")
def test_the_processes_that_serve_do_not_hold_the_port(data_dir: Path) -> None:
    port = free_port()
    server = start(data_dir, "--workers", "2", SAFEPLATE_METRICS=f'{{"port": {port}}}')
    try:
        pids = workers(server.process.pid)
        holders = _holders(port, [server.process.pid, *pids])
    finally:
        stop(server)

    assert len(pids) == 2
    assert holders == [server.process.pid]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_port_of_its_own_shows_what_all_processes_counted(
    data_dir: Path, tmp_path: Path, processes: int
) -> None:
    port, temporary = free_port(), tmp_path / "temporary"
    temporary.mkdir()
    variables = {"SAFEPLATE_METRICS__PORT": str(port), "TMPDIR": str(temporary)}
    server = start(data_dir, "--workers", str(processes), **variables)
    try:
        for _ in range(40):  # by connections of their own, so that every process answers some
            httpx2.get(f"{server.url}/livez", timeout=60).raise_for_status()
        text = httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=60).raise_for_status().text
        inside = httpx2.get(f"{server.url}/metrics", timeout=60)
    finally:
        stop(server)

    found = REQUESTS.search(text)
    assert found is not None, text
    assert float(found[1]) == 40
    assert re.search(rf"(?m)^safeplate_pool_size {processes * 10}\.0$", text), text
    assert 'safeplate_jobs{state="due"}' in text
    assert inside.status_code == 404
    assert list(temporary.glob("safeplate-metrics-*")) == []
