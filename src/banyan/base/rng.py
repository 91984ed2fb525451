"""Randomness with a name: every use draws from its own stream, so adding one use never changes the others.

    stream(7, "demo", "requests", grid_code)

gives the same numbers for the same seed and names in every run, on every machine and in every order of asking.
"""

from __future__ import annotations

import hashlib
from random import Random

import numpy as np

__all__ = ["dice", "stream"]


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Open the stream of random numbers that belongs to a seed and a path of names.

    Parameters
    ----------
    seed
        Any integer; one per run of a demonstration or an experiment.
    names
        What the stream is for, from wide to narrow.  ``("ab", "c")`` and ``("a", "bc")`` are different streams, and so
        are ``("1",)`` and ``(1,)``.

    Returns
    -------
    numpy.random.Generator
        PCG-64.  Its bits are fixed for ever; numpy may change how a distribution uses them between releases (NEP 19),
        so pin numpy where whole runs must be repeated to the letter.

    Source
    ------
    Names are hashed by SHA-256 (FIPS 180-4) and spread by numpy's SeedSequence (M. E. O'Neill, 2015).
    """
    return np.random.Generator(np.random.PCG64(_entropy(seed, names)))


def dice(seed: int, *names: str | int) -> Random:
    """Open a stream as Python's own generator, for callers that draw letters and need no arrays.

    Never for secrets: those come from the operating system.
    """
    return Random(_entropy(seed, names))  # noqa: S311


def _entropy(seed: int, names: tuple[str | int, ...]) -> int:
    # repr keeps apart what joining would blur: lengths, kinds and order.
    path = repr((int(seed), *(name if isinstance(name, str) else int(name) for name in names)))
    return int.from_bytes(hashlib.sha256(path.encode("utf-8", "surrogatepass")).digest(), "big")
