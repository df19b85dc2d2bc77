"""The pages that mailed links lead to."""

import httpx2
import pytest

from tests.conftest import Post
from tests.factories import PASSWORD, register

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "path",
    [
        "/verify-email",
        "/reset-password",
        "/forgot-password",
        "/confirm-email-change",
        "/undo-email-change",
        "/undo-erasure",
    ],
)
async def test_a_page_loads_nothing_from_elsewhere_and_runs_no_inline_script(
    client: httpx2.AsyncClient, path: str
) -> None:
    page = await client.get(f"{path}?token=abc")

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "unsafe-inline" not in page.headers["content-security-policy"]
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "://" not in page.text
    assert "abc" not in page.text
    for name in ("page.js", "page.css"):
        assert f"/pages/{name}" in page.text
        assert (await client.get(f"/pages/{name}")).status_code == 200


async def test_opening_a_link_uses_nothing_up(client: httpx2.AsyncClient, post: Post) -> None:
    await register(client)
    await post.deliver()
    body = post.mailer.sent[-1].get_body(("plain",))
    assert body is not None
    (link,) = [word for word in body.get_content().split() if word.startswith("http")]

    for _ in range(3):
        assert (await client.get(link.partition("8000")[2])).status_code == 200

    answer = await client.post(
        "/api/v1/auth/email/verify", json={"token": post.mailer.token(), "password": PASSWORD}
    )
    assert answer.status_code == 204


async def test_no_other_file_is_served(client: httpx2.AsyncClient) -> None:
    for name in ("page.html.jinja", "..%2f__init__.py", "x"):
        assert (await client.get(f"/pages/{name}")).status_code == 404
