"""What a town and its places have to be: codes, levels, names, polygons, paths."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol
from zoneinfo import available_timezones

from banyan.base.calendar import Calendar
from banyan.base.errors import InvalidInput, Problem, mark
from banyan.base.words import line_problems

_SLUG: Final = re.compile(r"[a-z][a-z0-9-]{1,39}")
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_GEOMETRIES: Final = {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}
LEVELS: Final = ("community", "village", "grid", "building")


class PlaceWanted(Protocol):
    """What the rules read of a place to lay out."""

    @property
    def code(self) -> str: ...
    @property
    def level(self) -> str: ...
    @property
    def parent_code(self) -> str: ...
    @property
    def name_zh(self) -> str: ...
    @property
    def name_en(self) -> str: ...
    @property
    def polygon(self) -> Mapping[str, Any] | None: ...


class TownWanted(Protocol):
    """What the rules read of a town to found."""

    @property
    def slug(self) -> str: ...
    @property
    def name_zh(self) -> str: ...
    @property
    def name_en(self) -> str: ...
    @property
    def bounds(self) -> tuple[float, float, float, float]: ...
    @property
    def time_zone(self) -> str: ...
    @property
    def calendar(self) -> Mapping[str, Any]: ...
    @property
    def levels(self) -> Sequence[str]: ...


def town_problems(new: TownWanted) -> list[Problem]:
    """Return every problem of a town to found."""
    problems = []
    if not _SLUG.fullmatch(new.slug):
        problems.append(Problem("slug", "pattern", mark("Use 2 to 40 lower-case letters, digits and hyphens.")))
    problems += [
        Problem(name, "required", mark("A name is needed in both languages."))
        for name in ("name_zh", "name_en")
        if not getattr(new, name).strip()
    ]
    problems += line_problems({"name_zh": new.name_zh, "name_en": new.name_en})
    west, south, east, north = new.bounds
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        problems.append(Problem("bounds", "range", mark("Bounds are west, south, east, north in WGS84 degrees.")))
    if new.time_zone not in available_timezones():
        problems.append(Problem("time_zone", "unknown", mark("There is no such time zone.")))
    if not new.levels or len(set(new.levels)) != len(new.levels):
        problems.append(Problem("levels", "invalid", mark("Name each level of places once, from the top down.")))
    try:
        Calendar.from_json(new.calendar)
    except InvalidInput as error:
        problems += list(error.problems)
    return problems


def paths(places: Sequence[PlaceWanted], *, held: Mapping[str, str], levels: Sequence[str]) -> dict[str, str]:
    """Return the path of each place by its code, among places that are `held` already.

    Raises
    ------
    InvalidInput
        Lists every bad code, doubled code, unknown level or parent, missing name, bad polygon and circle.
    """
    problems = _place_problems(places, held=held, levels=levels)
    parents = {place.code: place.parent_code for place in places}
    found: dict[str, str] = {}

    def path(code: str, *, seen: frozenset[str]) -> str:
        if code in seen:
            problems.append(Problem(code, "circle", mark("A place cannot lie inside itself.")))
            return ""
        if code not in found:
            parent = parents.get(code)
            above = "" if parent is None or not parent else path(parent, seen=seen | {code})
            found[code] = held[code] if parent is None and code in held else f"{above}{code}/"
        return found[code]

    for code in parents:
        path(code, seen=frozenset())
    if problems:
        raise InvalidInput(mark("The places"), problems)
    return found


def _place_problems(places: Sequence[PlaceWanted], *, held: Mapping[str, str], levels: Sequence[str]) -> list[Problem]:
    known, seen, problems = {*held, *(place.code for place in places)}, set[str](), []
    for i, place in enumerate(places):
        at = f"places[{i}]"
        if not _CODE.fullmatch(place.code):
            problems.append(
                Problem(f"{at}.code", "pattern", mark("A code has 1 to 40 letters, digits, dots and hyphens."))
            )
        if place.code in seen:
            problems.append(
                Problem(f"{at}.code", "doubled", mark("The code {code} is used twice."), {"code": place.code})
            )
        seen.add(place.code)
        if place.level not in levels:
            problems.append(
                Problem(f"{at}.level", "unknown", mark("The town has no level “{level}”."), {"level": place.level})
            )
        if place.parent_code and place.parent_code not in known:
            problems.append(
                Problem(f"{at}.parent_code", "unknown", mark("There is no place {code}."), {"code": place.parent_code})
            )
        if not place.name_zh.strip() and not place.name_en.strip():
            problems.append(Problem(f"{at}.name", "required", mark("A name is needed in at least one language.")))
        problems += line_problems({f"{at}.name_zh": place.name_zh, f"{at}.name_en": place.name_en})
        if place.polygon is not None:
            found = geometry_problem(f"{at}.polygon", place.polygon, only={"Polygon", "MultiPolygon"})
            problems += [found] if found else []
    return problems


def geometry_problem(where: str, geometry: Mapping[str, Any], *, only: set[str] | None = None) -> Problem | None:
    """Return what is wrong with a GeoJSON geometry (RFC 7946) in WGS84, or None where it is fine.

    `where` names the field in the problem; `only` are the types that will do, all of them by default.
    """
    from shapely.errors import ShapelyError
    from shapely.geometry import shape
    from shapely.validation import explain_validity

    wanted = only or _GEOMETRIES
    if not isinstance(geometry, Mapping) or geometry.get("type") not in wanted:
        types = {"types": ", ".join(sorted(wanted))}
        return Problem(where, "geometry", mark("This is no GeoJSON geometry of type {types}."), types)
    try:
        form = shape(geometry)
    except (ShapelyError, ValueError, TypeError, AttributeError, KeyError, IndexError):
        return Problem(where, "geometry", mark("The coordinates cannot be read."))
    if form.is_empty:
        return Problem(where, "geometry", mark("The geometry is empty."))
    west, south, east, north = form.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        return Problem(where, "range", mark("The coordinates are no longitude and latitude in WGS84."))
    if not form.is_valid:
        reason = {"reason": str(explain_validity(form))}
        return Problem(where, "geometry", mark("The outline is not simple: {reason}."), reason)
    return None


def centre(polygon: Mapping[str, Any]) -> tuple[float, float]:
    """Return a point that surely lies inside a polygon, as longitude and latitude."""
    from shapely.geometry import shape

    point = shape(polygon).representative_point()
    return float(point.x), float(point.y)


def digest(places: Sequence[PlaceWanted]) -> str:
    """Return the SHA-256 of a layout, so that history can say which one was meant without holding it."""
    return hashlib.sha256(
        repr([(p.code, p.level, p.parent_code, p.name_zh, p.name_en, p.polygon) for p in places]).encode()
    ).hexdigest()
