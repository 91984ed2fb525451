"""Which requests a client asks for: the arguments of `GET requests`, and the rows that answer them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Case, ExpressionWrapper, F, FloatField, Q, QuerySet, When
from django.db.models.functions import Round

from banyan.apps.service_requests import queries
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.territory.queries import Town
from banyan.base.coordinates import EARTH_RADIUS_M
from banyan.base.errors import NotFound, mark
from banyan.faces.open311.asking import Words
from banyan.faces.open311.statuses import STATES
from banyan.kit import guard
from banyan.kit.guard import ANYONE

PUBLIC: Final = "service_requests.read_public"
LONGEST: Final = timedelta(days=90)
MOST: Final = 1000
_MOST_PAGES: Final = 100_000
_WIDEST_M: Final = 100_000.0
_METRES_OF_A_DEGREE: Final = math.radians(1) * EARTH_RADIUS_M
_SECOND: Final = timedelta(seconds=1)
#: Requests that stand on no public page.
_HIDDEN: Final = "confidential"
_CORNERS: Final = ("lat_ne", "long_ne", "lat_sw", "long_sw")


@dataclass(frozen=True, slots=True)
class Circle:
    """A point in degrees and a radius in metres."""

    lon: float
    lat: float
    radius_m: float


@dataclass(frozen=True, slots=True)
class Box:
    """A box between two corners in degrees; where `west` is greater than `east` it crosses the 180th meridian."""

    south: float
    west: float
    north: float
    east: float


@dataclass(frozen=True, slots=True)
class Beside:
    """What the answers tell of a request beside its row in the lists."""

    public_text: str
    attributes: Mapping[str, Any]
    verified_how: str
    merged_into: str
    """Identifier of the request it was merged into; "" where it was not, or nobody may see that one."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to list.  `columns` holds conditions on columns; empty fields do not narrow."""

    ids: tuple[UUID, ...] | None = None
    codes: frozenset[str] = field(default=frozenset())
    states: frozenset[str] = field(default=frozenset())
    columns: dict[str, Any] = field(default_factory=dict)
    near: Circle | None = None
    within: Box | None = None
    limit: int = MOST
    offset: int = 0


def wanted_of(words: Words, *, town: Town, at: datetime, longest: timedelta = LONGEST) -> Wanted:
    """Read the arguments; `Refused` lists every fault.  Identifiers override all the others.

    Parameters
    ----------
    longest
        How far apart two instants may be.
    """
    ids = words.several("service_request_id", most=MOST)
    words.check()
    if ids:
        return Wanted(ids=tuple(one for text in ids if (one := identifier(text)) is not None))
    codes = words.several("service_code")
    known = {service.code for service in queries.catalogue(town).by_id.values()}
    for code in (code for code in codes if code not in known):
        words.fault("service_code", mark("There is no service “{value}”."), code=404, facts={"value": code[:60]})
    states = words.among("status", STATES)
    size = words.whole("page_size", default=MOST, most=MOST)
    found = Wanted(
        codes=frozenset(codes),
        states=frozenset[str]().union(*(STATES[word] for word in states if word in STATES)),
        columns=_times(words, at=at, longest=longest),
        near=_circle(words),
        within=_box(words),
        limit=size,
        offset=size * (words.whole("page", default=1, most=_MOST_PAGES) - 1),
    )
    words.check()
    return found


def _times(words: Words, *, at: datetime, longest: timedelta) -> dict[str, Any]:
    """Return conditions on the two times.  Who asks for changes alone hears of old requests as well."""
    changed = _between("updated_at", words.instant("updated_after"), words.instant("updated_before"))
    if changed and not (words.has("start_date") or words.has("end_date")):
        return changed
    return changed | _between("requested_at", *window(words, at=at, longest=longest))


def window(
    words: Words, *, at: datetime, usual: timedelta = LONGEST, longest: timedelta = LONGEST
) -> tuple[datetime, datetime | None]:
    """Return from when until when a client asks: 90 days from the end that is given; the last ones by default.

    Parameters
    ----------
    usual
        How far back from now where neither end is given.
    longest
        How far apart the two may be where both are given.
    """
    since, until = words.instant("start_date"), words.instant("end_date")
    if since is None:
        return (at - usual, None) if until is None else (until - LONGEST, until)
    if until is None:
        return since, since + LONGEST
    if until < since:
        words.fault("end_date", mark("The end lies before the beginning."))
    elif until - since > longest:
        facts = {"days": longest.days}
        words.fault("end_date", mark("From start_date to end_date there may be at most {days} days."), facts=facts)
    return since, until


def _between(column: str, since: datetime | None, until: datetime | None) -> dict[str, Any]:
    """Return conditions with both ends included: instants are told to the second, so the last second is whole."""
    ends = {f"{column}__gte": since, f"{column}__lt": until + _SECOND if until else None}
    return {name: end for name, end in ends.items() if end is not None}


