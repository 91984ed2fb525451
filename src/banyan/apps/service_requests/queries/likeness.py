"""Reports that may be of the same thing, for somebody who is reporting and for the staff who look at one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.queries.many import blurred
from banyan.apps.service_requests.queries.offered import ServiceView, catalogue
from banyan.apps.service_requests.rules import OPEN, Status
from banyan.apps.service_requests.rules.likeness import (
    METRES_PER_DEGREE,
    REACH_M,
    REACH_TIME,
    Likeness,
    Seen,
    bound,
    cells_around,
    grams,
    likeness,
)
from banyan.apps.territory.queries import Town
from banyan.base.coordinates import LonLat

#: Open requests are offered, and those closed so recently that the same may have come back.
RECENTLY: Final = timedelta(days=30)
#: Candidates that are read, the closest in time: a door where more is reported in half a year is a file's fallback.
_MOST_COMPARED: Final = 2000
#: How far a blurred point may lie from the exact one, in degrees each way (`queries.blurred`: three decimals).
_BLUR: Final = 0.0005


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

    Open ones and those closed within 30 days, of the 180 days before `at`, within 200 m of the point as everybody may
    see it: by the exact one, who asks often enough would find the door behind a blurred one.  Merged, refused,
    withdrawn and confidential ones are left out.  The order knows words that are not public; what is told holds none of
    them.  One SQL statement, whose cost grows with what is reported near the point and not with the town.
    """
    rows = _candidates(point, at=at, beyond=_BLUR)
    held = [_seen_by_all(one) for one in map(_held, rows.values_list(*_COLUMNS)) if one.privacy != "confidential"]
    seen = Seen(grams(words, *_names(service)), point, at)
    return _best(held, seen, town=town, limit=limit)


def duplicates_of(request: ServiceRequest, *, town: Town, limit: int = 5) -> list[Similar]:
    """Return what looks most like a request, earlier and later ones, with words: the caller is of the staff.

    Empty where the request has no point.  Whether the staff may read or merge each of them the caller asks the guard.
    """
    if request.lon is None or request.lat is None:
        return []
    service, point = catalogue(town).by_id[request.service_id], LonLat(request.lon, request.lat)
    rows = [
        row
        for later in (False, True)
        for row in _candidates(point, at=request.requested_at, later=later).values_list(*_COLUMNS)
    ]
    held = {one.id: one for one in map(_held, rows) if one.id != request.id}
    seen = Seen(grams(request.description, *_names(service)), point, request.requested_at)
    return _best(held.values(), seen, town=town, limit=limit)


def _candidates(point: LonLat, *, at: datetime, later: bool = False, beyond: float = 0.0) -> QuerySet[ServiceRequest]:
    """Return what was reported near a point within the reach in time before `at` (or after), closest in time first.

    Parameters
    ----------
    beyond
        How far past the reach to look, in degrees each way.
    """
    lat = REACH_M / METRES_PER_DEGREE
    lon = lat / max(0.01, math.cos(math.radians(point.lat))) + beyond
    lat += beyond
    period = (at, at + REACH_TIME) if later else (at - REACH_TIME, at)
    ends = {-beyond, beyond}
    rows = ServiceRequest.objects.filter(
        cell__in={one for east in ends for north in ends for one in cells_around(point.lon + east, point.lat + north)},
        requested_at__range=period,
        lon__range=(point.lon - lon, point.lon + lon),
        lat__range=(point.lat - lat, point.lat + lat),
    ).filter(Q(status__in=OPEN) | Q(status=Status.CLOSED, updated_at__gte=at - RECENTLY))
    # An order that no index has: else a planner walks through the whole town by time, to spare itself a small sort.
    when = Coalesce("requested_at", "updated_at")
    return rows.order_by(when.asc() if later else when.desc())[:_MOST_COMPARED]


def _best(held: Iterable[_Held], seen: Seen, *, town: Town, limit: int) -> list[Similar]:
    """Return the best few: words are compared of those only that nearness and time leave a chance."""
    services, found = catalogue(town).by_id, list[tuple[Likeness, _Held]]()
    bounded = ((bound(seen, LonLat(one.lon, one.lat), at=one.requested_at), one) for one in held)
    for most, one in sorted((pair for pair in bounded if pair[0]), key=_highest):
        if len(found) == limit and most < found[-1][0].score:
            break
        bag = grams(one.description, *_names(services[one.service_id]))
        alike = likeness(seen, Seen(bag, LonLat(one.lon, one.lat), one.requested_at))
        if alike.is_worth_a_look:
            found.append((alike, one))
            found.sort(key=lambda pair: (-pair[0].score, pair[1].requested_at, pair[1].id))
            del found[limit:]
    return [_similar(one, alike) for alike, one in found]


def _highest(pair: tuple[float, _Held]) -> tuple[float, UUID]:
    return -pair[0], pair[1].id


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
    privacy: str
    told: str | None = None
    """What of the words is told; None: all of them."""


_COLUMNS: Final = _Held.__slots__[:-1]


def _held(values: tuple[Any, ...]) -> _Held:
    return _Held(*values)


def _seen_by_all(held: _Held) -> _Held:
    """Return a report with the point that everybody may see; its words are compared and not told (`told`)."""
    if held.is_text_public:
        return replace(held, told=held.public_text or held.description)
    lon, lat = blurred(held.lon, held.lat)
    return replace(held, lon=lon, lat=lat, told="")


def _similar(held: _Held, alike: Likeness) -> Similar:
    return Similar(
        id=held.id,
        service_id=held.service_id,
        status=held.status,
        place_id=held.place_id,
        words=held.description if held.told is None else held.told,
        distance_m=alike.distance_m,
        requested_at=held.requested_at,
        n_followers=held.n_followers,
        n_merged=held.n_merged,
        likeness=alike,
    )


def _names(service: ServiceView) -> tuple[str, str]:
    """The names of the service count as words of the report: so a report in another language still meets."""
    return service.name_zh, service.name_en
