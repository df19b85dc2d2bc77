"""`safeplate keys rotate` and `keys list`, and what they do to the file."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from backend.core import keyfile, keys, rotation, signing
from backend.core.rotation import KeyState, RotationPendingError
from tests.conftest import FakeClock
from tests.server.conftest import ROOT, SAFEPLATE, child_environment

LIFE = timedelta(minutes=15)
DELAY = timedelta(minutes=10)


@pytest.fixture
def path(data_dir: Path) -> Path:
    """Return a file with one key."""
    keys.create_files(data_dir)
    return data_dir / "keys" / "signing.json"


def _run(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SAFEPLATE, "keys", *arguments],
        env=child_environment(**variables), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def _states(path: Path) -> list[KeyState]:
    return [key.state for key in rotation.report(signing.parse(path.read_text()), LIFE)]


def test_a_key_waits_signs_is_accepted_and_retires(path: Path, time: FakeClock) -> None:
    assert _states(path) == [KeyState.SIGNING]
    rotation.rotate(path, delay=DELAY, life=LIFE)
    assert _states(path) == [KeyState.SIGNING, KeyState.WAITING]
    time.advance(minutes=11)
    assert _states(path) == [KeyState.ACCEPTED, KeyState.SIGNING]
    time.advance(minutes=16)
    assert _states(path) == [KeyState.RETIRED, KeyState.SIGNING]
    rotation.rotate(path, delay=DELAY, life=LIFE)
    assert _states(path) == [KeyState.RETIRED, KeyState.SIGNING, KeyState.WAITING]
    assert path.read_text().count('"d":') == 2


def test_a_second_rotation_waits_for_the_first(path: Path, time: FakeClock) -> None:
    waiting = rotation.rotate(path, delay=DELAY, life=LIFE).keys[-1].kid

    with pytest.raises(RotationPendingError, match=waiting):
        rotation.rotate(path, delay=DELAY, life=LIFE)
    time.advance(minutes=11)
    rotation.rotate(path, delay=DELAY, life=LIFE)
    assert _states(path) == [KeyState.ACCEPTED, KeyState.SIGNING, KeyState.WAITING]


def test_rotations_without_a_delay_follow_each_other(path: Path, time: FakeClock) -> None:
    first, second = (rotation.rotate(path, delay=timedelta(0), life=LIFE).keys[-1].kid for _ in range(2))

    keys = signing.parse(path.read_text())
    assert keys.signer(time.moment.timestamp()).kid == first
    assert keys.signer(time.moment.timestamp() + 1).kid == second


def test_of_rotations_at_the_same_time_one_adds_a_key(path: Path) -> None:
    def attempt(_: int) -> int:
        return _run("rotate", "--data-dir", path.parents[1]).returncode

    with ThreadPoolExecutor(4) as threads:
        codes = sorted(threads.map(attempt, range(4)))

    assert codes == [0, 2, 2, 2]
    assert _states(path) == [KeyState.SIGNING, KeyState.WAITING]


def test_a_rotation_waits_for_the_one_that_writes(path: Path) -> None:
    arguments = [str(SAFEPLATE), "keys", "rotate", "--data-dir", str(path.parents[1])]
    with keyfile.lock(path):
        other = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(timeout=5)
        keys = rotation.add_next(signing.parse(path.read_text()), delay=DELAY, life=LIFE)
        keyfile.replace(path, keys.to_text())

    assert other.wait(timeout=30) == 2, "it found the key that came while it waited"


KILLED = """
import os, signal, sys
from pathlib import Path
from backend.core import keyfile
path = Path(sys.argv[1])
os.replace = os.rename = os.fsync = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with keyfile.lock(path):
    keyfile.replace(path, "half of a set")
"""


def test_a_command_that_is_killed_while_it_writes_leaves_the_file_whole(path: Path) -> None:
    before = path.read_text()

    done = subprocess.run([sys.executable, "-c", KILLED, path], cwd=ROOT, check=False, timeout=60)

    assert done.returncode == -signal.SIGKILL
    assert path.read_text() == before
    assert list(path.parent.glob(".draft-*")), "it was killed too early to show anything"
    rotation.rotate(path, delay=DELAY, life=LIFE)  # neither the lock nor the draft is in the way
    assert not list(path.parent.glob(".draft-*"))
    assert _states(path) == [KeyState.SIGNING, KeyState.WAITING]


def test_a_write_that_fails_leaves_the_file_and_no_draft(path: Path) -> None:
    before = path.read_text()

    with keyfile.lock(path), pytest.raises(UnicodeEncodeError):
        keyfile.replace(path, "\N{KEY}")

    assert path.read_text() == before
    assert not list(path.parent.glob(".draft-*"))


def test_the_file_stays_the_owners_alone(path: Path) -> None:
    path.chmod(0o640)

    rotation.rotate(path, delay=DELAY, life=LIFE)

    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
def test_keys_that_root_rotates_stay_readable_for_the_service(path: Path) -> None:
    os.chown(path, 12_345, 23_456)

    rotation.rotate(path, delay=DELAY, life=LIFE)

    for file in (path, path.with_suffix(".lock")):
        assert (file.stat().st_uid, file.stat().st_gid) == (12_345, 23_456)


def test_a_link_to_the_file_stays_a_link(path: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.json"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)

    rotation.rotate(path, delay=DELAY, life=LIFE)

    assert path.is_symlink()
    assert _states(elsewhere) == [KeyState.SIGNING, KeyState.WAITING]


def test_the_list_tells_names_and_times_and_no_key(path: Path) -> None:
    rotated = _run("rotate", "--delay", "3600", "--data-dir", path.parents[1])

    listed = _run("list", "--data-dir", path.parents[1])

    stored = json.loads(path.read_text())["keys"]
    assert (rotated.returncode, listed.returncode) == (0, 0)
    assert listed.stdout.startswith(rotated.stdout)
    assert [line.split()[:2] for line in listed.stdout.splitlines()[1:3]] == [
        [stored[0]["kid"], "signing"],
        [stored[1]["kid"], "waiting"],
    ]
    assert len(re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", listed.stdout)) == 2
    assert not [key for key in stored if key["d"] in listed.stdout + rotated.stdout + rotated.stderr]


def test_keys_from_a_setting_are_printed_for_the_secret_store(data_dir: Path) -> None:
    _, text = keys.generate()

    done = _run("rotate", "--data-dir", data_dir, SAFEPLATE_KEYS__SIGNING=text)

    found = re.fullmatch(r"SAFEPLATE_KEYS__SIGNING='(.+)'\n", done.stdout)
    assert found is not None
    assert [key.kid for key in signing.parse(found[1]).keys][:1] == [signing.parse(text).keys[0].kid]
    assert len(signing.parse(found[1]).keys) == 2
    assert "secret store" in done.stderr
    assert '"d"' not in done.stderr
    assert not data_dir.exists()


@pytest.mark.parametrize("command", ["rotate", "list"])
@pytest.mark.parametrize("text", [None, "", "{}"])
def test_without_keys_the_command_says_so_in_one_line(path: Path, command: str, text: str | None) -> None:
    path.unlink()
    if text is not None:
        path.write_text(text)

    done = _run(command, "--data-dir", path.parents[1])

    assert done.returncode == 2
    assert "safeplate keys create" in done.stderr
    assert "Traceback" not in done.stderr
