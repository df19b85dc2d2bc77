"""Write the pictures of the documentation from what the commands print: `make pictures`.

A picture holds no time, version or identifier of its run, so that the same code makes the same bytes.
"""

import fcntl
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT: Final = Path(__file__).parents[1]
PICTURE: Final = ROOT / "docs" / "assets" / "label.svg"
_COLUMNS: Final = 94
_LABEL: Final = (
    "Zutaten: Weizenmehl, Zucker, Haselnussmark 12 %, pflanzliches Fett (Palm, Kokos), Süßmolkenpulver, "
    "fettarmer Kakao, Emulgator Lecithine (Soja), Salz. Kann Spuren von Erdnüssen enthalten."
)
_COMMAND: Final = """\
safeplate screen "$LABEL" --regime eu \\
    --person "Nora: allergy=peanuts" --person "Jonas: diet=vegan" \\
    --person "Mila: allergy=milk, allergy=hazelnut" --person "Otto: allergy=sesame\""""
# Dark, with colours that stand out from the picture's own ground, which both light and dark pages surround.
_THEME: Final = TerminalTheme(
    (24, 28, 32),
    (222, 226, 230),
    [
        (24, 28, 32), (200, 54, 54), (90, 180, 110), (240, 196, 80),
        (96, 150, 230), (214, 140, 232), (90, 200, 210), (240, 242, 244),
    ],
)  # fmt: skip
# The library's own frame loads a font from another host, which no page of ours may.
_FONT_FACES: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_FONT: Final = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def render() -> str:
    """Return the picture of one label that is checked for four people, as SVG."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=_COLUMNS, file=nowhere, force_terminal=True, highlight=False)
        console.print(Text.assemble(("$ ", "bold"), _COMMAND), end="\n\n", soft_wrap=True)
        console.print(Text.from_ansi(_printed().rstrip()))
        svg = console.export_svg(title="May these people eat this?", theme=_THEME, unique_id="label")
    svg = _FONT_FACES.sub("", svg).replace("Fira Code, monospace", _FONT)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def _printed() -> str:
    """Run the command on a terminal of its own, and return what it prints there."""
    command = shlex.split(_COMMAND.replace("\\\n", " ").replace("$LABEL", _LABEL))
    command[0] = str(Path(sys.executable).with_name(command[0]))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, _COLUMNS, 0, 0))
    environment = {"PATH": os.defpath, "TERM": "xterm-256color", "PYTHONUTF8": "1"}
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=theirs, env=environment):  # noqa: S603 - our own
        os.close(theirs)
        pieces = []
        with suppress(OSError):  # a terminal whose last writer is gone cannot be read
            while piece := os.read(ours, 65_536):
                pieces.append(piece)
    os.close(ours)
    return b"".join(pieces).decode().replace("\r\n", "\n")


if __name__ == "__main__":
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(render(), "utf-8")
