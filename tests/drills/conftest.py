"""Drills: real parts that fail, requests that are counted, and a table at the end."""

from collections.abc import Callable, Iterator

import pytest

from tests import postgres
from tests.conftest import DATABASES
from tests.drills.report import PROPERTY, Finding

Tell = Callable[[Finding], None]
"""What a drill hands its finding to; raises where the bar does not hold."""


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Return what puts a finding into the table, and fails the drill where its bar does not hold."""

    def record(finding: Finding) -> None:
        record_property(PROPERTY, finding.to_text())
        assert finding.passes, finding

    return record


@pytest.fixture(params=DATABASES)
def variables(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Return the settings of servers that are started one after another on one database."""
    common = {"SAFEPLATE_RATE_LIMIT__ENABLED": "false"}
    if request.param == "sqlite":
        yield common
        return
    with postgres.database() as url:
        yield common | {"SAFEPLATE_DATABASE__URL": url}
