"""Codes of authenticator apps against the standard's own, and secrets that open in their place alone."""

import base64
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx2
import pytest

from backend.api.dependencies import Resources
from backend.core import clock
from backend.core.errors import CorruptedError
from backend.core.tokens import AccessTokenInvalidError
from backend.models.factors import Credential, FactorKind
from backend.schemas.factors import TotpBegin
from backend.services import factors, sessions
from backend.services.factors.seals import open_secret, seal_secret
from backend.services.factors.totp import matching_step
from backend.services.users import DATA_KEY
from backend.utils.security import new_key
from tests.factories import make_person

SECRET = base64.b32encode(b"12345678901234567890")

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class _Owner:
    id: uuid.UUID
    data_key: bytes


@pytest.mark.parametrize(
    ("seconds", "code"),  # RFC 6238, appendix B: the last six of eight digits
    [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)

    with clock.set_source(lambda: moment):
        assert matching_step(SECRET, code, after=0) == seconds // 30
        assert matching_step(SECRET, code, after=seconds // 30) is None
        assert matching_step(SECRET, f"{code[:3]} {code[3:]}", after=0) == seconds // 30


def test_a_secret_opens_for_its_owner_in_its_row_and_as_its_kind(resources: Resources) -> None:
    keyring = resources.keyring
    amira, boris = (
        _Owner(owner, keyring.wrap(new_key(), owner=owner, purpose=DATA_KEY))
        for owner in (uuid.uuid4(), uuid.uuid4())
    )
    row, kind = uuid.uuid4(), FactorKind.TOTP
    sealed = seal_secret(b"secret", credential_id=row, kind=kind, owner=amira, keyring=keyring)
    right = Credential(id=row, kind=kind, secret=sealed)

    assert open_secret(right, owner=amira, keyring=keyring) == b"secret"
    for moved, owner in (
        (right, boris),
        (Credential(id=uuid.uuid4(), kind=kind, secret=sealed), amira),
        (Credential(id=row, kind=FactorKind.PASSKEY, secret=sealed), amira),
        (Credential(id=row, kind=kind, secret=None), amira),
    ):
        with pytest.raises(CorruptedError):
            open_secret(moved, owner=owner, keyring=keyring)


async def test_a_session_that_ended_meanwhile_sets_no_factor_up(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    person = await make_person(client)
    database, tokens, keyring = resources.database, resources.tokens, resources.keyring
    thief = await sessions.authenticate(database, person.access_token, tokens=tokens)
    await client.post("/api/v1/auth/logout-all", headers=person.headers)

    with pytest.raises(AccessTokenInvalidError):
        async with database.unit() as session:
            await factors.begin_totp(session, thief, TotpBegin(), keyring=keyring)
