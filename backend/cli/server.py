"""Preparing and serving, in one process or several."""

import asyncio
import signal
import socket
import sys
from types import FrameType
from typing import NoReturn

import typer
import uvicorn
from fastapi import FastAPI

from backend import __version__, main
from backend.cli import setup
from backend.cli.options import DataDir
from backend.cli.processes import Processes
from backend.core import environment, metrics, migrations
from backend.core.http import GuardedHttpProtocol
from backend.core.mail import OUTBOX

GRACEFUL_SECONDS = 25
"""Until requests that are still answered are given up; what ends the service waits longer."""
_FAILED = 3  # as uvicorn has it
_TOUR = """\
Safeplate {version} listens on {url}
  API     {url}/api/v1
  Docs    {url}/docs
  Data    {data}
  Mail    {mail}
  Stop    Ctrl+C

The main job in four commands (paste them into another terminal):

  API={url}/api/v1
  curl -sS -w '\\n' $API/users -H 'Content-Type: application/json' \\
    -d '{{"email": "amira@example.com", "username": "amira", "password": "Sesame-Street-9"}}'
  TOKEN=$(curl -sS $API/auth/login -d username=amira -d password=Sesame-Street-9 \\
    | sed -E 's/.*"access_token":"([^"]+)".*/\\1/')
  curl -sS -w '\\n' $API/health/profiles -H "Authorization: Bearer $TOKEN" \\
    -H 'Content-Type: application/json' \\
    -d '{{"allergies": [{{"name": "milk", "severity": "life_threatening"}}, {{"name": "peanut"}}],
         "dietary_restrictions": ["vegetarian"], "medical_conditions": ["coeliac disease"]}}'
  curl -sS -w '\\n' $API/screening/check -H "Authorization: Bearer $TOKEN" \\
    -H 'Content-Type: application/json' \\
    -d '{{"text": "Ingredients: sugar, cocoa butter, semolina, whey powder. May contain peanuts."}}'
"""


def run(host: str, port: int, workers: int, data_dir: DataDir) -> None:
    """Prepare, say where it listens, and serve until it is ended."""
    settings = setup.prepared(data_dir)
    with setup.explained():
        asyncio.run(migrations.upgrade(settings))
        asyncio.run(main.require_fitting_keys(settings))
    server_config = uvicorn.Config(
        "backend.main:create_app" if workers > 1 else lambda: app,
        factory=True,
        http=GuardedHttpProtocol,
        host=host,
        port=port,
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # X-Forwarded-For is read by us, and believed only behind a configured proxy
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        # A process answers once it has imported everything. With the default of 5 s, a small or busy machine
        # ends each of them before that, and starts it again, for ever.
        timeout_worker_healthcheck=60,
    )
    listening = server_config.bind_socket()
    name = f"[{host}]" if ":" in host else host
    url = f"http://{name}:{listening.getsockname()[1]}"
    if "public_url" not in settings.mail.model_fields_set and host in main.OWN_MACHINE:
        # Links in mail lead here, on whichever port: the processes that serve read the settings anew.
        environment.export({"mail__public_url": url})
    with setup.explained():
        app = main.create_app()  # what is wrong with the settings shows before anything is announced
        if workers > 1:
            main.load_lists()  # once, for all processes
    if workers > 1 and app.state.spans is not None:
        app.state.spans.close()  # it has a thread, which a fork would leave in the middle of something
    data = settings.data_dir.resolve()
    mail = settings.mail.host or f"{data / OUTBOX} (files, until SAFEPLATE_MAIL__HOST names a server)"
    typer.echo(_TOUR.format(version=__version__, url=url, data=data, mail=mail))
    sys.stdout.flush()
    with setup.explained(), metrics.expose(settings.metrics):
        _run(server_config, listening, app)


def _run(config: uvicorn.Config, listening: socket.socket, app: FastAPI) -> None:
    if config.workers > 1:
        Processes(config, sockets=[listening]).run()
        return

    def end(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - a signal handler's signature
        """End with status 0: uvicorn raises the signal again once it has stopped, which is no fault."""
        raise SystemExit(_FAILED if main.has_faulty_lists(app) else 0)

    signal.signal(signal.SIGTERM, end)
    server = uvicorn.Server(config)
    server.run(sockets=[listening])
    if not server.started:
        raise typer.Exit(_FAILED)
