"""What the pages of residents and of staff have in common."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext

from banyan.apps.service_requests import queries
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.rules import STOPPED, Status, verification
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import BanyanError
from banyan.kit import guard
from banyan.kit.asking import TownRequest
from banyan.kit.guard import Actor
from banyan.kit.problem import spoken

_BEARER: Final = "bearer"
_MOST_NUMBERS: Final = 50
_GROUP_ICONS: Final = {
    "street_lighting": "lamp",
    "public_utilities": "water",
    "traffic": "road",
    "city_appearance": "waste",
    "greening": "tree",
    "other_parts": "shop",
    "appearance_hygiene": "waste",
    "advertising": "flag",
    "building_works": "noise",
    "street_order": "car",
    "emergencies": "fire",
    "other_events": "paw",
    "lifts": "lift",
    "building_fabric": "building",
    "plumbing_electrics": "power",
    "estate_services": "key",
    "elder_care": "care",
    "home_services": "home",
    "community_life": "people",
    "voice": "comment",
}


def reader(request: TownRequest) -> Actor:
    """Return who asks, together with the requests whose tracking numbers were given in this session."""
    held = request.session.get(_BEARER, {}).get(str(request.town.id), [])
    return replace(request.actor, bearer_of=frozenset(UUID(one) for one in held)) if held else request.actor


def remember_number(request: TownRequest, service_request_id: UUID) -> None:
    """Let this session act as the reporter of a request, because its tracking number was given."""
    held = request.session.get(_BEARER, {})
    town, one = str(request.town.id), str(service_request_id)
    numbers = [kept for kept in held.get(town, []) if kept != one]
    request.session[_BEARER] = {**held, town: [*numbers, one][-_MOST_NUMBERS:]}


def forget_numbers(request: TownRequest) -> None:
    """Let this session be nobody's reporter in this town any more."""
    held = dict(request.session.get(_BEARER, {}))
    held.pop(str(request.town.id), None)
    request.session[_BEARER] = held


def bounds(town: Town) -> tuple[float, float, float, float]:
    """Return west, south, east and north of a town in degrees."""
    return (town.min_lon, town.min_lat, town.max_lon, town.max_lat)


def group_icon(group: str) -> str:
    """Return the icon of a group of services; groups of a town's own get a plain one."""
    return _GROUP_ICONS.get(group, "other")


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock as kit/status.html shows it.

    `left_min` is minutes on the wall until the deadline (a reader plans by the calendar on the wall), negative once it
    has passed; of a paused clock, whose deadline moves, it is the working minutes that are left.
    """

    left_min: int | None
    is_paused: bool
    is_done: bool
    due_at: datetime | None


def whole_clock(request: ServiceRequest | queries.Row, *, at: datetime) -> Clock:
    """Return the whole clock of a request at an instant."""
    stopped = Status(request.status) in STOPPED
    if request.deadline_at is None:
        return Clock(None, is_paused=False, is_done=stopped, due_at=None)
    paused = request.status in (Status.PAUSED, Status.PARKED)
    left = request.remaining_min if paused else wall_min(request.stopped_at or at, until=request.deadline_at)
    return Clock(left, is_paused=paused, is_done=stopped, due_at=request.deadline_at)


def after(request: TownRequest, taken: ServiceRequest) -> str:
    """Return where to go on after a step: the page of the request, or one's tasks once it is not one's own any more."""
    subject = queries.subject_of(taken, town=request.town)
    if guard.may(request.actor, "service_requests.read_internal", subject=subject):
        return reverse("one_request", args=[request.town.slug, taken.id])
    return reverse("tasks", args=[request.town.slug])


def looked(request: ServiceRequest) -> str:
    """Return the sentence about who looks, or looked, whether it is done; "" where there is nothing to say."""
    sentence = verification.label(request.status, verification=request.verification, verified_how=request.verified_how)
    return gettext(sentence) if sentence else ""


def wall_min(at: datetime, *, until: datetime) -> int:
    """Return the minutes on the wall from one instant to another, negative backwards."""
    return round((until - at).total_seconds() / 60)


@dataclass(frozen=True, slots=True)
class Entry:
    """A request in a list, as an entry of kit/ui.html needs it."""

    id: UUID
    href: str
    service: queries.ServiceView
    place: territory.PlaceView | None
    row: queries.Row
    clock: Clock


def entries(rows: Iterable[queries.Row], *, town: Town, at: datetime) -> list[Entry]:
    """Return rows with the words that lists show; nothing is read from the database."""
    services, places = queries.catalogue(town).by_id, territory.tree(town).by_id
    return [
        Entry(
            id=row.id,
            href=reverse("one_request", args=[town.slug, row.id]),
            service=services[row.service_id],
            place=places.get(row.place_id) if row.place_id else None,
            row=row,
            clock=whole_clock(row, at=at),
        )
        for row in rows
    ]


def place_options(town: Town, *levels: str) -> list[territory.PlaceView]:
    """Return the places of some levels in the order of the tree, for lists to choose from."""
    return [place for place in territory.tree(town).places if not levels or place.level in levels]


def group_options(town: Town) -> list[dict[str, Any]]:
    """Return the groups of the offered services, each once, in the order of the catalogue, with icon and number."""
    found: dict[str, dict[str, Any]] = {}
    for service in queries.catalogue(town).offered.values():
        words = {"code": service.group, "name_zh": service.group_zh, "name_en": service.group_en, "n": 0}
        group = found.setdefault(service.group, {**words, "icon": group_icon(service.group)})
        group["n"] += 1
    return list(found.values())


def as_reporter(request: TownRequest) -> Actor:
    """Return the reader without any role: what they reach is what they reported themselves."""
    return replace(reader(request), grants=())


def said_of_conflict(request: TownRequest, error: BanyanError, *, back: str) -> HttpResponse:
    """Say on the page what the present state or the policy forbids; anything else is a page of its own."""
    if error.kind not in ("conflict", "forbidden") or request.actor.account_id is None:
        raise error
    messages.error(request, spoken(error))
    return redirect(back)
