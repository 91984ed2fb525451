"""The API of territory: towns, the tree of places, their polygons, and where a point lies."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from banyan.apps.territory import queries
from banyan.apps.territory.models import Town
from banyan.apps.territory.schemas import CollectionOut, LocatedOut, PlacesOut, PlaceWholeOut, TownOut, TownsOut
from banyan.base.coordinates import LonLat, System, convert
from banyan.base.errors import InvalidInput, NotFound, Problem, mark
from banyan.kit import guard
from banyan.kit.api import TEXT_PATTERN, Cursor, Limit, answered, paged, whole
from banyan.kit.asking import TownRequest
from banyan.kit.paging import Page

towns = Router(tags=["territory"])
router = Router(tags=["territory"])

Level = Annotated[str, Field(max_length=20, pattern=TEXT_PATTERN, description="Only places of this level.")]
Below = Annotated[
    str, Field(max_length=40, pattern=TEXT_PATTERN, description="Code of a place: only it and all below.")
]
Degrees = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False, description="Longitude in degrees.")]
DegreesNorth = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False, description="Latitude in degrees.")]


@towns.get("/towns", response=TownsOut, operation_id="list_towns", summary="Towns that are open to the public")
def list_towns(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    return whole([_town(town) for town in queries.open_towns()])


@router.get("", response=TownOut, operation_id="read_town", summary="One town")
def read_town(request: TownRequest) -> HttpResponse:
    guard.authorise(request.actor, "territory.read")
    return answered(_town(request.town))


@router.get("/places", response=PlacesOut, operation_id="list_places", summary="The tree of places, without polygons")
def list_places(
    request: TownRequest, level: Level = "", below: Below = "", limit: Limit = 100, cursor: Cursor = ""
) -> HttpResponse:
    places = _chosen(request, level=level, below=below)
    page = _page(places, size=limit, cursor=cursor)
    return paged(request, page, items=[_place(place, town=request.town) for place in page.rows])


@router.get(
    "/places.geojson", response=CollectionOut, operation_id="draw_places", summary="Places with a polygon as GeoJSON"
)
def draw_places(request: TownRequest, level: Level = "", below: Below = "") -> HttpResponse:
    return answered(queries.as_geojson(_chosen(request, level=level, below=below)))


@router.get("/places/{str:code}", response=PlaceWholeOut, operation_id="read_place", summary="One place")
def read_place(
    request: TownRequest, code: Annotated[str, Field(max_length=40, description="Code of the place.")]
) -> HttpResponse:
    guard.authorise(request.actor, "territory.read")
    tree = queries.tree(request.town)
    place = tree.by_code.get(code)
    if place is None:
        raise NotFound("place")
    below = [one for one in tree.below(place.path) if one.parent_id == place.id]
    return answered(
        {
            **_place(place, town=request.town),
            "polygon": place.polygon,
            "above": [_place(one, town=request.town) for one in tree.upward(place)[1:]],
            "below": [_place(one, town=request.town) for one in below],
        }
    )


@router.get("/locate", response=LocatedOut, operation_id="locate_point", summary="The places that a point lies in")
def locate_point(
    request: TownRequest, lon: Query[Degrees], lat: Query[DegreesNorth], system: System = System.WGS84
) -> HttpResponse:
    guard.authorise(request.actor, "territory.read")
    tree = queries.tree(request.town)
    point = convert(LonLat(lon, lat), source=system, target=System.WGS84)
    found = tree.locate(point.lon, point.lat)
    if found is None:
        raise NotFound("place")
    places = [_place(place, town=request.town) for place in tree.upward(found)]
    return answered({"lon": point.lon, "lat": point.lat, "places": places})


def _chosen(request: TownRequest, *, level: str, below: str) -> list[queries.PlaceView]:
    guard.authorise(request.actor, "territory.read")
    tree = queries.tree(request.town)
    problems = []
    if level and level not in request.town.levels:
        problems.append(Problem("level", "unknown", mark("The town has no level “{level}”."), {"level": level}))
    if below and below not in tree.by_code:
        problems.append(Problem("below", "unknown", mark("There is no place {code}."), {"code": below}))
    if problems:
        raise InvalidInput(mark("The filter"), problems)
    places = tree.below(tree.by_code[below].path if below else "")
    return [place for place in places if level in ("", place.level)]


def _page(places: Sequence[queries.PlaceView], *, size: int, cursor: str) -> Page[queries.PlaceView]:
    """Cut one page out of the tree in memory; a cursor is a sign and the path it begins after or ends before."""
    paths = [place.path for place in places]
    if cursor[:1] not in ("", ">", "<"):
        raise InvalidInput(mark("The page"), [Problem("cursor", "invalid", mark("This is no cursor of ours."))])
    if cursor.startswith("<"):
        end = bisect_right(paths, cursor[1:]) - (cursor[1:] in paths)
        begin = max(0, end - size)
    else:
        begin = bisect_right(paths, cursor[1:])
        end = begin + size
    rows = places[begin:end]
    return Page(
        rows=rows,
        next_cursor=f">{rows[-1].path}" if rows and end < len(places) else "",
        previous_cursor=f"<{rows[0].path}" if rows and begin > 0 else "",
    )


def _town(town: Town) -> dict[str, Any]:
    return {
        "slug": town.slug,
        "name_zh": town.name_zh,
        "name_en": town.name_en,
        "country": town.country,
        "time_zone": town.time_zone,
        "bounds": [town.min_lon, town.min_lat, town.max_lon, town.max_lat],
        "levels": town.levels,
        "is_synthetic": town.is_synthetic,
        "edition": town.edition,
    }


def _place(place: queries.PlaceView, *, town: Town) -> dict[str, Any]:
    parent = queries.tree(town).by_id.get(place.parent_id) if place.parent_id else None
    return {
        "id": place.id,
        "code": place.code,
        "level": place.level,
        "path": place.path,
        "parent_code": parent.code if parent else None,
        "name_zh": place.name_zh,
        "name_en": place.name_en,
        "lon": place.lon,
        "lat": place.lat,
        "n_dwellings": place.n_dwellings,
    }
