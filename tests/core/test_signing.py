"""Which key signs and which are accepted, as time goes by and the file changes."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.core import keyfile, keys, rotation, signing
from backend.core.signing import KeySet, KeySetInvalidError, SigningKeys
from backend.utils import jose
from backend.utils.jose import TokenInvalidError
from tests.conftest import FakeClock

LIFE = timedelta(minutes=15)
DELAY = timedelta(minutes=10)
TYPE = "audit-head+jwt"


@pytest.fixture
def path(data_dir: Path) -> Path:
    """Return a file with one key, as `safeplate serve` makes it."""
    keys.create_files(data_dir)
    return data_dir / "keys" / "signing.json"


def _open(path: Path, life: timedelta = LIFE) -> SigningKeys:
    return SigningKeys(signing.parse(path.read_text()), life=life, path=path)


def _rotate(path: Path) -> tuple[str, str]:
    """Rotate, and return the names of the old and the new key."""
    before = signing.parse(path.read_text()).keys[-1].kid
    return before, rotation.rotate(path, delay=DELAY, life=LIFE).keys[-1].kid


def _published(signing_keys: SigningKeys) -> list[str]:
    return [key["kid"] for key in signing_keys.public_jwks()["keys"]]


def test_a_new_key_is_published_at_once_and_signs_after_the_delay(path: Path, time: FakeClock) -> None:
    running = _open(path)
    old, new = _rotate(path)

    time.advance(seconds=1)
    assert (running.signer.kid, _published(running)) == (old, [old, new])
    time.advance(seconds=DELAY.total_seconds() - 2)
    assert running.signer.kid == old
    time.advance(seconds=2)
    assert (running.signer.kid, _published(running)) == (new, [new, old])


def test_the_old_key_retires_when_its_last_token_has_expired(path: Path, time: FakeClock) -> None:
    running = _open(path)
    old, new = _rotate(path)
    time.advance(seconds=(DELAY + signing.overlap(LIFE)).total_seconds() - 2)

    assert running.find(old) is not None
    time.advance(seconds=2)
    assert running.find(old) is None
    assert _published(running) == [new]


def test_a_retired_key_leaves_its_public_half_in_the_file(path: Path, time: FakeClock) -> None:
    running = _open(path)
    old, new = _rotate(path)

    time.advance(hours=1)
    running.current()

    stored = json.loads(path.read_text())
    assert [(key["kid"], "d" in key) for key in stored["keys"]] == [(new, True)]
    assert [(key["kid"], "d" in key) for key in stored["retired"]] == [(old, False)]


def test_a_key_outlives_tokens_that_live_longer_than_the_command_knew(path: Path, time: FakeClock) -> None:
    running = _open(path, timedelta(hours=2))
    old, _ = _rotate(path)
    time.advance(hours=2)

    assert running.find(old) is not None
    time.advance(minutes=12)
    assert running.find(old) is None


def test_a_file_without_times_means_what_it_meant(time: FakeClock) -> None:
    first, second = signing.new_key(), signing.new_key()

    running = SigningKeys(KeySet((first, second)), life=LIFE)

    time.advance(days=365)
    assert running.signer.kid == first.kid
    assert _published(running) == [first.kid, second.kid]


def test_rotation_retires_all_keys_of_a_file_without_times(path: Path, time: FakeClock) -> None:
    old = (signing.new_key(), signing.new_key())
    path.write_text(KeySet(old).to_text())

    new = rotation.rotate(path, delay=DELAY, life=LIFE).keys[-1].kid

    assert _published(_open(path)) == [old[0].kid, old[1].kid, new]
    time.advance(hours=1)
    assert _published(_open(path)) == [new]


def test_a_clock_that_is_behind_still_has_a_key_that_signs(path: Path, time: FakeClock) -> None:
    _rotate(path)
    time.advance(hours=2)
    rotation.rotate(path, delay=DELAY, life=LIFE)
    time.advance(days=-3)

    running = _open(path)

    assert running.find(str(running.signer.kid)) is not None


def test_a_token_of_a_process_whose_clock_is_ahead_is_accepted(path: Path, time: FakeClock) -> None:
    running = _open(path)

    _, new = _rotate(path)

    assert running.find(new) is not None, "an unknown name makes the process look at the file at once"


@pytest.mark.parametrize("jump", [1, -3_600])
def test_the_file_is_looked_at_once_a_second(path: Path, time: FakeClock, jump: int) -> None:
    running = _open(path)
    old, new = _rotate(path)

    time.advance(seconds=0.9)
    assert _published(running) == [old]
    time.advance(seconds=jump)
    assert _published(running) == [old, new]


def test_a_file_that_did_not_change_is_not_read_again(path: Path, time: FakeClock) -> None:
    running = _open(path)
    time.advance(seconds=2)
    first = running.current()

    time.advance(seconds=2)

    assert running.current() is first


def test_a_key_without_a_successor_signs_on_whatever_its_end(time: FakeClock) -> None:
    key = replace(signing.new_key(), accepted_until=1)

    running = SigningKeys(KeySet((key,)), life=LIFE)

    assert running.find(key.kid) is not None
    assert _published(running) == [key.kid]


def test_another_rotation_does_not_prolong_the_life_of_a_key(path: Path, time: FakeClock) -> None:
    running = _open(path, timedelta(minutes=1))
    old, _ = _rotate(path)
    time.advance(minutes=25)

    _rotate(path)

    assert running.find(old) is not None
    time.advance(minutes=2)
    assert running.find(old) is None


def test_a_private_half_among_the_retired_is_not_kept() -> None:
    key = signing.new_key()
    members = json.loads(KeySet((key,)).to_text())
    members["retired"] = json.loads(KeySet((signing.new_key(),)).to_text())["keys"]

    text = signing.parse(json.dumps(members)).to_text()

    assert "d" not in json.loads(text)["retired"][0]


@pytest.mark.parametrize("text", ["", "{", '{"keys": []}', "[]", None])
def test_a_broken_or_missing_file_leaves_the_keys_of_before(
    path: Path, time: FakeClock, text: str | None
) -> None:
    running = _open(path)
    kid = running.signer.kid
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    time.advance(seconds=2)

    assert running.signer.kid == kid
    assert running.find("unknown") is None


def test_a_key_that_is_taken_out_of_the_file_is_refused_at_once(path: Path, time: FakeClock) -> None:
    running = _open(path)
    old = str(running.signer.kid)

    keyfile.replace(path, KeySet((signing.new_key(),)).to_text())
    time.advance(seconds=1)

    assert running.find(old) is None


def test_a_folder_that_cannot_be_written_does_not_keep_a_key_in_use(path: Path, time: FakeClock) -> None:
    running = _open(path)
    old, _ = _rotate(path)
    path.with_suffix(".lock").unlink()
    path.with_suffix(".lock").mkdir()  # not even root can open a folder to write in it
    with capture_logs() as events:
        for _ in range(5):
            time.advance(hours=1)
            assert running.find(old) is None

    assert [event["event"] for event in events] == ["signing_key_not_retired"], "once, not every second"
    assert "d" in json.loads(path.read_text())["keys"][0]


@pytest.mark.parametrize("change", [{"nbf": "1"}, {"exp": True}, {"iat": 1.5}, {"d": None}, {"kid": ""}])
def test_members_of_another_form_are_refused(change: dict[str, Any]) -> None:
    members = json.loads(KeySet((signing.new_key(),)).to_text())
    members["keys"][0] |= change

    with pytest.raises(KeySetInvalidError):
        signing.parse(json.dumps(members))


def test_two_keys_of_one_name_are_refused() -> None:
    key = signing.new_key()

    with pytest.raises(KeySetInvalidError):
        signing.parse(KeySet((key, key)).to_text())


def test_a_document_verifies_after_its_key_has_retired(path: Path, time: FakeClock) -> None:
    running = _open(path)
    signed = running.sign_document({"head": "abc", "count": 3}, typ=TYPE)
    _rotate(path)

    for hours in (0, 1, 24):
        time.advance(hours=hours)
        assert _open(path).read_document(signed, typ=TYPE) == {"head": "abc", "count": 3}
        assert running.read_document(signed, typ=TYPE) == {"head": "abc", "count": 3}


def test_a_document_is_of_one_type_and_one_service(path: Path) -> None:
    running = _open(path)
    signed = running.sign_document({"head": "abc"}, typ=TYPE)
    stranger = SigningKeys(KeySet((signing.new_key(),)), life=LIFE)
    head, _, tail = signed.split(".")

    for reader, text, typ in (
        (running, signed, "other+jwt"),
        (stranger, signed, TYPE),
        (running, f"{head}.e30.{tail}", TYPE),
    ):
        with pytest.raises(TokenInvalidError):
            reader.read_document(text, typ=typ)


def test_a_document_is_no_access_token_and_an_access_token_is_no_document(path: Path) -> None:
    running = _open(path)

    for typ in (jose.TOKEN_TYPE, "AT+JWT", "application/at+jwt", "JWT", ""):
        with pytest.raises(ValueError):
            running.sign_document({}, typ=typ)
    with pytest.raises(ValueError):
        running.read_document(jose.sign({}, running.signer), typ=jose.TOKEN_TYPE)
    with pytest.raises(TokenInvalidError):
        jose.verify(running.sign_document({}, typ=TYPE), running.find)


def test_a_document_that_could_not_be_read_is_not_signed(path: Path) -> None:
    with pytest.raises(ValueError):
        _open(path).sign_document({"text": "x" * jose.MAX_TOKEN_BYTES}, typ=TYPE)
