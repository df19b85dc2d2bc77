"""Who administers, and writing down what they do."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.errors import ConflictError, ForbiddenError, NotFoundError
from backend.core.keys import Keyring
from backend.models.audit import AuditAction, AuditActor
from backend.models.users import UserRole
from backend.services import audit
from backend.services.users import Identity


class AdminOnlyError(ForbiddenError):
    """The caller is no administrator, or is none any more."""

    code = "admin-only"
    title = "Only an administrator may do this"


class AccountNotFoundError(NotFoundError):
    """There is no account with this id, address or user name."""

    code = "account-not-found"
    title = "There is no account with this id or name"


class OwnAccountError(ConflictError):
    """Administrators do not administer themselves, so that one always remains."""

    code = "own-account"
    title = "Another administrator has to do this to your account"


@dataclass(frozen=True, slots=True)
class Authority:
    """Who administers.

    Attributes:
        admin_id: Which administrator; None for an operator.
    """

    actor: AuditActor
    admin_id: uuid.UUID | None = None

    @property
    def chain(self) -> uuid.UUID:
        """The owner of the chain for what concerns no single account."""
        return self.admin_id or audit.nobody(self.actor)


OPERATOR: Final = Authority(AuditActor.OPERATOR)
"""Whoever may run commands beside the service's keys."""


def authority_of(user: Identity) -> Authority:
    """Return the authority of who acts in a request.

    Raises:
        AdminOnlyError: They have none.
    """
    if user.role is not UserRole.ADMIN:
        raise AdminOnlyError
    return Authority(AuditActor.ADMIN, user.id)


async def record(
    session: AsyncSession,
    authority: Authority,
    action: AuditAction,
    owner_id: uuid.UUID,
    *,
    keyring: Keyring,
    **details: str,
) -> None:
    """Write down what is done to an account, on its chain."""
    named: Mapping[str, str] = details
    event = audit.Event(action, owner_id, authority.actor, authority.admin_id, named)
    await audit.record(session, event, keyring=keyring)
