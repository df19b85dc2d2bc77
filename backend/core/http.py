"""The server's side of HTTP/1.1: uvicorn's protocol, with an end to the head of a request and a soft stop.

The application sees a request only once its head is whole, so a head without an end must be refused here.
"""

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MAX_HEAD_BYTES: Final = 65_536
HEAD_SECONDS: Final = 20.0
LAST_SECONDS: Final = 1.0
"""How long a connection without a request stays open once the service is asked to stop."""

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class GuardedHttpProtocol(HttpToolsProtocol):
    """Gives up a connection whose request line and headers are too long, or do not come to an end in time.

    When the service stops, uvicorn's own would cut off whoever is just sending a request on an idle
    connection. Here such a request is answered, and the answer says that it is the last.
    """

    _head_bytes = 0
    _timer: asyncio.TimerHandle | None = None
    _is_stopping = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._end_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, and count it if the head is still not whole."""
        super().data_received(data)
        if self._timer is not None:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._give_up(_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Begin to wait for the head of a request."""
        super().on_message_begin()
        if self._timer is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        """Let the request go on: its body has limits of its own."""
        self._end_head()
        super().on_headers_complete()
        if self._is_stopping:
            super().shutdown()  # which lets the request that has come be the last

    def shutdown(self) -> None:
        """Take one more request, if it comes soon."""
        self._is_stopping = True
        if self._is_idle():
            self.loop.call_later(LAST_SECONDS, self._close_idle)
        else:
            super().shutdown()

    def _is_idle(self) -> bool:
        # None until the first request, which the annotation forgets.
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _close_idle(self) -> None:
        if self._is_idle():
            super().shutdown()

    def _await_head(self) -> None:
        self._head_bytes = 0
        self._timer = self.loop.call_later(HEAD_SECONDS, self._give_up, _TOO_SLOW)

    def _end_head(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self, answer: bytes) -> None:
        self._end_head()
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()
