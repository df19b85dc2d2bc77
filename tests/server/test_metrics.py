"""Metrics of several processes: added up on a port of their own, and gone with the server."""

import re
import socket
from pathlib import Path

import httpx2
import pytest

from tests.server.conftest import start, stop

pytestmark = pytest.mark.server

REQUESTS = re.compile(r'safeplate_requests_total\{method="GET",route="/livez",status="200"\} (\S+)')


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize("workers", [1, 2])
def test_a_port_of_its_own_shows_what_all_processes_counted(
    data_dir: Path, tmp_path: Path, workers: int
) -> None:
    port, temporary = _free_port(), tmp_path / "temporary"
    temporary.mkdir()
    variables = {"SAFEPLATE_METRICS__PORT": str(port), "TMPDIR": str(temporary)}
    server = start(data_dir, "--workers", str(workers), **variables)
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
    assert re.search(rf"(?m)^safeplate_pool_size {workers * 10}\.0$", text), text
    assert 'safeplate_jobs{state="due"}' in text
    assert inside.status_code == 404
    assert list(temporary.glob("safeplate-metrics-*")) == []
