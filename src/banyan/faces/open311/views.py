"""The addresses of GeoReport v2 and what each answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from banyan.apps.audit import queries as audit
from banyan.apps.service_requests import queries
from banyan.apps.territory import queries as territory
from banyan.base.errors import mark
from banyan.faces.open311 import definitions, reading, shown
from banyan.faces.open311.door import Asked
from banyan.faces.open311.formats import Answer, Form, refused, written
from banyan.faces.open311.refusals import Fault, Refused

#: The specification, as discovery names it.
GEOREPORT_V2: Final = "http://wiki.open311.org/GeoReport_v2"
#: When what this face promises was changed last; to be renewed with docs/reference/open311.md.
CHANGESET: Final = "2026-11-22T00:00:00Z"
#: How far back updates are told where no window is asked for.
_USUAL_WINDOW: Final = timedelta(hours=2)
_KEY_SERVICE: Final = mark("Sign in, open your account at {url}, and issue a token: it is the api_key.")


def discovery(asked: Asked) -> Answer:
    """Say where the service is, what it speaks, and how a key is had."""
    kind = "test" if asked.town.is_synthetic else "production"
    value = {
        "changeset": CHANGESET,
        "contact": asked.url("town_home"),
        "key_service": gettext(_KEY_SERVICE).format(url=asked.url("account")),
        "endpoints": [_endpoint(asked.request, f"/open311/{asked.town.slug}/v2", kind=kind)],
    }
    return Answer("discovery", value)


def discovery_of_all(request: HttpRequest, form: str) -> HttpResponse:
    """Say where all towns answer at one address, and where each has its own."""
    if request.method not in ("GET", "HEAD"):
        response = refused([Fault(405, "", mark("This address does not take this method."))], Form(form))
        response.headers["Allow"] = "GET, HEAD"
        return response
    towns = territory.open_towns()
    kinds = {town.slug: "test" if town.is_synthetic else "production" for town in towns}
    of_all = "test" if towns and set(kinds.values()) == {"test"} else "production"
    home = request.build_absolute_uri("/")
    value = {
        "changeset": CHANGESET,
        "contact": home,
        "key_service": gettext(_KEY_SERVICE).format(url=home),
        "endpoints": [
            _endpoint(request, "/open311/v2", kind=of_all),
            *(_endpoint(request, f"/open311/{slug}/v2", kind=kind) for slug, kind in kinds.items()),
        ],
    }
    response = written(Answer("discovery", value), Form(form))
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _endpoint(request: HttpRequest, path: str, *, kind: str) -> dict[str, Any]:
    return {
        "specification": GEOREPORT_V2,
        "url": request.build_absolute_uri(path),
        "changeset": CHANGESET,
        "type": kind,
        "formats": [form.mime for form in (Form.XML, Form.JSON)],
    }


def services(asked: Asked) -> Answer:
    """List the services on offer; none where `lat` and `long` lie outside the town."""
    lat = asked.words.number("lat", least=-90, most=90)
    lon = asked.words.number("long", least=-180, most=180)
    asked.words.check()
    serves = lat is None or lon is None or _is_inside(asked, lon, lat)
    offered = queries.catalogue(asked.town).offered.values() if serves else ()
    return Answer("services", [shown.service(one) for one in offered])


def _is_inside(asked: Asked, lon: float, lat: float) -> bool:
    town, tree = asked.town, territory.tree(asked.town)
    inside = town.min_lon <= lon <= town.max_lon and town.min_lat <= lat <= town.max_lat
    return inside and (not tree.has_polygons or tree.locate(lon, lat) is not None)


def service_definition(asked: Asked, service_code: str) -> Answer:
    """Answer the questions that a service asks beside the usual ones."""
    service = queries.catalogue(asked.town).offered.get(service_code)
    if service is None:
        facts = {"value": service_code[:60]}
        raise Refused(Fault(404, "service_code", mark("There is no service “{value}”."), facts))
    return Answer("service_definition", definitions.definition(service))


def requests(asked: Asked) -> Answer:
    """List requests, newest first."""
    extended, with_notes = asked.words.flag("extensions"), asked.words.flag("x_structured_notes")
    wanted = reading.wanted_of(asked.words, town=asked.town, at=asked.at)
    rows = reading.rows_of(wanted, town=asked.town)
    return Answer("service_requests", shown.requests(asked, rows, extended=extended, with_notes=with_notes))


def one_request(asked: Asked, service_request_id: str) -> Answer:
    """Answer one request, as a list of one."""
    extended, with_notes = asked.words.flag("extensions"), asked.words.flag("x_structured_notes")
    asked.words.check()
    row = reading.row_of(service_request_id, town=asked.town)
    return Answer("service_requests", shown.requests(asked, [row], extended=extended, with_notes=with_notes))


def token(asked: Asked, token: str) -> Answer:
    """Answer the request behind a token: identifiers are given at once, and each is its own token."""
    row = reading.row_of(token, town=asked.town)
    return Answer("service_requests", [{"service_request_id": str(row.id), "token": str(row.id)}])


def updates(asked: Asked) -> Answer:
    """List what happened to requests, oldest first, so that a client goes on from the last it has."""
    extended = asked.words.flag("extended_statuses")
    since, until = reading.window(asked.words, at=asked.at, usual=_USUAL_WINDOW)
    asked.words.check()
    found = _public_passages(since, until)
    return Answer("service_request_updates", [shown.update(asked, one, extended=extended) for one in found])


def _public_passages(since: datetime, until: datetime | None) -> list[audit.Passage]:
    """Return the first of what happened to requests that stand on public pages."""
    limit = reading.MOST
    while True:
        read = audit.passages(shown.SUBJECT, verbs=shown.TOLD, since=since, until=until, limit=limit)
        hidden = reading.hidden_among({passage.subject_id for passage in read})
        found = [passage for passage in read if passage.subject_id not in hidden]
        if len(found) >= reading.MOST or len(read) < limit:
            return found[: reading.MOST]
        limit *= 2  # much of it was about requests that nobody else may see
