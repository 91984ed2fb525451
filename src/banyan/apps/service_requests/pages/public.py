"""What everybody may see: the list and the map of the requests in town."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.http import require_safe

from banyan.apps.service_requests import queries
from banyan.apps.service_requests.pages import shared
from banyan.apps.service_requests.rules import OPEN, Status
from banyan.apps.territory import queries as territory
from banyan.kit.asking import TownRequest
from banyan.kit.guard import ANYONE
from banyan.kit.templating import bi

_PUBLIC: Final = "service_requests.read_public"
#: What a reader may ask for: states in groups that mean something to a resident.
STATES: Final = {
    "open": (gettext_noop("Open"), OPEN - {Status.RESOLVED, Status.VERIFIED}),
    "done": (gettext_noop("Fixed"), frozenset({Status.RESOLVED, Status.VERIFIED, Status.CLOSED})),
    "over": (gettext_noop("Rejected or withdrawn"), frozenset({Status.REJECTED, Status.WITHDRAWN})),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; unknown words are dropped."""

    state: str = ""
    group: str = ""
    place: str = ""
    q: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> Asked:
        """Read the address."""
        return cls(**{name: request.GET.get(name, "").replace("\0", "").strip()[:100] for name in cls.__slots__})

    def query(self, **changes: str) -> str:
        """Return the query of an address that asks for this, with changes."""
        held = {name: getattr(self, name) for name in self.__slots__} | changes
        return urlencode({name: value for name, value in held.items() if value})


def _filter(asked: Asked, request: TownRequest) -> queries.Filter:
    place = territory.tree(request.town).by_code.get(asked.place)
    states = STATES[asked.state][1] if asked.state in STATES else frozenset()
    return queries.Filter(
        statuses=frozenset(str(one) for one in states),
        group=asked.group,
        place_path=place.path if place else "",
        words=asked.q,
    )


@require_safe
def public_list(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """List the requests in town, without personal words, with a map beside."""
    asked, at = Asked.of(request), timezone.now()
    cursor = request.GET.get("cursor", "")
    page = queries.listed(
        ANYONE, _filter(asked, request), town=request.town, at=at, size=20, cursor=cursor, verb=_PUBLIC
    )
    context = {
        "asked": asked,
        "states": [(code, gettext(words)) for code, (words, _) in STATES.items()],
        "groups": shared.group_options(request.town),
        "places": [place for place in shared.place_options(request.town) if place.level != "building"],
        "entries": shared.entries(page.rows, town=request.town, at=at),
        "page": page,
        "snippet_of": partial(queries.snippet, words=asked.q),
        "counts": counts(queries.n_by_status(ANYONE, town=request.town, verb=_PUBLIC)),
        "points": f"{reverse('public_points', args=[request.town.slug])}?{asked.query()}",
        "bounds": shared.bounds(request.town),
    }
    return render(request, "service_requests/public_list.html", context)


def counts(by_status: dict[str, int]) -> dict[str, int]:
    """Add up the numbers of states into open, done and over."""
    return {code: sum(by_status.get(str(one), 0) for one in states) for code, (_, states) in STATES.items()}


@require_safe
def public_points(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """Answer the points of the map: state, service and the address of the page; nothing of anybody's words."""
    rows = queries.points(ANYONE, _filter(Asked.of(request), request), town=request.town, at=timezone.now())
    titles = {service.id: bi(service) for service in queries.catalogue(request.town).by_id.values()}
    base = reverse("public_list", args=[request.town.slug])
    # One feature after the other: thousands of them at once, as objects, would stay in the memory of the process.
    features = b",".join(orjson.dumps(_feature(row, titles=titles, base=base)) for row in rows)
    headers = {"Cache-Control": "private, max-age=60"}
    body = b'{"type":"FeatureCollection","features":[' + features + b"]}"
    return HttpResponse(body, content_type="application/geo+json", headers=headers)


def _feature(row: tuple[Any, ...], *, titles: Mapping[UUID, str], base: str) -> dict[str, Any]:
    request_id, lon, lat, status, service_id = row
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [lon, lat]},
        "properties": {"state": status, "title": titles[service_id], "href": f"{base}{request_id}/"},
    }
