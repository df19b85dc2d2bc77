"""Serving: its options, and what must be decided before anything else is loaded."""

import importlib
from typing import Annotated

import typer

from backend.cli.options import DataDir
from backend.core import environment
from backend.utils.collecting import uncollected

commands = typer.Typer()


@commands.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 picks a free one.")
    ] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that serve.")] = 1,
    worker: Annotated[
        bool | None, typer.Option("--worker/--no-worker", help="Whether these processes do the jobs too.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Prepare the data folder, the keys and the schema, and serve."""
    if worker is not None:
        environment.export({"jobs__enabled": str(worker).lower()})
    with environment.shared_among(workers):
        # Prometheus's library, which almost everything loads, decides once where values are kept.
        with uncollected():
            server = importlib.import_module("backend.cli.server")
        server.run(host, port, workers, data_dir)
