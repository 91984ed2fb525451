"""Which requests a client asks for: the arguments of `GET requests`, and the rows that answer them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Case, ExpressionWrapper, F, FloatField, QuerySet, When
from django.db.models.functions import Round

from banyan.apps.service_requests import queries
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.rules import ENDED, OPEN
from banyan.apps.territory.queries import Town
from banyan.base.coordinates import EARTH_RADIUS_M
from banyan.base.errors import NotFound, mark
from banyan.faces.open311.asking import Words
from banyan.kit import guard
from banyan.kit.guard import ANYONE

PUBLIC: Final = "service_requests.read_public"
LONGEST: Final = timedelta(days=90)
MOST: Final = 1000
_MOST_PAGES: Final = 100_000
_WIDEST_M: Final = 100_000.0
_METRES_OF_A_DEGREE: Final = math.radians(1) * EARTH_RADIUS_M
_SECOND: Final = timedelta(seconds=1)
#: Status of GeoReport v2 -> states of ours.
STATES: Final = {"open": frozenset(map(str, OPEN)), "closed": frozenset(map(str, ENDED))}


@dataclass(frozen=True, slots=True)
class Circle:
    """A point in degrees and a radius in metres."""

    lon: float
    lat: float
    radius_m: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to list.  `columns` holds conditions on columns; empty fields do not narrow."""

    ids: tuple[UUID, ...] | None = None
    codes: frozenset[str] = field(default=frozenset())
    states: frozenset[str] = field(default=frozenset())
    columns: dict[str, Any] = field(default_factory=dict)
    near: Circle | None = None
    limit: int = MOST
    offset: int = 0


def wanted_of(words: Words, *, town: Town, at: datetime) -> Wanted:
    """Read the arguments; `Refused` lists every fault.  Identifiers override all the others."""
    ids = words.several("service_request_id", most=MOST)
    words.check()
    if ids:
        return Wanted(ids=tuple(one for text in ids if (one := identifier(text)) is not None))
    codes = words.several("service_code")
    known = {service.code for service in queries.catalogue(town).by_id.values()}
    for code in (code for code in codes if code not in known):
        words.fault("service_code", mark("There is no service “{value}”."), code=404, facts={"value": code[:60]})
    since, until = window(words, at=at)
    states = words.among("status", STATES)
    size = words.whole("page_size", default=MOST, most=MOST)
    found = Wanted(
        codes=frozenset(codes),
        states=frozenset[str]().union(*(STATES[word] for word in states if word in STATES)),
        columns=_between("requested_at", since, until)
        | _between("updated_at", words.instant("updated_after"), words.instant("updated_before")),
        near=_circle(words),
        limit=size,
        offset=size * (words.whole("page", default=1, most=_MOST_PAGES) - 1),
    )
    words.check()
    return found


def window(words: Words, *, at: datetime, usual: timedelta = LONGEST) -> tuple[datetime, datetime | None]:
    """Return from when until when a client asks: 90 days at most, from the end that is given; the last ones by default.

    Parameters
    ----------
    usual
        How far back from now where neither end is given.
    """
    since, until = words.instant("start_date"), words.instant("end_date")
    if since is None:
        return (at - usual, None) if until is None else (until - LONGEST, until)
    if until is None:
        return since, since + LONGEST
    if until < since:
        words.fault("end_date", mark("The end lies before the beginning."))
    elif until - since > LONGEST:
        words.fault("end_date", mark("From start_date to end_date there may be at most 90 days."))
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


def identifier(text: str) -> UUID | None:
    """Return the identifier of a request as it stands in an address, None where it cannot be one."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text.lower() else None


def rows_of(wanted: Wanted, *, town: Town) -> list[queries.Row]:
    """Return the requests as everybody may see them, newest first, in one SQL statement."""
    rows = queries.within(guard.reach(ANYONE, PUBLIC), town=town)
    if wanted.ids is not None:
        rows = rows.filter(id__in=wanted.ids)
    if wanted.codes:
        versions = [one.id for one in queries.catalogue(town).by_id.values() if one.code in wanted.codes]
        rows = rows.filter(service_id__in=versions)
    if wanted.states:
        rows = rows.filter(status__in=wanted.states)
    if wanted.near is not None:
        rows = _near(rows, wanted.near)
    return queries.public_rows(rows.filter(**wanted.columns), limit=wanted.limit, offset=wanted.offset)


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


def _seen(column: str) -> Case:
    """Return the coordinate as everybody may see it: the rule of `queries.blurred`, inside the database."""
    blurred = Round(F(column), 3, output_field=FloatField())
    return Case(When(is_text_public=True, then=F(column)), default=blurred, output_field=FloatField())
