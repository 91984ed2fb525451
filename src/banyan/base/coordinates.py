"""Points on the earth and the three coordinate systems in which Chinese phones and maps deliver them.

Banyan stores WGS84.  Maps sold in China draw GCJ-02, which moves every point of the mainland by 100 to 700 metres, and
Baidu draws BD-09, which moves GCJ-02 once more.  Convert where a point enters or leaves, never in between.

Bias to know of: neither shift was ever published by its owner.  The formulas below are the ones the open mapping world
has used since 2013 (source at `_shift`); they take China for a rectangle, as those maps' own kits do, so points of
neighbouring countries inside it move as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from banyan.base.errors import InvalidInput, Problem, mark

__all__ = ["EARTH_RADIUS_M", "Bounds", "LonLat", "System", "convert", "haversine_m", "lonlat_problems", "valid_lonlat"]

#: Mean radius of the earth in metres (IUGG 1980, R1).
EARTH_RADIUS_M: Final = 6_371_008.8

_Degrees = tuple[float, float]


class System(StrEnum):
    """A coordinate system in which a point may arrive."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


@dataclass(frozen=True, slots=True)
class LonLat:
    """A point: longitude in [-180, 180] and latitude in [-90, 90], in degrees, in this order as in GeoJSON.

    Raises
    ------
    InvalidInput
        A coordinate is not a finite number in its range; every problem is listed.
    """

    lon: float
    lat: float

    def __post_init__(self) -> None:
        problems = lonlat_problems(self.lon, self.lat)
        if problems:
            raise InvalidInput(mark("The point"), problems)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The smallest upright rectangle around a town, in degrees."""

    west: float
    south: float
    east: float
    north: float

    def contains(self, lon: float, lat: float) -> bool:
        """Tell whether a point lies in the rectangle or on its rim."""
        return self.west <= lon <= self.east and self.south <= lat <= self.north


def valid_lonlat(lon: float, lat: float, *, bounds: Bounds | None = None) -> LonLat:
    """Make a point of two numbers that came from outside.

    Raises
    ------
    InvalidInput
        With every problem that `lonlat_problems` finds.
    """
    problems = lonlat_problems(lon, lat, bounds=bounds)
    if problems:
        raise InvalidInput(mark("The point"), problems)
    return LonLat(float(lon), float(lat))


def lonlat_problems(lon: float, lat: float, *, bounds: Bounds | None = None) -> tuple[Problem, ...]:
    """List everything that keeps two numbers from being a point, with a guess at the cause.

    Parameters
    ----------
    lon, lat
        Degrees.
    bounds
        Where the town lies; None: anywhere on earth.

    Returns
    -------
    tuple[Problem, ...]
        Codes `not_a_number`, `not_finite`, `range`, `outside`, and the hints `swapped` (the two numbers make sense the
        other way round) and `metres` (they look like metres of a projection).  Empty when all is well.
    """
    problems = [*_problems_of("lon", lon, 180.0), *_problems_of("lat", lat, 90.0)]
    if any(problem.code != "range" for problem in problems):
        return tuple(problems)
    if problems:
        return (*problems, *_hints(lon, lat, bounds))
    if bounds is None or bounds.contains(lon, lat):
        return ()
    outside = Problem("", "outside", mark("The point lies outside the town."))
    return (outside, *_hints(lon, lat, bounds))


def _problems_of(where: str, value: object, limit: float) -> list[Problem]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return [Problem(where, "not_a_number", mark("This is not a number."))]
    try:
        degrees = float(value)
    except OverflowError:
        degrees = math.inf
    if not math.isfinite(degrees):
        return [Problem(where, "not_finite", mark("This is not a finite number."))]
    if abs(degrees) > limit:
        sentence = mark("This is {value} degrees and has to lie between -{limit} and {limit}.")
        return [Problem(where, "range", sentence, {"value": f"{degrees:g}", "limit": f"{limit:g}"})]
    return []


def _hints(lon: float, lat: float, bounds: Bounds | None) -> list[Problem]:
    if min(abs(lon), abs(lat)) > 180.0:
        return [Problem("", "metres", mark("These look like metres of a projection, not degrees."))]
    turned_fits = bounds.contains(lat, lon) if bounds else abs(lat) <= 180.0 and abs(lon) <= 90.0
    if turned_fits:
        return [Problem("", "swapped", mark("Longitude and latitude look swapped."))]
    return []


def haversine_m(a: LonLat, b: LonLat) -> float:
    """Measure the way between two points along the earth taken as a sphere, in metres.

    Against the ellipsoid it errs by up to 0.6 per cent, which is 6 metres in a kilometre.

    Source
    ------
    R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68 (1984), 159.
    """
    phi_a, phi_b = math.radians(a.lat), math.radians(b.lat)
    half_phi, half_lambda = (phi_b - phi_a) / 2, math.radians(b.lon - a.lon) / 2
    h = math.sin(half_phi) ** 2 + math.cos(phi_a) * math.cos(phi_b) * math.sin(half_lambda) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(h)))


# --- conversion ------------------------------------------------------------------------------------------------------


def convert(point: LonLat, *, source: System, target: System) -> LonLat:
    """Say where a point of one coordinate system lies in another.

    The way back is solved by iteration until it is exact to the last digits of a degree, so there and back again moves
    a point by less than a millimetre.  Outside China (see the module) all three systems are the same.  The one place
    where the way back fails is the strip of some 700 metres along the rim of that rectangle, in steppe and sea.

    Source
    ------
    See `_shift` for GCJ-02 and `_baidu` for BD-09.
    """
    if source is target or not _CHINA.contains(point.lon, point.lat):
        return point
    lon, lat = _from_gcj02(target, *_to_gcj02(source, point.lon, point.lat))
    return LonLat(lon, lat)


_CHINA: Final = Bounds(west=72.004, south=0.8293, east=137.8347, north=55.8271)


def _to_gcj02(source: System, lon: float, lat: float) -> _Degrees:
    if source is System.WGS84:
        return _shift(lon, lat)
    return _solve(_baidu, lon, lat) if source is System.BD09 else (lon, lat)


def _from_gcj02(target: System, lon: float, lat: float) -> _Degrees:
    if target is System.WGS84:
        return _solve(_shift, lon, lat)
    return _baidu(lon, lat) if target is System.BD09 else (lon, lat)


def _solve(forward: Callable[[float, float], _Degrees], lon: float, lat: float) -> _Degrees:
    """Find the point that `forward` moves to (lon, lat).

    Fixed-point iteration: the shift changes by less than a hundredth of the step, so each round gains two digits or
    more and ten rounds pass the precision of a double.
    """
    x, y = lon, lat
    for _ in range(10):
        there_lon, there_lat = forward(x, y)
        miss_lon, miss_lat = lon - there_lon, lat - there_lat
        x, y = x + miss_lon, y + miss_lat
        if abs(miss_lon) + abs(miss_lat) < 1e-13:
            break
    return x, y


_AXIS_M: Final = 6_378_245.0  # Krasovsky 1940
_ECCENTRICITY_SQUARED: Final = 0.00669342162296594323


def _shift(lon: float, lat: float) -> _Degrees:
    """Move a point of WGS84 to GCJ-02.

    Source
    ------
    The community's reconstruction, public since 2013 and shared by the eviltransform and coordtransform projects (both
    MIT): a polynomial and six sine waves per axis, in metres on the ellipsoid of Krasovsky.
    """
    x, y = lon - 105.0, lat - 35.0
    root, product = math.sqrt(abs(x)), x * y
    ripple = _waves(x, (20.0, 6.0), (20.0, 2.0))
    north_m = -100.0 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * product + 0.2 * root + ripple
    north_m += _waves(y, (20.0, 1.0), (40.0, 1 / 3)) + _waves(y, (160.0, 1 / 12), (320.0, 1 / 30))
    east_m = 300.0 + x + 2 * y + 0.1 * x * x + 0.1 * product + 0.1 * root + ripple
    east_m += _waves(x, (20.0, 1.0), (40.0, 1 / 3)) + _waves(x, (150.0, 1 / 12), (300.0, 1 / 30))

    sine, cosine = math.sin(math.radians(lat)), math.cos(math.radians(lat))
    w = 1 - _ECCENTRICITY_SQUARED * sine * sine
    meridian_m = _AXIS_M * (1 - _ECCENTRICITY_SQUARED) / (w * math.sqrt(w))
    parallel_m = _AXIS_M / math.sqrt(w) * cosine
    return lon + math.degrees(east_m / parallel_m), lat + math.degrees(north_m / meridian_m)


def _waves(x: float, first: _Degrees, second: _Degrees) -> float:
    return 2 / 3 * sum(height * math.sin(math.pi * frequency * x) for height, frequency in (first, second))


def _baidu(lon: float, lat: float) -> _Degrees:
    """Move a point of GCJ-02 to BD-09.

    Source
    ------
    The community's reconstruction, as in coordtransform: polar coordinates, two ripples, an offset.
    """
    ripple = math.pi * 3000.0 / 180.0
    radius = math.hypot(lon, lat) + 0.00002 * math.sin(lat * ripple)
    angle = math.atan2(lat, lon) + 0.000003 * math.cos(lon * ripple)
    return radius * math.cos(angle) + 0.0065, radius * math.sin(angle) + 0.006
