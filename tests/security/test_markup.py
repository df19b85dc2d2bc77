"""Text that would be markup, a template, a header or a second decoding elsewhere stays text."""

import email
import uuid
from email.message import EmailMessage

import httpx2
import pytest

from backend.core.config import MailSettings
from backend.services.mail import Enclosure, Occasion, Recipient, compose
from tests.authenticator import Authenticator
from tests.factories import make_person, make_profile, register
from tests.second_factors import enrol_passkey

pytestmark = pytest.mark.anyio

HOSTILE = [
    pytest.param("<script>alert(1)</script>", id="script"),
    pytest.param("\"><img src=x onerror='alert(1)'>", id="attribute"),
    pytest.param("jaVasCript:/*-/*`/*\\`/*'/*\"/**/(/* */oNcliCk=alert() )//</stYle/>", id="polyglot"),
    pytest.param("</script><svg/onload=alert(1)>\u2028\u2029", id="end-of-script"),
    pytest.param("{{7*7}} ${7*7} #{7*7} <%= 7*7 %> {0.__class__} %(x)s %n", id="template"),
    pytest.param("%2565 &#x41; &amp;lt; \\u0041 ..%252f..%00", id="encoded-twice"),
    pytest.param("'; DROP TABLE users; -- \" OR 1=1 %' ESCAPE '!", id="sql"),
    pytest.param("amira@example.com\r\nBcc: boris@example.com\r\n\r\nbody", id="header"),
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
async def test_every_stored_text_comes_back_as_it_was_sent_and_as_json(
    client: httpx2.AsyncClient, text: str
) -> None:
    amira = await make_person(client)
    allergies = [{"name": "milk", "note": text.strip()}]
    await make_profile(client, amira, display_name=text.strip()[:100], allergies=allergies)
    await enrol_passkey(client, amira, Authenticator(), name=text.strip()[:100])

    profile = await client.get("/api/v1/health/profiles/me", headers=amira.headers)
    factors = await client.get("/api/v1/auth/factors", headers=amira.headers)

    assert profile.json()["display_name"] == text.strip()[:100]
    assert profile.json()["allergies"][0]["note"] == text.strip()
    assert text.strip()[:100] in {factor["name"] for factor in factors.json()["items"]}
    for answer in (profile, factors):
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("text", HOSTILE)
async def test_no_name_or_address_is_made_of_markup(client: httpx2.AsyncClient, text: str) -> None:
    by_name = await register(client, text)
    by_address = await register(client, email=f"{text}@example.com")

    assert (by_name.status_code, by_address.status_code) == (422, 422)


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_device_that_calls_itself_markup_is_named_by_what_is_known(
    client: httpx2.AsyncClient, text: str
) -> None:
    client.headers["User-Agent"] = (
        text.replace("\r", " ").replace("\n", " ").encode("ascii", "replace").decode()
    )
    amira = await make_person(client)

    listed = await client.get("/api/v1/auth/sessions", headers=amira.headers)

    assert listed.headers["content-type"] == "application/json"
    assert "<" not in listed.json()["items"][0]["device"]


@pytest.mark.parametrize(
    "path", ["/verify-email", "/reset-password", "/forgot-password", "/docs", "/nothing"]
)
@pytest.mark.parametrize("text", HOSTILE)
async def test_no_page_repeats_what_its_address_holds(
    client: httpx2.AsyncClient, path: str, text: str
) -> None:
    plain, given = (
        await client.get(path),
        await client.get(path, params={"token": text, "next": text, "lang": text}),
    )

    volatile = {plain.headers["request-id"]: "", given.headers["request-id"]: ""}
    bodies = {answer.text.replace(identifier, "") for answer in (plain, given) for identifier in volatile}
    assert len({body for body in bodies if not any(identifier in body for identifier in volatile)}) == 1
    assert given.status_code == plain.status_code


@pytest.mark.parametrize("text", HOSTILE[:5])
def test_a_letter_shows_markup_as_text(text: str) -> None:
    recipient = Recipient(email="amira@example.com", username=text, locale="en")

    letter = compose(
        Occasion.VERIFY_EMAIL,
        recipient,
        Enclosure(link="https://food.example/"),
        identifier=uuid.uuid4(),
        settings=MailSettings(),
    )

    arrived = email.message_from_bytes(letter.as_bytes(), policy=email.policy.default)
    assert isinstance(arrived, EmailMessage)
    html = arrived.get_body(("html",))
    assert html is not None
    content = html.get_content()
    assert not any(tag in content for tag in ("<script>alert", "<img", "<svg", "49"))
    assert arrived.get_all("To") == ["amira@example.com"]
    assert arrived["Bcc"] is None


@pytest.mark.parametrize("text", ["((a+)+)$", "[", "(", "(?P<", "\\", "a" * 100, "^(.*)*$", "%", "_", "*"])
async def test_a_search_takes_every_text_literally_and_soon(client: httpx2.AsyncClient, text: str) -> None:
    answer = await client.get("/api/v1/catalog/allergens", params={"q": text})

    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() < 1
