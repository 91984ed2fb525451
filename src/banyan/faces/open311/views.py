"""The addresses of GeoReport v2 and what each answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils.translation import gettext

from banyan.apps.audit import queries as audit
from banyan.apps.service_requests import queries
from banyan.apps.territory import queries as territory
from banyan.base.errors import mark
from banyan.faces.open311 import reading, shown
from banyan.faces.open311.door import Asked
from banyan.faces.open311.formats import Answer, Form
from banyan.faces.open311.refusals import Fault, Refused

#: The specification, as discovery names it.
GEOREPORT_V2: Final = "http://wiki.open311.org/GeoReport_v2"
#: When what this face promises was changed last; to be renewed with docs/reference/open311.md.
CHANGESET: Final = "2026-11-20T00:00:00Z"
#: How far back updates are told where no window is asked for.
_USUAL_WINDOW: Final = timedelta(hours=2)
_KEY_SERVICE: Final = mark("Sign in, open your account at {url}, and issue a token: it is the api_key.")


def discovery(asked: Asked) -> Answer:
    """Say where the service is, what it speaks, and how a key is had."""
    endpoint = {
        "specification": GEOREPORT_V2,
        "url": asked.request.build_absolute_uri(f"/open311/{asked.town.slug}/v2"),
        "changeset": CHANGESET,
        "type": "test" if asked.town.is_synthetic else "production",
        "formats": [form.mime for form in Form],
    }
    value = {
        "changeset": CHANGESET,
        "contact": asked.url("town_home"),
        "key_service": gettext(_KEY_SERVICE).format(url=asked.url("account")),
        "endpoints": [endpoint],
    }
    return Answer("discovery", value)


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
    """Answer the questions that a service asks beside the usual ones: none, for all of ours."""
    if service_code not in queries.catalogue(asked.town).offered:
        facts = {"value": service_code[:60]}
        raise Refused(Fault(404, "service_code", mark("There is no service “{value}”."), facts))
    return Answer("service_definition", {"service_code": service_code, "attributes": []})


def requests(asked: Asked) -> Answer:
    """List requests, newest first."""
    extended = asked.words.flag("extensions")
    wanted = reading.wanted_of(asked.words, town=asked.town, at=asked.at)
    rows = reading.rows_of(wanted, town=asked.town)
    return Answer("service_requests", shown.requests(asked, rows, extended=extended))


def one_request(asked: Asked, service_request_id: str) -> Answer:
    """Answer one request, as a list of one."""
    extended = asked.words.flag("extensions")
    asked.words.check()
    row = reading.row_of(service_request_id, town=asked.town)
    return Answer("service_requests", shown.requests(asked, [row], extended=extended))


def token(asked: Asked, token: str) -> Answer:
    """Answer the request behind a token: identifiers are given at once, and each is its own token."""
    row = reading.row_of(token, town=asked.town)
    return Answer("service_requests", [{"service_request_id": str(row.id), "token": str(row.id)}])


def updates(asked: Asked) -> Answer:
    """List what happened to requests, oldest first, so that a client goes on from the last it has."""
    extended = asked.words.flag("extended_statuses")
    since, until = reading.window(asked.words, at=asked.at, usual=_USUAL_WINDOW)
    asked.words.check()
    found = audit.passages(shown.SUBJECT, verbs=shown.TOLD, since=since, until=until, limit=reading.MOST)
    return Answer("service_request_updates", [shown.update(asked, one, extended=extended) for one in found])
