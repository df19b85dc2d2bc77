"""Spans leave by OTLP, and nothing leaves with them that a log line would not say."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from backend.core import migrations
from backend.core.config import Settings
from backend.core.telemetry import Parent, read_parent
from backend.main import create_app
from tests.factories import Person, make_person, make_profile, make_settings

pytestmark = pytest.mark.anyio

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
ATTRIBUTES = {"http.request.method", "http.route", "http.response.status_code", "safeplate.request_id"}


class Collector:
    """A receiver on loopback, which keeps what it gets."""

    def __init__(self) -> None:
        self.received: list[tuple[str, bytes]] = []
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server.server_port}/v1/traces"

    def spans(self) -> list[Any]:
        """Return what it got."""
        requests = [ExportTraceServiceRequest.FromString(body) for _, body in self.received]
        return [
            span
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Return a receiver."""
    running = Collector()
    yield running
    running.server.shutdown()
    running.server.server_close()
    running.thread.join()


async def _told(folder: Path, collector: Collector, *, proxies: int = 0) -> tuple[Person, str]:
    """Use an application that sends spans, end it, and return who used it and what their profile is."""
    settings = make_settings(
        folder,
        f"sqlite:///{folder / 'telemetry.db'}",
        telemetry={"endpoint": collector.endpoint},
        http={"trusted_proxies": proxies},
    )
    await migrations.upgrade(settings)
    app: FastAPI = create_app(settings)
    headers = {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "vendor=secret", "baggage": "who=amira"}
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            amira = await make_person(client)
            profile = (await make_profile(client, amira)).json()["id"]
            await client.get(f"/api/v1/health/profiles/{profile}?secret=word", headers=amira.headers)
            await client.get("/nothing/amira")
    return amira, profile


async def test_a_span_says_what_a_log_line_says_and_nothing_else(
    data_dir: Path, collector: Collector
) -> None:
    amira, profile = await _told(data_dir, collector)

    spans = collector.spans()
    assert {path for path, _ in collector.received} == {"/v1/traces"}
    assert [(span.name, len(span.events), len(span.links)) for span in spans] == [
        ("POST /api/v1/users", 0, 0),
        ("POST /api/v1/auth/login", 0, 0),
        ("POST /api/v1/health/profiles", 0, 0),
        ("GET /api/v1/health/profiles/{profile_id}", 0, 0),
        ("GET unmatched", 0, 0),
    ]
    assert all({item.key for item in span.attributes} == ATTRIBUTES for span in spans)
    assert all(0 < span.end_time_unix_nano - span.start_time_unix_nano < 60e9 for span in spans)
    sent = b"".join(body for _, body in collector.received)
    personal = (
        str(amira.id),
        profile,
        "amira",
        "example.com",
        "secret",
        "milk",
        "127.0.0.1",
        "python",
        "SELECT",
    )
    assert [word for word in personal if word.encode() in sent] == []


@pytest.mark.parametrize("proxies", [0, 1])
async def test_only_a_proxy_of_ours_says_what_a_request_is_part_of(
    data_dir: Path, collector: Collector, proxies: int
) -> None:
    await _told(data_dir, collector, proxies=proxies)

    parents = {(span.trace_id.hex(), span.parent_span_id.hex()) for span in collector.spans()}
    assert ((TRACE, SPAN) in parents) is bool(proxies)
    assert len(parents) == (1 if proxies else 5)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "junk",
        f"00-{TRACE}-{SPAN}",
        f"00-{'0' * 32}-{SPAN}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01x",
    ],
)
def test_a_parent_that_is_not_in_the_form_is_none(header: str) -> None:
    assert read_parent(header) is None
    assert read_parent(f"00-{TRACE}-{SPAN}-00") == Parent(int(TRACE, 16), int(SPAN, 16), is_sampled=False)


def test_nothing_is_made_of_requests_without_an_endpoint(data_dir: Path) -> None:
    assert Settings().telemetry.endpoint is None
    assert create_app(make_settings(data_dir)).state.spans is None
