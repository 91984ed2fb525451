"""The two lists that everybody reads: livelihood needs, and owners' suggestions, each item with the town's answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet

from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.queries.offered import catalogue
from banyan.apps.service_requests.rules import Kind, Status
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.kit.paging import Page, page_of

#: List -> the kinds of requests on it.  A livelihood need is whatever asks the town to put something right (repair,
#: complaint, need, hazard); a suggestion says what could be done.  Questions and praise are on neither.
LISTS: Final[Mapping[str, frozenset[str]]] = {
    "needs": frozenset({Kind.NEED, Kind.REPAIR, Kind.COMPLAINT, Kind.HAZARD}),
    "suggestions": frozenset({Kind.SUGGESTION}),
}
#: State of an item -> what it means in columns.
DONE: Final = frozenset({Status.RESOLVED, Status.VERIFIED, Status.CLOSED})
_OVER: Final = frozenset({Status.REJECTED, Status.WITHDRAWN, Status.MERGED})
STATES: Final[Mapping[str, Q]] = {
    "waiting": Q(answered_at__isnull=True) & ~Q(status__in=DONE | _OVER),
    "answered": Q(answered_at__isnull=False) & ~Q(status__in=DONE | _OVER),
    "done": Q(status__in=DONE),
}
#: Counts are exact up to here; beyond, "1,000 or more" tells as much.
MOST_COUNTED: Final = 1000
#: Rows of one export.
MOST_EXPORTED: Final = 20_000


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a list, as everybody may read it: words only where the town has published them."""

    id: UUID
    service_id: UUID
    status: str
    kind: str
    place_id: UUID | None
    party_id: UUID | None
    requested_at: datetime
    answer: str
    answered_at: datetime | None
    n_merged: int
    n_followers: int
    words: str


_COLUMNS: Final = (*Item.__slots__[:-1], "is_text_public", "description", "public_text")


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a list is wanted; what is empty does not filter."""

    group: str = ""
    place_path: str = ""
    state: str = ""


def list_page(name: str, asked: Asked, *, town: Town, size: int = 20, cursor: str = "") -> Page[Item]:
    """Return one page of a list, newest first.  The read is open to everybody."""
    rows = _rows(name, asked, town=town)
    page = page_of(rows, order=("-requested_at", "-id"), columns=_COLUMNS, size=size, cursor=cursor)
    items = [_item(values) for values in page.rows]
    return Page(rows=items, next_cursor=page.next_cursor, previous_cursor=page.previous_cursor)


def list_counts(name: str, asked: Asked, *, town: Town) -> dict[str, int]:
    """Return how many items stand in each state, `MOST_COUNTED` at most; `asked.state` is left aside."""
    aside = Asked(asked.group, asked.place_path)
    rows = _rows(name, aside, town=town).order_by()
    return {state: rows.filter(wanted).values("id")[:MOST_COUNTED].count() for state, wanted in STATES.items()}


def list_items(name: str, asked: Asked, *, town: Town) -> Iterator[Item]:
    """Yield the newest items of a list for an export, `MOST_EXPORTED` at most."""
    rows = _rows(name, asked, town=town).order_by("-requested_at", "-id")
    for values in rows.values_list(*_COLUMNS)[:MOST_EXPORTED].iterator(chunk_size=1000):
        yield _item(values)


def _rows(name: str, asked: Asked, *, town: Town) -> QuerySet[ServiceRequest]:
    rows = ServiceRequest.objects.filter(kind__in=LISTS[name]).exclude(privacy="confidential")
    rows = rows.filter(STATES[asked.state]) if asked.state in STATES else rows.exclude(status__in=_OVER)
    if asked.group:
        rows = rows.filter(service_id__in=[s.id for s in catalogue(town).by_id.values() if s.group == asked.group])
    if asked.place_path:
        inside = territory.tree(town).below(asked.place_path)
        rows = rows.filter(place_id__in=[place.id for place in inside if place.level != "building"])
    return rows


def _item(values: tuple[Any, ...]) -> Item:
    is_public, description, public_text = values[-3:]
    words = str(public_text or description) if is_public else ""
    return Item(**dict(zip(Item.__slots__, (*values[:-3], words), strict=True)))
