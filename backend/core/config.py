"""Settings: nested, frozen, read from `SAFEPLATE_...` variables or the files that `..._FILE` variables name.

No module reads settings at import time: `create_app(settings)` receives them. A secret has no default.
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy import URL, make_url

from backend.core.environment import PREFIX, EnvironmentSource

Seconds = Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=3650))]
Rate = Annotated[str, Field(pattern=r"^[1-9]\d{0,5}/([1-9]\d{0,3} ?)?(second|minute|hour|day)s?$")]
"""A limit such as `10/minute` or `100/15 minutes`."""


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DatabaseSettings(_Group):
    """Where the data are. Without a URL: an SQLite file in the data folder."""

    url: SecretStr | None = None
    pool_size: int = Field(default=10, ge=2, le=500)
    acquire_timeout: Seconds = timedelta(seconds=5)
    statement_timeout: Seconds = timedelta(seconds=30)

    @field_validator("url")
    @classmethod
    def _name_the_driver(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None:
            return None
        scheme, separator, rest = url.get_secret_value().partition("://")
        drivers = {
            "postgres": "postgresql+asyncpg",
            "postgresql": "postgresql+asyncpg",
            "postgresql+asyncpg": "postgresql+asyncpg",
            "sqlite": "sqlite+aiosqlite",
            "sqlite+aiosqlite": "sqlite+aiosqlite",
        }
        if not separator or scheme not in drivers:
            message = "must start with postgresql:// or sqlite:///"
            raise ValueError(message)
        # Hosts hand out libpq's URLs; asyncpg calls the same option `ssl`.
        place, question, options = rest.partition("?")
        options = re.sub(r"(^|&)sslmode=", r"\1ssl=", options)
        return SecretStr(f"{drivers[scheme]}://{place}{question}{options}")


class KeySettings(_Group):
    """The service's keys, where they do not come from the data folder.

    Attributes:
        master: The key that wraps every person's data key: 32 bytes in base64url.
        signing: The private signing keys as a JWK set (`core/signing.py`).
    """

    master: SecretStr | None = None
    signing: SecretStr | None = None


class AuthSettings(_Group):
    """Tokens, sessions and passkeys.

    Attributes:
        passkey_rp_id: The domain that passkeys belong to; by default the host of `mail.public_url`.
        passkey_origins: Where pages that use them may be; by default the origin of `mail.public_url`.
    """

    issuer: str = "safeplate"
    audience: str = "safeplate"
    access_token_ttl: Seconds = timedelta(minutes=15)
    refresh_idle_ttl: Seconds = timedelta(days=30)
    refresh_absolute_ttl: Seconds = timedelta(days=90)
    refresh_grace: Seconds = timedelta(seconds=10)
    passkey_rp_id: str | None = None
    passkey_origins: tuple[str, ...] = ()


class RegistrationSettings(_Group):
    """Opening accounts.

    Attributes:
        disclosure: `conflict` says at once that an address or a name is taken; `silent` answers everybody
            alike, and writes to the address how it went.
    """

    disclosure: Literal["conflict", "silent"] = "conflict"


class PasswordSettings(_Group):
    """The password rule and the cost of a hash.

    `composition` asks for four kinds of characters; `nist` for length alone, as NIST SP 800-63B does. Common,
    predictable and personal passwords are refused in both.

    The cost is OWASP's second argon2id profile: 19 MiB, 2 passes, 1 lane. `threads` hashes run at once, so
    hashing takes at most `threads` times `memory_kib` of memory.
    """

    policy: Literal["composition", "nist"] = "composition"
    min_length: int | None = Field(default=None, ge=8, le=64)
    threads: int = Field(default=2, ge=1, le=64)
    memory_kib: int = Field(default=19_456, ge=8_192, le=4_194_304)
    passes: int = Field(default=2, ge=1, le=100)
    max_waiting: int = Field(default=512, ge=1, le=100_000)

    @property
    def required_length(self) -> int:
        """The shortest password, where none is set: what the policy calls for without a second factor."""
        return self.min_length or (15 if self.policy == "nist" else 8)


class RateLimitSettings(_Group):
    """How often one network may ask, and how often anybody may guess at a secret.

    Requests are counted in memory, or in Redis/Valkey where several processes serve; guesses in the database.

    Attributes:
        free_guesses: How many wrong guesses at one account go without a delay; half as many from one network,
            and ten times as many of one network at all accounts.
        guess_recovery: How long until one guess is forgotten.
        longest_delay: The longest that the next guess has to wait.
    """

    enabled: bool = True
    free_guesses: int = Field(default=10, ge=2, le=1_000_000)
    guess_recovery: Seconds = timedelta(minutes=15)
    longest_delay: Seconds = timedelta(minutes=15)
    login: Rate = "20/minute"
    registration: Rate = "20/hour"
    refresh: Rate = "120/minute"
    recovery: Rate = "10/hour"
    guest_check: Rate = "60/minute"


class ScreeningSettings(_Group):
    """Checking labels.

    Attributes:
        guests: Whether people without an account may check labels for what they say they avoid.
    """

    guests: bool = True


class RedisSettings(_Group):
    """Redis or Valkey. Holds only what can be rebuilt."""

    url: SecretStr | None = None


class HttpSettings(_Group):
    """What the service accepts from the network."""

    max_body_bytes: int = Field(default=1_048_576, ge=1_024, le=104_857_600)
    body_timeout: Seconds = timedelta(seconds=20)
    max_headers: int = Field(default=100, ge=10, le=1_000)
    allowed_hosts: tuple[str, ...] = ("*",)
    trusted_proxies: int = Field(default=0, ge=0, le=10)
    cors_origins: tuple[str, ...] = ()
    docs: bool = True


class MailSettings(_Group):
    """Where mail goes. Without a host each message becomes a file in `outbox` of the data folder.

    Attributes:
        security: `starttls` (port 587), `tls` from the first byte (port 465), or `none` on a trusted network.
        sender: The address in From.
        public_url: Where people reach the service: links in mail begin with it.
    """

    host: str | None = None
    port: int = Field(default=587, ge=1, le=65_535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    password: SecretStr | None = None
    timeout: Seconds = timedelta(seconds=20)
    sender: str = "Safeplate <no-reply@localhost>"
    public_url: str = "http://127.0.0.1:8000"

    @field_validator("public_url")
    @classmethod
    def _end_without_a_slash(cls, url: str) -> str:
        return url.rstrip("/")


class JobSettings(_Group):
    """Work that is done after the answer: mail.

    Attributes:
        enabled: Whether the processes that serve also work; one elsewhere may do it alone.
        poll_interval: How often each process looks for work.
        lease: How long a process may take for a job before another takes it over.
    """

    enabled: bool = True
    poll_interval: Seconds = timedelta(seconds=2)
    lease: Seconds = timedelta(minutes=2)
    max_attempts: int = Field(default=12, ge=1, le=100)


class AuditSettings(_Group):
    """Where the heads of the audit chains are written, besides the database.

    Attributes:
        interval: How often: what happened since can be cut off unseen.
        syslog: A socket (`/dev/log`) or `host:port` over UDP; otherwise a file of the data folder.
    """

    interval: Seconds = timedelta(minutes=1)
    syslog: Annotated[str, Field(pattern=r"^(/.+|.+:\d{1,5})$")] | None = None


class ErasureSettings(_Group):
    """Erasing accounts.

    Attributes:
        grace: How long an account waits, in which its owner can undo what was asked for.
        interval: How often each process looks for accounts whose time has come.
    """

    grace: Seconds = timedelta(days=14)
    interval: Seconds = timedelta(minutes=1)


class CatalogSettings(_Group):
    """What operators add to the catalogue.

    Attributes:
        max_age: How old what a process knows of it may be; each looks that often for changes of others.
    """

    max_age: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(hours=1))] = timedelta(seconds=1)


class LogSettings(_Group):
    """How much is logged, and whether for people or for machines."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console"] = "json"


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
