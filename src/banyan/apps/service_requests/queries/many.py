"""Lists, maps and numbers of requests, within what an actor reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet

from banyan.apps.service_requests.models import Part, ServiceRequest
from banyan.apps.service_requests.queries.offered import catalogue
from banyan.apps.service_requests.queries.postings import best_first, holding
from banyan.apps.service_requests.rules import OPEN
from banyan.apps.service_requests.rules.joint import OVER
from banyan.apps.service_requests.rules.privacy import Privacy
from banyan.apps.service_requests.rules.public_words import public_address, public_description
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.kit import guard
from banyan.kit.guard import Actor, Reach
from banyan.kit.paging import Page, page_of


@dataclass(frozen=True, slots=True)
class Filter:
    """What to list.  Empty fields do not filter; `place_path` takes a place and all below it."""

    statuses: frozenset[str] = field(default=frozenset())
    service_code: str = ""
    group: str = ""
    kind: str = ""
    urgency: str = ""
    place_path: str = ""
    party_id: UUID | None = None
    handler_account_id: UUID | None = None
    is_overdue: bool = False
    words: str = ""
    order: str = "newest"
    """newest (by time of the report), clock (by deadline, running clocks only) or review (by day of review)"""
    party_ids: frozenset[UUID] = field(default=frozenset())
    """Only what one of these parties has, not what it was called in to help with."""


@dataclass(frozen=True, slots=True)
class Row:
    """A request in a list: no personal words, no tracking number."""

    id: UUID
    service_id: UUID
    status: str
    urgency: str
    kind: str
    channel: str
    place_id: UUID | None
    party_id: UUID | None
    address: str
    lon: float | None
    lat: float | None
    requested_at: datetime
    updated_at: datetime
    deadline_at: datetime | None
    stopped_at: datetime | None
    remaining_min: int | None
    stage: str
    stage_deadline_at: datetime | None
    stage_remaining_min: int | None
    suggested_party_id: UUID | None
    handler_account_id: UUID | None
    rating: int | None
    version: int
    is_binding: bool
    is_text_public: bool
    description: str
    """What everybody reads where the reader may see the public part only, "" where no words were published."""
    public_text: str
    privacy: str
    review_on: date | None


#: The verb with which everybody sees the public part.
PUBLIC: Final = "service_requests.read_public"
ORDERS: Final = {"newest": ("-requested_at", "-id"), "clock": ("deadline_at", "id"), "review": ("review_on", "id")}


def listed(
    actor: Actor,
    wanted: Filter,
    *,
    town: Town,
    at: datetime,
    size: int = 50,
    cursor: str = "",
    verb: str = "service_requests.read",
) -> Page[Row]:
    """Return one page of the requests that the actor reaches with `verb`, one SQL statement at any size.

    With the verb ``service_requests.read_public`` everybody reaches every request that is not confidential, words only
    where published.  Where words are asked for and no order, the best hits come first (`queries.searching`).
    """
    hides = verb == PUBLIC
    columns = tuple(Row.__slots__)
    if wanted.words and wanted.order == "newest":
        rows = filtered(reached(actor, verb, town=town), replace(wanted, words=""), town=town, at=at)
        best = best_first(
            rows, wanted.words, is_public=hides, own_numbers=not hides, columns=columns, size=size, cursor=cursor
        )
        return Page([_row(values, hides=hides) for values in best.rows], best.next_cursor, best.previous_cursor)
    rows = filtered(reached(actor, verb, town=town), wanted, town=town, at=at, is_public=hides)
    if wanted.order == "clock":
        rows = rows.filter(deadline_at__isnull=False, stopped_at__isnull=True)
    if wanted.order == "review":
        rows = rows.filter(review_on__isnull=False)
    page = page_of(rows, order=ORDERS[wanted.order], columns=columns, size=size, cursor=cursor)
    made = [_row(values, hides=hides) for values in page.rows]
    return Page(rows=made, next_cursor=page.next_cursor, previous_cursor=page.previous_cursor)


def reached(actor: Actor, verb: str, *, town: Town) -> QuerySet[ServiceRequest]:
    """Return the requests that an actor reaches with a verb; what everybody may see leaves confidential ones out."""
    rows = within(guard.reach(actor, verb), town=town)
    return rows.exclude(privacy=Privacy.CONFIDENTIAL) if verb == PUBLIC else rows


def public_rows(rows: QuerySet[ServiceRequest], *, limit: int, offset: int = 0) -> list[Row]:
    """Return the newest of the given requests as everybody may see them, in one SQL statement.

    Unpublished words are left out and points blurred, as in `listed` with ``service_requests.read_public``.
    """
    rows = rows.exclude(privacy=Privacy.CONFIDENTIAL)
    found = rows.order_by(*ORDERS["newest"]).values_list(*Row.__slots__)[offset : offset + limit]
    return [_row(values, hides=True) for values in found]


def rows_of(actor: Actor, wanted: Filter, *, town: Town, at: datetime, limit: int) -> list[Row]:
    """Return the first `limit` requests of a list in one SQL statement, for a file."""
    rows = filtered(within(guard.reach(actor, "service_requests.read"), town=town), wanted, town=town, at=at)
    if wanted.order == "clock":
        rows = rows.filter(deadline_at__isnull=False, stopped_at__isnull=True)
    return [Row(*values) for values in rows.order_by(*ORDERS[wanted.order]).values_list(*Row.__slots__)[:limit]]


def pressing(actor: Actor, wanted: Filter, *, town: Town, at: datetime, limit: int) -> list[Row]:
    """Return the most pressing requests in reach: running clocks by deadline, then none, then standing ones."""
    rows = filtered(within(guard.reach(actor, "service_requests.read"), town=town), wanted, town=town, at=at)
    order = (F("stopped_at").asc(nulls_first=True), F("deadline_at").asc(nulls_last=True), "id")
    return [Row(*values) for values in rows.order_by(*order).values_list(*Row.__slots__)[:limit]]


def _row(values: Sequence[Any], *, hides: bool) -> Row:
    row = Row(*values)
    if not hides:
        return row
    row = replace(row, handler_account_id=None, public_text="")
    if row.is_text_public:
        words = Row(*values)
        return replace(row, description=public_description(words), address=public_address(words))
    lon, lat = blurred(row.lon, row.lat) if row.lon is not None and row.lat is not None else (None, None)
    return replace(row, description="", address="", lon=lon, lat=lat)


def blurred(lon: float, lat: float) -> tuple[float, float]:
    """Return a point to about 100 m, as everybody may see it: a report about a home must not point at the door."""
    return round(lon, 3), round(lat, 3)


def within(reached: Reach, *, town: Town) -> QuerySet[ServiceRequest]:
    """Return the requests inside a reach: the same rule as `Reach.covers`, for a whole list."""
    if reached.everything:
        return ServiceRequest.objects.all()
    inside = Q(pk__in=reached.own_ids)
    if reached.own_account_id is not None:
        inside |= Q(reporter_account_id=reached.own_account_id)
    if reached.party_ids:
        summoned = Part.objects.filter(party_id__in=reached.party_ids).exclude(status__in=OVER)
        inside |= Q(party_id__in=reached.party_ids) | Q(pk__in=summoned.values("service_request_id"))
    for path, party_id in reached.areas:
        helped = Part.objects.filter(party_id=party_id).exclude(status__in=OVER) if party_id else Part.objects.none()
        area = (
            Q()
            if not path
            else Q(place_id__in=[p.id for p in territory.tree(town).below(path) if p.level != "building"])
        )
        has_it = Q(party_id=party_id) | Q(pk__in=helped.values("service_request_id"))
        inside |= area & has_it if party_id else area
    return ServiceRequest.objects.filter(inside)


def filtered(
    rows: QuerySet[ServiceRequest], wanted: Filter, *, town: Town, at: datetime, is_public: bool = False
) -> QuerySet[ServiceRequest]:
    """Narrow a query set by a filter; where words are asked for, to the newest hits (`queries.postings`).

    Parameters
    ----------
    is_public
        Look for the words only among those that everybody may read.
    """
    equal = {
        "kind": wanted.kind,
        "urgency": wanted.urgency,
        "party_id": wanted.party_id,
        "handler_account_id": wanted.handler_account_id,
    }
    rows = rows.filter(**{name: value for name, value in equal.items() if value})
    if wanted.party_ids:
        rows = rows.filter(party_id__in=wanted.party_ids)
    if wanted.statuses:
        rows = rows.filter(status__in=wanted.statuses)
    if wanted.service_code or wanted.group:
        versions = [
            s.id
            for s in catalogue(town).by_id.values()
            if wanted.service_code in ("", s.code) and wanted.group in ("", s.group)
        ]
        rows = rows.filter(service_id__in=versions)
    if wanted.place_path:
        rows = rows.filter(
            place_id__in=[p.id for p in territory.tree(town).below(wanted.place_path) if p.level != "building"]
        )
    if wanted.is_overdue:
        rows = rows.filter(deadline_at__lt=at, stopped_at__isnull=True)
    if wanted.words:
        rows = rows.filter(holding(wanted.words, is_public=is_public, own_numbers=not is_public))
    return rows


def n_by_status(actor: Actor, *, town: Town, verb: str = "service_requests.read") -> dict[str, int]:
    """Return how many requests the actor reaches in each state."""
    rows = reached(actor, verb, town=town).order_by().values("status").annotate(n=Count("id"))
    return {row["status"]: row["n"] for row in rows}


def n_open_by_service() -> dict[UUID, int]:
    """Return how many open requests hang on each version of a service.  The caller has authorised the read."""
    rows = ServiceRequest.objects.filter(status__in=OPEN).order_by().values_list("service_id").annotate(Count("id"))
    return dict(rows)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many open requests stand in each state, and how many of them have passed their deadline."""

    by_status: Mapping[str, int]
    n_overdue: int


