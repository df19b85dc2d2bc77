"""The grid: the same stems in every layer, small modules, and tests that mirror them."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BACKEND = ROOT / "backend"

FEATURES = {
    "attempts", "audit", "jobs", "mail", "users", "sessions", "auth", "credentials", "catalog", "health",
    "factors", "screening", "system", "admin", "idempotency", "erasure", "export",
}  # fmt: skip
SHARED = {
    "api": {
        "dependencies",
        "problems",
        "middleware",
        "docs",
        "pages",
        "cookies",
        "contract",
        "routes",
        "plans",
        "shortcuts",
    },
    "schemas": {"base"},
    "services": set(),
    "models": {"base"},
}
# Features that have no file in a layer, and why.
GAPS = {
    ("api", "jobs"): "work is asked for by other features",
    ("schemas", "jobs"): "as above",
    ("api", "mail"): "letters are sent by jobs",
    ("schemas", "mail"): "as above",
    ("models", "mail"): "as above",
    ("api", "attempts"): "every path on which a secret can be guessed counts",
    ("schemas", "attempts"): "as above",
    ("api", "sessions"): "sessions are reached through auth",
    ("schemas", "sessions"): "as above",
    ("schemas", "idempotency"): "answers are those of other features",
    ("models", "auth"): "signing in stores sessions",
    ("models", "screening"): "nothing of a check is stored",
    ("models", "admin"): "accounts are administered, and nothing else is stored",
    ("models", "system"): "the service describes itself without a table",
}
MAX_LINES = 300


def _stems(layer: str) -> set[str]:
    folder = BACKEND / layer
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    return files | {path.parent.name for path in folder.glob("*/__init__.py")}


@pytest.mark.parametrize("layer", SHARED)
def test_a_layer_holds_features_and_declared_shared_files_alone(layer: str) -> None:
    expected = {feature for feature in FEATURES if (layer, feature) not in GAPS} | SHARED[layer]

    assert _stems(layer) == expected


@pytest.mark.parametrize("feature", sorted(FEATURES - {"jobs", "mail"}))
def test_a_feature_is_tested_through_the_api(feature: str) -> None:
    assert (ROOT / "tests" / "api" / f"test_{feature}.py").exists()


def test_no_module_is_over_its_budget() -> None:
    sizes = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for folder in ("backend", "tests", "alembic", "benchmarks", "tools")
        for path in (ROOT / folder).rglob("*.py")
    }

    assert {path: lines for path, lines in sizes.items() if lines > MAX_LINES} == {}


def test_services_neither_commit_nor_roll_back() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {call}"
        for path in (BACKEND / "services").rglob("*.py")
        for call in (".commit(", ".rollback(")
        if call in path.read_text("utf-8")
    ]

    assert found == []
