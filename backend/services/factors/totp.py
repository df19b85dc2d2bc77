"""Codes of an authenticator app (TOTP, RFC 6238), each good for one use."""

import pyotp
import segno
from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.database import violates
from backend.core.errors import InvalidInputError, Violation
from backend.core.keys import Keyring
from backend.models.factors import Credential, FactorKind
from backend.schemas.factors import TotpBegin, TotpEnrolment
from backend.services.factors.errors import FactorExistsError, FactorInvalidError, FactorNotFoundError
from backend.services.factors.seals import open_secret, seal_secret
from backend.services.users import Identity, Owner
from backend.utils.identifiers import uuid7
from backend.utils.security import is_equal

_ISSUER = "Safeplate"
_STEP_SECONDS = 30  # RFC 6238, 5.2
_WINDOW = (0, -1, 1)  # one step either side, for slow fingers and clocks that differ
_QR_SCALE = 4


async def begin(session: AsyncSession, user: Identity, data: TotpBegin, *, keyring: Keyring) -> TotpEnrolment:
    """Make a secret for an authenticator app. It counts for nothing until a code confirms it.

    Raises:
        FactorExistsError: An app is set up already.
    """
    await session.execute(delete(Credential).where(*_totp_of(user), Credential.confirmed_at.is_(None)))
    secret, credential_id = pyotp.random_base32(), uuid7()
    credential = Credential(
        id=credential_id,
        user_id=user.id,
        kind=FactorKind.TOTP,
        name=data.name,
        secret=seal_secret(
            secret.encode(), credential_id=credential_id, kind=FactorKind.TOTP, owner=user, keyring=keyring
        ),
    )
    try:
        async with session.begin_nested():
            session.add(credential)
    except IntegrityError as error:
        if violates(error, "uq_credentials_user_id_totp"):
            raise FactorExistsError from error
        raise
    uri = pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name=_ISSUER)
    qr_svg = segno.make(uri, error="m", micro=False).svg_inline(scale=_QR_SCALE, light="#fff")
    return TotpEnrolment(secret=secret, uri=uri, qr_svg=qr_svg)


async def confirm(session: AsyncSession, user: Identity, code: str, *, keyring: Keyring) -> Credential:
    """Turn the app on, by a code that shows that it has the secret.

    Raises:
        FactorNotFoundError: No app waits for a code.
        InvalidInputError: The code is not right.
    """
    query = select(Credential).where(*_totp_of(user), Credential.confirmed_at.is_(None))
    credential = await session.scalar(query.with_for_update())
    if credential is None:
        raise FactorNotFoundError
    step = matching_step(open_secret(credential, owner=user, keyring=keyring), code, after=0)
    if step is None:
        raise InvalidInputError([Violation("/code", "code-wrong", "is not the app's present code")])
    # The code that turned it on is spent too.
    credential.confirmed_at, credential.counter = now(), step
    return credential


async def accept(session: AsyncSession, owner: Owner, code: str, *, keyring: Keyring) -> Credential:
    """Take a code, once: the step it stands for is stored in one atomic statement.

    Raises:
        FactorInvalidError: There is no app, or the code is wrong, too old or used.
    """
    query = select(Credential).where(*_totp_of(owner), Credential.confirmed_at.is_not(None))
    credential = await session.scalar(query)
    if credential is None:
        raise FactorInvalidError
    secret = open_secret(credential, owner=owner, keyring=keyring)
    step = matching_step(secret, code, after=credential.counter)
    if step is None:
        raise FactorInvalidError
    spent = await session.execute(
        update(Credential)
        .where(Credential.id == credential.id, Credential.counter < step)
        .values(counter=step, last_used_at=now())
        .returning(Credential.id)
    )
    if spent.one_or_none() is None:
        raise FactorInvalidError
    return credential


def matching_step(secret: bytes, code: str, *, after: int) -> int | None:
    """Return the step later than `after` whose code this is, if there is one near the present."""
    totp = pyotp.TOTP(secret.decode())
    present = int(now().timestamp()) // _STEP_SECONDS
    given = "".join(code.split()).encode()
    steps = [present + offset for offset in _WINDOW]
    # Every step is compared, whichever fits: the time tells nothing.
    fitting = [step for step in steps if is_equal(totp.generate_otp(step).encode(), given)]
    return next((step for step in fitting if step > after), None)


def _totp_of(owner: Owner) -> tuple[ColumnElement[bool], ...]:
    return (Credential.user_id == owner.id, Credential.kind == FactorKind.TOTP)
