"""A set that answers from few bits for each entry, and says yes to a stranger now and then (Bloom, 1970)."""

from collections.abc import Collection, Iterator
from hashlib import blake2b
from math import ceil, log
from struct import Struct
from typing import Final, Self

_HEADER: Final = Struct("<8sII")  # what it is, positions of each entry, bits
_MAGIC: Final = b"bloom-1\n"
_MOST_POSITIONS: Final = 16  # BLAKE2b gives 64 bytes, and a position takes four


class BloomFilter:
    """Texts of which only bits are kept: one that was put in is always found.

    A text's positions are the words of its BLAKE2b digest, so they are independent of each other.
    """

    def __init__(self, bits: bytes | bytearray, *, size: int, positions: int) -> None:
        self._bits = bits
        self._size = size
        self._positions = positions
        self._words = Struct(f"<{positions}I")

    @classmethod
    def build(cls, entries: Collection[str], *, false_positives: float) -> Self:
        """Return a filter that holds the entries, as small as the share of false positives allows."""
        ideal = -log(false_positives) / log(2)
        size = 8 * ceil(max(1, len(entries)) * ideal / log(2) / 8)
        bits = bytearray(size // 8)
        filled = cls(bits, size=size, positions=min(_MOST_POSITIONS, round(ideal)))
        for entry in entries:
            for place in filled._places(entry):
                bits[place >> 3] |= 1 << (place & 7)
        return filled

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Return the filter that `to_bytes` wrote.

        Raises:
            ValueError: The content is something else, or was cut.
        """
        if len(content) < _HEADER.size:
            raise ValueError("this is no filter: it is too short")
        magic, positions, size = _HEADER.unpack_from(content)
        if magic != _MAGIC or not 1 <= positions <= _MOST_POSITIONS:
            raise ValueError("this is no filter, or one of another kind")
        if size == 0 or len(content) != _HEADER.size + size // 8:
            raise ValueError("the filter is not whole")
        return cls(content[_HEADER.size :], size=size, positions=positions)

    def to_bytes(self) -> bytes:
        """Return what a file holds: a header of 16 bytes, then the bits, the lowest of a byte first."""
        return _HEADER.pack(_MAGIC, self._positions, self._size) + bytes(self._bits)

    def __contains__(self, text: str) -> bool:
        return all(self._bits[place >> 3] & 1 << (place & 7) for place in self._places(text))

    def _places(self, text: str) -> Iterator[int]:
        digest = blake2b(text.encode(), digest_size=self._words.size).digest()
        return (word % self._size for word in self._words.unpack(digest))
