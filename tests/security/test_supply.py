"""What the service is made of can be told, and each file of it is known by its hash."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = [ROOT / "requirements" / f"{name}.txt" for name in ("runtime", "telemetry", "dev", "docs", "clients")]
_PIN = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==([^ ;\\]+)", re.MULTILINE)


def test_the_lock_of_npm_has_hashes_and_no_address() -> None:
    text = (ROOT / "tools" / "contract" / "package-lock.json").read_text("utf-8")

    assert "://" not in text  # an install where npm writes them: take `resolved` and `funding` out
    assert text.count('"integrity": "sha512-') > 10


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_every_package_is_pinned_with_hashes_and_without_an_address(lock: Path) -> None:
    text = lock.read_text("utf-8")
    blocks = re.split(r"\n(?=\S)", text.strip())

    assert len(blocks) == len(_PIN.findall(text)) > 10
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text


def test_the_bill_of_materials_lists_what_is_pinned() -> None:
    tool = str(Path(sys.executable).with_name("cyclonedx-py"))
    command = [tool, "requirements", "--output-reproducible", str(LOCKS[0])]

    made = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)

    bill = json.loads(made.stdout)
    assert bill["bomFormat"] == "CycloneDX"
    listed = {(part["name"], part["version"]) for part in bill["components"]}
    assert listed == set(_PIN.findall(LOCKS[0].read_text("utf-8")))
