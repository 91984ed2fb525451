"""What each address of OGC API - Features answers, always as JSON, to everybody, from any other site."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import HTTP_STATUS, BanyanError, NotFound
from banyan.faces.ogc.asking import CRS84, MOST, USUAL, wanted_of
from banyan.faces.ogc.holdings import REQUESTS, Holding, holdings
from banyan.kit import scopes
from banyan.kit.problem import spoken, spoken_problems

_CORE: Final = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf"
CONFORMS_TO: Final = (f"{_CORE}/core", f"{_CORE}/oas30", f"{_CORE}/geojson")
_GEOJSON: Final = "application/geo+json"
_OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.0"

View = Callable[..., HttpResponse]


def served(view: View) -> View:
    """Return a view of a town's features: reads only, every refusal as JSON with `code` and `description` (7.5.1)."""

    def answered(request: HttpRequest, town: str, **named: str) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            response = _json({"code": "405", "description": gettext("This address does not take this method.")}, 405)
            response.headers["Allow"] = "GET, HEAD"
            return response
        try:
            held = territory.town_named(town)
            if held is None:
                raise NotFound("town")
            with scopes.town(held.id):
                response = view(request, held, **named)
        except BanyanError as error:
            response = _refused(error)
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    return answered


def _refused(error: BanyanError) -> HttpResponse:
    problems = [f"{one['where']}: {one['sentence']}" for one in spoken_problems(error)]
    status = 400 if error.kind == "invalid" else HTTP_STATUS[error.kind]
    words = " ".join([spoken(error), *problems])
    return _json({"code": error.code, "description": words, "problems": spoken_problems(error)}, status)


@served
def landing(request: HttpRequest, town: Town) -> HttpResponse:
    """Say where everything is (7.2)."""
    at = _at(request, town)
    links = [
        _link(at(), "self", gettext("This document")),
        _link(at("api"), "service-desc", gettext("The definition of this interface"), _OPENAPI),
        _link(at("conformance"), "conformance", gettext("What this interface conforms to")),
        _link(at("collections"), "data", gettext("The collections")),
    ]
    words = {
        "title": f"{town.name_zh} {town.name_en}",
        "description": gettext("Open data of the town."),
        "links": links,
    }
    return _json(words)


@served
def conformance(request: HttpRequest, town: Town) -> HttpResponse:  # noqa: ARG001
    """Say what is kept of the standard (7.4)."""
    return _json({"conformsTo": list(CONFORMS_TO)})


@served
def collections(request: HttpRequest, town: Town) -> HttpResponse:
    """List the collections (7.13)."""
    at = _at(request, town)
    found = [_collection(one, request, town) for one in holdings(town).values()]
    links = [_link(at("collections"), "self", gettext("This document"))]
    return _json({"links": links, "collections": found, "crs": [CRS84]})


@served
def collection(request: HttpRequest, town: Town, collection_id: str) -> HttpResponse:
    """Describe one collection (7.14)."""
    return _json(_collection(_holding(town, collection_id), request, town))


@served
def items(request: HttpRequest, town: Town, collection_id: str) -> HttpResponse:
    """Answer features of a collection (7.15, 7.16)."""
    holding = _holding(town, collection_id)
    wanted = wanted_of(request.GET.dict(), holding)
    part = holding.part(wanted)
    at = _at(request, town)(f"collections/{collection_id}/items")
    links = [_link(f"{at}{_query(request)}", "self", gettext("This document"), _GEOJSON)]
    if part.has_more:
        onward = _query(request, limit=wanted.limit, offset=wanted.offset + wanted.limit)
        links.append(_link(f"{at}{onward}", "next", gettext("Next page"), _GEOJSON))
    if wanted.offset:
        back = _query(request, limit=wanted.limit, offset=max(0, wanted.offset - wanted.limit))
        links.append(_link(f"{at}{back}", "prev", gettext("Page before"), _GEOJSON))
    words: dict[str, Any] = {
        "type": "FeatureCollection",
        "features": part.features,
        "links": links,
        "timeStamp": timezone.now().isoformat(timespec="seconds").replace("+00:00", "Z"),
        "numberReturned": len(part.features),
    }
    if part.n_matched is not None:
        words["numberMatched"] = part.n_matched
    return _json(words, kind=_GEOJSON)


@served
def item(request: HttpRequest, town: Town, collection_id: str, feature_id: str) -> HttpResponse:
    """Answer one feature (7.17)."""
    holding = _holding(town, collection_id)
    found = holding.one(feature_id)
    if found is None:
        raise NotFound("feature")
    at = _at(request, town)
    links = [
        _link(at(f"collections/{holding.id}/items/{feature_id}"), "self", gettext("This document"), _GEOJSON),
        _link(at(f"collections/{holding.id}"), "collection", _title(holding)),
    ]
    return _json({**found, "links": links}, kind=_GEOJSON)


@served
def definition(request: HttpRequest, town: Town) -> HttpResponse:
    """Answer the definition of the interface as OpenAPI 3.0 (7.3)."""
    from banyan.faces.ogc.definition import openapi

    words = openapi(_at(request, town)(), town=town, found=holdings(town), most=MOST, usual=USUAL)
    return _json(words, kind=_OPENAPI)


def _holding(town: Town, collection_id: str) -> Holding:
    found = holdings(town).get(collection_id)
    if found is None:
        raise NotFound("collection")
    return found


def _title(holding: Holding) -> str:
    return gettext(holding.title).format(**holding.facts)


def _collection(holding: Holding, request: HttpRequest, town: Town) -> dict[str, Any]:
    at = _at(request, town)
    here = f"collections/{holding.id}"
    extent: dict[str, Any] = {
        "spatial": {"bbox": [[town.min_lon, town.min_lat, town.max_lon, town.max_lat]], "crs": CRS84}
    }
    if holding.id == REQUESTS:
        extent["temporal"] = {"interval": [[None, None]]}
    return {
        "id": holding.id,
        "title": _title(holding),
        "description": gettext(holding.description).format(**holding.facts),
        "extent": extent,
        "itemType": "feature",
        "crs": [CRS84],
        "links": [
            _link(at(here), "self", gettext("This document")),
            _link(at(f"{here}/items"), "items", _title(holding), _GEOJSON),
        ],
    }


def _at(request: HttpRequest, town: Town) -> Callable[..., str]:
    home = request.build_absolute_uri(reverse("ogc_landing", args=[town.slug]))
    return lambda path="": home + path


def _query(request: HttpRequest, **changes: int) -> str:
    words = {**request.GET.dict(), **{name: str(value) for name, value in changes.items()}}
    return f"?{urlencode(words)}" if words else ""


def _link(href: str, rel: str, title: str, kind: str = "application/json") -> dict[str, str]:
    return {"href": href, "rel": rel, "type": kind, "title": title}


def _json(words: Mapping[str, Any], status: int = 200, kind: str = "application/json") -> HttpResponse:
    return HttpResponse(orjson.dumps(words), content_type=kind, status=status)
