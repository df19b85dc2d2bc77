"""Showing what was counted: as text, or on a port of its own."""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    generate_latest,
    start_http_server,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from backend.core import environment
from backend.core.config import MetricsSettings

_OF_PROCESS: Final = re.compile(r"_(\d+)\.db$")


def render() -> tuple[bytes, str]:
    """Return what was counted by all processes that share their values, and its media type."""
    return generate_latest(_registry(environment.shared_values())), CONTENT_TYPE_LATEST


@contextmanager
def expose(settings: MetricsSettings) -> Iterator[None]:
    """Show what is counted on the port of the settings, if there is one.

    Raises:
        OSError: The port is taken.
    """
    if settings.port is None:
        yield
        return
    registry = CollectorRegistry()
    registry.register(_Live(environment.shared_values()))
    server, thread = start_http_server(settings.port, settings.host, registry=registry)
    if sys.platform != "win32":
        # A process that is forked answers nobody here, and must not keep the port from another that would.
        os.register_at_fork(after_in_child=server.socket.close)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Live(Collector):
    """Reads the files anew each time, without those of processes that have ended."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Return what there is."""
        return _registry(self._folder).collect()


def _registry(folder: Path | None) -> CollectorRegistry:
    if folder is None:
        return REGISTRY
    for path in folder.glob("gauge_live*.db"):
        found = _OF_PROCESS.search(path.name)
        if found is not None and not _lives(int(found[1])):
            mark_process_dead(int(found[1]), str(folder))  # type: ignore[no-untyped-call] # the library's
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call] # as above
    return registry


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
