"""Who schemathesis is when it asks: loaded by it, as `SCHEMATHESIS_HOOKS` says (see schemathesis.toml)."""

import itertools
import os
import time
from typing import Any, Final

import httpx2
import schemathesis

PASSWORD: Final = "Sesame-Street-9"
PROFILE: Final = {"allergies": [{"name": "milk"}], "dietary_restrictions": ["vegan"]}
# After these the one who asked is signed out, or gone: each is asked by somebody of its own.
_FINAL: Final = {
    "remove_me", "logout_session", "logout_all_sessions", "remove_session", "change_password",
    "create_totp", "create_passkey", "replace_recovery_codes", "remove_factor",
}  # fmt: skip
_LOOK_EVERY: Final = 1.0  # second: an operation may have ended the session, or shut the account
_numbers = itertools.count()


def _sign_in(client: httpx2.Client, username: str) -> str:
    form = {"username": username, "password": PASSWORD}
    tokens = client.post("/api/v1/auth/login", data=form).raise_for_status().json()
    return str(tokens["access_token"])


def _newcomer(client: httpx2.Client) -> str:
    name = f"visitor{os.getpid()}x{next(_numbers)}"
    body = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
    client.post("/api/v1/users", json=body).raise_for_status()
    return _sign_in(client, name)


@schemathesis.auth(refresh_interval=None)
class Signed:
    """Signs in as an ordinary person, or below /admin as an administrator, anew whenever that has ended."""

    def __init__(self) -> None:
        self._tokens: dict[bool, tuple[str, float]] = {}
        self._client: httpx2.Client | None = None

    def get(self, case: schemathesis.Case[Any], context: schemathesis.AuthContext) -> str:
        """Return a token that is good now."""
        client = self._client = self._client or httpx2.Client(
            base_url=case.operation.base_url or "", timeout=60
        )
        if case.operation.definition.raw.get("operationId") in _FINAL:
            return _newcomer(client)
        is_admin = context.operation.path.startswith("/api/v1/admin")
        token, looked_at = self._tokens.get(is_admin, ("", 0.0))
        if time.monotonic() - looked_at > _LOOK_EVERY:
            if not token or not _is_good(client, token):
                token = _sign_in(client, "olga") if is_admin else _newcomer(client)
            # So that `me` is somebody; who has a profile is refused another.
            client.post("/api/v1/health/profiles", json=PROFILE, headers=_shown(token))
            self._tokens[is_admin] = token, time.monotonic()
        return token

    def set(self, case: schemathesis.Case[Any], data: str, context: schemathesis.AuthContext) -> None:
        """Show it."""
        case.headers["Authorization"] = f"Bearer {data}"


def _is_good(client: httpx2.Client, token: str) -> bool:
    return client.get("/api/v1/users/me", headers=_shown(token)).is_success


def _shown(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
