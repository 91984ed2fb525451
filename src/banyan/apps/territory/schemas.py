"""Places and towns as the API shows them."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from ninja import Schema


class TownOut(Schema):
    """A town.  Bounds are west, south, east, north in WGS84 degrees."""

    slug: str
    name_zh: str
    name_en: str
    country: str
    time_zone: str
    bounds: list[float]
    levels: list[str]
    is_synthetic: bool
    edition: int


class TownsOut(Schema):
    """The towns that are open to the public."""

    items: list[TownOut]
    next: str | None
    previous: str | None


class PlaceOut(Schema):
    """A place of the tree.  `path` is the codes from the town down, each followed by a slash; the point is WGS84."""

    id: UUID
    code: str
    level: str
    path: str
    parent_code: str | None
    name_zh: str
    name_en: str
    lon: float | None
    lat: float | None
    n_dwellings: int


class PlacesOut(Schema):
    """One page of places, in the order of their paths."""

    items: list[PlaceOut]
    next: str | None
    previous: str | None


class PlaceWholeOut(PlaceOut):
    """A place with its polygon (GeoJSON geometry), the places above it, nearest first, and those directly below."""

    polygon: dict[str, Any] | None
    above: list[PlaceOut]
    below: list[PlaceOut]


class LocatedOut(Schema):
    """Where a point lies: in WGS84 degrees, and the places it lies in, the smallest first."""

    lon: float
    lat: float
    places: list[PlaceOut]


class FeatureOut(Schema):
    """One feature of a GeoJSON collection (RFC 7946)."""

    type: Literal["Feature"]
    id: str
    geometry: dict[str, Any]
    properties: dict[str, Any]


class CollectionOut(Schema):
    """A GeoJSON collection (RFC 7946), WGS84."""

    type: Literal["FeatureCollection"]
    features: list[FeatureOut]
