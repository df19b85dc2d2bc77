"""Which backups are refused, and why; and erasing again who came back with one."""

from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import insert

from backend.api.dependencies import Resources
from backend.core import archive
from backend.core.clock import now
from backend.core.database import metadata
from backend.core.keys import Keyring
from backend.core.ledger import FileLedger
from backend.core.migrations import head_revision
from backend.schemas.erasure import ErasureReceipt
from backend.schemas.system import BackupManifest
from backend.services import erasure, system
from backend.services.system import BackupUnfitError
from tests.erasures import count_rows
from tests.factories import erase, make_person

pytestmark = pytest.mark.anyio


def _written(folder: Path, keyring: Keyring, **changes: Any) -> Path:
    """Return an archive without parts, whose manifest says something else than ours would."""
    manifest = BackupManifest.model_validate(
        {
            "format": 1,
            "release": "9.9",
            "revision": head_revision(),
            "database": "sqlite",
            "taken_at": now(),
            "rows": {},
            "chains": {"count": 0, "sha256": ""},
            "master_keys": [],
            "signing_keys": [],
            "parts": {},
        }
        | changes
    )
    path = folder / "backup"
    archive.write(path, manifest.model_dump_json().encode(), {}, master=keyring.masters.wrapper)
    return path


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"revision": "20990101_future"}, "does not know", id="newer"),
        pytest.param({"master_keys": ["00ff" * 4]}, "00ff00ff00ff00ff", id="key"),
    ],
)
async def test_a_backup_that_cannot_be_used_here_is_refused(
    resources: Resources, tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    path = _written(tmp_path, resources.keyring, **changes)

    with pytest.raises(BackupUnfitError, match=reason):
        system.read_backup(path, keyring=resources.keyring)


async def test_who_came_back_is_erased_again_and_both_receipts_hold(
    client: httpx2.AsyncClient, resources: Resources, tmp_path: Path
) -> None:
    person = await make_person(client)
    users = metadata.tables["users"]
    async with resources.database.reader() as session:
        row = (await session.execute(users.select().where(users.c.id == person.id))).one()
    document = (await erase(client, person)).text
    receipt = erasure.read(document, signing=resources.keyring.signing)
    await _return(resources, row._asdict())
    left = await count_rows(resources)

    assert await _replay(resources, receipt) == 1
    assert await _replay(resources, receipt) == 0

    after = await count_rows(resources)
    assert left["users"] == 1
    assert "users" not in after
    assert after["erasure_receipts"] == 2
    assert after["jobs"] == left["jobs"], "a second letter was written"
    async with resources.database.reader() as session:
        assert (await erasure.examine(session, receipt)).is_complete
    assert await _written_outside(resources, tmp_path) == 2
    assert await _written_outside(resources, tmp_path) == 0
    lines = (tmp_path / "erasures.jsonl").read_text("utf-8")
    found = list(erasure.read_receipts(lines, signing=resources.keyring.signing))
    assert {item.pseudonym for item in found} == {person.id}
    assert {item.asked_by for item in found} == {receipt.asked_by}
    with pytest.raises(erasure.ReceiptInvalidError, match="Line 2 "):
        list(erasure.read_receipts(lines.replace("\ne", "\nf"), signing=resources.keyring.signing))


async def _return(resources: Resources, row: dict[str, Any]) -> None:
    """Put an account back past the service, as a restore of one table does."""
    async with resources.database.unit() as session:
        await session.execute(insert(metadata.tables["users"]).values(row))


async def _replay(resources: Resources, receipt: ErasureReceipt) -> int:
    return await erasure.replay(resources.database, [receipt], keyring=resources.keyring)


async def _written_outside(resources: Resources, folder: Path) -> int:
    return await erasure.anchor(resources.database, FileLedger(folder / "erasures.jsonl"))
