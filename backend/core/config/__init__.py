"""Settings: nested, frozen, one prefix."""

from backend.core.config.accounts import (
    AuthSettings,
    ErasureSettings,
    MailSettings,
    PasswordSettings,
    RateLimitSettings,
    RegistrationSettings,
)
from backend.core.config.base import Seconds
from backend.core.config.service import (
    CatalogSettings,
    HttpSettings,
    LogSettings,
    MetricsSettings,
    ScreeningSettings,
    TelemetrySettings,
)
from backend.core.config.settings import Settings
from backend.core.config.storage import (
    AuditSettings,
    DatabaseSettings,
    JobSettings,
    KeySettings,
    RedisSettings,
)

__all__ = [
    "AuditSettings",
    "AuthSettings",
    "CatalogSettings",
    "DatabaseSettings",
    "ErasureSettings",
    "HttpSettings",
    "JobSettings",
    "KeySettings",
    "LogSettings",
    "MailSettings",
    "MetricsSettings",
    "PasswordSettings",
    "RateLimitSettings",
    "RedisSettings",
    "RegistrationSettings",
    "ScreeningSettings",
    "Seconds",
    "Settings",
    "TelemetrySettings",
]
