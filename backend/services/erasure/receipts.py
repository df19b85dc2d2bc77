"""Receipts: signed with the service's key, and held against the database by whoever wants to know.

Keys that sign retire, and their public halves stay in the file of keys: a receipt of years ago verifies. It
names the head of the account's chain of events, so that the two hold each other.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.errors import BadRequestError
from backend.core.keys import Keyring
from backend.core.signing import SigningKeys
from backend.models.audit import AuditAction, AuditChain, AuditEvent
from backend.models.erasure import ErasureReceipt as Row
from backend.schemas.erasure import (
    DestroyedKey,
    ErasureReceipt,
    ReceiptFindings,
    Remainder,
    SignedReceipt,
)
from backend.services.erasure import tables
from backend.utils.jose import TokenInvalidError
from backend.utils.strict_json import parse_json

RECEIPT_TYPE: Final = "erasure-receipt+jwt"
_MASTER_ID_BYTES: Final = 8  # what begins a wrapped key (core/keys.py)


class ReceiptInvalidError(BadRequestError):
    """The receipt was altered, or is not one that this service signed."""

    code = "receipt-invalid"
    title = "This is not a receipt that this service signed"


def sign(receipt: ErasureReceipt, *, keyring: Keyring) -> SignedReceipt:
    """Sign a receipt."""
    signature = keyring.signing.sign_document(receipt.model_dump(mode="json"), typ=RECEIPT_TYPE)
    return SignedReceipt(receipt=receipt, signature=signature)


def to_row(signed: SignedReceipt) -> Row:
    """Return a receipt as it is stored."""
    receipt = signed.receipt
    return Row(
        id=receipt.id, pseudonym=receipt.pseudonym, signature=signed.signature, erased_at=receipt.erased_at
    )


def read(text: str, *, signing: SigningKeys) -> ErasureReceipt:
    """Return what a receipt says, if it says what was signed, to the letter.

    Raises:
        ReceiptInvalidError: It does not.
    """
    try:
        members = parse_json(text.encode())
    except ValueError as error:
        raise ReceiptInvalidError from error
    if not isinstance(members, dict) or members.keys() != {"receipt", "signature"}:
        raise ReceiptInvalidError
    return read_signature(members["receipt"], members["signature"], signing=signing)


def read_signature(receipt: object, signature: object, *, signing: SigningKeys) -> ErasureReceipt:
    """Return what a receipt says, if its signature says the same.

    Raises:
        ReceiptInvalidError: It does not.
    """
    try:
        signed = signing.read_document(str(signature), typ=RECEIPT_TYPE)
        if _canonical(receipt) != _canonical(signed):
            raise ReceiptInvalidError
        return ErasureReceipt.model_validate(signed)
    except (TokenInvalidError, ValidationError, UnicodeEncodeError) as error:
        raise ReceiptInvalidError from error


def read_line(signature: str, *, signing: SigningKeys) -> ErasureReceipt:
    """Return what a signature alone says, which is the whole receipt.

    Raises:
        ReceiptInvalidError: This service did not sign it.
    """
    try:
        return ErasureReceipt.model_validate(signing.read_document(signature, typ=RECEIPT_TYPE))
    except (TokenInvalidError, ValidationError, UnicodeEncodeError) as error:
        raise ReceiptInvalidError from error


def repeated(receipt: ErasureReceipt) -> dict[str, str]:
    """Return what the event of a repeated erasure says: of which receipt."""
    return {"repeats": str(receipt.id)}


async def examine(session: AsyncSession, receipt: ErasureReceipt) -> ReceiptFindings:
    """Look whether anything is left of the account, and whether its chain tells of the erasure."""
    owner_id = receipt.pseudonym
    place_key = select(AuditChain.owner_id).where(
        AuditChain.owner_id == owner_id, AuditChain.place_key.is_not(None)
    )
    return ReceiptFindings(
        receipt=receipt,
        rows=await tables.count_all(session, owner_id),
        place_key=await session.scalar(place_key) is not None,
        audit=await _tells(session, receipt),
    )


def destroyed(name: str, wrapped: bytes) -> DestroyedKey:
    """Name a key that is destroyed, without what could open it."""
    return DestroyedKey(
        name=name, fingerprint=hashlib.sha256(wrapped).hexdigest(), master_key=_master_of(wrapped)
    )


def remains(wrapped: Iterable[bytes | None]) -> tuple[Remainder, ...]:
    """Say what an erasure does not reach."""
    masters = ", ".join(sorted({_master_of(key) for key in wrapped if key is not None}))
    return (
        Remainder(
            what="backups, replicas and archived logs of the database from before: rows, and keys that are "
            f"wrapped by a master key of that time ({masters})",
            until="each is deleted; what is sealed in them is noise once that master key is destroyed",
        ),
        Remainder(
            what="what happened to the account and when, under the pseudonym, without name, address or place",
            until="the chain of events is deleted",
        ),
        Remainder(what="letters that were sent", until="their readers delete them"),
    )


async def _tells(session: AsyncSession, receipt: ErasureReceipt) -> bool:
    """Tell whether the chain has the event of the erasure, or that of its repetition after a restore."""
    query = select(AuditEvent.sequence, AuditEvent.code, AuditEvent.details).where(
        AuditEvent.owner_id == receipt.pseudonym, AuditEvent.action == AuditAction.ACCOUNT_REMOVED
    )
    head, again = receipt.audit, json.dumps(repeated(receipt))
    return any(
        event.details == again
        or (head is not None and (event.sequence, event.code.hex()) == (head.sequence, head.code))
        for event in await session.execute(query)
    )


def _master_of(wrapped: bytes) -> str:
    return wrapped[:_MASTER_ID_BYTES].hex()


def _canonical(value: Any) -> str:  # noqa: ANN401 - any JSON value
    # As text: Python takes 1, 1.0 and true for equal.
    return json.dumps(value, sort_keys=True)
