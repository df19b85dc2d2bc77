"""What shows that somebody is who they say, besides the password; and questions that wait for an answer."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Entity
from backend.models.sessions import TokenDelivery


class FactorKind(StrEnum):
    """What kind of proof a credential is."""

    TOTP = "totp"
    PASSKEY = "passkey"
    RECOVERY_CODE = "recovery_code"


class Credential(Entity):
    """One proof of one account: an authenticator app, a passkey, or a recovery code.

    What is read back (TOTP's secret, a passkey's id and public key) is sealed under the owner's key, bound
    to owner, row and kind. What is only recognised (a passkey's id, a recovery code) is a keyed hash in
    `digest`. `counter` is the last accepted step of TOTP, or the sign count of a passkey. A factor counts
    from `confirmed_at` on; a recovery code until `consumed_at`.
    """

    __tablename__ = "credentials"
    __table_args__ = (
        UniqueConstraint("digest"),
        # One authenticator app: each more would make guessing easier.
        Index(
            "uq_credentials_user_id_totp",
            "user_id",
            unique=True,
            sqlite_where=text("kind = 'totp'"),
            postgresql_where=text("kind = 'totp'"),
        ),
    )

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    kind: Mapped[FactorKind]
    name: Mapped[str] = mapped_column(String(100))
    secret: Mapped[bytes | None]
    digest: Mapped[str | None] = mapped_column(String(64))
    counter: Mapped[int] = mapped_column(BigInteger, default=0)
    backup_eligible: Mapped[bool | None]
    backed_up: Mapped[bool | None]
    confirmed_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    consumed_at: Mapped[datetime | None]


class ChallengePurpose(StrEnum):
    """What a challenge is good for, and nothing else."""

    SIGN_IN = "sign_in"
    REGISTER_PASSKEY = "register_passkey"
    PASSKEY_SIGN_IN = "passkey_sign_in"


class Challenge(Entity):
    """A question that waits for its answer. Only a keyed hash of its random bytes is stored.

    The same bytes are the WebAuthn challenge. `user_id` is null where nobody was named yet. The row says too
    what the session will be bound to, and how the person has shown already who they are.
    """

    __tablename__ = "challenges"
    __table_args__ = (UniqueConstraint("digest"),)

    purpose: Mapped[ChallengePurpose]
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    client_id: Mapped[str] = mapped_column(String(64))
    token_delivery: Mapped[TokenDelivery]
    authentication_methods: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(index=True)
    consumed_at: Mapped[datetime | None]