def counted(actor: Actor, wanted: Filter, *, town: Town, at: datetime) -> Counted:
    """Count the open requests that the actor reaches under a filter (its states and its overdue are left aside).

    One SQL statement whose cost grows with the open requests only, not with all there ever were.
    """
    aside = replace(wanted, statuses=OPEN, is_overdue=False)
    rows = filtered(within(guard.reach(actor, "service_requests.read"), town=town), aside, town=town, at=at)
    is_overdue = Q(deadline_at__lt=at, stopped_at__isnull=True)
    found = rows.order_by().values_list("status").annotate(n=Count("id"), n_late=Count("id", filter=is_overdue))
    states = {status: (n, late) for status, n, late in found}
    return Counted({status: n for status, (n, _) in states.items()}, sum(late for _, late in states.values()))


def points(
    actor: Actor,
    wanted: Filter,
    *,
    town: Town,
    at: datetime,
    limit: int = 5000,
    verb: str = PUBLIC,
) -> list[tuple[Any, ...]]:
    """Return (id, lon, lat, status, service_id) of the newest requests with a point within the reach of `verb`.

    What everybody may see is blurred to about 100 m unless the words of the request have been published.
    """
    rows = filtered(reached(actor, verb, town=town), wanted, town=town, at=at, is_public=verb == PUBLIC)
    rows = rows.filter(lon__isnull=False).order_by(*ORDERS["newest"])
    columns = ("id", "lon", "lat", "status", "service_id")
    if verb != PUBLIC:
        return list(rows.values_list(*columns)[:limit])
    return [
        (row[0], *((row[1], row[2]) if row[-1] else blurred(row[1], row[2])), row[3], row[4])
        for row in rows.values_list(*columns, "is_text_public")[:limit]
    ]
