"""A worker's tasks: what the worker's party has in hand, most pressing first, one big next step each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import queries
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.pages.board import Line, lines, said_aloud
from banyan.apps.service_requests.pages.panels import PartLine, part_lines
from banyan.apps.service_requests.pages.steps import FIRST, said, taken_from_form
from banyan.apps.service_requests.queries import Filter, joint
from banyan.apps.service_requests.rules import Status, Step, steps_from
from banyan.apps.territory.queries import Town
from banyan.base.errors import BanyanError, Forbidden, InvalidInput, NotFound, SignInNeeded
from banyan.kit import guard, images
from banyan.kit.asking import TownRequest
from banyan.kit.guard import Actor, Role, Subject
from banyan.kit.problem import spoken, spoken_problems

VIEWS: Final[Mapping[str, frozenset[Status]]] = {
    "all": frozenset({Status.DISPATCHED, Status.ACCEPTED, Status.IN_PROGRESS, Status.PAUSED}),
    "accept": frozenset({Status.DISPATCHED}),
    "handle": frozenset({Status.ACCEPTED, Status.IN_PROGRESS}),
    "paused": frozenset({Status.PAUSED}),
}
#: Cards on one page; whoever has more in hand works from the most pressing end.
MOST_TASKS: Final = 60
_BESIDE: Final = (Step.PAUSE, Step.RETURN)


@dataclass(frozen=True, slots=True)
class Task:
    """One card: the request, its big button and what else can be done."""

    line: Line
    next: Step | None
    others: Sequence[Step]


@dataclass(frozen=True, slots=True)
class Tab:
    """One view of the tasks."""

    code: str
    href: str
    n: int
    is_current: bool


@never_cache
@require_http_methods(["GET", "HEAD"])
def tasks(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """Show what the reader's party has in hand."""
    return _page(request, view=request.GET.get("view", "all"))


@require_POST
def take(request: TownRequest, town: str, service_request_id: UUID) -> HttpResponse:
    """Take the next step of a task; a refused one comes back with its words."""
    step, view = request.POST.get("step", ""), request.POST.get("view", "all")
    if step not in set(Step):
        raise NotFound("step")
    try:
        taken = taken_from_form(request, service_request_id, Step(step))
    except InvalidInput as error:
        return _page(request, view=view, opened=service_request_id, problems=spoken_problems(error))
    except BanyanError as error:
        if error.kind != "conflict":
            raise
        messages.error(request, spoken(error))
    else:
        messages.success(request, said(Step(step), taken, town=request.town))
    return redirect(reverse("tasks", args=[town]) + (f"?view={view}" if view in VIEWS and view != "all" else ""))


def _page(
    request: TownRequest,
    *,
    view: str,
    opened: UUID | None = None,
    problems: Sequence[Mapping[str, str]] = (),
) -> HttpResponse:
    actor, town, at = _worker(request), request.town, timezone.now()
    view = view if view in VIEWS else "all"
    own = Filter(party_ids=actor.party_ids())
    wanted = replace(own, statuses=frozenset(str(status) for status in VIEWS[view]))
    rows = queries.pressing(actor, wanted, town=town, limit=MOST_TASKS, at=at)
    counted = queries.counted(actor, own, town=town, at=at)
    href, said_now = reverse("tasks", args=[town.slug]), said_aloud(request)
    called_in = _called_in(actor, town=town, at=at)
    n_helping = {"all": len(called_in)}
    context: dict[str, Any] = {
        "tasks": [_task(actor, line) for line in lines(actor, rows, town=town, at=at)],
        "tabs": [
            Tab(code, f"{href}?view={code}", _n_in(counted, states) + n_helping.get(code, 0), code == view)
            for code, states in VIEWS.items()
        ],
        "n_all": _n_in(counted, VIEWS["all"]),
        "n_shown": len(rows),
        "n_late": counted.n_overdue + sum((line.clock.left_min or 0) < 0 for line, *_ in called_in),
        "parties": [p for p in parties.register(town).by_id.values() if p.id in actor.party_ids()],
        "called_in": called_in,
        "most_photos": images.MOST_PICTURES,
        "here": href,
        "view": view,
        "opened": opened,
        "problems": problems,
        "typed": request.POST,
    }
    response = render(request, "service_requests/tasks.html", context, status=422 if problems else 200)
    for name, value in said_now.items():
        response.headers[name] = value
    return response


def _n_in(counted: queries.Counted, states: Iterable[str]) -> int:
    return sum(counted.by_status.get(one, 0) for one in states)


def _called_in(actor: Actor, *, town: Town, at: datetime) -> list[tuple[PartLine, ServiceRequest, Any, Any]]:
    """Return the parts that the reader's party was called in to do: (part, request, service, place)."""
    services = queries.catalogue(town).by_id
    return [
        (line, one, services[one.service_id], queries.place_of(one, town=town))
        for part in joint.parts_in_hand(actor.party_ids(), limit=MOST_TASKS)
        for one in (part.service_request,)
        for line in part_lines(actor, one, [part], town=town, at=at)
    ]


def _worker(request: TownRequest) -> Actor:
    """Return the reader as a worker only: a coordinator who also works for a party sees that party's tasks here."""
    if Role.WORKER not in request.actor.roles:
        raise SignInNeeded() if request.actor.account_id is None else Forbidden()
    own = tuple(grant for grant in request.actor.grants if grant.role is Role.WORKER)
    return replace(request.actor, grants=own)


def _task(actor: Actor, line: Line) -> Task:
    row, place = line.entry.row, line.entry.place
    subject = Subject(
        id=row.id,
        place_path=place.path if place else "",
        party_ids=frozenset({row.party_id} if row.party_id else ()),
    )
    allowed = [step for step in steps_from(row.status) if guard.may(actor, f"service_requests.{step}", subject=subject)]
    if queries.is_bound(actor, row):
        allowed = [step for step in allowed if step is not Step.RETURN]
    first = FIRST[Status(row.status)]
    return Task(
        line=line, next=first if first in allowed else None, others=[step for step in _BESIDE if step in allowed]
    )
