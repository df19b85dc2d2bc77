"""The page about the data names every table and column, says what becomes of each, and does not drift."""

import re

import pytest
from sqlalchemy import Column, MetaData, String, Table

from backend import models
from backend.core.database import metadata
from tests import data_page
from tests.exports import ALL_FILES

PAGE = data_page.read()
TABLES = [pytest.param(name, id=name) for name in PAGE]
SEALED = {"sealed", "wrapped", "hashed", "keyed hash", "code"}


def _missing(tables: MetaData) -> set[str]:
    """Return the columns that the page does not name."""
    named = {(table, column.name) for table, section in PAGE.items() for column in section.columns}
    stored = {(table.name, column.name) for table in tables.tables.values() for column in table.columns}
    return {f"{table}.{column}" for table, column in stored - named}


def test_the_page_names_every_table_and_column_once_and_no_other() -> None:
    assert models.__all__
    named = [(column.table, column.name) for section in PAGE.values() for column in section.columns]
    stored = [(table.name, column.name) for table in metadata.tables.values() for column in table.columns]

    assert _missing(metadata) == set()
    assert sorted(named) == sorted(stored)


def test_a_column_that_nobody_told_the_page_of_is_noticed() -> None:
    grown = MetaData()
    for table in metadata.tables.values():
        table.to_metadata(grown)
    Table("users", grown, Column("shoe_size", String(4)), extend_existing=True)
    Table("diaries", grown, Column("entry", String(4)))

    assert _missing(grown) == {"users.shoe_size", "diaries.entry"}


def test_the_diagram_has_every_table_and_foreign_key() -> None:
    tables = metadata.tables
    keys = {(key.column.table.name, name) for name, table in tables.items() for key in table.foreign_keys}

    assert data_page.drawn() == set(tables)
    assert data_page.foreign_keys() == keys


@pytest.mark.parametrize("name", TABLES)
def test_a_table_says_what_it_holds_and_what_ends_it(name: str) -> None:
    section = PAGE[name]
    cascades = {key.ondelete for key in metadata.tables[name].foreign_keys} == {"CASCADE"}
    enders = re.findall(r"`(backend/[\w/]+\.py)`\s+`(\w+)`", f"{section.kept} {section.erasure}")

    assert section.holds
    assert section.kept
    assert cascades == ("by the cascade" in section.erasure)
    assert enders or "nothing deletes it" in section.kept
    for path, function in enders:
        assert re.search(rf"def {function}\(", (data_page.ROOT / path).read_text("utf-8")), (path, function)


@pytest.mark.parametrize("name", TABLES)
def test_a_column_is_stored_and_left_out_in_words_that_are_explained(name: str) -> None:
    stored, reasons = data_page.words("stored"), data_page.words("not in the export")
    columns = metadata.tables[name].columns

    for column in PAGE[name].columns:
        assert column.stored in stored
        assert (column.file in ALL_FILES and column.places) or column.reason.startswith(tuple(reasons))
        is_bytes = columns[column.name].type.python_type is bytes
        assert not is_bytes or column.stored in SEALED, f"{name}.{column.name}"
        assert column.stored != "wrapped" or not column.file, "a key is in no export"
