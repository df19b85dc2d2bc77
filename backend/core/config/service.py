"""Settings of the service itself: what it takes from the network, knows and says."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from backend.core.config.base import Group, Seconds


class HttpSettings(Group):
    """What the service accepts from the network."""

    max_body_bytes: int = Field(default=1_048_576, ge=1_024, le=104_857_600)
    body_timeout: Seconds = timedelta(seconds=20)
    max_headers: int = Field(default=100, ge=10, le=1_000)
    allowed_hosts: tuple[str, ...] = ("*",)
    trusted_proxies: int = Field(default=0, ge=0, le=10)
    cors_origins: tuple[str, ...] = ()
    docs: bool = True


class ScreeningSettings(Group):
    """Checking labels.

    Attributes:
        guests: Whether people without an account may check labels for what they say they avoid.
    """

    guests: bool = True


class CatalogSettings(Group):
    """What operators add to the catalogue.

    Attributes:
        max_age: How old what a process knows of it may be; each looks that often for changes of others.
    """

    max_age: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(hours=1))] = timedelta(seconds=1)


class MetricsSettings(Group):
    """Who may see what is counted: nobody, unless one of the two is set.

    Attributes:
        host: On which address the port is.
        port: A port of its own, for whoever reaches it.
        token: What `GET /metrics` asks for, as a bearer token.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    token: Annotated[SecretStr, Field(min_length=16)] | None = None


class TelemetrySettings(Group):
    """Where spans of requests go, for whoever follows them through several services.

    Attributes:
        endpoint: Where a collector takes traces by OTLP over HTTP; none are made without one.
        sample_ratio: Which part of the requests has a span, where no proxy has decided.
        service: How the service is named there.
    """

    endpoint: Annotated[str, Field(pattern=r"^https?://")] | None = None
    sample_ratio: float = Field(default=1.0, ge=0, le=1)
    service: Annotated[str, Field(min_length=1, max_length=100)] = "safeplate"


class LogSettings(Group):
    """How much is logged, and whether for people or for machines."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console"] = "json"
