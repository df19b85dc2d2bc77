"""Settings of accounts: signing in, passwords, guesses, letters, erasure."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from backend.core.config.base import Group, Rate, Seconds


class AuthSettings(Group):
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


class RegistrationSettings(Group):
    """Opening accounts.

    Attributes:
        disclosure: `conflict` says at once that an address or a name is taken; `silent` answers everybody
            alike, and writes to the address how it went.
    """

    disclosure: Literal["conflict", "silent"] = "conflict"


class PasswordSettings(Group):
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


class RateLimitSettings(Group):
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


class MailSettings(Group):
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


class ErasureSettings(Group):
    """Erasing accounts.

    Attributes:
        grace: How long an account waits, in which its owner can undo what was asked for.
        interval: How often each process looks for accounts whose time has come.
    """

    grace: Seconds = timedelta(days=14)
    interval: Seconds = timedelta(minutes=1)
