"""Where a request comes from: bound once at its edge, read by whoever writes down what happened."""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Caller:
    """What is kept of where a request comes from.

    Attributes:
        ip_prefix: The network without the host's part; empty where nothing came over a network.
        user_agent: What the device says that it is: at most 200 printable characters.
        request_id: The id in the answer's header and in the log.
    """

    ip_prefix: str = ""
    user_agent: str = ""
    request_id: str = ""


_COMMAND_LINE = Caller()
_caller: ContextVar[Caller] = ContextVar("caller", default=_COMMAND_LINE)


def current() -> Caller:
    """Return where the request under way comes from; an empty one on the command line and in jobs."""
    return _caller.get()


def bind(caller: Caller) -> None:
    """Say where the request comes from, for the rest of its context."""
    _caller.set(caller)


@contextmanager
def bound(caller: Caller) -> Iterator[None]:
    """Say where a request came from, for work that is done after its answer."""
    before = _caller.set(caller)
    try:
        yield
    finally:
        _caller.reset(before)


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """Return the network of an address without its host part: /24 for IPv4, /64 for IPv6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    prefix = 24 if parsed.version == 4 else 64
    return str(ipaddress.ip_network(f"{parsed}/{prefix}", strict=False))
