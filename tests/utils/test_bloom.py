"""A set that answers from few bits."""

import random

import pytest

from backend.utils.bloom import BloomFilter

ENTRIES = [f"entry {number}" for number in range(5_000)]


def test_every_entry_is_found_again_also_from_a_file() -> None:
    built = BloomFilter.build(ENTRIES, false_positives=1e-3)

    read = BloomFilter.from_bytes(built.to_bytes())

    assert all(entry in read for entry in ENTRIES)
    assert read.to_bytes() == built.to_bytes()


@pytest.mark.parametrize("share", [1e-2, 1e-3])
def test_strangers_are_taken_for_entries_as_seldom_as_was_asked(share: float) -> None:
    built = BloomFilter.build(ENTRIES, false_positives=share)
    numbers = random.Random(4)

    taken = sum(f"stranger {numbers.getrandbits(64)}" in built for _ in range(50_000))

    assert taken == pytest.approx(50_000 * share, rel=0.4)


def test_an_empty_filter_holds_nothing() -> None:
    assert "entry" not in BloomFilter.build([], false_positives=1e-3)


@pytest.mark.parametrize("length", [0, 15, 16, -1])
def test_a_file_that_was_cut_is_refused(length: int) -> None:
    content = BloomFilter.build(ENTRIES, false_positives=1e-3).to_bytes()

    with pytest.raises(ValueError, match="filter"):
        BloomFilter.from_bytes(content[:length])


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(b"another\n" + b"\x08\0\0\0" + b"\x40\0\0\0", id="another-kind"),
        pytest.param(b"bloom-1\n" + b"\x00\0\0\0" + b"\x40\0\0\0", id="no-position"),
        pytest.param(b"bloom-1\n" + b"\x11\0\0\0" + b"\x40\0\0\0", id="too-many-positions"),
        pytest.param(b"bloom-1\n" + b"\x08\0\0\0" + b"\0\0\0\0", id="no-bits"),
    ],
)
def test_a_header_that_cannot_be_is_refused(header: bytes) -> None:
    with pytest.raises(ValueError, match="filter"):
        BloomFilter.from_bytes(header + bytes(8))