def _circle(words: Words) -> Circle | None:
    lat, lon = words.number("lat", least=-90, most=90), words.number("long", least=-180, most=180)
    radius_m = words.number("radius", least=1, most=_WIDEST_M)
    given = {"lat": lat, "long": lon, "radius": radius_m}
    if lat is not None and lon is not None and radius_m is not None:
        return Circle(lon, lat, radius_m)
    if any(value is not None for value in given.values()):
        for name in (name for name, value in given.items() if value is None):
            words.fault(name, mark("lat, long and radius come together."))
    return None


def _box(words: Words) -> Box | None:
    north, south = (words.number(name, least=-90, most=90) for name in ("lat_ne", "lat_sw"))
    east, west = (words.number(name, least=-180, most=180) for name in ("long_ne", "long_sw"))
    if north is not None and south is not None and east is not None and west is not None:
        if north < south:
            words.fault("lat_ne", mark("The north-eastern corner lies south of the other one."))
        return Box(south, west, north, east)
    missing = [name for name in _CORNERS if not words.has(name)]
    if 0 < len(missing) < len(_CORNERS):
        for name in missing:
            words.fault(name, mark("lat_ne, long_ne, lat_sw and long_sw come together."))
    return None


def identifier(text: str) -> UUID | None:
    """Return the identifier of a request as it stands in an address, None where it cannot be one."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text.lower() else None


def rows_of(wanted: Wanted, *, town: Town) -> list[queries.Row]:
    """Return the requests as everybody may see them, newest first, in one SQL statement."""
    return queries.public_rows(chosen(wanted, town=town), limit=wanted.limit, offset=wanted.offset)


def chosen(wanted: Wanted, *, town: Town) -> QuerySet[ServiceRequest]:
    """Return the requests that are wanted, as a query set, of those that stand on public pages."""
    rows = queries.within(guard.reach(ANYONE, PUBLIC), town=town).exclude(privacy=_HIDDEN)
    if wanted.ids is not None:
        rows = rows.filter(id__in=wanted.ids)
    if wanted.codes:
        versions = [one.id for one in queries.catalogue(town).by_id.values() if one.code in wanted.codes]
        rows = rows.filter(service_id__in=versions)
    if wanted.states:
        rows = rows.filter(status__in=wanted.states)
    if wanted.near is not None:
        rows = _near(rows, wanted.near)
    if wanted.within is not None:
        rows = _inside(rows, wanted.within)
    return rows.filter(**wanted.columns)


def hidden_among(ids: Collection[UUID]) -> set[UUID]:
    """Return those of the requests that stand on no public page."""
    return set(ServiceRequest.objects.filter(id__in=ids, privacy=_HIDDEN).values_list("id", flat=True))


def beside_of(rows: Sequence[queries.Row]) -> dict[UUID, Beside]:
    """Return what is told of requests beside their rows, in one SQL statement (two where some were merged)."""
    columns = ("id", "public_text", "attributes", "verified_how", "merged_into_id")
    found = list(ServiceRequest.objects.filter(id__in=[row.id for row in rows]).values_list(*columns)) if rows else []
    into = {row[-1] for row in found if row[-1]}
    shown = into - hidden_among(into) if into else set()
    return {
        request_id: Beside(public_text, attributes, how, str(parent) if parent in shown else "")
        for request_id, public_text, attributes, how, parent in found
    }


def row_of(text: str, *, town: Town) -> queries.Row:
    """Return one request as everybody may see it; `NotFound` where there is none."""
    found = identifier(text)
    rows = rows_of(Wanted(ids=(found,)), town=town) if found else []
    if not rows:
        raise NotFound("service request")
    return rows[0]


def _near(rows: QuerySet[ServiceRequest], near: Circle) -> QuerySet[ServiceRequest]:
    """Keep what lies in a circle, on a flat map around its centre, judged by the point that everybody may see.

    By the exact point, a client that asks often enough would find the door behind a blurred one.
    """
    east_m = _METRES_OF_A_DEGREE * math.cos(math.radians(near.lat))
    away = [
        (_seen("lon") - near.lon) * east_m,
        (_seen("lat") - near.lat) * _METRES_OF_A_DEGREE,
    ]
    squared = ExpressionWrapper(away[0] * away[0] + away[1] * away[1], output_field=FloatField())
    return rows.filter(lon__isnull=False).alias(away_m2=squared).filter(away_m2__lte=near.radius_m**2)


def _inside(rows: QuerySet[ServiceRequest], box: Box) -> QuerySet[ServiceRequest]:
    """Keep what lies in a box, its edges included, judged by the point that everybody may see."""
    rows = rows.filter(lon__isnull=False).alias(seen_lat=_seen("lat"), seen_lon=_seen("lon"))
    rows = rows.filter(seen_lat__gte=box.south, seen_lat__lte=box.north)
    if box.west <= box.east:
        return rows.filter(seen_lon__gte=box.west, seen_lon__lte=box.east)
    return rows.filter(Q(seen_lon__gte=box.west) | Q(seen_lon__lte=box.east))


def _seen(column: str) -> Case:
    """Return the coordinate as everybody may see it: the rule of `queries.blurred`, inside the database."""
    blurred = Round(F(column), 3, output_field=FloatField())
    return Case(When(is_text_public=True, then=F(column)), default=blurred, output_field=FloatField())
