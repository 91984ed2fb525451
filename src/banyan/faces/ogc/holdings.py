"""The collections of a town: what each holds, and how a part of it is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from shapely import box
from shapely.geometry import shape

from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import queries
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import PlaceView, Town
from banyan.base.errors import mark
from banyan.faces.open311 import reading

REQUESTS: Final = "service_requests"
_PLACES: Final = "places-"
_DRAWN: Final = "map-"


@dataclass(frozen=True, slots=True)
class Box:
    """West, south, east and north in WGS84 degrees; `west` above `east` crosses the 180th meridian."""

    west: float
    south: float
    east: float
    north: float

    def touches(self, geometry: Mapping[str, Any] | None) -> bool:
        """Say whether a GeoJSON geometry and this box have a point in common."""
        if geometry is None:
            return False
        found = shape(geometry)
        if self.west <= self.east:
            return bool(found.intersects(box(self.west, self.south, self.east, self.north)))
        halves = ((self.west, 180.0), (-180.0, self.east))
        return any(found.intersects(box(west, self.south, east, self.north)) for west, east in halves)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which features are asked for; empty fields do not narrow.  Both ends of an interval are included."""

    within: Box | None = None
    since: datetime | None = None
    until: datetime | None = None
    equal: Mapping[str, str] = field(default_factory=dict)
    limit: int = 10
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """Some features of a collection; `n_matched` is None where counting them all would cost too much."""

    features: Sequence[Mapping[str, Any]]
    has_more: bool
    n_matched: int | None


@dataclass(frozen=True, slots=True)
class Holding:
    """One collection: its identifier, its title and description (sentences to translate) and what may narrow it."""

    id: str
    title: str
    description: str
    queryables: Sequence[str]
    part: Callable[[Wanted], Part]
    one: Callable[[str], Mapping[str, Any] | None]
    facts: Mapping[str, str] = field(default_factory=dict)


def holdings(town: Town) -> dict[str, Holding]:
    """Return the collections of the town in scope by identifier: places by level, the map by kind, the requests."""
    tree = territory.tree(town)
    levels = [level for level in town.levels if any(place.level == level for place in tree.places)]
    found = [_of_places(town, level) for level in levels]
    found += [_of_map(kind) for kind in sorted({feature.kind for feature in territory.features()})]
    return {one.id: one for one in [*found, _of_requests(town)]}


# --- places ----------------------------------------------------------------------------------------------------------


def _of_places(town: Town, level: str) -> Holding:
    tree = territory.tree(town)

    def part(wanted: Wanted) -> Part:
        return _sliced([_place(place) for place in tree.at_level(level)], wanted)

    def one(code: str) -> Mapping[str, Any] | None:
        place = tree.by_code.get(code)
        return _place(place) if place is not None and place.level == level else None

    title, description = mark("Places: {level}"), mark("The places of one level of the town's tree.")
    return Holding(f"{_PLACES}{level}", title, description, ("code", "parent"), part, one, {"level": level})


def _place(place: PlaceView) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [place.lon, place.lat]} if place.lon is not None else None
    above = place.path.strip("/").split("/")[:-1]
    words = {name: getattr(place, name) for name in ("code", "level", "name_zh", "name_en", "n_dwellings")}
    return _feature(place.code, place.polygon or point, words | {"parent": above[-1] if above else ""})


# --- the map ---------------------------------------------------------------------------------------------------------


def _of_map(kind: str) -> Holding:
    def drawn() -> list[dict[str, Any]]:
        return [
            _feature(
                one.code,
                one.geometry,
                {**one.attributes, "code": one.code, "name_zh": one.name_zh, "name_en": one.name_en},
            )
            for one in territory.features([kind])
        ]

    def one(code: str) -> Mapping[str, Any] | None:
        return next((feature for feature in drawn() if feature["id"] == code), None)

    title, description = mark("Map: {kind}"), mark("What is drawn on the town's map, of one kind.")
    return Holding(
        f"{_DRAWN}{kind}", title, description, ("code",), lambda wanted: _sliced(drawn(), wanted), one, {"kind": kind}
    )


def _sliced(features: Sequence[dict[str, Any]], wanted: Wanted) -> Part:
    """Return a part of features that are in memory; they have no time, so an interval leaves them all in (7.15.4)."""
    found = [
        one
        for one in features
        if (wanted.within is None or wanted.within.touches(one["geometry"]))
        and all(str(one["properties"].get(name)) == value for name, value in wanted.equal.items())
    ]
    shown = found[wanted.offset : wanted.offset + wanted.limit]
    return Part(shown, has_more=len(found) > wanted.offset + wanted.limit, n_matched=len(found))


# --- requests --------------------------------------------------------------------------------------------------------


def _of_requests(town: Town) -> Holding:
    def part(wanted: Wanted) -> Part:
        asked = reading.Wanted(
            codes=frozenset({wanted.equal["service_code"]} if "service_code" in wanted.equal else ()),
            states=frozenset({wanted.equal["status"]} if "status" in wanted.equal else ()),
            columns=_interval(wanted),
            within=_corners(wanted.within),
            limit=wanted.limit + 1,
            offset=wanted.offset,
        )
        rows = reading.rows_of(asked, town=town)
        return Part([_request(row, town=town) for row in rows[: wanted.limit]], len(rows) > wanted.limit, None)

    def one(text: str) -> Mapping[str, Any] | None:
        found = reading.identifier(text)
        rows = reading.rows_of(reading.Wanted(ids=(found,)), town=town) if found else []
        return _request(rows[0], town=town) if rows else None

    return Holding(
        REQUESTS,
        mark("Service requests"),
        mark("What everybody may see of the requests, newest first; points of unpublished ones to about 100 m."),
        ("service_code", "status"),
        part,
        one,
    )


def _interval(wanted: Wanted) -> dict[str, Any]:
    ends = {"requested_at__gte": wanted.since, "requested_at__lte": wanted.until}
    return {name: end for name, end in ends.items() if end is not None}


def _corners(within: Box | None) -> reading.Box | None:
    return reading.Box(within.south, within.west, within.north, within.east) if within else None


def _request(row: queries.Row, *, town: Town) -> dict[str, Any]:
    service = queries.catalogue(town).by_id[row.service_id]
    place = territory.tree(town).by_id.get(row.place_id) if row.place_id else None
    party = parties.register(town).by_id.get(row.party_id) if row.party_id else None
    geometry = {"type": "Point", "coordinates": [row.lon, row.lat]} if row.lon is not None else None
    words = {
        "service_code": service.code,
        "service_zh": service.name_zh,
        "service_en": service.name_en,
        "kind": row.kind,
        "status": row.status,
        "urgency": row.urgency,
        "place": place.code if place else None,
        "party": party.code if party else None,
        "description": row.description or None,
        "requested_at": _instant(row.requested_at),
        "updated_at": _instant(row.updated_at),
        "deadline_at": _instant(row.deadline_at),
    }
    return _feature(str(row.id), geometry, words)


def _instant(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at else None


def _feature(one: str, geometry: Mapping[str, Any] | None, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "id": one, "geometry": geometry, "properties": properties}
