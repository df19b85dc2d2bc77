"""Sets of master keys: their text form, which one wraps, and how long one is kept."""

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from backend.core import keyfile, keys, masters
from backend.core.config import Settings
from backend.core.keys import Keyring
from backend.core.masters import MasterKeys, MasterNeededError, MasterSet, MasterSetInvalidError
from backend.utils.security import KEY_BYTES, SealBrokenError, keyed_hash, new_key, open_sealed, to_base64url
from tests.conftest import FakeClock
from tests.factories import AMIRA_ID

SOON, AT_ONCE = timedelta(minutes=10), timedelta(0)


def _set() -> MasterSet:
    return masters.parse(keys.generate()[0])


def _keyring(found: MasterSet) -> Keyring:
    return keys.parse(found.to_text(), keys.generate()[1])


def _wrapped(found: MasterSet) -> bytes:
    return _keyring(found).wrap(new_key(), owner=AMIRA_ID, purpose="data")


def _opens(found: MasterSet, wrapped: bytes) -> bool:
    try:
        _keyring(found).unwrap(wrapped, owner=AMIRA_ID, purpose="data")
    except SealBrokenError:
        return False
    return True


@pytest.fixture
def path(data_dir: Path) -> Path:
    """Return a file with one key."""
    keys.create_files(data_dir)
    return data_dir / "keys" / "master.key"


def test_a_key_alone_is_written_as_it_was() -> None:
    text = keys.generate()[0]

    assert masters.parse(f"{text}\n").to_text() == text


def test_a_set_is_written_and_read_the_same() -> None:
    found = _set().with_next(delay=SOON)

    again = masters.parse(found.to_text())

    assert again == found
    assert again.to_text() == found.to_text()


def test_the_new_key_waits_then_wraps_and_the_old_one_still_opens(time: FakeClock) -> None:
    first = _set()
    found = first.with_next(delay=SOON)
    before = _wrapped(found)
    time.advance(minutes=11)
    after = _wrapped(found)

    assert (before[:8], after[:8]) == (found.keys[0].id, found.keys[1].id)
    assert _opens(found, before)
    assert _opens(found, after)
    assert _opens(first, before)
    assert not _opens(first, after)


def test_of_keys_of_the_same_second_the_last_wraps(time: FakeClock) -> None:
    found = _set().with_next(delay=AT_ONCE).with_next(delay=AT_ONCE)

    assert found.wrapper(time().timestamp()) is found.keys[2]


def test_a_clock_that_is_behind_wraps_with_the_oldest(time: FakeClock) -> None:
    found = _set().with_next(delay=AT_ONCE).with_next(delay=SOON)
    time.advance(minutes=30)
    kept = found.without(found.keys[0].name)

    assert kept.wrapper(0) is kept.keys[0]


def test_keyed_hashes_are_those_of_the_first_key_when_it_has_been_destroyed(time: FakeClock) -> None:
    first = _set()
    derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"recovery-code")
    hashed = keyed_hash(derived.derive(first.keys[0].key), b"value").hex()
    found = first.with_next(delay=AT_ONCE)
    time.advance(minutes=16)

    left = found.without(first.keys[0].name)

    assert first.keys[0].key not in left.to_text().encode()
    assert to_base64url(first.keys[0].key) not in left.to_text()
    for state in (first, found, left):
        assert _keyring(state).fingerprint("recovery-code", "value") == hashed


def test_the_index_opens_nothing(time: FakeClock) -> None:
    first = _set()
    wrapped = _wrapped(first)

    with pytest.raises(SealBrokenError):
        open_sealed(first.index, wrapped[8:], associated=b"data\x00" + AMIRA_ID.bytes)
    assert time() is not None


