"""Somebody who uses a running server all the time, and notes whatever fails."""

import threading
from typing import Any

import httpx2

from tests.factories import PASSWORD
from tests.server.conftest import Server

BODY = {"display_name": "Amira", "allergies": [{"name": "milk"}], "medical_conditions": ["gout"]}


class Visitor(threading.Thread):
    """Somebody who registers, reads, writes, refreshes and signs in until told to stop.

    Each request comes by a connection of its own, so that either process may answer.
    """

    def __init__(self, server: Server, name: str) -> None:
        super().__init__(daemon=True)
        limits = httpx2.Limits(max_keepalive_connections=0)
        self.client = httpx2.Client(base_url=f"{server.url}/api/v1", timeout=60, limits=limits)
        self.username = name
        self.failures: list[str] = []
        self.requests = 0
        self.notes: dict[str, str] = {}
        self._stopping = threading.Event()
        self.tokens: dict[str, Any] = {}
        self.enter()

    def call(self, method: str, path: str, **arguments: Any) -> httpx2.Response:
        """Ask, and note whatever is not a success."""
        answer = self.client.request(method, path, **arguments)
        self.requests += 1
        if not answer.is_success:
            self.failures.append(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer

    @property
    def headers(self) -> dict[str, str]:
        """The header that shows who they are."""
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}

    def enter(self) -> None:
        """Register, sign in and record a profile."""
        body = {"email": f"{self.username}@example.com", "username": self.username, "password": PASSWORD}
        self.call("POST", "/users/", json=body)
        self.sign_in()
        self.call("POST", "/health/profiles", json=BODY, headers=self.headers)

    def sign_in(self) -> None:
        """Open another session."""
        form = {"username": self.username, "password": PASSWORD}
        self.tokens = self.call("POST", "/auth/login", data=form).json()

    def refresh(self) -> None:
        """Exchange the refresh token."""
        body = {"refresh_token": self.tokens["refresh_token"]}
        self.tokens = self.call("POST", "/auth/refresh", json=body).json()

    def write(self) -> None:
        """Write a note that must be there afterwards."""
        note = f"note {self.requests}"
        headers = self.headers | {"If-Match": "*"}
        answer = self.call("PATCH", "/health/profiles/me", json={"display_name": note}, headers=headers)
        self.notes = {"display_name": note, "etag": answer.headers["etag"]}

    def read(self) -> None:
        """Read what was written last."""
        answer = self.call("GET", "/health/profiles/me", headers=self.headers)
        if self.notes and answer.json()["display_name"] != self.notes["display_name"]:
            self.failures.append("an old version was read")

    def run(self) -> None:
        """Do everything in turn."""
        while not self._stopping.is_set():
            for step in (self.read, self.write, self.read, self.refresh, self.read):
                step()
            if not self.requests % 7:
                self.sign_in()

    def end(self) -> None:
        """Stop after the present turn."""
        self._stopping.set()
        self.join(timeout=60)
        assert not self.is_alive()
