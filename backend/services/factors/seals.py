"""How a factor's secret is sealed: under its owner's key, bound to owner, row and kind."""

import uuid

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.errors import CorruptedError
from backend.core.keys import Keyring
from backend.models.factors import Credential, FactorKind
from backend.services.users import DATA_KEY, Owner
from backend.utils.security import SealBrokenError, open_sealed, seal


def seal_secret(
    secret: bytes, *, credential_id: uuid.UUID, kind: FactorKind, owner: Owner, keyring: Keyring
) -> bytes:
    """Seal a secret for one owner, row and kind."""
    key = keyring.unwrap(owner.data_key, owner=owner.id, purpose=DATA_KEY)
    return seal(key, secret, associated=_binding(owner.id, credential_id, kind))


def open_secret(credential: Credential, *, owner: Owner, keyring: Keyring) -> bytes:
    """Open a factor's secret.

    Raises:
        CorruptedError: The row was altered or moved. Nothing is accepted on its word.
    """
    binding = _binding(owner.id, credential.id, credential.kind)
    try:
        key = keyring.unwrap(owner.data_key, owner=owner.id, purpose=DATA_KEY)
        return open_sealed(key, credential.secret or b"", associated=binding)
    except SealBrokenError as error:
        raise CorruptedError(owner.id, {"factor": str(credential.id)}) from error


async def find_faults(session: AsyncSession, owner: Owner, *, keyring: Keyring) -> list[str]:
    """Return which of somebody's factors do not open, by their identifiers."""
    mine = select(Credential).where(Credential.user_id == owner.id, Credential.secret.is_not(None))
    faults = []
    for credential in await session.scalars(mine.order_by(Credential.id)):
        try:
            open_secret(credential, owner=owner, keyring=keyring)
        except CorruptedError:
            faults.append(f"factor {credential.id} of account {owner.id}: does not open")
    session.expunge_all()
    return faults


def _binding(owner_id: uuid.UUID, credential_id: uuid.UUID, kind: FactorKind) -> bytes:
    return b"credential" + owner_id.bytes + credential_id.bytes + kind.encode()