def test_a_key_that_is_needed_is_not_destroyed(path: Path, time: FakeClock) -> None:
    found = masters.parse(path.read_text()).with_next(delay=SOON)
    keyfile.replace(path, found.to_text())
    old, new = (key.name for key in found.keys)

    for name, why in ((old, "it wraps now"), (new, "it wraps now, or will"), ("0" * 16, "no master key")):
        with pytest.raises(MasterNeededError, match=why):
            masters.destroy(path, name)
    time.advance(minutes=11)
    with pytest.raises(MasterNeededError, match="a short while ago"):
        masters.destroy(path, old)
    time.advance(minutes=16)
    masters.destroy(path, old)

    assert [key.name for key in masters.parse(path.read_text()).keys] == [new]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"keys": []}, id="no-keys"),
        pytest.param({"index": None}, id="no-index"),
        pytest.param({"index": "AAAA"}, id="short-index"),
        pytest.param({"keys": 7}, id="no-list"),
        pytest.param({"keys": ["k"]}, id="no-object"),
        pytest.param({"keys": [{"kty": "EC", "k": to_base64url(bytes(32))}]}, id="another-kind"),
        pytest.param({"keys": [{"kty": "oct", "k": "AAAA"}]}, id="short-key"),
        pytest.param({"keys": [{"kty": "oct", "k": to_base64url(bytes(32))}] * 2}, id="one-key-twice"),
        pytest.param({"keys": [{"kty": "oct", "k": to_base64url(bytes(32)), "nbf": True}]}, id="no-time"),
        pytest.param({"keys": [{"kty": "oct", "k": to_base64url(bytes(32)), "nbf": -1}]}, id="time-before"),
        pytest.param({"keys": [{"kty": "oct", "k": to_base64url(bytes(32)), "x": 1}]}, id="unknown-member"),
        pytest.param({"more": 1}, id="unknown-member-of-the-set"),
    ],
)
def test_a_set_of_another_form_is_refused(change: dict[str, object]) -> None:
    members = json.loads(_set().with_next(delay=SOON).to_text()) | change

    with pytest.raises(MasterSetInvalidError):
        masters.parse(json.dumps(members))


def test_no_representation_shows_a_key() -> None:
    found = _set()

    assert repr(found.keys[0].key) not in repr(found)
    assert repr(found.index) not in repr(found)


def test_a_process_meets_an_unknown_key_and_reads_the_file_at_once(path: Path, data_dir: Path) -> None:
    first, second = (keys.load(Settings(data_dir=data_dir)) for _ in range(2))
    secret = new_key()
    keyfile.replace(path, first.masters.current().with_next(delay=AT_ONCE).to_text())
    first.masters.look()

    wrapped = first.wrap(secret, owner=AMIRA_ID, purpose="data")

    assert wrapped[:8] == masters.parse(path.read_text()).keys[1].id
    assert second.unwrap(wrapped, owner=AMIRA_ID, purpose="data") == secret


def test_a_process_wraps_with_the_new_key_a_second_later(path: Path, time: FakeClock) -> None:
    running = MasterKeys(masters.parse(path.read_text()), path=path)
    old = running.wrapper
    keyfile.replace(path, running.current().with_next(delay=AT_ONCE).to_text())

    assert running.wrapper is old
    time.advance(seconds=1)
    assert running.wrapper.id == masters.parse(path.read_text()).keys[1].id


@pytest.mark.parametrize("text", ["", "{}", "half of a k"])
def test_a_file_that_cannot_be_read_leaves_the_keys_of_before(path: Path, time: FakeClock, text: str) -> None:
    running = MasterKeys(masters.parse(path.read_text()), path=path)
    before = running.wrapper
    path.write_text(text)
    os.utime(path, (1, 1))
    time.advance(seconds=2)

    assert running.wrapper is before
    assert running.find(bytes(8)) is None


def test_a_file_of_another_services_keys_leaves_the_keys_of_before(path: Path, time: FakeClock) -> None:
    running = MasterKeys(masters.parse(path.read_text()), path=path)
    before = running.wrapper

    keyfile.replace(path, keys.generate()[0])
    time.advance(seconds=2)

    assert running.wrapper == before
