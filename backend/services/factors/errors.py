"""What can be wrong with a factor."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from backend.core.errors import BadRequestError, ConflictError, NotFoundError, UnauthenticatedError

MAX_PASSKEYS = 20


class MfaRequiredError(UnauthenticatedError):
    """The password is right, and the account has a second factor. The question to answer is stored."""

    code = "mfa-required"
    title = "Show a second factor to end signing in"
    keeps_writes = True

    def __init__(
        self, *, challenge: str, methods: Sequence[str], expires_in: int, options: Mapping[str, object] | None
    ) -> None:
        super().__init__()
        self._extension = {
            "challenge": challenge,
            "methods": list(methods),
            "expires_in": expires_in,
            "passkey_options": options,
        }

    def extension(self) -> Mapping[str, object]:
        """Return what ending the sign-in needs."""
        return self._extension


class FactorInvalidError(UnauthenticatedError):
    """A wrong or used code, and a passkey that is unknown or does not fit: the same error.

    Attributes:
        reason: For the owner's list of what happened.
    """

    code = "factor-invalid"
    title = "The code or the passkey is not right"
    keeps_writes = True
    reason: ClassVar[str] = "wrong"


class ChallengeInvalidError(BadRequestError):
    """The challenge is unknown, used, expired, or was made for something or somebody else."""

    code = "challenge-invalid"
    title = "The challenge is not valid any more"


class FactorNotFoundError(NotFoundError):
    """There is no such factor, or it is somebody else's."""

    code = "factor-not-found"
    title = "There is no such factor"


class FactorExistsError(ConflictError):
    """The account has an authenticator app already, or the passkey is registered."""

    code = "factor-exists"
    title = "This factor is set up already"


class FactorMissingError(ConflictError):
    """Recovery codes stand in for a factor: without one there is nothing to recover."""

    code = "factor-missing"
    title = "Set up an authenticator app or a passkey first"


class TooManyFactorsError(ConflictError):
    """The account has all the passkeys that it may have."""

    code = "too-many-factors"
    title = f"An account holds at most {MAX_PASSKEYS} passkeys"
