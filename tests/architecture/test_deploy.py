"""What `deploy` holds parses, names settings that exist, and weakens nothing."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY
from pydantic import BaseModel

from backend import __version__
from backend.cli.server import GRACEFUL_SECONDS
from backend.core import metrics
from backend.core.config import Settings
from backend.core.environment import PREFIX

DEPLOY = Path(__file__).parents[2] / "deploy"
FILES = [path for path in DEPLOY.rglob("*") if path.is_file() and "secrets" not in path.parts]
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
CLUSTER = yaml.safe_load((DEPLOY / "kubernetes" / "safeplate.yaml").read_text("utf-8"))["items"]
ALERTS = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text("utf-8"))
DOCKERFILE = (DEPLOY / "Dockerfile").read_text("utf-8")
PODS = [
    pytest.param(item["spec"]["template"]["spec"], id=item["metadata"]["name"])
    for item in CLUSTER
    if item["kind"] in {"Deployment", "Job"}
]
UNITS = [pytest.param(path, id=path.name) for path in sorted((DEPLOY / "systemd").glob("*.service"))]
LEAST_EXPOSED = 2.0
PINNED = re.compile(r"[\w./-]+:v?\d[\w.-]*")


def _settings(model: type[BaseModel], prefix: str = PREFIX) -> Iterator[str]:
    for name, field in model.model_fields.items():
        group = field.annotation
        if isinstance(group, type) and issubclass(group, BaseModel):
            yield from _settings(group, f"{prefix}{name.upper()}__")
        else:
            yield prefix + name.upper()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_every_setting_that_is_named_exists(path: Path) -> None:
    known = set(_settings(Settings))
    named = set(re.findall(rf"{PREFIX}[A-Z_]+[A-Z]", path.read_text("utf-8")))

    assert {name for name in named if name.removesuffix("_FILE") not in known} == set()


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_a_service_is_pinned_and_has_no_password_of_ours(name: str) -> None:
    service = COMPOSE["services"][name]
    environment = service.get("environment", {})
    secret = [key for key in environment if re.search("PASSWORD|TOKEN|KEY|URL$", key)]

    assert "build" in service or PINNED.fullmatch(service["image"]), service["image"]
    assert [key for key in secret if "@" in str(environment[key])] == []
    assert [key for key in secret if not key.endswith(("_FILE", "URL"))] == []
    assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"])
    assert not service.get("privileged")
    for port in service.get("ports", ()):
        assert port.startswith("127.0.0.1:"), "the network reaches what has no TLS"


def test_our_own_containers_may_do_nothing_but_serve() -> None:
    for name in ("migrate", "app", "worker"):
        service = COMPOSE["services"][name]
        assert (service["user"], service["read_only"], service["cap_drop"]) == ("10001:10001", True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("pod", PODS)
def test_a_pod_is_of_the_restricted_kind(pod: dict[str, Any]) -> None:
    identity = pod["securityContext"]
    assert (identity["runAsNonRoot"], identity["seccompProfile"]["type"]) == (True, "RuntimeDefault")
    assert pod["automountServiceAccountToken"] is False
    for container in pod["containers"]:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert "memory" in container["resources"]["limits"]
        assert container["image"] == f"registry.example/safeplate:{__version__}"


def test_a_cluster_has_all_that_it_needs() -> None:
    kinds = [item["kind"] for item in CLUSTER]
    (app,) = (
        item for item in CLUSTER if item["kind"] == "Deployment" and item["metadata"]["name"] == "safeplate"
    )
    (container,) = app["spec"]["template"]["spec"]["containers"]
    labels = app["spec"]["template"]["metadata"]["labels"]

    assert {"ConfigMap", "Job", "Service", "PodDisruptionBudget", "NetworkPolicy"} < set(kinds)
    assert kinds.count("Deployment") == 2
    assert "Secret" not in kinds, "a secret stands in a file"
    assert {"startupProbe", "readinessProbe", "livenessProbe"} < set(container)
    for item in CLUSTER:
        if item["kind"] in {"Service", "PodDisruptionBudget"}:
            selector = item["spec"]["selector"]
            assert (selector.get("matchLabels") or selector).items() <= labels.items()


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_hardly_exposed(unit: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed here")
    told = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", unit],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", told.stdout)
    if found is None:
        pytest.skip(f"this systemd-analyze looks at no files: {told.stderr.strip()[:100]}")

    assert float(found[1]) <= LEAST_EXPOSED


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_every_line_of_a_unit(unit: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed here")
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text("utf-8").replace("/opt/safeplate/bin/safeplate", "/bin/true"), "utf-8")
    told = subprocess.run(
        ["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False
    )  # fmt: skip

    assert (told.returncode, [line for line in told.stderr.splitlines() if unit.name in line]) == (0, [])


def test_whoever_is_told_to_end_may_finish() -> None:
    """The service gives up by itself; preStop and a margin come on top."""
    units = [
        re.search(r"TimeoutStopSec=(\d+)", path.read_text("utf-8")) for path in DEPLOY.rglob("*.service")
    ]
    assert units
    assert all(found is not None and int(found[1]) > GRACEFUL_SECONDS for found in units)
    for name in ("app", "worker"):
        assert int(COMPOSE["services"][name]["stop_grace_period"].removesuffix("s")) > GRACEFUL_SECONDS
    for pod in (item["spec"]["template"]["spec"] for item in CLUSTER if item["kind"] == "Deployment"):
        (container,) = pod["containers"]
        waits = re.findall(r"sleep\((\d+)\)", str(container.get("lifecycle", "")))
        assert pod["terminationGracePeriodSeconds"] > GRACEFUL_SECONDS + sum(map(int, waits)) + 5


def test_probes_ask_paths_that_there_are_and_a_worker_that_beats() -> None:
    paths = set(yaml.safe_load((DEPLOY.parent / "openapi.json").read_text("utf-8"))["paths"])
    deployments = {item["metadata"]["name"]: item for item in CLUSTER if item["kind"] == "Deployment"}
    (app,) = deployments["safeplate"]["spec"]["template"]["spec"]["containers"]
    (worker,) = deployments["safeplate-worker"]["spec"]["template"]["spec"]["containers"]
    asked = [app[f"{kind}Probe"]["httpGet"] for kind in ("startup", "readiness", "liveness")]
    beats = COMPOSE["services"]["worker"]

    assert {each["path"] for each in asked} <= paths
    assert {each["port"] for each in asked} == {port["name"] for port in app["ports"]}
    for arguments, test in (
        (worker["args"], worker["livenessProbe"]["exec"]["command"]),
        (beats["command"], beats["healthcheck"]["test"]),
    ):
        assert arguments[-2] == "--heartbeat"
        assert f"'{arguments[-1]}'" in test[-1]


def test_prometheus_takes_the_rules() -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed here")
    rules = DEPLOY / "prometheus" / "alerts.yml"
    told = subprocess.run(["promtool", "check", "rules", rules], capture_output=True, text=True, check=False)

    assert told.returncode == 0, told.stdout + told.stderr


def test_the_image_is_made_in_stages_and_runs_as_nobody() -> None:
    lines = [line for line in DOCKERFILE.splitlines() if line and not line.startswith(("#", " "))]
    stages = [line.split() for line in lines if line.startswith("FROM")]
    users = [line.split()[1] for line in lines if line.startswith("USER")]
    version = re.search(r"ARG PYTHON=(\S+)", DOCKERFILE)

    assert len(stages) == 2
    assert version is not None
    assert re.fullmatch(r"3\.\d+-slim-\w+", version[1])
    assert {stage[1] for stage in stages} == {"python:${PYTHON}"}
    assert users == ["10001:10001"]
    assert "--require-hashes" in DOCKERFILE
    assert sum(line.startswith("HEALTHCHECK") for line in lines) == 1
    assert not re.search(r"(?i)(ARG|ENV) \S*(password|token|secret|master|signing)", DOCKERFILE)


def test_nothing_gets_into_an_image_that_is_not_named() -> None:
    lines = (DEPLOY.parent / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]

    assert rules[0] == "*"
    named = {rule.removeprefix("!").partition("/")[0] for rule in rules if rule.startswith("!")}
    assert all((DEPLOY.parent / name).exists() for name in named)
    assert named.isdisjoint({".git", "data", "deploy", "tests", ".venv", ".env"})


def test_every_alert_asks_for_series_that_there_are() -> None:
    assert metrics.render()
    known = {
        name for metric in REGISTRY.collect() for name in (metric.name, *(s.name for s in metric.samples))
    }
    known |= {f"{metric.name}_{end}" for metric in REGISTRY.collect() for end in ("total", "bucket")}
    rules = [rule for group in ALERTS["groups"] for rule in group["rules"]]
    asked = {name for rule in rules for name in re.findall(r"safeplate_\w+", rule["expr"])}

    assert asked
    assert asked - known == set()
    assert all(rule["annotations"].keys() == {"summary", "action"} for rule in rules)
