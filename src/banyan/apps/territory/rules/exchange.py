"""Places as files: GeoJSON (RFC 7946), CSV and .xlsx with WKT, in the coordinate system that the other side uses.

Inside, everything is WGS84: points are converted here, at the border, and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from banyan.base import tables
from banyan.base.coordinates import Bounds, LonLat, System, convert, lonlat_problems
from banyan.base.errors import Problem, mark

FORMS: Final = ("geojson", "csv", "xlsx")
COLUMNS: Final = ("code", "level", "parent_code", "name_zh", "name_en", "n_dwellings", "lon", "lat", "polygon")
_REQUIRED: Final = ("code", "level", "name_zh", "name_en")
_WORDS: Final[Mapping[str, int]] = {"code": 40, "level": 20, "parent_code": 40, "name_zh": 120, "name_en": 120}
#: Decimals of a degree that are written: about a centimetre.
_DEGREES: Final = 7
_MOST_DWELLINGS: Final = 1_000_000
#: Names of WGS84 in the `crs` member that GeoJSON had until 2016.
_WGS84_NAMES: Final = ("CRS84", "EPSG:4326", "EPSG::4326")
_Rows = tuple[list[dict[str, Any]], list[Problem]]


@dataclass(frozen=True, slots=True)
class Named:
    """A place on its way into a file.  `polygon` as GeoJSON, `lon` and `lat` in degrees, all WGS84."""

    code: str
    level: str
    parent_code: str
    name_zh: str
    name_en: str
    n_dwellings: int
    lon: float | None
    lat: float | None
    polygon: Mapping[str, Any] | None


def read(content: bytes, *, form: str, system: System, bounds: Bounds) -> _Rows:
    """Read places from a file.

    Parameters
    ----------
    form
        ``geojson``, ``csv`` or ``xlsx``; a table is told by its content.
    system
        The coordinate system of the file; what is returned is WGS84.
    bounds
        Where the town lies, WGS84 degrees.

    Returns
    -------
    tuple
        One mapping of the fields of `actions.NewPlace` for each place, in the order of the file, and every problem of
        reading them: no text, no GeoJSON or CSV, a field of the wrong type, coordinates that are none, that lie outside
        the town or look swapped or projected.
    """
    found, problems = _from_geojson(content) if form == "geojson" else _from_table(content)
    rows = [_place(i, row, problems) for i, row in enumerate(found)]
    return [_moved(i, row, problems, system=system, bounds=bounds) for i, row in enumerate(rows)], problems


# --- GeoJSON ---------------------------------------------------------------------------------------------------------


def _from_geojson(content: bytes) -> _Rows:
    text, problems = tables.text_of(content)
    if problems:
        return [], problems
    try:
        held = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = {"line": getattr(error, "lineno", 1)}
        return [], [Problem("file", "not_json", mark("The file is not JSON (line {line})."), line)]
    features = held.get("features") if isinstance(held, dict) and held.get("type") == "FeatureCollection" else None
    if not isinstance(features, list):
        return [], [Problem("file", "not_geojson", mark("The file is not a GeoJSON FeatureCollection."))]
    problems = []
    if held.get("crs") is not None and not str(held["crs"]).rstrip("}'\" ").endswith(_WGS84_NAMES):
        sentence = mark("The file names a coordinate system of its own; export it in WGS84 degrees.")
        problems.append(Problem("crs", "projected", sentence))
    return [_flat(i, feature, problems) for i, feature in enumerate(features)], problems


def _flat(i: int, feature: Any, problems: list[Problem]) -> dict[str, Any]:
    """Return a feature as one row: its properties, and its geometry as polygon or point."""
    at = f"places[{i}]"
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(feature, dict) or feature.get("type") != "Feature" or not isinstance(properties or {}, dict):
        problems.append(Problem(at, "not_a_feature", mark("This is not a GeoJSON feature.")))
        return {}
    words = {*COLUMNS, "path"} - {"polygon"}
    row = {name: value for name, value in (properties or {}).items() if name in words}
    path = row.pop("path", None)
    if "parent_code" not in row and isinstance(path, str):
        row["parent_code"] = next(iter(path.rstrip("/").split("/")[-2:-1]), "")
    geometry = feature.get("geometry")
    if isinstance(geometry, dict) and geometry.get("type") == "Point":
        point = geometry.get("coordinates")
        row["lon"], row["lat"] = (point[0], point[1]) if isinstance(point, list) and len(point) >= 2 else ("", "")
    elif geometry is not None:
        row["polygon"] = geometry
    return row


# --- CSV -------------------------------------------------------------------------------------------------------------


def _from_table(content: bytes) -> _Rows:
    rows, problems = tables.rows_of_file(content, columns=COLUMNS, required=_REQUIRED, name="places")
    return [_typed(i, row, problems) for i, row in enumerate(rows)], problems


def _typed(i: int, row: Mapping[str, str], problems: list[Problem]) -> dict[str, Any]:
    found: dict[str, Any] = {name: tables.plain(row, name) for name in _WORDS}
    for name in ("lon", "lat"):
        if cell := tables.plain(row, name):
            found[name] = _number(cell)
    if cell := tables.plain(row, "n_dwellings"):
        found["n_dwellings"] = int(cell) if cell.isdecimal() and len(cell) < 9 else cell
    if cell := tables.plain(row, "polygon"):
        found["polygon"] = _from_wkt(f"places[{i}].polygon", cell, problems)
    return found


def _number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell


def _from_wkt(where: str, text: str, problems: list[Problem]) -> Mapping[str, Any] | None:
    from shapely import from_wkt
    from shapely.errors import ShapelyError
    from shapely.geometry import mapping

    try:
        shape = from_wkt(text)
    except (ShapelyError, ValueError):
        problems.append(Problem(where, "not_wkt", mark("This is not a polygon in WKT (POLYGON ((lon lat, ...))).")))
        return None
    return dict(mapping(shape))


# --- one place -------------------------------------------------------------------------------------------------------


def _place(i: int, row: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """Return the fields of one place, each of the right type; what is not has its default and a problem."""
    at = f"places[{i}]"
    found: dict[str, Any] = {}
    for name, longest in _WORDS.items():
        value = row.get(name)
        if value is not None and not isinstance(value, str):
            problems.append(Problem(f"{at}.{name}", "type", mark("This is text.")))
        elif value is not None and len(value) > longest:
            limit = {"limit": longest}
            problems.append(Problem(f"{at}.{name}", "too_long", mark("At most {limit} characters."), limit))
        found[name] = value.strip() if isinstance(value, str) else ""
    n_dwellings = row.get("n_dwellings") or 0
    if isinstance(n_dwellings, bool) or not isinstance(n_dwellings, int) or not 0 <= n_dwellings <= _MOST_DWELLINGS:
        problems.append(Problem(f"{at}.n_dwellings", "type", mark("This is a whole number, 0 or more.")))
        n_dwellings = 0
    point = [row.get(name) for name in ("lon", "lat")]
    if (point[0] is None) != (point[1] is None):
        problems.append(Problem(at, "required", mark("A point needs longitude and latitude.")))
        point = [None, None]
    return {**found, "n_dwellings": n_dwellings, "lon": point[0], "lat": point[1], "polygon": row.get("polygon")}


def _moved(i: int, row: dict[str, Any], problems: list[Problem], *, system: System, bounds: Bounds) -> dict[str, Any]:
    """Return a place with its coordinates in WGS84; one problem for each kind of fault, not for each vertex."""
    at, faults = f"places[{i}]", dict[str, Problem]()

    def into_wgs84(lon: Any, lat: Any) -> list[float]:
        found = lonlat_problems(lon, lat)
        if not found:
            point = convert(LonLat(float(lon), float(lat)), source=system, target=System.WGS84)
            found = lonlat_problems(point.lon, point.lat, bounds=bounds)
        for problem in found:
            faults.setdefault(problem.code, problem)
        return [0.0, 0.0] if found else [point.lon, point.lat]

    if row["lon"] is not None:
        row["lon"], row["lat"] = into_wgs84(row["lon"], row["lat"])
    if row["polygon"] is not None:
        try:
            kind, coordinates = row["polygon"]["type"], row["polygon"]["coordinates"]
            row["polygon"] = {"type": kind, "coordinates": _walk(coordinates, into_wgs84)}
        except (KeyError, TypeError, IndexError, RecursionError):
            faults["geometry"] = Problem("polygon", "geometry", mark("The geometry cannot be read."))
    if faults:
        row["lon"], row["lat"], row["polygon"] = None, None, None
    problems += [
        Problem(f"{at}.{one.where or 'geometry'}", one.code, one.sentence, one.facts) for one in faults.values()
    ]
    return row


def _walk(coordinates: Any, change: Any) -> Any:
    """Change every position of a geometry; heights are dropped."""
    if not isinstance(coordinates, list | tuple) or not coordinates:
        raise TypeError("no coordinates")
    if isinstance(coordinates[0], list | tuple):
        return [_walk(one, change) for one in coordinates]
    return change(coordinates[0], coordinates[1])


# --- and out again ---------------------------------------------------------------------------------------------------


def written(places: Sequence[Named], *, form: str, system: System) -> bytes:
    """Return places as a file that `read` takes back, in a coordinate system; WGS84 loses a centimetre at most."""
    outward = [_outward(place, system) for place in places]
    if form != "geojson":
        return tables.as_file(COLUMNS, (_row(place) for place in outward), form=form)
    features = [_feature(place) for place in outward]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def _outward(place: Named, system: System) -> Named:
    def out(lon: float, lat: float) -> list[float]:
        point = convert(LonLat(lon, lat), source=System.WGS84, target=system)
        return [round(point.lon, _DEGREES), round(point.lat, _DEGREES)]

    polygon = place.polygon
    if polygon is not None:
        polygon = {"type": polygon["type"], "coordinates": _walk(polygon["coordinates"], out)}
    lon, lat = out(place.lon, place.lat) if place.lon is not None and place.lat is not None else (None, None)
    words = {name: getattr(place, name) for name in (*_WORDS, "n_dwellings")}
    return Named(**words, lon=lon, lat=lat, polygon=polygon)


def _feature(place: Named) -> dict[str, Any]:
    geometry: Mapping[str, Any] | None = place.polygon
    properties = {name: getattr(place, name) for name in (*_WORDS, "n_dwellings", "lon", "lat")}
    if geometry is None and place.lon is not None:
        geometry = {"type": "Point", "coordinates": [place.lon, place.lat]}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _row(place: Named) -> list[Any]:
    from shapely.geometry import shape

    polygon = shape(place.polygon).wkt if place.polygon is not None else ""
    return [*(getattr(place, name) for name in COLUMNS[:-1]), polygon]
