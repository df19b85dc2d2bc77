"""What drives a server: wrk where it is or can be installed, else a loop of our own, which says so."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

from benchmarks import machine

_SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `body` is empty where there is none."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True, slots=True)
class Chain:
    """Where an answer brings what a later request sends: what finds it, and what stands around it then."""

    pattern: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Load:
    """Requests that are sent in turn.

    Attributes:
        clients: Connections, each with one request under way.
        pause: Milliseconds that each waits between two requests.
    """

    requests: Sequence[Request]
    clients: int
    pause: int = 0
    chain: Chain | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went: requests a second, milliseconds, answers of 400 and more, connections that broke."""

    requests: int
    rate: float
    p50: float
    p99: float
    refused: int
    broken: int


@cache
def tool() -> str:
    """Return the path of wrk, installed now if that can be; empty where it cannot."""
    if (found := shutil.which("wrk")) is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print("wrk is not there: installing it with apt")
        subprocess.run(["apt-get", "install", "--yes", "--quiet", "wrk"], check=False, capture_output=True)
        found = shutil.which("wrk")
    if found is None:
        print("NO wrk: a slower loop of our own drives the servers. Install wrk for figures that compare.")
    return found or ""


def describe() -> str:
    """Say in words what drives."""
    return "wrk" if tool() else "our own loop (no wrk)"


def drive(url: str, load: Load, seconds: float) -> Outcome:
    """Load a server for so long, and say how it went."""
    with tempfile.TemporaryDirectory() as folder:
        process = begin(url, load, seconds, Path(folder))
        return end(process)


def begin(url: str, load: Load, seconds: float, folder: Path) -> subprocess.Popen[str]:
    """Begin to load a server, for `end` to wait for."""
    if tool():
        script = folder / "requests.lua"
        script.write_text(_lua(load))
        size = [f"-c{load.clients}", f"-d{max(1, round(seconds))}s", "--timeout", "30s"]
        command = [tool(), "-t1", *size, "-s", str(script), url]
    else:
        plan = folder / "load.json"
        plan.write_text(json.dumps(asdict(load)))
        command = [sys.executable, "-m", "benchmarks.loop", url, str(seconds), str(plan)]
    with machine.on(machine.LOAD_CORES):
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def end(process: subprocess.Popen[str]) -> Outcome:
    """Wait for a load to end, and say how it went.

    Raises:
        RuntimeError: What drives failed.
    """
    output, _ = process.communicate()
    line = next((line for line in output.splitlines() if line.startswith("{")), None)
    if line is None:
        raise RuntimeError(f"nothing was measured: {output}")
    found = json.loads(line)
    return Outcome(
        requests=found["requests"],
        rate=found["requests"] / found["seconds"],
        p50=found["p50"],
        p99=found["p99"],
        refused=found["refused"],
        broken=found["broken"],
    )


def _lua(load: Load) -> str:
    items = [
        f"{{method={_text(item.method)}, path={_text(item.path)}, body={_text(item.body)}, headers={{"
        + ", ".join(f"[{_text(name)}]={_text(value)}" for name, value in item.headers.items())
        + "}}"
        for item in load.requests
    ]
    lines = ["requests = {" + ",\n".join(items) + "}"]
    if load.pause:
        lines.append(f"pause = {load.pause}")
    if load.chain:
        lines.append(f"pattern = {_text(load.chain.pattern)}")
        lines.append(f"before, after = {_text(load.chain.before)}, {_text(load.chain.after)}")
    return "\n".join([*lines, f"dofile({_text(str(_SCRIPT))})"])


def _text(value: str) -> str:
    """Return a Lua string of any text."""
    return (
        '"'
        + re.sub(r'[^ -~]|["\\]', lambda found: "".join(f"\\{byte:03d}" for byte in found[0].encode()), value)
        + '"'
    )
