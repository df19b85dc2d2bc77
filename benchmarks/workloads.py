"""What is asked of a server: the same of each, in the words that each understands."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from benchmarks.load import Chain, Load, Request
from benchmarks.people import PASSWORD, PROFILE, Person

API = "/api/v1"
LABEL = (
    "Ingredients: fortified wheat flour (wheat flour, calcium carbonate, iron, niacin, thiamin), sugar, "
    "palm oil, skimmed milk powder, emulsifier: soya lecithin; natural flavouring, salt. May contain nuts "
    "and sesame."
)
_BATCH = 50
_JSON = {"Content-Type": "application/json"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Words:
    """How a server is asked what all of them answer."""

    me: str
    login: str
    login_is_json: bool = False
    names_by_email: bool = False
    refresh: str = ""
    refresh_member: str = "refresh_token"


SAFEPLATE = Words(f"{API}/users/me", f"{API}/auth/login", refresh=f"{API}/auth/refresh")
FASTAPI_USERS = Words("/users/me", "/auth/login", names_by_email=True)
DJANGO = Words("/users/me", "/login", login_is_json=True, refresh="/refresh", refresh_member="refresh")


def me(people: Sequence[Person], words: Words, *, clients: int = 32, pause: int = 0) -> Load:
    """Read one's own account."""
    return Load([Request("GET", words.me, _bearer(person)) for person in people], clients, pause)


def login(people: Sequence[Person], words: Words, *, clients: int = 64) -> Load:
    """Sign in."""
    return Load([_login(person, words) for person in people], clients)


def refresh(people: Sequence[Person], words: Words, *, clients: int = 32) -> Load:
    """Exchange refresh tokens, each for one that is exchanged later."""
    before, after = f'{{"{words.refresh_member}":"', '"}'
    requests = [Request("POST", words.refresh, _JSON, before + person.refresh + after) for person in people]
    chain = Chain(f'"{words.refresh_member}":"([^"]+)"', before, after)
    # What drives takes one more than it sends at once: nobody must be left without a token.
    return Load(requests, min(clients, len(people) - 2), chain=chain)


def read_profile(people: Sequence[Person], *, clients: int = 32) -> Load:
    """Read one's own sealed profile."""
    return Load([_read_profile(person) for person in people], clients)


def replace_profile(people: Sequence[Person], *, clients: int = 64) -> Load:
    """Write one's own sealed profile."""
    return Load([_replace_profile(person) for person in people], clients)


def check(people: Sequence[Person], *, clients: int = 32) -> Load:
    """Check a label for oneself."""
    return Load([_check(person) for person in people], clients)


def batch(people: Sequence[Person], *, clients: int = 4) -> Load:
    """Check fifty labels for oneself."""
    body = json.dumps({"labels": [{"text": LABEL} for _ in range(_BATCH)]})
    return Load(
        [Request("POST", f"{API}/screening/batch", _JSON | _bearer(person), body) for person in people],
        clients,
    )


def day(people: Sequence[Person], *, clients: int = 32) -> Load:
    """Of a hundred requests 70 read the account, 15 check, 5 read and 5 write the profile, 5 sign in."""
    kinds = [_me] * 14 + [_check] * 3 + [_read_profile] + [_replace_profile] + [_sign_in]
    # In steps of seven, which has no divisor in common with twenty: the rare ones do not come in a row.
    mixed = [kinds[index * 7 % len(kinds)] for index in range(len(kinds))]
    requests = [mixed[index % 20](people[index % len(people)]) for index in range(20 * len(people))]
    return Load(requests, clients)


def _me(person: Person) -> Request:
    return Request("GET", SAFEPLATE.me, _bearer(person))


def _sign_in(person: Person) -> Request:
    return _login(person, SAFEPLATE)


def _login(person: Person, words: Words) -> Request:
    form = {"username": person.email if words.names_by_email else person.name, "password": PASSWORD}
    if words.login_is_json:
        return Request("POST", words.login, _JSON, json.dumps(form))
    return Request("POST", words.login, _FORM, urlencode(form))


def _read_profile(person: Person) -> Request:
    return Request("GET", f"{API}/health/profiles/me", _bearer(person))


def _replace_profile(person: Person) -> Request:
    headers = _JSON | _bearer(person) | {"If-Match": "*"}
    return Request("PUT", f"{API}/health/profiles/me", headers, json.dumps(PROFILE))


def _check(person: Person) -> Request:
    return Request("POST", f"{API}/screening/check", _JSON | _bearer(person), json.dumps({"text": LABEL}))


def _bearer(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}
