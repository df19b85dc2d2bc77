"""`safeplate screen` and `safeplate evaluate`, as people call them."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from backend.cli import app

SAFEPLATE = Path(sys.executable).with_name("safeplate")
LABEL = "Ingredients: oats, whey powder. May contain peanuts."


def _run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, arguments, input=stdin)


def _on_a_terminal(*arguments: str, **variables: str) -> str:
    """Run a command with its output on a terminal."""
    ours, theirs = pty.openpty()
    environment = {"TERM": "xterm-256color"} | variables
    child = subprocess.Popen(
        [SAFEPLATE, *arguments], stdout=theirs, stdin=subprocess.DEVNULL, env=environment
    )
    os.close(theirs)
    output = b""
    try:
        while chunk := os.read(ours, 65_536):
            output += chunk
    except OSError:  # Linux says so when the other end is closed
        pass
    finally:
        os.close(ours)
        child.wait(timeout=60)
    return output.decode()


@pytest.mark.parametrize(
    ("options", "code", "verdict"),
    [
        pytest.param(["--allergy", "milk"], 1, "contains", id="contains"),
        pytest.param(["--allergy", "peanuts:mild"], 1, "may_contain", id="traces"),
        pytest.param(["--allergy", "peanuts:mild:traces-ok"], 0, "no_conflict_found", id="no-traces"),
        pytest.param(
            ["--allergy", "peanuts:life_threatening:traces-ok"], 1, "may_contain", id="a-life-at-stake"
        ),
        pytest.param(["--allergy", "fish"], 0, "no_conflict_found", id="nothing"),
        pytest.param(["--allergy", "mustard", "--regime", "us"], 1, "unknown", id="silence"),
        pytest.param(["--diet", "vegan", "--condition", "gout"], 1, "contains", id="diet"),
        pytest.param(
            ["--person", "Ana: allergy=fish", "--person", "Ben: diet=vegan"], 1, "contains", id="people"
        ),
    ],
)
def test_the_exit_code_tells_whether_a_conflict_was_found(
    options: list[str], code: int, verdict: str
) -> None:
    done = _run("screen", LABEL, "--json", *options)

    assert (done.exit_code, done.stderr) == (code, "")
    assert json.loads(done.stdout)["verdict"] == verdict


def test_what_was_found_is_marked_and_told_by_person() -> None:
    done = _run("screen", LABEL, "--allergy", "peanuts", "--person", "Ana [b]: allergy=milk, diet=vegan")

    lines = done.stdout.splitlines()
    assert lines[0] == "Ingredients: oats, »whey powder«. May contain »peanuts«."
    assert re.search(r"guest 1 +peanuts +may contain +peanuts +a precautionary statement", done.stdout)
    assert re.search(r"Ana \[b\] +milk +contains +whey powder +is milk", done.stdout)
    assert "Understood 7 of 7 words, 2 of 2 ingredients." in done.stdout
    assert "safe" not in done.stdout
    assert "\x1b" not in done.stdout


def test_a_terminal_has_colours_at_the_words_also_behind_wide_ones() -> None:
    shown = _on_a_terminal("screen", "Ingredients: 牛奶🥛, whey", "--allergy", "milk")

    assert re.search(r"牛奶🥛, \x1b\[[\d;]+mwhey\x1b\[0m", shown)


def test_a_terminal_without_colours_has_marks() -> None:
    shown = _on_a_terminal("screen", LABEL, "--allergy", "milk", NO_COLOR="1")

    assert "»whey powder«" in shown


def test_the_label_may_come_from_standard_input() -> None:
    text = "Zutaten: Zucker,\nWeizeneiweiß\n"

    done = _run("screen", "-", "--condition", "Zöliakie", "--json", "--lang", "de", stdin=text)

    (finding,) = json.loads(done.stdout)["people"][0]["findings"]
    assert text[finding["start"] : finding["end"]] == finding["text"]
    assert done.exit_code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="nothing"),
        pytest.param(["milk"], id="nobody"),
        pytest.param(["milk", "--allergy", "zqzq"], id="unknown-name"),
        pytest.param(["milk", "--allergy", "milk:zqzq"], id="unknown-severity"),
        pytest.param(["milk", "--diet", "vegan", "--regime", "zqzq"], id="unknown-law"),
        pytest.param(["milk", "--diet", "vegan", "--lang", "zqzq!"], id="no-language"),
        pytest.param(["milk", "--person", "Ana"], id="person-without-anything"),
        pytest.param(["milk", "--person", "Ana: zq=milk"], id="person-with-something-else"),
        pytest.param(["", "--diet", "vegan"], id="empty"),
        pytest.param(["milk\x1b[2J", "--diet", "vegan"], id="escape"),
        pytest.param(["milk", "--jsonl"], id="one-and-many"),
    ],
)
def test_a_question_that_makes_no_sense_ends_with_two_and_a_line(arguments: list[str]) -> None:
    done = _run("screen", *arguments)

    assert done.exit_code == 2
    assert done.stdout == ""
    assert 1 <= done.stderr.count("\n") <= 2
    assert "Traceback" not in done.stderr


def test_a_name_that_is_not_approved_comes_with_what_is_near() -> None:
    done = _run("screen", "milk", "--allergy", "peanutz")

    assert done.stderr.startswith("/requirements/allergies/0: is not on the approved list (near: peanuts")


def test_many_labels_come_as_lines() -> None:
    rows = [
        {"id": 1, "text": "whey", "lang": "en"},
        {"id": "b", "text": "Ingredients: sugar. May contain nuts."},
    ]

    done = _run("screen", "--jsonl", stdin="".join(json.dumps(row) + "\n" for row in rows))

    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(answer["id"], answer["contains"], answer["may_contain"]) for answer in answers] == [
        (1, ["milk"], []),
        ("b", [], ["nuts"]),
    ]
    assert (done.exit_code, done.stderr) == (0, "")


def test_labels_are_scored(tmp_path: Path) -> None:
    labels, spans = tmp_path / "labels.jsonl", tmp_path / "spans.jsonl"
    labels.write_text('{"text": "whey, wheat", "lang": "en", "contains": ["milk"]}\n', "utf-8")
    spans.write_text('{"text": "MILK, salt", "lang": "en", "spans": [[0, 4, "MILK"]]}\n', "utf-8")

    scored = _run("evaluate", "labels", str(labels)).stdout.splitlines()

    assert scored[0] == "all            n=    1 P=0.500 R=1.000 [0.207,1.000] R+trace=1.000 tp=1 fp=1 fn=0"
    assert [line.split()[0] for line in scored] == ["all", "gluten", "lang:en", "milk"]
    assert _run("evaluate", "spans", str(spans)).stdout.splitlines() == [
        "all  spans=     1 recall=1.000 [0.207,1.000]",
        "en   spans=     1 recall=1.000 [0.207,1.000]",
    ]
    labels.write_text("{}\n", "utf-8")
    refused = _run("evaluate", "labels", str(labels))
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
