"""All settings, read from `SAFEPLATE_...` variables or the files that `..._FILE` variables name.

No module reads settings at import time: `create_app(settings)` receives them. A secret has no default.
"""

from pathlib import Path

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy import URL, make_url

from backend.core.config.accounts import (
    AuthSettings,
    ErasureSettings,
    MailSettings,
    PasswordSettings,
    RateLimitSettings,
    RegistrationSettings,
)
from backend.core.config.service import (
    CatalogSettings,
    HttpSettings,
    LogSettings,
    MetricsSettings,
    ScreeningSettings,
    TelemetrySettings,
)
from backend.core.config.storage import (
    AuditSettings,
    DatabaseSettings,
    JobSettings,
    KeySettings,
    RedisSettings,
)
from backend.core.environment import PREFIX, EnvironmentSource


class Settings(BaseSettings):
    """Everything that an operator can set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    data_dir: Path = Path("data")
    database: DatabaseSettings = DatabaseSettings()
    keys: KeySettings = KeySettings()
    auth: AuthSettings = AuthSettings()
    registration: RegistrationSettings = RegistrationSettings()
    password: PasswordSettings = PasswordSettings()
    rate_limit: RateLimitSettings = RateLimitSettings()
    redis: RedisSettings = RedisSettings()
    screening: ScreeningSettings = ScreeningSettings()
    http: HttpSettings = HttpSettings()
    mail: MailSettings = MailSettings()
    jobs: JobSettings = JobSettings()
    audit: AuditSettings = AuditSettings()
    erasure: ErasureSettings = ErasureSettings()
    catalog: CatalogSettings = CatalogSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
    telemetry: TelemetrySettings = TelemetrySettings()

    @property
    def database_url(self) -> URL:
        """The URL with its driver; by default the SQLite file in the data folder."""
        if self.database.url is not None:
            return make_url(self.database.url.get_secret_value())
        return URL.create("sqlite+aiosqlite", database=str((self.data_dir / "safeplate.db").absolute()))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is Pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments first, then variables."""
        return init_settings, EnvironmentSource(settings_cls, env_settings)
