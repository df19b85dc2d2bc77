"""PostgreSQL's URLs, as libpq reads them."""

import pytest

from backend.utils.postgres_urls import PostgresUrlError, Server, parse


@pytest.mark.parametrize(
    ("url", "servers"),
    [
        ("postgresql://u@a/db", [Server("a")]),
        ("postgresql://u@a,b/db", [Server("a"), Server("b")]),
        ("postgresql://u:p@a:1,b:2,c/db", [Server("a", 1), Server("b", 2), Server("c")]),
        ("postgresql://u@/db?host=a&host=b", [Server("a"), Server("b")]),
        ("postgresql://u@/db?host=a,b&port=1,2", [Server("a", 1), Server("b", 2)]),
        ("postgresql://u@/db?host=a,b&port=1", [Server("a", 1), Server("b", 1)]),
        ("postgresql://u@/db?host=a:1&host=b:2", [Server("a", 1), Server("b", 2)]),
        ("postgresql://u@[::1]:5433,[2001:db8::1]/db", [Server("::1", 5433), Server("2001:db8::1")]),
        ("postgresql:///db?host=/var/run/postgresql", [Server("/var/run/postgresql")]),
        ("postgresql://u@%2Fvar%2Frun/db", [Server("/var/run")]),
        ("postgresql:///db", [Server("")]),
    ],
)
def test_hosts_are_tried_in_the_order_of_the_url(url: str, servers: list[Server]) -> None:
    parsed = parse(url)

    assert list(parsed.servers) == servers
    assert parsed.database == "db"
    assert parse(parsed.for_sqlalchemy()) == parsed


def test_what_is_written_with_percent_signs_is_meant_without() -> None:
    parsed = parse("postgresql://us%40er:p%2Fw%3F+%25@host/d%20b?application_name=a+b")

    assert (parsed.user, parsed.password, parsed.database) == ("us@er", "p/w?+%", "d b")
    assert parsed.options == {"application_name": "a+b"}
    assert parse(parsed.for_sqlalchemy()) == parsed
    assert "p/w" not in repr(parsed)


@pytest.mark.parametrize(
    ("url", "attributes"),
    [
        ("postgresql://a/db", "any"),
        ("postgresql://a,b/db", "read-write"),
        ("postgresql://a,b/db?target_session_attrs=any", "any"),
        ("postgresql://a/db?target_session_attrs=primary", "primary"),
    ],
)
def test_of_several_hosts_one_that_takes_writes_is_meant(url: str, attributes: str) -> None:
    assert parse(url).session_attributes == attributes


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("sslmode=maybe", "sslmode must be one of allow, disable, prefer, require, verify-ca, verify-full"),
        ("target_session_attrs=standby", "target_session_attrs must be one of any, primary, read-write"),
        ("channel_binding=require", "channel_binding must be one of disable, prefer"),
        ("connect_timeout=0", "connect_timeout must be a number of seconds"),
        ("connect_timeout=soon", "connect_timeout must be a number of seconds"),
        ("options=-csearch_path%3Devil", "the option 'options' is not understood; these are: sslmode"),
        ("sslcrl=/etc/crl", "the option 'sslcrl' is not understood"),
        ("host=a,b,c&port=1,2", "as many ports as hosts"),
        ("host=a,,c", "each of several hosts needs a name"),
        ("port=70000", "a port is a number"),
        ("port=-1", "a port is a number"),
    ],
)
def test_what_cannot_be_obeyed_is_refused_in_words(query: str, message: str) -> None:
    with pytest.raises(PostgresUrlError, match=message):
        parse(f"postgresql://user:s3cret@host/db?{query}")
