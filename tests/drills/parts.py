"""The real parts that drills need: found on this machine, installed where we may, or skipped aloud."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

_FOLDERS = ("/usr/sbin", "/usr/local/sbin", *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"))))
_NO_QUESTIONS = {"DEBIAN_FRONTEND": "noninteractive"}


@cache
def find(program: str, package: str) -> str:
    """Return the path of a program; install its Debian package where we may, else skip the drill.

    Args:
        program: Its name.
        package: What holds it on Debian.
    """
    found = _on_disk(program)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["update", "-qq"], ["install", "-qq", "--no-install-recommends", package]):
            subprocess.run(
                ["apt-get", *command],
                env=os.environ | _NO_QUESTIONS,  # noqa: TID251 - a child's environment
                stdout=subprocess.DEVNULL,
                check=False,
            )
        found = _on_disk(program)
    if found is None:
        pytest.skip(
            f"no {program} here: Debian has it in the package {package}, which could not be installed"
        )
    return found


def find_library(name: str, package: str, beside: str) -> str:
    """Return the path of a shared library that comes in one package with a program, or skip the drill."""
    find(beside, package)
    found = next(Path("/usr/lib").rglob(name), None)
    if found is None:
        pytest.skip(f"no {name} below /usr/lib, where Debian has it in the package {package}")
    return str(found)


def _on_disk(program: str) -> str | None:
    return shutil.which(program) or next(
        (str(Path(folder) / program) for folder in _FOLDERS if (Path(folder) / program).exists()), None
    )
