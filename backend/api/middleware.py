"""What happens around every request: its id, its log line, its limits and its security headers.

Pure ASGI, in this order from the outside: `RequestLog`, `SecurityHeaders`, `RequestGuard`, `Announcements`.
"""

import asyncio
import re
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.api import problems
from backend.api.contract.deprecation import DEPRECATED, Deprecation
from backend.core import caller, languages, metrics
from backend.core.caller import Caller
from backend.core.config import HttpSettings
from backend.core.logging import bind_contextvars, clear_contextvars, logger
from backend.core.telemetry import Ended, Parent, Spans, read_parent

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_PORT = re.compile(r":\d*$")  # "[::1]" ends in no port
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_CLOSE = {"Connection": "close"}
_SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}


class RequestLog:
    """Names the request and its caller, logs one line, and turns what nobody caught into a bare 500."""

    def __init__(self, app: ASGIApp, settings: HttpSettings, spans: Spans | None = None) -> None:
        self._app = app
        self._trusted_proxies = settings.trusted_proxies
        self._spans = spans

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        clear_contextvars()
        headers = Headers(scope=scope)
        given = headers.get("request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        bind_contextvars(request_id=request_id)
        languages.bind(headers.get("accept-language", ""))
        caller.bind(
            Caller(
                ip_prefix=caller.network_of(_client_address(scope, headers, self._trusted_proxies)),
                user_agent="".join(filter(str.isprintable, headers.get("user-agent", "")[:200])),
                request_id=request_id,
            )
        )
        started, status = time.perf_counter(), 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"request-id", request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception:  # noqa: BLE001 - this is the last place: a caller gets a bare 500, the log the rest
            logger.exception("request_failed")
            if not status:
                await problems.problem(HTTPStatus.INTERNAL_SERVER_ERROR)(scope, receive, answer)
        finally:
            self._tell(scope, headers, status, time.perf_counter() - started, request_id)

    def _tell(self, scope: Scope, headers: Headers, status: int, seconds: float, request_id: str) -> None:
        """Count the request, log its line, and send its span if spans go anywhere."""
        route = _template(scope)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        metrics.request_ended(route, method, status, seconds)
        if self._spans is not None:
            taken, parent = round(seconds * 1e9), self._parent(headers)
            began = time.time_ns() - taken
            self._spans.end(Ended(method, route, status, began, taken, request_id, parent))
        logger.info(
            "request", method=method, route=route, status=status, milliseconds=round(seconds * 1000, 2)
        )

    def _parent(self, headers: Headers) -> Parent | None:
        """Return the span in which a proxy of ours made the request; a caller's own is not believed."""
        return read_parent(headers.get("traceparent", "")) if self._trusted_proxies else None


def _client_address(scope: Scope, headers: Headers, trusted_proxies: int) -> str:
    """Return the caller's address, believing `X-Forwarded-For` only as far as our own proxies wrote it."""
    direct: str = (scope.get("client") or ("",))[0]
    if not trusted_proxies:
        return direct
    # A proxy may add a line of its own instead of lengthening the caller's.
    lines = ",".join(headers.getlist("x-forwarded-for"))
    hops = [hop.strip() for hop in lines.split(",") if hop.strip()]
    return hops[-trusted_proxies] if len(hops) >= trusted_proxies else direct


def _template(scope: Scope) -> str | None:
    """Return the route with its parameters' names: the path itself may hold what is personal."""
    # A router that was included knows only its own part; the framework keeps the whole in its own scope.
    route = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    return getattr(route, "path", None)


class SecurityHeaders:
    """Tells browsers to trust nothing that we did not mean, and caches to keep nothing personal.

    A proxy ends TLS and speaks plain HTTP to us, so the scheme alone does not tell whether browsers must come
    by TLS: where people reach the service does.
    """

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self._app = app
        self._plain = [(name.encode(), value.encode()) for name, value in _SECURITY_HEADERS.items()]
        self._tls = [*self._plain, (b"strict-transport-security", b"max-age=63072000; includeSubDomains")]
        if public_url.startswith("https://"):
            self._plain = self._tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message["headers"] = list(message.get("headers", ()))
                names = {name for name, _ in given}
                wanted = self._tls if scope["scheme"] == "https" else self._plain
                given += [header for header in wanted if header[0] not in names]  # pages bring a policy
            await send(message)

        await self._app(scope, receive, answer)


class _RefusedError(Exception):
    """The body was refused while the application read it."""


class _BoundedBody:
    """The body of one request, with an end in bytes and in time."""

    def __init__(self, receive: Receive, settings: HttpSettings) -> None:
        self._receive = receive
        self._bytes_left = settings.max_body_bytes
        self._deadline = asyncio.get_running_loop().time() + settings.body_timeout.total_seconds()
        self._is_complete = False
        self.refusal: HTTPStatus | None = None

    async def receive(self) -> Message:
        """Pass on the next message of the body."""
        if self._is_complete:
            return await self._receive()  # waits for the client to leave: no deadline
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError as error:
            self.refusal = HTTPStatus.REQUEST_TIMEOUT
            raise _RefusedError from error
        self._bytes_left -= len(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)
        if self._bytes_left < 0:
            self.refusal = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            raise _RefusedError
        return message


def _without_body(send: Send) -> Send:
    """Send the header of an answer alone: HEAD is GET without the content (RFC 9110, 9.3.2)."""

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return answer


class RequestGuard:
    """Refuses what is too large, too slow or not for us. `/path/` is `/path`, HEAD is GET without content."""

    def __init__(self, app: ASGIApp, settings: HttpSettings) -> None:
        self._app = app
        self._settings = settings
        self._hosts = {host.lower() for host in settings.allowed_hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if refusal := self._refusal(scope):
            await problems.problem(refusal, _CLOSE)(scope, receive, send)
            return
        path = scope["path"]
        if path.endswith("/") and not path.endswith("//") and path != "/":
            scope["path"] = path.removesuffix("/")
        if scope["method"] != "HEAD":
            await self._bounded(scope, receive, send)
            return
        # The server looks at its own scope: it must go on knowing that no content may follow.
        inner = {**scope, "method": "GET"}
        await self._bounded(inner, receive, _without_body(send))
        scope.update({key: inner[key] for key in ("route", "fastapi") if key in inner})

    def _refusal(self, scope: Scope) -> HTTPStatus | None:
        headers = Headers(scope=scope)
        if len(scope["headers"]) > self._settings.max_headers:
            return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        hosts = headers.getlist("host")
        host = _PORT.sub("", hosts[0]) if len(hosts) == 1 else None
        if host is None or ("*" not in self._hosts and host.lower() not in self._hosts):
            return HTTPStatus.MISDIRECTED_REQUEST
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) > self._settings.max_body_bytes:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        return None

    async def _bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = _BoundedBody(receive, self._settings)

        async def answer(message: Message) -> None:
            if body.refusal is None:  # else the framework is answering to a body that it could not read
                await send(message)

        with suppress(_RefusedError):
            await self._app(scope, body.receive, answer)
        if body.refusal is not None:
            await problems.problem(body.refusal, _CLOSE)(scope, receive, send)


class Announcements:
    """Says on every answer of an operation what its limit leaves, and whether it is going to be given up."""

    def __init__(self, app: ASGIApp, deprecated: Mapping[tuple[str, str], Deprecation] = DEPRECATED) -> None:
        self._app = app
        self._deprecated = deprecated

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state: dict[str, dict[str, str]] = scope.setdefault("state", {})

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(state.get("rate_limit", {}))
                if found := self._deprecated.get((scope["method"], _template(scope) or "")):
                    headers.update(found.headers())
            await send(message)

        await self._app(scope, receive, answer)
