"""Every block of the sign-in guide does what the page says, and every path that it names is there."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.factories import PASSWORD
from tests.server.conftest import ROOT, start, stop

pytestmark = pytest.mark.server

PAGE = (ROOT / "docs" / "signing-in.md").read_text("utf-8")
BLOCKS = re.findall(r"(?ms)^```(\w+)\n(.*?)^```$", PAGE)
TYPES = re.compile(r": (?:Promise<string> \| null|\(\) => Promise<string>)")
TOGETHER = """
let asked = 0;
const refresh = async () => { asked += 1; await null; return `token ${asked}`; };
const both = await Promise.all([freshToken(refresh), freshToken(refresh)]);
console.log(JSON.stringify([both, await freshToken(refresh)]));
"""
BROWSER = """
const asked = [];
const post = async (path, body) => {
  asked.push([path, body]);
  const headers = {"Content-Type": "application/json", Authorization: `Bearer ${process.argv[3]}`};
  const init = {method: "POST", headers, body: body && JSON.stringify(body)};
  if (path.endsWith("passkeys")) return null;  // no authenticator is here to sign what would be sent
  const answer = await fetch(process.argv[2] + "/api/v1" + path, init);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
};
const PublicKeyCredential = {parseCreationOptionsFromJSON: (options) => ({wanted: options})};
Object.defineProperty(globalThis, "navigator", {value: {credentials: {
  create: async ({publicKey}) => ({toJSON: () => ({for: publicKey.wanted.challenge})}),
}}});
"""


def _run(path: Path, code: str, *arguments: str) -> list[Any]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node on this machine")
    path.write_text(TYPES.sub("", code), "utf-8")
    done = subprocess.run([node, path, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    printed: list[Any] = json.loads(done.stdout)
    return printed


def test_every_block_is_run_and_every_path_exists() -> None:
    paths = json.loads((ROOT / "openapi.json").read_text("utf-8"))["paths"]
    named = set(
        re.findall(r"(?<![\w.])((?:/api/v1)?/auth/[a-z/]+|/api/v1/[a-z/]+|/\.well-known/[a-z.]+)", PAGE)
    )

    assert [language for language, _ in BLOCKS] == ["json", "ts", "ts"]
    assert len(named) > 10
    assert {path for path in named if path not in paths and f"/api/v1{path}" not in paths} == set()


def test_two_refreshes_at_once_are_one(tmp_path: Path) -> None:
    assert _run(tmp_path / "fresh.mjs", BLOCKS[1][1] + TOGETHER) == [["token 1", "token 1"], "token 2"]


def test_signing_in_and_making_a_passkey_go_as_the_page_says(data_dir: Path, tmp_path: Path) -> None:
    server = start(data_dir)
    body = {"email": "amira@example.com", "username": "amira", "password": PASSWORD}
    try:
        httpx2.post(f"{server.url}/api/v1/users", json=body).raise_for_status()
        form = {"username": "amira@example.com", "password": PASSWORD}
        tokens = httpx2.post(f"{server.url}/api/v1/auth/login", data=form).raise_for_status().json()
        code = BROWSER + BLOCKS[2][1] + "console.log(JSON.stringify(asked));"
        asked = _run(tmp_path / "passkey.mjs", code, server.url, tokens["access_token"])
    finally:
        stop(server)

    shown = json.loads(BLOCKS[0][1])
    assert set(tokens) == set(shown)
    assert (tokens["token_type"], tokens["expires_in"]) == (shown["token_type"], shown["expires_in"])
    (first, _), (second, sent) = asked
    assert (first, second) == ("/auth/factors/passkeys/options", "/auth/factors/passkeys")
    assert sent["credential"]["for"]
    assert set(sent) == {"challenge", "credential", "name"}
