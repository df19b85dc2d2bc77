"""Passkeys: registered by somebody who is signed in, used as second factor or alone."""

import uuid
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.clock import now
from backend.core.database import Database, violates
from backend.core.errors import InvalidInputError, Violation
from backend.core.keys import Keyring
from backend.core.passkeys import Assertion, Descriptor, PasskeyUnverifiableError, RelyingParty
from backend.models.factors import Credential, FactorKind
from backend.schemas.factors import AuthenticationCredential, PasskeyCreate, RegistrationCredential
from backend.services.factors.errors import (
    MAX_PASSKEYS,
    FactorExistsError,
    FactorInvalidError,
    TooManyFactorsError,
)
from backend.services.factors.seals import open_secret, seal_secret
from backend.services.users import Identity, Owner
from backend.utils.identifiers import uuid7
from backend.utils.security import from_base64url, to_base64url


class _Stored(BaseModel):
    """What is sealed of a passkey. Bytes are in base64url."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    credential_id: str
    public_key: str
    transports: tuple[str, ...]


class SignCountError(FactorInvalidError):
    """The passkey's count went back: somebody may use a copy of it. To the caller it looks like any other."""

    reason = "count-went-back"


def creation_options(
    user: Identity, existing: Sequence[Descriptor], *, challenge: bytes, party: RelyingParty
) -> dict[str, Any]:
    """Return what a browser needs to make a passkey.

    The user handle is the account's id, which names nobody.
    """
    return party.creation_options(
        challenge, user_handle=user.id.bytes, user_name=user.username, exclude=existing
    )


async def descriptors(session: AsyncSession, owner: Owner, *, keyring: Keyring) -> list[Descriptor]:
    """Return somebody's passkeys as a browser is told of them."""
    found = []
    for row in await session.scalars(select(Credential).where(*_passkeys_of(owner)).order_by(Credential.id)):
        stored = _open(row, owner=owner, keyring=keyring)
        found.append(Descriptor(from_base64url(stored.credential_id), stored.transports))
    return found


async def register(
    session: AsyncSession, user: Identity, data: PasskeyCreate, *, keyring: Keyring, party: RelyingParty
) -> Credential:
    """Keep a new passkey. The account's row must be locked, or the limit could be passed.

    Raises:
        InvalidInputError: The answer does not hold.
        FactorExistsError: The passkey is registered, here or elsewhere.
        TooManyFactorsError: There are enough.
    """
    challenge = from_base64url(data.challenge)
    try:
        passkey = party.verify_creation(_as_json(data.credential), challenge=challenge)
    except PasskeyUnverifiableError as error:
        violation = Violation("/credential", "passkey-unverifiable", "is not a passkey for this challenge")
        raise InvalidInputError([violation]) from error
    held = await session.scalar(select(func.count()).select_from(Credential).where(*_passkeys_of(user)))
    if (held or 0) >= MAX_PASSKEYS:
        raise TooManyFactorsError
    stored = _Stored(
        credential_id=to_base64url(passkey.credential_id),
        public_key=to_base64url(passkey.public_key),
        transports=passkey.transports,
    )
    credential_id = uuid7()
    credential = Credential(
        id=credential_id,
        user_id=user.id,
        kind=FactorKind.PASSKEY,
        name=data.name,
        secret=seal_secret(
            stored.model_dump_json().encode(),
            credential_id=credential_id,
            kind=FactorKind.PASSKEY,
            owner=user,
            keyring=keyring,
        ),
        digest=digest_of(stored.credential_id, keyring),
        counter=passkey.sign_count,
        backup_eligible=passkey.backup_eligible,
        backed_up=passkey.backed_up,
        confirmed_at=now(),
    )
    try:
        async with session.begin_nested():
            session.add(credential)
    except IntegrityError as error:
        if violates(error, "uq_credentials_digest"):
            raise FactorExistsError from error
        raise
    return credential


async def accept(
    session: AsyncSession,
    owner: Owner,
    answer: AuthenticationCredential,
    *,
    challenge: bytes,
    keyring: Keyring,
    party: RelyingParty,
) -> Credential:
    """Take a passkey's answer: its sign count moves on in one atomic statement.

    Raises:
        FactorInvalidError: The passkey is not this person's, or its answer does not hold.
        SignCountError: The answer holds, and its count went back.
    """
    query = select(Credential).where(
        *_passkeys_of(owner), Credential.digest == digest_of(answer.raw_id, keyring)
    )
    credential = await session.scalar(query)
    handle = answer.response.user_handle
    if credential is None or (handle is not None and handle != to_base64url(owner.id.bytes)):
        raise FactorInvalidError
    stored = _open(credential, owner=owner, keyring=keyring)
    try:
        assertion = party.verify_assertion(
            _as_json(answer), challenge=challenge, public_key=from_base64url(stored.public_key)
        )
    except PasskeyUnverifiableError as error:
        raise FactorInvalidError from error
    if assertion.backup_eligible != credential.backup_eligible:
        raise FactorInvalidError  # WebAuthn 3, 6.1.3: it never changes
    await _move_on(session, credential, assertion)
    return credential


async def owner_of(database: Database, credential_id: str, *, keyring: Keyring) -> uuid.UUID | None:
    """Return whose passkey it is, if anybody's."""
    query = select(Credential.user_id).where(
        Credential.kind == FactorKind.PASSKEY, Credential.digest == digest_of(credential_id, keyring)
    )
    async with database.statement() as connection:
        return await connection.scalar(query)


def digest_of(credential_id: str, keyring: Keyring) -> str:
    """Return what is stored to find a passkey by its id."""
    return keyring.fingerprint("passkey", credential_id)


async def _move_on(session: AsyncSession, credential: Credential, assertion: Assertion) -> None:
    is_later = Credential.counter < assertion.sign_count
    if assertion.sign_count == 0:
        is_later = or_(is_later, Credential.counter == 0)  # it does not count (WebAuthn 3, 6.1.1)
    moved = await session.execute(
        update(Credential)
        .where(Credential.id == credential.id, is_later)
        .values(counter=assertion.sign_count, backed_up=assertion.backed_up, last_used_at=now())
        .returning(Credential.id)
    )
    if moved.one_or_none() is None:
        raise SignCountError


def _open(credential: Credential, *, owner: Owner, keyring: Keyring) -> _Stored:
    return _Stored.model_validate_json(open_secret(credential, owner=owner, keyring=keyring))


def _as_json(credential: RegistrationCredential | AuthenticationCredential) -> dict[str, Any]:
    return credential.model_dump(mode="json", by_alias=True, exclude_none=True)


def _passkeys_of(owner: Owner) -> tuple[ColumnElement[bool], ...]:
    return (Credential.user_id == owner.id, Credential.kind == FactorKind.PASSKEY)
