"""Sessions: signed-in devices, their tokens, and who acts in a request."""

from backend.services.sessions.authentication import (
    SignInNotRecentError,
    authenticate,
    is_live,
    require_kept,
    require_recent,
)
from backend.services.sessions.devices import (
    SessionNotFoundError,
    end,
    end_all,
    end_one,
    is_from_here,
    list_sessions,
    purge,
    sign_out,
    sign_out_everywhere,
    to_response,
)
from backend.services.sessions.rotation import (
    FAMILY_KEY,
    ClientRequest,
    CrossSiteError,
    IssuedTokens,
    RefreshTokenInvalidError,
    RefreshTokenReusedError,
    rotate,
    start,
)

__all__ = [
    "FAMILY_KEY",
    "ClientRequest",
    "CrossSiteError",
    "IssuedTokens",
    "RefreshTokenInvalidError",
    "RefreshTokenReusedError",
    "SessionNotFoundError",
    "SignInNotRecentError",
    "authenticate",
    "end",
    "end_all",
    "end_one",
    "is_from_here",
    "is_live",
    "list_sessions",
    "purge",
    "require_kept",
    "require_recent",
    "rotate",
    "sign_out",
    "sign_out_everywhere",
    "start",
    "to_response",
]
