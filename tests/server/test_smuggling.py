"""Requests that two servers in a row would cut differently: refused, or answered once, and never twice."""

import re
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.server.conftest import Server, start, stop

pytestmark = pytest.mark.server

INNER = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
LENGTH = b"Content-Length: " + str(len(INNER) + 5).encode() + b"\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server of one process."""
    running = start(tmp_path_factory.mktemp("smuggling") / "data")
    yield running
    stop(running)


def _ask(server: Server, request: bytes) -> list[int]:
    """Send bytes, and return the statuses of all answers until the server closes or falls silent."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    answer = b""
    with socket.create_connection((host, int(port)), timeout=1) as connection, suppress(OSError):
        connection.sendall(request)
        while piece := connection.recv(65_536):
            answer += piece
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3})", answer)]


@pytest.mark.parametrize(
    "request_bytes",
    [
        pytest.param(POST + LENGTH + CHUNKED + b"\r\n0\r\n\r\n" + INNER, id="cl-te"),
        pytest.param(POST + CHUNKED + LENGTH + b"\r\n0\r\n\r\n" + INNER, id="te-cl"),
        pytest.param(POST + b"Content-Length: 0\r\nContent-Length: 39\r\n\r\n" + INNER, id="two-lengths"),
        pytest.param(POST + b"Content-Length: +5\r\n\r\nabcde" + INNER, id="signed-length"),
        pytest.param(POST + b"Content-Length: 0x5\r\n\r\nabcde" + INNER, id="hexadecimal-length"),
        pytest.param(POST + b"Content-Length: 5, 5\r\n\r\nabcde" + INNER, id="list-of-lengths"),
        pytest.param(POST + b"Content-Length : 0\r\n\r\n" + INNER, id="space-before-colon"),
        pytest.param(POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + INNER, id="unknown-coding"),
        pytest.param(POST + b"Transfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n" + INNER, id="not-last"),
        pytest.param(POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + INNER, id="vertical-tab"),
        pytest.param(POST + CHUNKED + b"\r\nzz\r\n\r\n" + INNER, id="no-chunk-size"),
        pytest.param(POST + CHUNKED + b"\r\n-1\r\n\r\n" + INNER, id="negative-chunk"),
        pytest.param(POST + CHUNKED + b"\r\n" + b"f" * 17 + b"\r\n\r\n" + INNER, id="huge-chunk"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n", id="nul"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n X: folded\r\n\r\n" + b"", id="folded"),
        pytest.param(b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", id="version"),
        pytest.param(b"GET  /  HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n", id="space-in-name"),
    ],
)  # fmt: skip
def test_an_ambiguous_request_is_refused_and_hides_no_second_one(
    server: Server, request_bytes: bytes
) -> None:
    statuses = _ask(server, request_bytes)

    assert len(statuses) <= 1
    assert all(status >= 400 for status in statuses)


@pytest.mark.parametrize("method", [b"TRACE", b"TRACK", b"CONNECT"])
def test_no_request_is_echoed(server: Server, method: bytes) -> None:
    target = b"x:80" if method == b"CONNECT" else b"/"

    statuses = _ask(server, method + b" " + target + b" HTTP/1.1\r\nHost: x\r\nX-Echo: zq\r\n\r\n")

    assert all(status in {400, 404, 405, 501} for status in statuses)


def test_two_requests_in_a_row_are_two(server: Server) -> None:
    """Else the counts above would mean nothing."""
    assert _ask(server, INNER + INNER) == [404, 404]


def test_the_server_listens_on_loopback_alone_unless_it_is_told_otherwise(
    server: Server,
) -> None:
    assert server.url.startswith("http://127.0.0.1:")
