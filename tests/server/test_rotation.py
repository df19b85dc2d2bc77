"""The signing key changes under two processes that serve, while somebody signs in and reads all the time."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from joserfc.jwk import ECKey

from backend.utils import jose
from backend.utils.security import from_base64url
from tests import postgres
from tests.conftest import DATABASES
from tests.drills.processes import workers
from tests.factories import PASSWORD
from tests.server.conftest import SAFEPLATE, Server, child_environment, start, stop

pytestmark = pytest.mark.server

LIFE, DELAY = 5, 2
LIVES = {"SAFEPLATE_AUTH__ACCESS_TOKEN_TTL": f"PT{LIFE}S"}
# A process that is paused must not hold SQLite's lock for work of its own.
OFF = {"SAFEPLATE_RATE_LIMIT__ENABLED": "false", "SAFEPLATE_JOBS__ENABLED": "false"}


@pytest.fixture(params=DATABASES)
def server(request: pytest.FixtureRequest, data_dir: Path) -> Iterator[Server]:
    """Return a server of two processes whose access tokens live for seconds."""
    if request.param == "sqlite":
        running = start(data_dir, "--workers", "2", **LIVES, **OFF)
        yield running
        stop(running)
        return
    with postgres.database() as url:
        running = start(data_dir, "--workers", "2", SAFEPLATE_DATABASE__URL=url, **LIVES, **OFF)
        yield running
        stop(running)


class Visitor:
    """Somebody who signs in, and uses each token from a new connection, so that any process may answer."""

    def __init__(self, server: Server) -> None:
        limits = httpx2.Limits(max_keepalive_connections=0)
        self.client = httpx2.Client(base_url=server.url, timeout=30, limits=limits)
        self.live: list[str] = []
        self.answers: list[int] = []
        body = {"email": "amira@example.com", "username": "amira", "password": PASSWORD}
        self.client.post("/api/v1/users/", json=body).raise_for_status()

    def sign_in(self) -> str:
        """Return a new access token."""
        form = {"username": "amira", "password": PASSWORD}
        token: str = self.client.post("/api/v1/auth/login", data=form).json()["access_token"]
        self.live.append(token)
        return token

    def read(self, token: str) -> int:
        """Return the status of reading the account."""
        headers = {"Authorization": f"Bearer {token}"}
        return self.client.get("/api/v1/users/me", headers=headers).status_code

    def keep_reading(self, until: float) -> None:
        """Sign in and read with every token that has not expired, again and again."""
        while time.time() < until:
            self.sign_in()
            self.live = [token for token in self.live if _is_live(token)]
            self.answers += [self.read(token) for token in self.live if _is_live(token)]

    def published(self) -> list[str]:
        """Return the names of the public keys."""
        return [key["kid"] for key in self.client.get("/.well-known/jwks.json").json()["keys"]]


def _part(token: str, index: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(from_base64url(token.split(".")[index]))
    return found


def _is_live(token: str) -> bool:
    return bool(_part(token, 1)["exp"] - time.time() > 1)


def _kid(token: str) -> str:
    return str(_part(token, 0)["kid"])


@contextmanager
def _paused(worker: int) -> Iterator[None]:
    # The processes share one socket: what comes while one is paused is answered by the other.
    os.kill(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(worker, signal.SIGCONT)


def _rotate(server: Server) -> None:
    command = [str(SAFEPLATE), "keys", "rotate", "--delay", str(DELAY), "--data-dir", str(server.data_dir)]
    subprocess.run(command, env=child_environment(**LIVES), check=True, capture_output=True, timeout=60)


def test_no_valid_token_is_refused_while_the_key_changes(server: Server) -> None:
    visitor, pids = Visitor(server), workers(server.process.pid)
    assert len(pids) == 2
    path = server.data_dir / "keys" / "signing.json"
    old_key = json.loads(path.read_text())["keys"][0]
    old_token = visitor.sign_in()
    visitor.keep_reading(time.time() + 1)

    _rotate(server)
    before, next_key = json.loads(path.read_text())["keys"]
    visitor.keep_reading(before["exp"] - LIFE - 0.5)

    for worker in pids:
        with _paused(worker):
            assert _kid(visitor.sign_in()) == next_key["kid"]
            assert set(visitor.published()) == {old_key["kid"], next_key["kid"]}
            assert visitor.read(_late(old_token, old_key)) == 200, "its key is still accepted"
    visitor.keep_reading(before["exp"] + 1.5)
    for worker in pids:
        with _paused(worker):
            assert visitor.published() == [next_key["kid"]]
            assert visitor.read(_late(old_token, old_key)) == 401
            assert visitor.read(visitor.sign_in()) == 200

    assert set(visitor.answers) == {200}
    assert len(visitor.answers) > 50
    stored = json.loads(path.read_text())
    assert [key["kid"] for key in stored["keys"]] == [next_key["kid"]]
    assert stored["retired"] == [
        {name: value for name, value in old_key.items() if name not in {"d", "iat", "nbf", "exp"}}
    ]


def _late(token: str, key: dict[str, Any]) -> str:
    """Return a token that the old key signs now: only whether the key is accepted decides."""
    claims = _part(token, 1)
    moment = int(time.time())
    return jose.sign(claims | {"iat": moment, "exp": moment + LIFE}, ECKey.import_key(key))
