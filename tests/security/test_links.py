"""Mailed links: where they lead, and what of them is sent to whom."""

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.conftest import Post
from tests.factories import register

pytestmark = pytest.mark.anyio


async def _link(post: Post) -> str:
    assert await post.deliver()
    body = post.mailer.sent[-1].get_body(("plain",))
    assert body is not None
    link: str
    (link,) = [word for word in body.get_content().split() if word.startswith("http")]
    return link


async def test_a_mailed_token_is_not_sent_with_the_address_of_its_page(
    client: httpx2.AsyncClient, post: Post
) -> None:
    """What stands after `#` stays in the browser: no server, proxy or referrer header learns it."""
    await register(client)

    link = urlsplit(await _link(post))

    assert link.query == ""
    assert len(parse_qs(link.fragment)["token"][0]) == 43
    assert (await client.get(link.path)).status_code == 200
    assert "location.hash" in (await client.get("/pages/page.js")).text


async def test_a_mailed_link_leads_to_the_public_address_whatever_was_asked(
    client: httpx2.AsyncClient, post: Post
) -> None:
    elsewhere = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    client.headers.update(elsewhere)
    await register(client)
    first = await _link(post)
    await client.post("/api/v1/auth/password/forgot", json={"email": "amira@example.com"})

    second = await _link(post)

    for link in (first, second):
        assert link.startswith("http://127.0.0.1:8000/")
    assert "evil.example" not in post.mailer.sent[-1].as_string()
