"""What reaches a log: the keys on the list, the place of an exception, and nothing that a caller sent."""

import json
import logging

import pytest

from backend.core import logging as service_logging
from backend.core.config import LogSettings


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> pytest.CaptureFixture[str]:
    """Return standard error, with our logging set up and put back afterwards."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    service_logging.configure(LogSettings(level="debug"))
    return capsys


def _last(lines: pytest.CaptureFixture[str]) -> dict[str, object]:
    found: dict[str, object] = json.loads(lines.readouterr().err.splitlines()[-1])
    return found


def test_a_key_that_is_not_on_the_list_is_dropped(lines: pytest.CaptureFixture[str]) -> None:
    service_logging.logger.info("profile_changed", code="changed", allergen="milk", email="a@example.com")

    line = _last(lines)

    assert set(line) == {"event", "level", "timestamp", "code"}


def test_an_exception_is_told_without_its_message(lines: pytest.CaptureFixture[str]) -> None:
    try:
        int("milk")
    except ValueError:
        service_logging.logger.exception("failed")

    line = _last(lines)

    assert line["exception"] == "builtins.ValueError"
    assert "test_logging.py" in str(line["frames"])
    assert "milk" not in str(line)


def test_a_librarys_message_comes_with_its_numbers_and_without_its_texts(
    lines: pytest.CaptureFixture[str],
) -> None:
    logging.getLogger("library").warning("asked for %s, %-5s: 100%% in %.1f s, %d", "/?q=milk", "x", 0.25, 7)

    assert _last(lines)["event"] == "asked for ..., ...: 100% in 0.25 s, 7"


def test_a_librarys_message_without_arguments_stays_as_it_is(lines: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("library").warning("100% done")

    assert _last(lines)["event"] == "100% done"
