"""PostgreSQL's connection URLs, as libpq reads them: several hosts, and the options that this service obeys.

What is not obeyed is refused: an option that asks for protection must not be passed over in silence.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl, quote, unquote

_OPTIONS: Final[Mapping[str, frozenset[str] | None]] = MappingProxyType(
    {
        "sslmode": frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}),
        "sslrootcert": None,
        "sslcert": None,
        "sslkey": None,
        "application_name": None,
        "connect_timeout": None,
        # The service writes: standbys are of no use to it.
        "target_session_attrs": frozenset({"any", "read-write", "primary"}),
        # Said by URLs of hosting companies. The driver does neither, so it may not be asked to.
        "channel_binding": frozenset({"disable", "prefer"}),
        "gssencmode": frozenset({"disable", "prefer"}),
    }
)
_WHERE: Final = ("host", "port", "user", "password", "dbname")


class PostgresUrlError(ValueError):
    """The URL cannot be obeyed; the message says why, and holds nothing of it but names of options."""


@dataclass(frozen=True, slots=True)
class Server:
    """One of the places where the database may be.

    Attributes:
        host: A name, an address, or the folder of a socket; empty for where the driver looks by itself.
        port: None where the URL names none.
    """

    host: str
    port: int | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class PostgresUrl:
    """What a URL says.

    Attributes:
        servers: In the order in which they are tried; at least one.
        options: Those of libpq that this service obeys, by their names.
    """

    servers: tuple[Server, ...]
    user: str | None
    password: str | None = field(repr=False)
    database: str | None
    options: Mapping[str, str]

    @property
    def session_attributes(self) -> str:
        """What a server must be: with several, one that takes writes, unless the URL says otherwise."""
        return self.options.get("target_session_attrs", "any" if len(self.servers) == 1 else "read-write")

    def for_sqlalchemy(self) -> str:
        """Return the URL in the form of SQLAlchemy, which names several hosts in the query."""
        name = quote(self.user or "", safe="")
        secret = "" if self.password is None else f":{quote(self.password, safe='')}"
        at = "@" if name or secret else ""
        sole = len(self.servers) == 1 and not self.servers[0].host.startswith("/")
        host = str(self.servers[0]) if sole else ""
        query = [] if sole else [f"host={quote(str(server), safe=':/[]')}" for server in self.servers]
        query += [f"{key}={quote(value, safe='')}" for key, value in self.options.items()]
        path = f"/{quote(self.database, safe='')}" if self.database is not None else ""
        return f"postgresql+asyncpg://{name}{secret}{at}{host}{path}" + (
            f"?{'&'.join(query)}" if query else ""
        )


def parse(url: str) -> PostgresUrl:
    """Read a URL.

    Raises:
        PostgresUrlError: It is none, or asks for what this service does not do.
    """
    _, _, rest = url.partition("://")
    place, _, query = rest.partition("?")
    authority, slash, path = place.partition("/")
    identity, _, hosts = authority.rpartition("@")
    name, colon, secret = identity.partition(":")
    where: dict[str, list[str]] = {key: [] for key in _WHERE}
    options: dict[str, str] = {}
    for key, value in parse_qsl(query.replace("+", "%2B"), keep_blank_values=True):
        if key in where:
            where[key].append(value)
        else:
            key_of_libpq = "sslmode" if key == "ssl" else key  # the driver's own name for it
            options[key_of_libpq] = _checked(key_of_libpq, value)
    return PostgresUrl(
        servers=_servers(hosts, where["host"], where["port"]),
        user=_last(where["user"]) or unquote(name) or None,
        password=_last(where["password"]) or (unquote(secret) if colon else None),
        database=_last(where["dbname"]) or (unquote(path) if slash and path else None),
        options=MappingProxyType(options),
    )


def _last(values: Sequence[str]) -> str | None:
    return values[-1] if values else None


def _checked(key: str, value: str) -> str:
    if key not in _OPTIONS:
        known = ", ".join(_OPTIONS)
        raise PostgresUrlError(f"the option {key!r} is not understood; these are: {known}")
    allowed = _OPTIONS[key]
    if allowed is not None and value not in allowed:
        raise PostgresUrlError(f"{key} must be one of {', '.join(sorted(allowed))}")
    if key == "connect_timeout" and not (value.isdecimal() and int(value[:9]) > 0):
        raise PostgresUrlError("connect_timeout must be a number of seconds, at least 1")
    return value


def _servers(authority: str, hosts: Sequence[str], ports: Sequence[str]) -> tuple[Server, ...]:
    named = [part for value in hosts for part in value.split(",")]
    named = named or [unquote(part) for part in authority.split(",")]
    given = [part for value in ports for part in value.split(",")]
    if len(given) not in {0, 1, len(named)}:
        raise PostgresUrlError("there must be one port, or as many ports as hosts")
    if len(named) > 1 and not all(named):
        raise PostgresUrlError("each of several hosts needs a name")
    given = given * len(named) if len(given) == 1 else given or [""] * len(named)
    return tuple(_server(host, port) for host, port in zip(_hosts(named), given, strict=True))


def _hosts(named: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Part each host from the port that it names."""
    for name in named:
        if name.startswith("["):
            host, _, port = name[1:].partition("]")
            yield host, port.removeprefix(":")
        elif name.startswith("/") or name.count(":") == 1:
            host, _, port = name.partition(":")
            yield host, port
        else:
            yield name, ""  # an address of IPv6 without brackets, or no port


def _server(host: tuple[str, str], port: str) -> Server:
    number = host[1] or port
    if number and not (number.isascii() and number.isdecimal() and 0 < int(number[:9]) < 65_536):
        raise PostgresUrlError("a port is a number from 1 to 65535")
    return Server(host[0], int(number) if number else None)
