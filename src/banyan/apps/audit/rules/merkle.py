"""The Merkle tree over a town's sealed entries: a root that grows leaf by leaf, and proofs that a leaf is in it.

Source
------
RFC 9162 (Certificate Transparency 2.0), sections 2.1.1 to 2.1.3, with SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"


def leaf(content: bytes) -> bytes:
    """Return the hash of a leaf (RFC 9162, section 2.1.1)."""
    return hashlib.sha256(_LEAF + content).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees; leaves and nodes are hashed apart, so that neither can pass for the other."""
    return hashlib.sha256(_NODE + left + right).digest()


class Frontier:
    """The right edge of a growing tree: one hash for each full subtree, the greatest first; log2(n) hashes in all."""

    __slots__ = ("length", "peaks")

    def __init__(self, *, length: int = 0, peaks: Sequence[bytes] = ()) -> None:
        self.length = length
        self.peaks = list(peaks)

    def grow(self, leaf_hash: bytes) -> None:
        """Take one more leaf, given by its hash."""
        merged, filled = leaf_hash, self.length
        while filled & 1:
            merged = node(self.peaks.pop(), merged)
            filled >>= 1
        self.peaks.append(merged)
        self.length += 1

    def root(self) -> bytes:
        """Return the root of the tree as it is; of no leaf, the hash of nothing."""
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        found = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            found = node(peak, found)
        return found


def siblings(position: int, *, length: int) -> list[tuple[int, int]]:
    """Return the ranges [start, stop) whose roots are the inclusion path of a leaf, nearest to the leaf first.

    Parameters
    ----------
    position
        Of the leaf, from 0.
    length
        Of the tree, in leaves, > position.
    """
    ranges = []
    start, stop = 0, length
    while stop - start > 1:
        half = 1 << (stop - start - 1).bit_length() - 1
        middle = start + half
        if position < middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


@dataclass(frozen=True, slots=True)
class Proof:
    """That one entry stands in a sealed history: whoever holds the checkpoint's root checks it without the database."""

    entry_hash: str
    position: int
    length: int
    path: tuple[str, ...]
    """Hashes of the subtrees beside the way from leaf to root, hexadecimal, nearest to the leaf first."""

    def leads_to(self, merkle_root: str) -> bool:
        """Say whether this proof leads to a root (RFC 9162, section 2.1.3.2)."""
        if not 0 <= self.position < self.length:
            return False
        place, last, found = self.position, self.length - 1, leaf(self.entry_hash.encode())
        for sibling in (bytes.fromhex(step) for step in self.path):
            if last == 0:
                return False
            if place & 1 or place == last:
                found = node(sibling, found)
                while not place & 1 and place:
                    place, last = place >> 1, last >> 1
            else:
                found = node(found, sibling)
            place, last = place >> 1, last >> 1
        return last == 0 and found.hex() == merkle_root
