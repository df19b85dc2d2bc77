"""What is wrong around the database: settings that weaken, files that others may read, a full disk."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from backend.core import keys
from backend.core.config import Settings
from backend.core.ledger import ERASURES_FILE, HEADS_FILE
from backend.schemas.system import Finding, FindingState

_OTHERS = 0o077
_LEAST_SPACE = 256 * 1024 * 1024  # bytes: some minutes of writing, and room to put things right
_LITTLE_SPACE = 0.1
_HERE = {"127.0.0.1", "localhost", "::1"}


def examine_surroundings(settings: Settings) -> Iterator[Finding]:
    """Look at settings, files and the disk."""
    weak = list(_weak_settings(settings))
    yield from (Finding(check="settings", state=FindingState.NOTE, detail=detail) for detail in weak)
    if not weak:
        yield Finding(check="settings", state=FindingState.OK, detail="none weakens the service")
    yield _files(settings)
    yield _disk(settings.data_dir)


def _weak_settings(settings: Settings) -> Iterator[str]:
    url = urlsplit(settings.mail.public_url)
    if url.scheme != "https" and url.hostname not in _HERE:
        yield "mail.public_url is not https: links and tokens can be read on the way"
    if "*" in settings.http.cors_origins:
        yield "http.cors_origins lets every site's pages read answers"
    if settings.mail.host is None:
        yield "mail.host is not set: mail is written to files, and reaches nobody"
    elif settings.mail.security == "none":
        yield "mail.security is none: mail can be read on the way"
    if not settings.rate_limit.enabled:
        yield "rate_limit.enabled is off: anybody may guess and register without end"
    if not settings.jobs.enabled:
        yield "jobs.enabled is off: another process must do the work"


def _files(settings: Settings) -> Finding:
    if sys.platform == "win32":
        return Finding(
            check="files", state=FindingState.NOTE, detail="modes are not looked at on this system"
        )
    open_to_others = [path for path in _private(settings) if path.exists() and path.stat().st_mode & _OTHERS]
    if open_to_others:
        names = ", ".join(str(path) for path in open_to_others)
        return Finding(
            check="files", state=FindingState.WRONG, detail=f"others than the owner may use {names}"
        )
    return Finding(check="files", state=FindingState.OK, detail="the owner's alone")


def _private(settings: Settings) -> Iterator[Path]:
    files = (keys.master_file(settings), keys.signing_file(settings))
    found = [path for path in files if path is not None]
    yield settings.data_dir
    yield from sorted({path.parent for path in found})
    yield from found
    yield from (settings.data_dir / name for name in (HEADS_FILE, ERASURES_FILE))
    if settings.database_url.get_backend_name() == "sqlite":
        database = Path(settings.database_url.database or "")
        yield from (database, *(database.with_name(database.name + end) for end in ("-wal", "-shm")))


def _disk(folder: Path) -> Finding:
    usage = shutil.disk_usage(folder)
    state = FindingState.NOTE if usage.free < usage.total * _LITTLE_SPACE else FindingState.OK
    state = FindingState.WRONG if usage.free < _LEAST_SPACE else state
    share = 100 * usage.free // usage.total
    return Finding(check="disk", state=state, detail=f"{usage.free // 2**20} MiB ({share} %) are free")
