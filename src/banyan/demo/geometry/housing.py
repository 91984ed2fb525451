"""Storeys, entrances, units and doors of each building, fitted to the promised number of dwellings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Buildings of the town, and dwellings at scale 1.
N_BUILDINGS: Final = 600
N_DWELLINGS: Final = 9000

#: Kind -> (least, most) storeys drawn, entrances, units per floor.  Illustrative, after what is usual in the Pearl
#: River delta; houses with many doors are then fitted to N_DWELLINGS by giving or taking storeys.
STOREYS: Final = {
    "tower": (17, 30),
    "slab": (11, 18),
    "walkup": (6, 8),
    "arcade": (2, 4),
    "village_house": (2, 4),
    "shop": (1, 2),
    "office": (4, 7),
    "works": (1, 2),
    "public": (2, 4),
}
ENTRANCES: Final = {"slab": 2, "walkup": 2}
UNITS: Final = {"tower": 4, "slab": 2, "walkup": 2, "arcade": 1, "village_house": 1}


@dataclass(frozen=True, slots=True)
class Stack:
    """Storeys, entrances, units per floor and dwellings of one building."""

    storeys: int
    entrances: int
    units_per_floor: int
    n_dwellings: int


def stack_up(kinds: Sequence[str], rng: np.random.Generator, *, scale: float) -> list[Stack]:
    """Give each building its storeys and dwellings so that the town has exactly round(9000 x scale) of them.

    Shares by largest remainder: every building keeps its part of the whole.  Above the doors a building has, entrances
    are added; below scale 1 the first doors stand for the rest.
    """
    drawn = [int(rng.integers(*STOREYS[kind], endpoint=True)) for kind in kinds]
    doors = np.array([_doors(kind, n) for kind, n in zip(kinds, drawn, strict=True)], dtype=np.float64)
    whole = largest_remainder(doors, N_DWELLINGS)
    told = largest_remainder(whole.astype(np.float64), round(N_DWELLINGS * scale))
    return [_stack(kind, n, int(k), int(t)) for kind, n, k, t in zip(kinds, drawn, whole, told, strict=True)]


def _doors(kind: str, storeys: int) -> int:
    if kind == "village_house":
        return max(1, storeys - 2)  # a family has the house; a tall one lets its upper floor
    if kind == "arcade":
        return max(1, storeys - 1)  # a shop below
    return storeys * ENTRANCES.get(kind, 1) * UNITS.get(kind, 0)


def _stack(kind: str, drawn: int, whole: int, told: int) -> Stack:
    units, entrances = UNITS.get(kind, 1), ENTRANCES.get(kind, 1)
    per_storey = units * entrances
    storeys = -(-whole // per_storey) if per_storey > 1 else drawn
    return Stack(storeys, max(entrances, -(-told // (storeys * units))), units, told)


def largest_remainder(weights: NDArray[np.float64], total: int) -> NDArray[np.int64]:
    """Divide `total` in whole parts proportional to `weights` (Hamilton's method); ties go to the first."""
    exact = weights / weights.sum() * total
    whole: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole
