"""The coordinators' board: queues, filters, clocks, the same list on a map, and as a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from banyan.apps.accounts import queries as accounts
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import queries
from banyan.apps.service_requests.pages import asked as asking
from banyan.apps.service_requests.pages import shared
from banyan.apps.service_requests.pages.asked import GROUP, QUEUES, Asked
from banyan.apps.service_requests.queries import Counted, Row
from banyan.apps.service_requests.rules import Kind, Status, Step, Urgency, steps_from
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base import tables
from banyan.base.errors import Forbidden, SignInNeeded
from banyan.kit import guard
from banyan.kit.asking import TownRequest, is_htmx
from banyan.kit.guard import Actor, Role, Subject
from banyan.kit.paging import Page

PAGE: Final = 40
_MOST_POINTS: Final = 3000
#: Rows of one file; who needs more narrows the list.
MOST_ROWS: Final = 20_000
#: The step that a row offers in one tap: nothing has to be read or written for it.
_AT_ONCE: Final = (Step.DISPATCH, Step.TRIAGE, Step.CLOSE)
#: Queues in which a coordinator is the one who is waited for, most pressing first.
_MINE_FIRST: Final = ("triage", "dispatch", "verify")


@dataclass(frozen=True, slots=True)
class Line:
    """One request on the board."""

    entry: shared.Entry
    title: str
    """The first line of what was said; "" where nothing was."""
    stage: shared.Clock
    party: parties.PartyView | None
    suggested: parties.PartyView | None
    handler: str
    steps: tuple[Step, ...]
    """What can be done with it in one tap."""
    is_overdue: bool
    snippet: Sequence[tuple[str, bool]] = ()
    """What was searched for in its words, marked."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A tab of the board."""

    code: str
    href: str
    n: int | None
    is_current: bool


@require_safe
def board(request: TownRequest, town: str) -> HttpResponse:
    """Show the board, or the part of it that a filter or a step has changed."""
    actor = _reader(request)
    at, held = timezone.now(), request.town
    asked = asking.read(request.GET, town=held)
    counted = queries.counted(actor, asking.as_filter(asked, actor=actor, town=held), town=held, at=at)
    asked = asked if asked.queue else _first_queue(asked, counted, actor)
    wanted = asking.as_filter(asked, actor=actor, town=held)
    page = queries.listed(actor, wanted, town=held, at=at, size=PAGE, cursor=asked.cursor)
    context = {
        "asked": asked,
        "queues": _queues(asked, counted, town=town),
        "lines": found_lines(lines(actor, page.rows, town=held, at=at), asked.q),
        "options": _options(actor, town=held),
        "areas": _areas(actor, town=held),
        "chips": _chips(asked, town=held),
        "here": request.get_full_path(),
        "may_bulk": guard.may(actor, "service_requests.triage"),
        "bounds": shared.bounds(held),
        **_ways(asked, page, town=town),
    }
    said = said_aloud(request)
    response = render(request, "service_requests/board.html", context)
    for name, value in said.items():
        response.headers[name] = value
    return response


def _reader(request: TownRequest) -> Actor:
    """Return who asks, if they have a board: residents and workers have pages of their own."""
    if not request.actor.roles & {Role.COORDINATOR, Role.MANAGER, Role.AUDITOR}:
        raise SignInNeeded() if request.actor.account_id is None else Forbidden()
    return request.actor


def said_aloud(request: TownRequest) -> dict[str, str]:
    """Return the headers that let the page say what a step has done: htmx cuts the messages out of the page."""
    said = " ".join(str(message) for message in messages.get_messages(request)) if is_htmx(request) else ""
    return {"HX-Trigger": json.dumps({"banyan:say": {"value": said}})} if said else {}


def _first_queue(asked: Asked, counted: Counted, actor: Actor) -> Asked:
    """Open the first queue in which somebody waits for this reader."""
    if Role.COORDINATOR not in actor.roles:
        return asked.having(queue="open", cursor=asked.cursor)
    waiting = (code for code in _MINE_FIRST if _n_in(code, counted))
    return asked.having(queue=next(waiting, "open"), cursor=asked.cursor)


def _n_in(code: str, counted: Counted) -> int | None:
    if code == "ended":
        return None
    return counted.n_overdue if code == "overdue" else sum(counted.by_status.get(one, 0) for one in QUEUES[code])


def _queues(asked: Asked, counted: Counted, *, town: str) -> list[Queue]:
    href = reverse("board", args=[town])
    return [
        Queue(code, href + asked.having(queue=code, order="").search(), _n_in(code, counted), code == asked.queue)
        for code in QUEUES
    ]


def _ways(asked: Asked, page: Page[Row], *, town: str) -> dict[str, str]:
    """Return the addresses that lead on from here."""
    href = reverse("board", args=[town])
    return {
        "newer": href + asked.having(cursor=page.previous_cursor).search() if page.previous_cursor else "",
        "older": href + asked.having(cursor=page.next_cursor).search() if page.next_cursor else "",
        "clear_href": href + Asked(queue=asked.queue, view=asked.view).search(),
        "list_href": href + asked.having(view="").search(),
        "map_href": href + asked.having(view="map").search(),
        "csv_href": reverse("board_csv", args=[town]) + asked.without("view").search(),
        "points_href": reverse("board_points", args=[town]) + asked.without("view").search(),
        "board_href": href,
    }


# --- the lines -------------------------------------------------------------------------------------------------------


def lines(actor: Actor, rows: Sequence[Row], *, town: Town, at: datetime) -> list[Line]:
    """Return rows as the staff sees them; one SQL statement, for the names of handlers."""
    names = accounts.names(row.handler_account_id for row in rows)
    return [_line(actor, entry, names=names, town=town, at=at) for entry in shared.entries(rows, town=town, at=at)]


def found_lines(found: Sequence[Line], words: str) -> Sequence[Line]:
    """Return lines with the piece of their words that was searched for, where words were."""
    if not words:
        return found
    return [replace(line, snippet=queries.snippet(line.entry.row, words)) for line in found]


def _line(actor: Actor, entry: shared.Entry, *, names: Mapping[UUID, str], town: Town, at: datetime) -> Line:
    row, by_id = entry.row, parties.register(town).by_id
    return Line(
        entry=entry,
        title=row.description.strip().partition("\n")[0][:120],
        stage=stage_clock(row, at=at),
        party=by_id.get(row.party_id) if row.party_id else None,
        suggested=by_id.get(row.suggested_party_id) if row.suggested_party_id else None,
        handler=names.get(row.handler_account_id, "") if row.handler_account_id else "",
        steps=at_once(actor, row, place=entry.place),
        is_overdue=row.stopped_at is None and row.deadline_at is not None and row.deadline_at < at,
    )


def stage_clock(row: Row | Any, *, at: datetime) -> shared.Clock:
    """Return the clock of the stage that a request is in."""
    if row.stage_deadline_at is None:
        return shared.Clock(None, False, False, None)
    paused = row.stage_remaining_min is not None
    left = row.stage_remaining_min if paused else shared.wall_min(at, until=row.stage_deadline_at)
    return shared.Clock(left, paused, False, row.stage_deadline_at)


def at_once(actor: Actor, row: Row, *, place: territory.PlaceView | None) -> tuple[Step, ...]:
    """Return the steps that a reader may take with a row in one tap.

    Dispatching something just received triages it as it stands first, and goes to the party that answers for it.
    """
    subject = Subject(
        id=row.id,
        place_path=place.path if place else "",
        party_ids=frozenset({row.party_id} if row.party_id else ()),
    )
    possible = {one for one in steps_from(row.status) if one in _AT_ONCE}
    if row.status == Status.RECEIVED:
        possible.add(Step.DISPATCH)
    elif Step.DISPATCH in possible and row.suggested_party_id is not None:
        possible.discard(Step.TRIAGE)
    if row.suggested_party_id is None:
        possible.discard(Step.DISPATCH)
    allowed = {one for one in possible if guard.may(actor, f"service_requests.{one}", subject=subject)}
    return tuple(one for one in _AT_ONCE if one in allowed)


# --- the filters -----------------------------------------------------------------------------------------------------


def _options(actor: Actor, *, town: Town) -> dict[str, Any]:
    """Return what the filters offer, from what is kept in memory."""
    reach = guard.reach(actor, "service_requests.read")
    return {
        "services": list(queries.catalogue(town).offered.values()),
        "places": asking.places_within(reach, town=town),
        "parties": list(parties.register(town).by_id.values()),
        "urgencies": list(Urgency),
        "kinds": list(Kind),
    }


def _areas(actor: Actor, *, town: Town) -> list[territory.PlaceView]:
    """Return the places for which a reader has the board; none of them means the whole town."""
    by_path = {place.path: place for place in territory.tree(town).places}
    reach = guard.reach(actor, "service_requests.read")
    return [] if reach.everything else [by_path[path] for path, _ in reach.areas if path in by_path]


def _chips(asked: Asked, *, town: Town) -> list[tuple[str, Any, str]]:
    """Return (filter, what it holds, address without it) for each filter that is set."""
    held: dict[str, Any] = {
        "service": _service_or_group(asked.service, town=town),
        "place": territory.tree(town).by_code.get(asked.place),
        "party": parties.register(town).by_id.get(UUID(asked.party)) if asked.party else None,
        "urgency": asked.urgency,
        "kind": asked.kind,
        "q": asked.q,
        "mine": asked.mine,
    }
    return [(name, value, asked.without(name).search() or "?") for name, value in held.items() if value]


def _service_or_group(code: str, *, town: Town) -> dict[str, str] | None:
    for service in queries.catalogue(town).by_id.values():
        if code == service.code:
            return {"name_zh": service.name_zh, "name_en": service.name_en}
        if code == GROUP + service.group:
            return {"name_zh": service.group_zh, "name_en": service.group_en}
    return None


# --- the same list for a map and as a file ---------------------------------------------------------------------------


@require_safe
def points(request: TownRequest, town: str) -> HttpResponse:
    """Answer the filtered requests that have a point, newest first, as GeoJSON for the board's map."""
    actor, at, held = _reader(request), timezone.now(), request.town
    wanted = asking.as_filter(asking.read(request.GET, town=held), actor=actor, town=held)
    found = queries.points(actor, wanted, town=held, at=at, limit=_MOST_POINTS, verb="service_requests.read")
    services, chinese = queries.catalogue(held).by_id, str(getattr(request, "LANGUAGE_CODE", "")).startswith("zh")
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [lon, lat]},
            "properties": {
                "state": status,
                "title": services[service_id].name_zh if chinese else services[service_id].name_en,
                "href": reverse("one_request", args=[town, request_id]),
            },
        }
        for request_id, lon, lat, status, service_id in found
    ]
    response = HttpResponse(
        orjson.dumps({"type": "FeatureCollection", "features": features}), content_type="application/geo+json"
    )
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_safe
def export(request: TownRequest, town: str, form: str = "csv") -> HttpResponse:  # noqa: ARG001
    """Answer the filtered list as CSV (RFC 4180, UTF-8 with a mark, so that spreadsheets read Chinese) or .xlsx."""
    actor, at, held = _reader(request), timezone.now(), request.town
    wanted = asking.as_filter(asking.read(request.GET, town=held), actor=actor, town=held)
    rows = queries.rows_of(actor, wanted, town=held, at=at, limit=MOST_ROWS)
    table = tables.as_file(_COLUMNS, _cells(rows, town=held), form=form)
    response = HttpResponse(table, content_type=tables.TYPES[form])
    name = f"requests-{held.slug}-{at:%Y%m%d}.{form}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


_COLUMNS: Final = (
    *("id", "status", "kind", "urgency", "channel", "service_code", "service_zh", "service_en"),
    *("place_code", "place_zh", "place_en", "address", "lon", "lat", "party_zh", "party_en"),
    *("requested_at", "updated_at", "deadline_at", "stopped_at", "rating", "description"),
)


def _cells(rows: Iterable[Row], *, town: Town) -> Iterable[list[Any]]:
    services, places, by_id = queries.catalogue(town).by_id, territory.tree(town).by_id, parties.register(town).by_id
    for row in rows:
        service = services[row.service_id]
        place = places.get(row.place_id) if row.place_id else None
        party = by_id.get(row.party_id) if row.party_id else None
        yield [
            *(row.id, row.status, row.kind, row.urgency, row.channel, service.code, service.name_zh, service.name_en),
            *((place.code, place.name_zh, place.name_en) if place else ("", "", "")),
            *(row.address, row.lon, row.lat),
            *((party.name_zh, party.name_en) if party else ("", "")),
            *(_instant(at) for at in (row.requested_at, row.updated_at, row.deadline_at, row.stopped_at)),
            *(row.rating, row.description),
        ]


def _instant(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""
