"""What the maps of a town draw: a small GeoJSON file for each layer, WGS84, asked again only when the town changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import orjson
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from banyan.apps.territory import queries
from banyan.apps.territory.models import Feature, Town
from banyan.base.errors import NotFound
from banyan.kit import guard
from banyan.kit.asking import TownRequest

_WATER: Final = frozenset({"river", "water", "lake", "pond", "canal"})
#: Decimals of a degree that a map needs: 0.1 m.
_DEGREES: Final = 6


def addresses(town: Town) -> dict[str, str]:
    """Return the address of each layer, as the maps of kit/maps.html ask for them; the town's edition is part of it."""
    return {layer: f"{reverse('map_layer', args=[town.slug, layer])}?edition={town.edition}" for layer in _LAYERS}


@require_safe
def layer(request: TownRequest, town: str, name: str) -> HttpResponse:  # noqa: ARG001
    """Answer one layer; a browser that has this edition already gets 304."""
    if name not in _LAYERS:
        raise NotFound("layer")
    guard.authorise(request.actor, "territory.read")
    held: Town = request.town
    tag = f'"{held.id.hex}-{name}-{held.edition}"'
    if request.headers.get("If-None-Match") == tag:
        response = HttpResponse(status=304)
    else:
        body = queries.kept.get(f"layer {name}", town=held, make=lambda: orjson.dumps(_collection(_LAYERS[name](held))))
        response = HttpResponse(body, content_type="application/geo+json")
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def _grids(town: Town) -> Iterable[Mapping[str, Any]]:
    """The lowest places above buildings that are drawn: what people call their grid."""
    tree = queries.tree(town)
    drawn = [place for place in tree.places if place.polygon is not None and place.level != "building"]
    divided = {place.parent_id for place in drawn}
    return [_feature(place.polygon, place) for place in drawn if place.id not in divided]


def _buildings(town: Town) -> Iterable[Mapping[str, Any]]:
    places = queries.tree(town).at_level("building")
    return [_feature(place.polygon, place) for place in places if place.polygon is not None]


def _drawn(wanted: Callable[[Feature], bool]) -> Callable[[Town], Iterable[Mapping[str, Any]]]:
    return lambda _town: [_feature(one.geometry, one, kind=one.kind) for one in queries.features() if wanted(one)]


def _shape_of(feature: Feature) -> str:
    return str(feature.geometry.get("type", ""))


_LAYERS: Final[Mapping[str, Callable[[Town], Iterable[Mapping[str, Any]]]]] = {
    "grids": _grids,
    "buildings": _buildings,
    "water": _drawn(lambda one: one.kind in _WATER and _shape_of(one).endswith("Polygon")),
    "streets": _drawn(lambda one: one.kind not in _WATER and _shape_of(one).endswith("LineString")),
    "facilities": _drawn(lambda one: _shape_of(one).endswith("Point")),
}


def _feature(geometry: Any, named: Any, **more: str) -> Mapping[str, Any]:
    words = {"code": named.code, "name_zh": named.name_zh, "name_en": named.name_en, **more}
    return {
        "type": "Feature",
        "geometry": {"type": geometry["type"], "coordinates": _rounded(geometry["coordinates"])},
        "properties": words,
    }


def _rounded(coordinates: Any) -> Any:
    if isinstance(coordinates, int | float):
        return round(coordinates, _DEGREES)
    return [_rounded(one) for one in coordinates]


def _collection(features: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}
