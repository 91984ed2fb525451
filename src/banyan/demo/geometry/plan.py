"""The plan of the town: everything that stands there, in longitude and latitude, ready to be laid out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from banyan.demo.names import Name

Ring: TypeAlias = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Community:
    """A community or village: the ground one committee answers for.  `level` is community or village."""

    code: str
    level: str
    name: Name
    ring: Ring


@dataclass(frozen=True, slots=True)
class Grid:
    """A unit grid with its ring (WGS84, closed, counter-clockwise); `use` as in `layout`."""

    code: str
    community: str
    name: Name
    ring: Ring
    area_m2: float
    use: str


@dataclass(frozen=True, slots=True)
class Estate:
    """A housing estate on one grid, with its property company ("" where residents look after themselves)."""

    code: str
    name: Name
    grid: str
    kind: str
    built_in: int
    property_company: str


@dataclass(frozen=True, slots=True)
class Building:
    """One building.

    `kind`: tower, slab, walkup, arcade, village_house, shop, office, works or public.  `n_dwellings` may fall short of
    entrances x storeys x units (shops below, lofts) or, at small scales, stand for the share that is told.
    """

    code: str
    kind: str
    name: Name
    address: Name
    grid: str
    community: str
    estate: str
    ring: Ring
    lon: float
    lat: float
    storeys: int
    entrances: int
    units_per_floor: int
    n_dwellings: int
    built_in: int
    has_lift: bool

    def dwellings(self) -> Iterator[str]:
        """Number the dwellings: entrance, storey and unit as in 2-1503; one entrance goes without its number."""
        for k in range(self.n_dwellings):
            floor_of_all, unit = divmod(k, self.units_per_floor)
            entrance, storey = divmod(floor_of_all, self.storeys)
            room = f"{storey + 1}{unit + 1:02d}"
            yield f"{entrance + 1}-{room}" if self.entrances > 1 else room


@dataclass(frozen=True, slots=True)
class Facility:
    """Somewhere people go: `kind` such as school, clinic, market, park, bus_stop; `building` its code or ""."""

    code: str
    kind: str
    name: Name
    lon: float
    lat: float
    grid: str
    building: str


@dataclass(frozen=True, slots=True)
class Street:
    """A street line; `kind` avenue, road, street, lane or bridge; `width_m` between the kerbs."""

    code: str
    kind: str
    name: Name
    line: Ring
    width_m: float


@dataclass(frozen=True, slots=True)
class Ground:
    """Open ground or water: river, creek, pond, park, promenade, square, sports, orchard, field or hill."""

    code: str
    kind: str
    name: Name
    ring: Ring


@dataclass(frozen=True, slots=True)
class Town:
    """The whole plan.  Synthetic: the same seed and scale give the same town to the last digit."""

    seed: int
    scale: float
    name: Name
    communities: tuple[Community, ...]
    grids: tuple[Grid, ...]
    estates: tuple[Estate, ...]
    buildings: tuple[Building, ...]
    facilities: tuple[Facility, ...]
    streets: tuple[Street, ...]
    grounds: tuple[Ground, ...]

    @property
    def n_dwellings(self) -> int:
        """Count all dwellings."""
        return sum(building.n_dwellings for building in self.buildings)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north of all grids, WGS84 degrees."""
        lons, lats = zip(*(point for grid in self.grids for point in grid.ring), strict=True)
        return min(lons), min(lats), max(lons), max(lats)

    def digest(self) -> str:
        """Return the SHA-256 of the whole plan: equal digests, equal towns."""
        return hashlib.sha256(repr(self).encode()).hexdigest()
