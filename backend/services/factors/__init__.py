"""Second factors and passkeys: set up by their owner, asked for at sign-in."""

from backend.services.factors.challenges import forget as forget_challenges
from backend.services.factors.enrolment import (
    add_passkey,
    begin_totp,
    confirm_totp,
    forget_all,
    forget_since,
    list_factors,
    remove,
    rename,
    replace_recovery_codes,
    request_passkey,
)
from backend.services.factors.errors import (
    ChallengeInvalidError,
    FactorExistsError,
    FactorInvalidError,
    FactorMissingError,
    FactorNotFoundError,
    MfaRequiredError,
    TooManyFactorsError,
)
from backend.services.factors.ports import Ports
from backend.services.factors.seals import find_faults
from backend.services.factors.sign_in import (
    complete_with_passkey,
    complete_with_recovery_code,
    complete_with_totp,
    login_with_passkey,
    request_passkey_login,
    require_factor,
)

__all__ = [
    "ChallengeInvalidError",
    "FactorExistsError",
    "FactorInvalidError",
    "FactorMissingError",
    "FactorNotFoundError",
    "MfaRequiredError",
    "Ports",
    "TooManyFactorsError",
    "add_passkey",
    "begin_totp",
    "complete_with_passkey",
    "complete_with_recovery_code",
    "complete_with_totp",
    "confirm_totp",
    "find_faults",
    "forget_all",
    "forget_challenges",
    "forget_since",
    "list_factors",
    "login_with_passkey",
    "remove",
    "rename",
    "replace_recovery_codes",
    "request_passkey",
    "request_passkey_login",
    "require_factor",
]
