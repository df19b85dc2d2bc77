"""A service of its own in a temporary folder, with a household, labels and a menu, and a tour of them."""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Annotated, Final

import typer
import uvicorn

from backend.cli import setup
from backend.cli.demo import household, tour
from backend.core import environment, migrations
from backend.core.http import GuardedHttpProtocol

commands = typer.Typer()

_HOST: Final = "127.0.0.1"


@commands.command()
def demo(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 picks a free one.")] = 0,
    once: Annotated[bool, typer.Option("--once", help="End after the tour.")] = False,
) -> None:
    """Show a household of four, labels in many languages and a menu.

    Starts a service of its own in a temporary folder, records the household through its API, and prints what
    it answers. The service stays until Ctrl+C, to be tried. It heeds no setting and leaves nothing behind.
    """
    environment.forget()  # or it could write into the database of a service that is used
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the folder goes then, too
    with (
        suppress(KeyboardInterrupt),
        TemporaryDirectory(prefix="safeplate-demo-") as folder,
        _served(Path(folder), port) as url,
    ):
        tour.show(household.settle(url), stays=not once)
        if not once:
            Event().wait()


@contextmanager
def _served(folder: Path, port: int) -> Iterator[str]:
    """Serve in a thread of this process, and yield where."""
    environment.export({"log__level": "error"})  # the tour is what is to be read
    settings = setup.prepared(folder / "data")
    asyncio.run(migrations.upgrade(settings))
    config = uvicorn.Config(
        "backend.main:create_app", factory=True, http=GuardedHttpProtocol, host=_HOST, port=port,
        log_config=None, access_log=False, server_header=False, proxy_headers=False,
    )  # fmt: skip
    socket = config.bind_socket()
    url = f"http://{_HOST}:{socket.getsockname()[1]}"
    environment.export({"mail__public_url": url})
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [socket]})
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                setup.fail("The service did not start.")
            time.sleep(0.05)
        yield url
    finally:
        server.should_exit = True
        thread.join()
