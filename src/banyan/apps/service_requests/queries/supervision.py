"""Supervision tickets, within what an actor reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from banyan.apps.service_requests.models import ServiceRequest, Supervision
from banyan.apps.service_requests.queries.ladder import rungs
from banyan.apps.service_requests.queries.many import within
from banyan.apps.service_requests.rules import OPEN, ladder
from banyan.apps.territory.queries import Town
from banyan.kit import guard
from banyan.kit.guard import Actor
from banyan.kit.paging import Page, page_of

#: What may be listed: waiting for an answer, answered, and open work that a role of the reader has taken over.
VIEWS: Final = ("open", "answered", "taken")


@dataclass(frozen=True, slots=True)
class Ticket:
    """A supervision ticket with its request, without personal words of the reporter."""

    id: UUID
    service_request_id: UUID
    service_request__service_id: UUID
    service_request__status: str
    service_request__place_id: UUID | None
    service_request__party_id: UUID | None
    rung: str
    clock: str
    share: float | None
    role: str
    takes_over: bool
    words: str
    raised_by_account_id: UUID | None
    raised_at: datetime
    answer: str
    answered_by_account_id: UUID | None
    answered_at: datetime | None


def supervisions(actor: Actor, *, town: Town, view: str = "open", size: int = 50, cursor: str = "") -> Page[Ticket]:
    """Return one page of the tickets about requests that the actor reaches as staff, newest first."""
    columns = tuple(Ticket.__slots__)
    rows = _within(actor, town=town).filter(_wanted(actor)[view])
    page = page_of(rows, order=("-raised_at", "-id"), columns=columns, size=size, cursor=cursor)
    return Page([Ticket(*row) for row in page.rows], page.next_cursor, page.previous_cursor)


def n_supervisions(actor: Actor, *, town: Town) -> Mapping[str, int]:
    """Return how many tickets each view holds, in one SQL statement."""
    wanted = {f"n_{view}": Count("id", filter=narrowed) for view, narrowed in _wanted(actor).items()}
    found = _within(actor, town=town).order_by().aggregate(**wanted)
    return {view: found[f"n_{view}"] for view in VIEWS}


def supervisions_of(request: ServiceRequest) -> Sequence[Supervision]:
    """Return the tickets about one request, newest first.  The caller has authorised the read."""
    return list(Supervision.objects.filter(service_request=request).order_by("-raised_at", "-id"))


def rung_names(town: Town) -> Mapping[str, ladder.Rung]:
    """Return the rungs in force by code; a ticket of an older ladder may name one that is gone."""
    return {rung.code: rung for rung in rungs(town)}


def _within(actor: Actor, *, town: Town) -> QuerySet[Any]:
    reach = guard.reach(actor, "service_requests.read_internal")
    rows = Supervision.objects.all()
    return rows if reach.everything else rows.filter(service_request__in=within(reach, town=town).values("id"))


def _wanted(actor: Actor) -> dict[str, Q]:
    roles = [str(role) for role in actor.roles]
    return {
        "open": Q(answered_at__isnull=True),
        "answered": Q(answered_at__isnull=False),
        "taken": Q(takes_over=True, role__in=roles, service_request__status__in=OPEN),
    }
