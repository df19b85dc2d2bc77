"""What must be there before the first request: the data folder, the keys and the schema."""

import os
from pathlib import Path

from backend.core import folders, keys
from backend.core.config import Settings
from backend.core.database.wal import require_whole_log
from backend.core.environment import is_serverless


class SettingMissingError(Exception):
    """The service cannot start here without a setting; the message says which."""


def prepare_folder(settings: Settings) -> None:
    """Create the data folder and its keys, as far as the settings do not hold them.

    Raises:
        SettingMissingError: The host forgets its disk, and the database or the keys would be on it.
        LogDamagedError: What was stored would be dropped from SQLite's log.
    """
    has_keys = settings.keys.master is not None and settings.keys.signing is not None
    if is_serverless():
        if settings.database.url is None or not has_keys:
            raise SettingMissingError(
                "This host keeps no files between requests. Set SAFEPLATE_DATABASE__URL to a PostgreSQL "
                "server, and SAFEPLATE_KEYS__MASTER and SAFEPLATE_KEYS__SIGNING to what "
                "`safeplate keys create` prints."
            )
        return
    # Whatever this process creates (the database and its log files too) is the owner's alone.
    os.umask(0o077)
    if not has_keys:
        _require_no_orphans(settings)
        keys.create_files(settings.data_dir)
    elif settings.database.url is None:
        folders.make(settings.data_dir)
    url = settings.database_url
    if url.get_backend_name() == "sqlite" and url.database:
        require_whole_log(Path(url.database))


def _require_no_orphans(settings: Settings) -> None:
    """Refuse to create new keys beside a database that was sealed under others."""
    missing = not keys.have_files(settings.data_dir)
    if missing and settings.database.url is None and (settings.data_dir / "safeplate.db").exists():
        raise SettingMissingError(
            f"The database in {settings.data_dir} is there and its keys are not: new ones could not open it. "
            "Restore the folder `keys` from its backup."
        )
