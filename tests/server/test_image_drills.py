"""The image is built, and serves as nobody on a read-only root, where something is at hand that builds it."""

import json
import os
import re
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend.core import keys
from tests import postgres

pytestmark = [pytest.mark.server, pytest.mark.drill]

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
# As deploy/compose.yaml has it. Without a network a container still has a loopback of its own. Health is
# asked by hand below, and limits are named, since not every machine lets a container raise them.
LIMIT = (
    "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--tmpfs=/tmp:size=64m,mode=1777",
    "--no-healthcheck", "--ulimit=nofile=4096:4096", "--ulimit=nproc=2048:2048",
)  # fmt: skip
STARTS = 120.0


@dataclass(frozen=True)
class Image:
    """What was built, and what builds and runs."""

    builder: str
    tag: str

    def run(self, *words: str, options: tuple[str, ...] = ("--network=none",)) -> str:
        """Start a container, and return its name."""
        # runc runs where both kinds of control groups are; crun, podman's first choice, does not.
        runtime = ("--runtime=runc",) if self.builder == "podman" and shutil.which("runc") else ()
        return _run(self.builder, "run", "--detach", *runtime, *LIMIT, *options, self.tag, *words)

    def inside(self, container: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program in a container."""
        return _try(self.builder, "exec", container, *words)

    def await_health(self, container: str) -> subprocess.CompletedProcess[str]:
        """Run the image's own check until it holds, and return the last answer."""
        (found,) = json.loads(_run(self.builder, "inspect", "--type=image", self.tag))
        health = found["Config"].get("Healthcheck") or found["Healthcheck"]  # docker's place, and podman's
        deadline = time.monotonic() + STARTS
        while True:
            told = self.inside(container, *health["Test"][1:])
            if not told.returncode or time.monotonic() > deadline:
                return told
            time.sleep(1)

    def stop(self, container: str) -> str:
        """End a container as an orchestrator does, and return the status with which it ended."""
        _run(self.builder, "stop", "--time=40", container)
        return _run(self.builder, "inspect", "--format", "{{.State.ExitCode}}", container)


def _try(*words: str | Path) -> subprocess.CompletedProcess[str]:
    # Podman's other way of building needs control groups that not every machine has; docker reads it not.
    environment = os.environ | {"BUILDAH_ISOLATION": "chroot"}  # noqa: TID251 - a child's environment
    return subprocess.run(
        words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=1800
    )


def _run(*words: str | Path) -> str:
    done = _try(*words)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


def _builder() -> str:
    for name in ("docker", "podman"):
        if shutil.which(name) and not _try(name, "info").returncode:
            return name
    pytest.skip("neither docker nor podman answers here: the image is not built")


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """Build the image from the repository, as the first line of the Dockerfile says."""
    builder, tag = _builder(), f"safeplate-test:{uuid.uuid4().hex[:8]}"
    version = re.search(r"ARG PYTHON=(\S+)", DOCKERFILE.read_text("utf-8"))
    assert version is not None
    base = f"docker.io/library/python:{version[1]}"
    if _try(builder, "image", "inspect", base).returncode and _try(builder, "pull", base).returncode:
        pytest.skip(f"{base} is not here, and no registry gives it: the image is not built")
    kind = ("--format=docker",) if builder == "podman" else ()  # the other format knows no check of health
    _run(builder, "build", *kind, "--file", DOCKERFILE, "--tag", tag, ".")
    yield Image(builder, tag)
    _run(builder, "rmi", "--force", tag)


@pytest.fixture
def containers(image: Image) -> Iterator[list[str]]:
    """Remove the containers that a test names here, with their volumes."""
    started: list[str] = []
    yield started
    for container in started:
        _run(image.builder, "rm", "--force", "--volumes", container)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_image_serves_as_nobody_and_ends_when_told(
    image: Image, containers: list[str], workers: str
) -> None:
    container = image.run("serve", "--host", "0.0.0.0", "--workers", workers)
    containers.append(container)
    healthy = image.await_health(container)
    who = image.inside(container, "id").stdout
    written = image.inside(container, "touch", "/opt/safeplate/written")
    owned = image.inside(container, "stat", "-c", "%a %u:%g", "/var/lib/safeplate").stdout
    doctor = image.inside(container, "safeplate", "doctor")
    backup = image.inside(container, "safeplate", "db", "backup", "/tmp")  # noqa: S108 - in the container
    status = image.stop(container)

    assert healthy.returncode == 0, healthy.stderr
    assert who.startswith("uid=10001(safeplate) gid=10001(safeplate)")
    assert "Read-only file system" in written.stderr
    assert owned.strip() == "700 10001:10001"
    assert (doctor.returncode, backup.returncode) == (0, 0), doctor.stdout + backup.stderr
    assert status == "0"


def test_data_outlives_the_container(image: Image, containers: list[str]) -> None:
    volume = f"safeplate-test-{uuid.uuid4().hex[:8]}"
    options = ("--network=none", f"--volume={volume}:/var/lib/safeplate")
    keys_of = []
    try:
        for _ in range(2):
            container = image.run(options=options)
            containers.append(container)
            assert image.await_health(container).returncode == 0
            keys_of.append(image.inside(container, "cat", "/var/lib/safeplate/keys/signing.json").stdout)
            image.stop(container)
            _run(image.builder, "rm", container)
            containers.clear()
    finally:
        _run(image.builder, "volume", "rm", "--force", volume)

    assert "EC" in keys_of[0]
    assert keys_of[0] == keys_of[1]


def test_the_image_serves_from_postgresql_with_secrets_as_files(
    image: Image, containers: list[str], tmp_path: Path
) -> None:
    with postgres.database() as url:
        secrets = dict(zip(("KEYS__MASTER", "KEYS__SIGNING"), keys.generate(), strict=True))
        options = ["--network=host"]
        for name, text in (secrets | {"DATABASE__URL": url}).items():
            (tmp_path / name).write_text(text, "ascii")
            (tmp_path / name).chmod(0o444)
            options.append(f"--volume={tmp_path / name}:/run/secrets/{name}:ro")
            options.append(f"--env=SAFEPLATE_{name}_FILE=/run/secrets/{name}")
        migrated = image.run("db", "migrate", options=tuple(options))
        containers.append(migrated)
        status = _run(image.builder, "wait", migrated)
        worker = image.run("worker", "--heartbeat", "/tmp/heartbeat", options=tuple(options))  # noqa: S108 - in there
        containers.append(worker)
        deadline = time.monotonic() + STARTS
        while (
            image.inside(worker, "test", "-e", "/tmp/heartbeat").returncode  # noqa: S108 - in the container
            and time.monotonic() < deadline
        ):
            time.sleep(1)
        doctor = image.inside(worker, "safeplate", "doctor")
        ended = image.stop(worker)

    assert status == "0"
    assert "ok     database: PostgreSQL" in doctor.stdout, doctor.stdout
    assert doctor.returncode == 0, doctor.stdout
    assert ended == "0"
