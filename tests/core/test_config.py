"""Settings."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import make_url

from backend.core import environment, keys
from backend.core.config import Settings


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_variables_reach_nested_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFEPLATE_AUTH__ACCESS_TOKEN_TTL", "PT5M")
    monkeypatch.setenv("SAFEPLATE_RATE_LIMIT__ENABLED", "false")

    settings = Settings()

    assert settings.auth.access_token_ttl == timedelta(minutes=5)
    assert settings.rate_limit.enabled is False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SAFEPLATE_METRICS__PORT", "9464"),
        ("safeplate_metrics__port", "9464"),
        ("SAFEPLATE_METRICS", '{"port": 9464}'),
        ("Safeplate_Metrics__Port_File", "port"),
    ],
)
def test_several_processes_share_what_they_count_however_the_setting_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str
) -> None:
    (tmp_path / "port").write_text("9464")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")

    with environment.shared_among(2):
        folder = environment.shared_values()
        port = Settings().metrics.port

    assert port == 9464
    assert folder is not None


def test_a_secret_may_come_from_a_mounted_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    master, signing = keys.generate()
    (tmp_path / "master").write_text(f"{master}\n")
    (tmp_path / "signing").write_text(signing)
    monkeypatch.setenv("SAFEPLATE_KEYS__MASTER_FILE", str(tmp_path / "master"))
    monkeypatch.setenv("SAFEPLATE_KEYS__SIGNING_FILE", str(tmp_path / "signing"))

    settings = Settings()

    loaded, given = keys.load(settings), keys.parse(master, signing)
    assert (loaded.masters.current(), loaded.public_jwks()) == (given.masters.current(), given.public_jwks())
    assert master not in repr(settings)


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("postgresql://a@b/c", "postgresql+asyncpg://a@b/c"),
        ("postgres://a@b/c", "postgresql+asyncpg://a@b/c"),
        ("sqlite:///x.db", "sqlite+aiosqlite:///x.db"),
    ],
)
def test_a_plain_database_url_gets_its_driver(given: str, driver: str) -> None:
    assert Settings.model_validate({"database": {"url": given}}).database_url == make_url(driver)


@pytest.mark.parametrize("url", ["mysql://a@b/c", "nonsense", ""])
def test_another_database_is_refused_without_showing_its_url(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"database": {"url": url}})

    assert "mysql://a@b/c" not in str(caught.value)


def test_without_a_url_the_database_is_in_the_data_folder(tmp_path: Path) -> None:
    assert Settings(data_dir=tmp_path).database_url.database == f"{tmp_path}/safeplate.db"


def test_no_secret_has_a_default(tmp_path: Path) -> None:
    with pytest.raises(keys.KeysMissingError, match="safeplate serve"):
        keys.load(Settings(data_dir=tmp_path))


@pytest.mark.parametrize(
    ("given", "length"),
    [({}, 8), ({"policy": "nist"}, 15), ({"policy": "nist", "min_length": 12}, 12), ({"min_length": 20}, 20)],
)
def test_each_policy_has_a_length_of_its_own_unless_one_is_set(given: dict[str, object], length: int) -> None:
    assert Settings.model_validate({"password": given}).password.required_length == length
