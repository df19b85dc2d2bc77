"""The running service keeps what its document promises, however it is asked."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests import postgres
from tests.databases import DATABASES
from tests.factories import PASSWORD
from tests.server.conftest import ROOT, start, stop

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("contract")]

SCHEMATHESIS = Path(sys.executable).with_name("st")
SECONDS = os.environ.get("SAFEPLATE_TEST_FUZZ_SECONDS")  # noqa: TID251 - the suite's own variable
"""How long `make fuzz` asks; unset in the normal suite, which asks a few of the same questions every time."""
BRIEFLY = ["--phases", "examples,fuzzing,stateful", "--max-examples", "1", "--max-time", "40", "--seed", "1"]


@pytest.fixture(params=DATABASES if SECONDS else ["sqlite"])
def database(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Return the settings of a database: of each in turn, where there is time."""
    if request.param == "sqlite":
        yield {}
        return
    with postgres.database() as url:
        yield {"SAFEPLATE_DATABASE__URL": url}


def test_no_question_gets_an_answer_that_the_document_does_not_know(
    data_dir: Path, tmp_path: Path, database: dict[str, str]
) -> None:
    off = {"SAFEPLATE_RATE_LIMIT__ENABLED": "false", "SAFEPLATE_SCREENING__GUESTS": "true"}
    server = start(data_dir, **off, **database)
    olga = {"email": "olga@example.com", "username": "olga", "password": PASSWORD}
    httpx2.post(f"{server.url}/api/v1/users", json=olga).raise_for_status()
    server.command("user", "promote", "olga").check_returncode()
    config = ROOT / "tests" / "contract" / "schemathesis.toml"
    extent = BRIEFLY if SECONDS is None else ["--max-time", SECONDS]

    try:
        done = subprocess.run(
            [
                SCHEMATHESIS,
                "--config-file",
                config,
                "run",
                ROOT / "openapi.json",
                "--url",
                server.url,
                *extent,
            ],
            cwd=tmp_path,
            env=os.environ | {"SCHEMATHESIS_HOOKS": "tests.contract.hooks", "PYTHONPATH": str(ROOT)},  # noqa: TID251 - a child's environment
            capture_output=True,
            text=True,
            timeout=180 + int(SECONDS or 0) * 2,
            check=False,
        )
    finally:
        stop(server)

    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    assert "Tested: 93" in done.stdout
