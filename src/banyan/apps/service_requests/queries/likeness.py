"""Reports that may be of the same thing, for somebody who is reporting and for the staff who look at one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.queries.many import blurred
from banyan.apps.service_requests.queries.offered import ServiceView, catalogue
from banyan.apps.service_requests.rules import OPEN, Status
from banyan.apps.service_requests.rules.likeness import (
    REACH_M,
    REACH_TIME,
    Likeness,
    Seen,
    cells_around,
    grams,
    likeness,
)
from banyan.apps.territory.queries import Town
from banyan.base.coordinates import LonLat, haversine_m

#: The states whose requests are offered: open ones, and those that ended not because they were refused.
OFFERED: Final = frozenset({*OPEN, Status.CLOSED})
#: Newest and oldest candidates that are compared; a whole quarter of a town rarely reports more near one point.
_MOST_COMPARED: Final = 400


@dataclass(frozen=True, slots=True)
class Similar:
    """A request that may be of the same thing.

    `words` are empty unless everybody may read them; `distance_m` is in metres, of the point as the reader may see it.
    """

    id: UUID
    service_id: UUID
    status: str
    place_id: UUID | None
    words: str
    distance_m: float
    requested_at: datetime
    n_followers: int
    n_merged: int
    likeness: Likeness


def near_and_similar(
    town: Town,
    point: LonLat,
    *,
    service: ServiceView,
    words: str,
    at: datetime,
    limit: int = 5,
) -> list[Similar]:
    """Return the requests that look most like a report of a service at a WGS84 point, most alike first.

    Open ones and those closed within 180 days, before and after `at`, within 200 m; merged, refused, withdrawn and
    confidential ones are left out.  The order knows words that are not public; what is told holds none of them.  One
    SQL statement, whose cost grows with what is reported near the point and not with the town.
    """
    rows = _candidates(point, at=at).exclude(privacy="confidential")
    return _best(rows, Seen(grams(words, *_names(service)), point, at), town=town, is_public=True, limit=limit)


def duplicates_of(request: ServiceRequest, *, town: Town, limit: int = 5) -> list[Similar]:
    """Return what looks most like a request, earlier and later ones, with words: the caller is of the staff.

    Empty where the request has no point.  Whether the staff may read or merge each of them the caller asks the guard.
    """
    if request.lon is None or request.lat is None:
        return []
    service, point = catalogue(town).by_id[request.service_id], LonLat(request.lon, request.lat)
    rows = _candidates(point, at=request.requested_at).exclude(id=request.id)
    seen = Seen(grams(request.description, *_names(service)), point, request.requested_at)
    return _best(rows, seen, town=town, is_public=False, limit=limit)


def _candidates(point: LonLat, *, at: datetime) -> QuerySet[ServiceRequest]:
    return ServiceRequest.objects.filter(
        cell__in=cells_around(point.lon, point.lat),
        requested_at__range=(at - REACH_TIME, at + REACH_TIME),
        status__in=OFFERED,
    ).order_by("-requested_at")


def _best(rows: QuerySet[ServiceRequest], seen: Seen, *, town: Town, is_public: bool, limit: int) -> list[Similar]:
    services, found = catalogue(town).by_id, []
    for values in rows.values_list(*_Held.__slots__)[:_MOST_COMPARED]:
        held = _Held(*values)
        point = LonLat(held.lon, held.lat)
        if haversine_m(seen.point, point) > REACH_M:  # in a cell near by, and yet too far: its words do not matter
            continue
        bag = grams(held.description, *_names(services[held.service_id]))
        alike = likeness(seen, Seen(bag, point, held.requested_at))
        if alike.is_worth_a_look:
            found.append(_similar(held, alike, seen, is_public=is_public))
    found.sort(key=lambda one: (-one.likeness.score, one.requested_at, one.id))
    return found[:limit]


@dataclass(frozen=True, slots=True)
class _Held:
    """The columns that are compared or told."""

    id: UUID
    service_id: UUID
    status: str
    place_id: UUID | None
    description: str
    is_text_public: bool
    public_text: str
    lon: float
    lat: float
    requested_at: datetime
    n_followers: int
    n_merged: int


def _similar(held: _Held, alike: Likeness, seen: Seen, *, is_public: bool) -> Similar:
    words, distance_m = held.description, alike.distance_m
    if is_public and held.is_text_public:
        words = held.public_text or held.description
    elif is_public:
        words, distance_m = "", haversine_m(seen.point, LonLat(*blurred(held.lon, held.lat)))
    return Similar(
        id=held.id,
        service_id=held.service_id,
        status=held.status,
        place_id=held.place_id,
        words=words,
        distance_m=distance_m,
        requested_at=held.requested_at,
        n_followers=held.n_followers,
        n_merged=held.n_merged,
        likeness=alike,
    )


def _names(service: ServiceView) -> tuple[str, str]:
    """The names of the service count as words of the report: so a report in another language still meets."""
    return service.name_zh, service.name_en
