"""What `safeplate doctor` says of settings, files and the disk."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from backend.core.config import Settings
from backend.schemas.system import FindingState
from backend.services.system import examine_surroundings
from tests.factories import make_settings

GOOD: dict[str, Any] = {
    "mail": {"host": "mail.example", "public_url": "https://food.example"},
    "rate_limit": {"enabled": True},
    "jobs": {"enabled": True},
}


def _findings(settings: Settings, check: str) -> list[tuple[FindingState, str]]:
    return [(found.state, found.detail) for found in examine_surroundings(settings) if found.check == check]


def test_nothing_is_said_of_good_settings(data_dir: Path) -> None:
    (finding,) = _findings(make_settings(data_dir, **GOOD), "settings")

    assert finding[0] is FindingState.OK


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("mail.public_url", {"mail": GOOD["mail"] | {"public_url": "http://food.example"}}),
        ("mail.host", {"mail": {"public_url": "https://food.example"}}),
        ("mail.security", {"mail": GOOD["mail"] | {"security": "none"}}),
        ("http.cors_origins", {"http": {"cors_origins": ["*"]}}),
        ("rate_limit.enabled", {"rate_limit": {"enabled": False}}),
        ("jobs.enabled", {"jobs": {"enabled": False}}),
    ],
)
def test_a_setting_that_weakens_is_named(data_dir: Path, name: str, change: dict[str, Any]) -> None:
    ((state, detail),) = _findings(make_settings(data_dir, **(GOOD | change)), "settings")

    assert state is FindingState.NOTE
    assert detail.startswith(f"{name} ")


def test_files_that_others_may_read_are_named(data_dir: Path) -> None:
    settings = make_settings(data_dir)
    assert _findings(settings, "files") == [(FindingState.OK, "the owner's alone")]

    (data_dir / "keys" / "master.key").chmod(0o640)
    (data_dir / "safeplate.db-wal").touch(0o644)

    ((state, detail),) = _findings(settings, "files")
    assert state is FindingState.WRONG
    assert "master.key" in detail
    assert "safeplate.db-wal" in detail
    assert "signing.json" not in detail


@pytest.mark.parametrize(
    ("free", "state"),
    [(2**40, FindingState.OK), (2**30, FindingState.NOTE), (2**20, FindingState.WRONG)],
)
def test_a_full_disk_is_told_before_it_is_full(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: FindingState
) -> None:
    usage = type(shutil.disk_usage(data_dir.parent))(2**41, 2**41 - free, free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    ((found, _),) = _findings(make_settings(data_dir), "disk")

    assert found is state
