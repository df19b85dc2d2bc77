"""The household, the labels and the menu of the demo: recorded and asked about through the API."""

import json
import secrets
import string
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import yaml

from backend.schemas.health import HealthProfileResponse
from backend.schemas.screening import BatchLine, MenuResponse

_DATA: Final = Path(__file__).parents[2] / "data" / "demo"
_FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Answers:
    """What the service answered.

    Attributes:
        password: Made up for this run.
        labels: Name, language and text of each label, in the order of `lines`.
        dishes: As the menu has them, in the order of `menu.dishes`.
        seconds: How long the labels took, for all people together.
    """

    url: str
    username: str
    password: str
    people: tuple[HealthProfileResponse, ...]
    labels: tuple[Mapping[str, str], ...]
    lines: tuple[BatchLine, ...]
    dishes: tuple[Mapping[str, Any], ...]
    menu: MenuResponse
    seconds: float


def settle(url: str) -> Answers:
    """Open an account, record the household, and ask about everything."""
    home, labels, dishes = (_read(name) for name in ("household", "labels", "menu"))
    account = home["account"]
    password = _password()
    send = partial(_send, HTTPConnection(urlsplit(url).netloc, timeout=120))
    send("/users", account | {"password": password})
    signed_in = send("/auth/login", form={"username": account["username"], "password": password})
    send = partial(send, token=json.loads(signed_in)["access_token"])

    people = [
        HealthProfileResponse.model_validate_json(send("/health/profiles", it)) for it in home["profiles"]
    ]
    table = {"profiles": [str(person.id) for person in people]}
    questions = [{name: label[name] for name in ("text", "lang", "regime")} for label in labels]
    begin = time.perf_counter()
    lines = send("/screening/batch", table | {"labels": questions}).splitlines()
    seconds = time.perf_counter() - begin
    menu = send("/screening/menu", table | {"dishes": dishes, "lang": "en", "regime": "eu"})
    return Answers(
        url=url,
        username=account["username"],
        password=password,
        people=tuple(people),
        labels=tuple(labels),
        lines=tuple(map(BatchLine.model_validate_json, lines)),
        dishes=tuple(dishes),
        menu=MenuResponse.model_validate_json(menu),
        seconds=seconds,
    )


def _read(name: str) -> Any:  # noqa: ANN401 - whatever a file of ours holds; the API validates it
    return yaml.safe_load((_DATA / f"{name}.yaml").read_text("utf-8"))


def _password() -> str:
    """Return a password of 95 bits that every policy takes and a hand can copy."""
    alphabet = string.ascii_letters + string.digits
    while True:
        groups = ["".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4)]
        kinds = (str.islower, str.isupper, str.isdigit)
        if all(any(map(kind, "".join(groups))) for kind in kinds):
            return "-".join(groups)


def _send(
    connection: HTTPConnection,
    path: str,
    body: object = None,
    *,
    form: Mapping[str, str] | None = None,
    token: str | None = None,
) -> bytes:
    headers = {"Content-Type": "application/json" if form is None else _FORM}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    content = json.dumps(body) if form is None else urlencode(form)
    connection.request("POST", f"/api/v1{path}", content, headers)
    response = connection.getresponse()
    answer = response.read()
    if response.status >= 400:
        raise RuntimeError(f"{path}: {response.status} {answer.decode()}")
    return answer
