"""What our mail says."""

import uuid

import pytest

from backend.core.config import MailSettings
from backend.services.mail import Enclosure, Occasion, Recipient, _words, compose, languages

LINK = "https://food.example/x?token=a&b=c"
ENCLOSURE = Enclosure(link=LINK, code="031415")


def test_every_language_has_every_occasion() -> None:
    assert set(languages()) == {"de", "en", "es", "fr"}
    assert [language for language in languages() if set(_words(language)) != set(Occasion)] == []


def test_every_language_leads_to_links_and_codes_in_the_same_letters() -> None:
    led = {
        language: {(name, bool(words.action), bool(words.code)) for name, words in _words(language).items()}
        for language in languages()
    }

    assert all(letters == led["en"] for letters in led.values())
    assert {name for name, _, has_code in led["en"] if has_code} == {
        Occasion.VERIFY_EMAIL,
        Occasion.RESET_PASSWORD,
        Occasion.CHANGE_EMAIL,
    }


def test_a_letter_without_a_link_has_no_button() -> None:
    recipient = Recipient(email="amira@example.com", username="amira", locale="en")

    letter = compose(
        Occasion.USERNAME_TAKEN, recipient, Enclosure(), identifier=uuid.uuid4(), settings=MailSettings()
    )

    assert "href" not in letter.as_string()
    assert "://" not in letter.as_string()


@pytest.mark.parametrize("occasion", list(Occasion))
@pytest.mark.parametrize(("locale", "html_language"), [("es", "es"), ("fr-CA", "fr"), ("xx", "en")])
def test_a_letter_greets_links_and_escapes(occasion: Occasion, locale: str, html_language: str) -> None:
    recipient = Recipient(email="amira@example.com", username="a<b>mira", locale=locale)

    letter = compose(occasion, recipient, ENCLOSURE, identifier=uuid.uuid4(), settings=MailSettings())

    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "a<b>mira" in plain.get_content()
    assert LINK in plain.get_content()
    assert "031415" in plain.get_content()
    assert "031415" in html.get_content()
    assert "a&lt;b&gt;mira" in html.get_content()
    assert f'lang="{html_language}"' in html.get_content()
    assert letter["Auto-Submitted"] == "auto-generated"


def test_the_parts_of_a_letter_are_paragraphs() -> None:
    recipient = Recipient(email="amira@example.com", username="amira", locale="en")

    letter = compose(
        Occasion.RESET_PASSWORD, recipient, ENCLOSURE, identifier=uuid.uuid4(), settings=MailSettings()
    )

    plain = letter.get_body(("plain",))
    assert plain is not None
    greeting, _, action, code, _, sender = plain.get_content().strip().split("\n\n")
    assert (greeting, sender) == ("Hello amira,", "Safeplate")
    assert action == f"Set a new password:\n{LINK}"
    assert code.endswith("031415")


def test_a_name_with_a_line_break_adds_no_header() -> None:
    recipient = Recipient(email="amira@example.com\r\nBcc: boris@example.com", username="amira", locale="en")

    with pytest.raises(ValueError, match="address"):
        compose(Occasion.VERIFY_EMAIL, recipient, ENCLOSURE, identifier=uuid.uuid4(), settings=MailSettings())
