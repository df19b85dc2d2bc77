"""What the code must not hold at all: read from its text, so that nobody has to find a way there first."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from fastapi.routing import APIRoute

from backend.api import docs, pages

ROOT = Path(__file__).parents[2]
TREES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8"))
    for folder in ("backend", "alembic")
    for path in (ROOT / folder).rglob("*.py")
}
SCRIPTS = [
    path for path in (ROOT / "backend" / "data").rglob("*") if path.suffix in {".js", ".jinja", ".css"}
]

# What runs input as code, and what brings objects to life that a text describes.
CODE = {"eval", "exec", "compile", "__import__", "breakpoint"}
MODULES = {
    "code": {"pickle", "marshal", "shelve", "dill", "code", "codeop", "ctypes"},
    "shell": {"subprocess", "pty", "pexpect", "popen2", "commands"},
    "chance": {"random"},
    "markup": {"xml", "lxml", "xmltodict", "defusedxml", "html5lib"},
    "network": {"requests", "httpx", "httpx2", "aiohttp", "urllib3", "ftplib", "telnetlib", "http"},
}
DEMO = "backend/cli/demo/household.py"
# What operators' commands do, and no request gets to. PostgreSQL's own `pg_dump` and `pg_restore` are started
# without a shell, with arguments of ours; `safeplate demo` asks the service that it started itself, on this
# machine's loopback.
COMMANDS = {
    ("backend/core/dumps/programs.py", "subprocess"),
    (DEMO, "http.client"),
    (DEMO, "http.client.HTTPConnection"),
}


def _calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            yield name, node


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("kind", MODULES)
def test_no_module_is_imported_that_would_be_a_way_in_or_out(kind: str) -> None:
    allowed = {"http.HTTPStatus", "http"}  # names of statuses
    found = {
        (path, name)
        for path, tree in TREES.items()
        for name in _imports(tree)
        if name.partition(".")[0] in MODULES[kind] and name not in allowed
    }

    assert found <= COMMANDS


def test_nothing_opens_an_address_that_a_caller_names() -> None:
    found = {
        (path, name) for path, tree in TREES.items() for name in _imports(tree) if "urllib.request" in name
    }

    assert found == set()


def test_nothing_runs_text_as_code_or_in_a_shell() -> None:
    found = [
        f"{path}: {name}"
        for path, tree in TREES.items()
        for name, call in _calls(tree)
        if (isinstance(call.func, ast.Name) and name in CODE)
        or name in {"system", "popen", "spawnl", "execv"}
    ]

    assert found == []


def test_templates_come_from_files_and_escape() -> None:
    names = [(path, name, call) for path, tree in TREES.items() for name, call in _calls(tree)]

    made = [call for path, name, call in names if name == "Environment"]
    assert {path for path, name, _ in names if name in {"from_string", "Template", "Markup"}} == set()
    assert len(made) == 2
    assert all("autoescape" in {keyword.arg for keyword in call.keywords} for call in made)
    assert [
        path.name for path in SCRIPTS if re.search(r"\|\s*safe\b|autoescape", path.read_text("utf-8"))
    ] == []


def test_yaml_brings_no_object_to_life() -> None:
    loads = [
        (path, call)
        for path, tree in TREES.items()
        for name, call in _calls(tree)
        if name.endswith("load")
        and "yaml" in ast.unparse(call.func)
        and ast.unparse(call.func) != "yaml.safe_load"
    ]

    assert loads
    for path, call in loads:
        assert ast.unparse(call.func) == "yaml.load"
        (loader,) = [ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg == "Loader"]
        module = import_module(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
        used = getattr(module, loader)
        assert issubclass(used, (yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
        assert used.yaml_constructors == yaml.SafeLoader.yaml_constructors
        assert not used.yaml_multi_constructors


def test_no_statement_is_put_together_from_values() -> None:
    """An f-string in SQL may hold a constant of ours, and nothing else."""
    found = [
        f"{path}:{call.lineno}"
        for path, tree in TREES.items()
        for name, call in _calls(tree)
        if name in {"text", "exec_driver_sql", "literal_column"} and call.args
        for node in ast.walk(call.args[0])
        if isinstance(node, ast.BinOp | ast.FormattedValue)
        and not (isinstance(node, ast.FormattedValue) and ast.unparse(node.value).strip("_").isupper())
        and not path.startswith("alembic/")  # no request reaches a migration
    ]

    assert found == []


def test_formats_are_constants() -> None:
    """A format that a caller chose could read attributes of what is put into it."""
    found = [
        f"{path}:{call.lineno} {ast.unparse(call.func)}"
        for path, tree in TREES.items()
        for name, call in _calls(tree)
        if name in {"format", "format_map"} and isinstance(call.func, ast.Attribute)
    ]

    assert {line.partition(" ")[2] for line in found} <= {
        "self.greeting.format",  # words of ours (data/mail/*.yaml)
        "self.intro.format",  # as above
        "line.format",  # a constant of the command line
        "_TOUR.format",
        "_POLICY.format",
        "translate(_DETAILS[kind]).format_map",  # a table of ours, and its translations
        "say(reason.sentence, language).format_map",  # as above
    }


def _is_constant(pattern: ast.expr) -> bool:
    """Tell whether a pattern is a literal, and what it holds besides is a constant of ours or escaped."""
    parts = [node.value for node in ast.walk(pattern) if isinstance(node, ast.FormattedValue)]
    if isinstance(pattern, ast.Constant | ast.Name):
        return isinstance(pattern, ast.Constant) or pattern.id.strip("_").isupper()
    return isinstance(pattern, ast.JoinedStr) and all(
        ast.unparse(part).strip("_").isupper() for part in parts
    )


def test_no_pattern_is_made_of_what_a_caller_sent() -> None:
    found = {
        f"{path}: {ast.unparse(call.args[0])}"
        for path, tree in TREES.items()
        for name, call in _calls(tree)
        if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "re"
        if name in {"compile", "search", "match", "fullmatch", "sub", "split", "findall", "finditer"}
        if not _is_constant(call.args[0])
    }

    # The stems of our own lexicons and the marks that their phrases begin with, escaped.
    folder = "backend/services/screening"
    stems = f"{folder}/lexicon.py: '|'.join(map(re.escape, sorted(stems))) or '(?!)'"
    marks = f"{folder}/tokens.py: '(' + '|'.join((_ALWAYS, *map(re.escape, marks))) + ')'"
    assert found == {stems, marks}


@pytest.mark.parametrize("digest", ["md5", "sha1", "MD5", "SHA1", "DES", "ECB", "ARC4", "PKCS1v15", "RC4"])
def test_no_broken_algorithm_is_named(digest: str) -> None:
    found = [
        path
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr == digest)
        or (isinstance(node, ast.Name) and node.id == digest)
    ]

    assert found == []


@pytest.mark.parametrize(
    "word",
    [
        "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function",
        "localStorage", "sessionStorage", "indexedDB", "document.cookie", "onpaste", "__proto__",
        "prototype", "http://", "https://", "javascript:", "postMessage",
    ],
)  # fmt: skip
def test_our_pages_write_text_and_keep_nothing(word: str) -> None:
    assert [
        path.name for path in SCRIPTS if path.parent.name == "pages" and word in path.read_text("utf-8")
    ] == []


def test_nothing_is_served_besides_the_api_but_what_is_listed() -> None:
    routes = [route for router in (docs.router, docs.pages_router, pages.router) for route in router.routes]
    paths = {route.path for route in routes if isinstance(route, APIRoute)}

    assert len(paths) == len(routes)
    assert paths == {
        "/docs", "/assets/{name}", "/docs/problems", "/docs/problems/{code}", "/pages/{name}",
        "/verify-email", "/reset-password", "/forgot-password", "/confirm-email-change", "/undo-email-change",
        "/undo-erasure",
    }  # fmt: skip
