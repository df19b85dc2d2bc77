"""The service's keys."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from backend.core import keys
from backend.core.config import Settings
from backend.utils.security import SealBrokenError, new_key

AMIRA, BORIS = uuid.UUID(int=1), uuid.UUID(int=2)


def _keyring() -> keys.Keyring:
    return keys.parse(*keys.generate())


def _p384() -> str:
    key = ECKey.generate_key("P-384", private=True)
    return json.dumps({"keys": [{**key.as_dict(private=True), "kid": "a"}]})


def test_a_wrapped_key_opens_for_its_owner_and_purpose_alone() -> None:
    keyring, secret = _keyring(), new_key()
    wrapped = keyring.wrap(secret, owner=AMIRA, purpose="data")

    assert keyring.unwrap(wrapped, owner=AMIRA, purpose="data") == secret
    for owner, purpose in ((BORIS, "data"), (AMIRA, "family")):
        with pytest.raises(SealBrokenError):
            keyring.unwrap(wrapped, owner=owner, purpose=purpose)
    with pytest.raises(SealBrokenError):
        _keyring().unwrap(wrapped, owner=AMIRA, purpose="data")
    with pytest.raises(SealBrokenError):
        keyring.unwrap(b"", owner=AMIRA, purpose="data")


def test_of_processes_that_start_together_one_makes_the_keys(data_dir: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(keys.create_files, [data_dir] * 16))

    first = keys.load(Settings(data_dir=data_dir))
    keys.create_files(data_dir)

    again = keys.load(Settings(data_dir=data_dir))
    assert (again.masters.current(), again.public_jwks()) == (first.masters.current(), first.public_jwks())
    assert sorted(path.name for path in (data_dir / "keys").iterdir()) == ["master.key", "signing.json"]


@pytest.mark.parametrize(
    ("master", "signing"),
    [
        pytest.param("", None, id="empty-master"),
        pytest.param("c2hvcnQ", None, id="short-master"),
        pytest.param("not base64!", None, id="foreign-characters"),
        pytest.param(None, "", id="empty-signing"),
        pytest.param(None, "[]", id="no-set"),
        pytest.param(None, '{"keys": []}', id="no-keys"),
        pytest.param(None, '{"keys": [1]}', id="no-object"),
        pytest.param(None, '{"keys": {"a": 1}}', id="no-list"),
        pytest.param(None, _p384(), id="another-curve"),
        pytest.param(None, '{"keys": [{"kty": "oct", "k": "AAAA", "kid": "a"}]}', id="symmetric"),
    ],
)
def test_keys_of_another_form_are_refused(master: str | None, signing: str | None) -> None:
    good_master, good_signing = keys.generate()

    with pytest.raises(keys.KeysMissingError):
        keys.parse(good_master if master is None else master, good_signing if signing is None else signing)


def test_a_public_key_cannot_sign_and_is_refused() -> None:
    master, signing = keys.generate()
    public = json.loads(signing)
    del public["keys"][0]["d"]

    with pytest.raises(keys.KeysMissingError):
        keys.parse(master, json.dumps(public))


def test_a_keyring_shows_no_key() -> None:
    keyring = _keyring()

    assert repr(keyring.masters.wrapper.key) not in repr(keyring)
