"""The lie of the land: a plan frame of straight bands, bent into the valley of a winding river.

The town is drawn in a plan frame (u along the river, v away from it, both in metres; north bank v > 0) and bent by
one smooth, invertible map into local metres (x east, y north).  Streets, borders and river bend together, so that what
touches in the plan touches in the town.  The last step places local metres on the globe around ORIGIN.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Shape: TypeAlias = Any  # a shapely geometry; shapely ships no types that mypy follows

#: Longitude and latitude of the middle of the town, WGS84.  The town is fictional and merely needs somewhere to be.
ORIGIN: Final = (113.35, 23.05)
#: Metres in one degree at ORIGIN, on the WGS84 ellipsoid (series of NIMA TR8350.2, table for 23 degrees).
METRES_PER_DEGREE: Final = (102_485.0, 110_745.0)
#: Decimals kept in coordinates: 1e-7 degree is about a centimetre.
DECIMALS: Final = 7


@dataclass(frozen=True, slots=True)
class Terrain:
    """The bends of the river: two sine waves along u, fading away from the river.

    `long_m`, `short_m`: amplitudes in metres; `long_phase`, `short_phase`: radians; `fade_m`: distance at which the
    bend has halved.  Slopes stay below 30 degrees and the map stays invertible for the amplitudes `plan_town` draws.
    """

    long_m: float
    short_m: float
    long_phase: float
    short_phase: float
    fade_m: float = 900.0

    def bend(self, u: Floats) -> Floats:
        """Offset of the river from the straight line, metres, at u."""
        swing = self.long_m * np.sin(2 * np.pi * u / 1450 + self.long_phase)
        ripple = self.short_m * np.sin(2 * np.pi * u / 640 + self.short_phase)
        return np.asarray(swing + ripple, dtype=np.float64)

    def to_local(self, uv: Floats) -> Floats:
        """Bend plan coordinates, shape (n, 2), into local metres, shape (n, 2)."""
        u, v = uv[:, 0], uv[:, 1]
        x = u + 34 * np.sin(v / 250.0)
        y = v + self.bend(u) / (1 + (v / self.fade_m) ** 2)
        return np.column_stack([x, y])

    def bent(self, shape: Shape) -> Shape:
        """Bend a shapely geometry of the plan; draw long straight edges with `wobbly` first."""
        return shapely.transform(shape, self.to_local)

    def heading(self, u: float, v: float) -> float:
        """Angle of the direction along the river at a place of the plan, radians from east."""
        ends = self.to_local(np.array([[u - 20, v], [u + 20, v]]))
        dx, dy = ends[1] - ends[0]
        return float(np.arctan2(dy, dx))


def wobbly(points: Sequence[tuple[float, float]], *, step_m: float = 12.0) -> Shape:
    """Return a line through `points` with a vertex at least every `step_m`, ready for bending."""
    return shapely.segmentize(shapely.LineString(points), step_m)


def smooth(points: Iterable[tuple[float, float]], *, step_m: float = 10.0) -> Shape:
    """Return a Catmull-Rom curve through `points` (two or more), with vertices about every `step_m`."""
    knots = np.asarray(list(points), dtype=np.float64)
    padded = np.vstack([2 * knots[0] - knots[1], knots, 2 * knots[-1] - knots[-2]])
    pieces = [_span(padded[i : i + 4], step_m) for i in range(len(knots) - 1)]
    return shapely.LineString(np.vstack([*pieces, knots[-1:]]))


def _span(four: Floats, step_m: float) -> Floats:
    a, b, c, d = four
    n = max(2, int(np.hypot(*(c - b)) // step_m))
    t = np.linspace(0, 1, n, endpoint=False)[:, None]
    curve = 2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    return np.asarray(curve / 2, dtype=np.float64)


def to_lonlat(xy: Floats) -> Floats:
    """Place local metres, shape (n, 2), on the globe: WGS84 longitude and latitude, rounded to a centimetre."""
    placed: Floats = np.round(np.asarray(ORIGIN) + xy / np.asarray(METRES_PER_DEGREE), DECIMALS)
    return placed


def to_metres(lonlat: Floats) -> Floats:
    """Invert `to_lonlat` up to its rounding."""
    local: Floats = (lonlat - np.asarray(ORIGIN)) * np.asarray(METRES_PER_DEGREE)
    return local


def ring_of(polygon: Shape) -> tuple[tuple[float, float], ...]:
    """Return the outer ring of a polygon in local metres as closed longitude/latitude pairs, counter-clockwise."""
    oriented = shapely.geometry.polygon.orient(polygon)
    return line_of(oriented.exterior)


def line_of(line: Shape) -> tuple[tuple[float, float], ...]:
    """Return a line in local metres as longitude/latitude pairs."""
    placed = to_lonlat(shapely.get_coordinates(line))
    return tuple((float(lon), float(lat)) for lon, lat in placed)


def point_of(point: Shape) -> tuple[float, float]:
    """Return a point in local metres as a longitude/latitude pair."""
    return line_of(point)[0]
