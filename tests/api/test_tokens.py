"""Access tokens that somebody else made: all refused alike, and never a 500."""

import base64
import json
from itertools import product

import httpx2
import pytest

from backend.api.dependencies import Resources
from backend.core import signing
from backend.utils import jose
from backend.utils.jose import TokenInvalidError
from backend.utils.security import to_base64url
from tests import vectors
from tests.conftest import FakeClock
from tests.factories import erase, make_person
from tests.forger import ORDER, Forger
from tests.forgeries import FORGERIES

pytestmark = pytest.mark.anyio

REFUSED = (401, "invalid-token", 'Bearer realm="safeplate", error="invalid_token"')


async def _forger(client: httpx2.AsyncClient, resources: Resources) -> Forger:
    return Forger(await make_person(client), resources.keyring.signer)


async def _me(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    value = b"Bearer " + token.encode("utf-8", "surrogatepass")
    return await client.get("/api/v1/users/me", headers=[(b"Authorization", value)])


async def _outcome(client: httpx2.AsyncClient, token: str) -> tuple[int, str, str]:
    answer = await _me(client, token)
    return answer.status_code, answer.json().get("code", ""), answer.headers.get("www-authenticate", "")


async def test_the_forger_can_make_a_good_token(client: httpx2.AsyncClient, resources: Resources) -> None:
    forger = await _forger(client, resources)

    for token in (forger.make(claims={"jti": "another"}), forger.sign(), forger.with_text("jti", '"x"')):
        assert (await _me(client, token)).status_code == 200


@pytest.mark.parametrize("group", FORGERIES)
async def test_a_forged_token_is_refused(
    client: httpx2.AsyncClient, resources: Resources, group: str
) -> None:
    forger = await _forger(client, resources)

    outcomes = {name: await _outcome(client, forge(forger)) for name, forge in FORGERIES[group].items()}

    assert {name: outcome for name, outcome in outcomes.items() if outcome != REFUSED} == {}
    assert (await _me(client, forger.token)).status_code == 200, "the real one works after all of them"


async def test_every_other_character_of_a_token_matters(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    forger = await _forger(client, resources)
    token = forger.token
    changed = [
        token[:place] + ("B" if token[place] == "A" else "A") + token[place + 1 :]
        for place in range(len(token))
    ]
    shortened = [token[:length] for length in range(len(token))]

    outcomes = [await _outcome(client, text) for text in [*changed, *shortened]]

    assert set(outcomes) == {REFUSED}


async def test_the_two_signatures_that_one_key_has_for_a_message_are_both_its_own(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    forger = await _forger(client, resources)

    mirrored = forger.with_signature(lambda r, s: r.to_bytes(32) + (ORDER - s).to_bytes(32))

    assert (
        await _me(client, mirrored)
    ).status_code == 200  # FIPS 186-5 accepts both; the claims are the same


@pytest.mark.parametrize(("seconds", "status"), [(30, 200), (120, 401)])
@pytest.mark.parametrize("name", ["iat", "nbf"])
async def test_a_token_from_the_future_is_refused_beyond_what_clocks_differ(
    client: httpx2.AsyncClient, resources: Resources, name: str, seconds: int, status: int
) -> None:
    forger = await _forger(client, resources)

    answer = await _me(client, forger.make(claims={name: forger.claims["iat"] + seconds}))

    assert answer.status_code == status


async def test_a_token_cannot_be_used_with_another_persons_session(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    forger = await _forger(client, resources)
    boris = await make_person(client, "boris")

    token = forger.make(claims={"sub": str(boris.id)})

    assert await _outcome(client, token) == REFUSED


async def test_a_token_of_an_ended_session_is_refused(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    forger = await _forger(client, resources)
    again = forger.make(claims={"jti": "another"})

    await client.post("/api/v1/auth/logout", headers=forger.person.headers)

    assert await _outcome(client, forger.token) == REFUSED
    assert await _outcome(client, again) == REFUSED


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Token x", "Bearer a b"])
async def test_without_a_bearer_token_nobody_is_let_in(client: httpx2.AsyncClient, header: str) -> None:
    response = await client.get("/api/v1/users/me", headers={"Authorization": header})

    assert response.status_code == 401


async def test_a_remembered_token_still_asks_the_session(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    forger = await _forger(client, resources)
    await _me(client, forger.token)

    await erase(client, forger.person)

    assert await _outcome(client, forger.token) == REFUSED


async def test_a_remembered_token_is_forgotten_when_its_key_is_taken_away(
    client: httpx2.AsyncClient, resources: Resources, time: FakeClock
) -> None:
    forger = await _forger(client, resources)
    path = resources.settings.data_dir / "keys" / "signing.json"
    before = path.read_text()
    assert (await _me(client, forger.token)).status_code == 200

    path.write_text(signing.KeySet((signing.new_key(),)).to_text())
    time.advance(seconds=1)
    without = await _outcome(client, forger.token)
    path.write_text(before)
    time.advance(seconds=1)

    assert without == REFUSED
    assert (await _me(client, forger.token)).status_code == 200


async def test_every_public_vector_is_refused(client: httpx2.AsyncClient) -> None:
    found = vectors.wycheproof() | vectors.of_the_rfcs()
    assert len(found) > 80

    outcomes = {name: await _outcome(client, text) for name, text in found.items()}

    assert {name: outcome for name, outcome in outcomes.items() if outcome != REFUSED} == {}


def test_a_public_vector_is_refused_with_every_key_of_theirs_too() -> None:
    found = vectors.wycheproof() | vectors.of_the_rfcs()
    assert len(vectors.keys()) > 4

    for key, text in product(vectors.keys(), found.values()):
        with pytest.raises(TokenInvalidError):
            jose.verify(text, {key.kid: key, "kid-ec-sign": key}.get)


@pytest.mark.parametrize("space", [" ", "\n", "\t", "\x1c", "\x85", "\xa0"])
def test_space_around_a_token_is_no_part_of_one(space: str) -> None:
    # Around a header's value it is none either (RFC 9110, 5.5), so a request never shows it.
    key = signing.new_key().key
    token = jose.sign({}, key)

    assert jose.verify(token, lambda _: key) == {}
    for text in (token + space, space + token):
        with pytest.raises(TokenInvalidError):
            jose.verify(text, lambda _: key)


def test_a_vectors_signature_decides_where_its_header_is_in_our_form() -> None:
    key = vectors.wycheproof_key()
    ours = f'{{"alg":"ES256","typ":"at+jwt","kid":"{key.kid}"}}'
    genuine = vectors.wycheproof()["18 acceptsValid"].split(".")[2]

    with pytest.raises(TokenInvalidError, match="signature"):
        jose.verify(f"{to_base64url(ours.encode())}.e30.{genuine}", lambda _: key)


def test_the_vectors_are_what_they_claim_to_be() -> None:
    key = vectors.wycheproof_key()
    message, _, signature = vectors.wycheproof()["18 acceptsValid"].rpartition(".")
    data = base64.urlsafe_b64decode(signature + "==")
    public = key.public_key

    public.verify(vectors.encode_der(data), message.encode(), vectors.SCHEME)

    assert json.loads(base64.urlsafe_b64decode(message.split(".")[0] + "=="))["kid"] == key.kid
