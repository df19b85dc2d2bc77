"""Write `backend/data/passwords/common.bloom` anew, from a plain list with one password on each line.

    .venv/bin/python tools/common_passwords.py LIST [--output FILE]

Entries that the rule finds by another one are left out: who has `summer` refuses `Summer2024!`.
"""

import argparse
from hashlib import sha256
from pathlib import Path

from backend.core.passwords import COMMON
from backend.utils.bloom import BloomFilter
from backend.utils.passwords import distil

FALSE_POSITIVES = 1e-5


def main() -> None:
    """Read the list, write the filter, and print what the README beside it states."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("list", type=Path)
    parser.add_argument("--output", type=Path, default=COMMON)
    arguments = parser.parse_args()
    lines = arguments.list.read_text("utf-8").splitlines()
    entries = distil(lines)
    content = BloomFilter.build(entries, false_positives=FALSE_POSITIVES).to_bytes()
    arguments.output.write_bytes(content)
    print(f"{len(lines):,} lines, {len(entries):,} entries, {len(content):,} bytes")
    print(f"SHA-256 {sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
