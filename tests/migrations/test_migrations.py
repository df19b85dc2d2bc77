"""Migrations: up, down and up again on both databases, without drift."""

import ast
import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, Enum, inspect

from alembic import command
from backend.core import migrations
from backend.core.config import Settings
from backend.core.database import Database, metadata
from backend.core.migrations import (
    _config,
    current_revision,
    head_revision,
    knows,
    run_locked,
    script_location,
)
from tests import postgres
from tests.conftest import DATABASES
from tests.factories import make_settings, url_of

pytestmark = pytest.mark.anyio
VERSIONS = Path(__file__).parents[2] / "alembic" / "versions"


@pytest.fixture(params=DATABASES)
def empty(request: pytest.FixtureRequest, data_dir: Path) -> Iterator[Settings]:
    """Return settings of a database that nothing has touched."""
    if request.param == "sqlite":
        yield make_settings(data_dir)
        return
    with postgres.database() as url:
        yield make_settings(data_dir, url)


async def _look(settings: Settings) -> tuple[str | None, set[str]]:
    def look(connection: Connection) -> tuple[str | None, set[str]]:
        return current_revision(connection), set(inspect(connection).get_table_names())

    database = Database(settings)
    try:
        async with database.engine.connect() as connection:
            return await connection.run_sync(look)
    finally:
        await database.dispose()


async def test_the_schema_goes_up_down_and_up_again(empty: Settings) -> None:
    await migrations.upgrade(empty)
    up = await _look(empty)
    await migrations.downgrade(empty, "base")
    down = await _look(empty)
    await migrations.upgrade(empty)

    assert up == (head_revision(), {*metadata.tables, "alembic_version"})
    assert down == (None, {"alembic_version"})
    assert await _look(empty) == up


def test_the_revisions_read_from_the_scripts_are_those_that_alembic_sees() -> None:
    scripts = list(ScriptDirectory(str(script_location())).walk_revisions())

    assert head_revision() == scripts[0].revision
    assert all(knows(script.revision) for script in scripts)
    assert not knows("20200101_of_another_release")


async def test_a_schema_of_a_newer_release_is_refused(empty: Settings) -> None:
    await migrations.upgrade(empty)
    database = Database(empty)
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '20991231_newer'")
    await database.dispose()

    with pytest.raises(migrations.MigrationFailedError, match="20991231_newer"):
        await migrations.upgrade(empty)


async def test_each_step_goes_down_and_up(empty: Settings) -> None:
    await migrations.upgrade(empty)
    for _ in VERSIONS.glob("*.py"):
        before = await _look(empty)
        await migrations.downgrade(empty, "-1")
        await migrations.upgrade(empty, "+1")
        assert await _look(empty) == before
        await migrations.downgrade(empty, "-1")

    assert (await _look(empty))[0] is None


async def test_models_and_migrations_agree(empty: Settings) -> None:
    await migrations.upgrade(empty)

    await run_locked(empty, lambda connection: command.check(_config(connection)))


async def test_every_enum_agrees_with_its_check_in_the_database(empty: Settings) -> None:
    await migrations.upgrade(empty)

    def checks(connection: Connection) -> dict[str, str]:
        inspector = inspect(connection)
        return {
            str(check["name"]): check["sqltext"]
            for table in metadata.tables
            for check in inspector.get_check_constraints(table)
        }

    database = Database(empty)
    async with database.engine.connect() as connection:
        stored = await connection.run_sync(checks)
    await database.dispose()
    expected = {
        f"ck_{table.name}_{column.type.name}": set(column.type.enums)
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, Enum)
    }

    found = {name: set(text.split("'")[1::2]) for name, text in stored.items()}
    assert found == expected


async def test_processes_that_start_together_take_turns(empty: Settings) -> None:
    command_line = (
        Path(sys.executable).with_name("safeplate"),
        "db",
        "migrate",
        "--data-dir",
        str(empty.data_dir),
    )
    variables = os.environ | {"SAFEPLATE_DATABASE__URL": url_of(empty)}  # noqa: TID251 - for a child

    running = [
        await asyncio.create_subprocess_exec(*command_line, env=variables, stderr=asyncio.subprocess.PIPE)
        for _ in range(4)
    ]
    errors = [(await process.communicate())[1] for process in running]

    assert [process.returncode for process in running] == [0] * 4, errors
    assert (await _look(empty))[0] == head_revision()


@pytest.mark.parametrize("path", sorted(VERSIONS.glob("*.py")), ids=lambda path: path.stem)
def test_a_migration_imports_nothing_of_ours(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    modules = [
        name
        for node in ast.walk(tree)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names] if isinstance(node, ast.Import)
            else []
        )
    ]  # fmt: skip

    assert [name for name in modules if name.startswith("backend")] == []


def test_every_constraint_has_a_predictable_name() -> None:
    names = [
        constraint.name
        for table in metadata.tables.values()
        for constraint in table.constraints
        if not isinstance(constraint, CheckConstraint)
    ]

    assert all(name and str(name).startswith(("pk_", "fk_", "uq_")) for name in names)
