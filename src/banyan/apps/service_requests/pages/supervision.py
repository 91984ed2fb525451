"""Supervision tickets: the list, and the panel on a request where they are raised and answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from banyan.apps.accounts import queries as accounts
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.queries import supervision
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import BanyanError, Forbidden, SignInNeeded
from banyan.kit import guard
from banyan.kit.asking import TownRequest
from banyan.kit.guard import Actor
from banyan.kit.problem import spoken, spoken_problems
from banyan.kit.templating import bi

PAGE = 30


@dataclass(frozen=True, slots=True)
class Line:
    """One ticket as the staff see it."""

    id: UUID
    href: str
    service: queries.ServiceView | None
    status: str
    place: territory.PlaceView | None
    party: parties.PartyView | None
    title: str
    """The rung that was reached, or "" for a ticket by hand."""
    by: str
    role: str
    takes_over: bool
    words: str
    raised_at: datetime
    answer: str
    answered_by: str
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Panel:
    """The tickets of one request, and what the reader may do."""

    lines: Sequence[Line]
    may_supervise: bool
    may_answer: bool


def panel_of(actor: Actor, request: ServiceRequest, *, town: Town) -> Panel:
    """Return the tickets about a request for one of the staff who may read it."""
    may = {
        verb: guard.may(
            actor,
            f"service_requests.{verb}",
            subject=queries.subject_of(request, town=town, verb=f"service_requests.{verb}"),
        )
        for verb in ("supervise", "answer_supervision")
    }
    rows = supervision.supervisions_of(request)
    is_open = request.status in queries.OPEN
    return Panel(_lines(rows, town=town), may["supervise"] and is_open, may["answer_supervision"])


def _lines(rows: Sequence[Any], *, town: Town) -> list[Line]:
    names = accounts.names([one for row in rows for one in (row.raised_by_account_id, row.answered_by_account_id)])
    rungs, services = supervision.rung_names(town), queries.catalogue(town).by_id
    by_id, register = territory.tree(town).by_id, parties.register(town).by_id
    return [
        Line(
            id=row.id,
            href=reverse("one_request", args=[town.slug, row.service_request_id]) + "#supervision",
            service=_of(services, row, "service_request__service_id"),
            status=getattr(row, "service_request__status", ""),
            place=_of(by_id, row, "service_request__place_id"),
            party=_of(register, row, "service_request__party_id"),
            title=bi(rungs.get(row.rung)) or row.rung,
            by=names.get(row.raised_by_account_id, "") if row.raised_by_account_id else "",
            role=row.role,
            takes_over=row.takes_over,
            words=row.words,
            raised_at=row.raised_at,
            answer=row.answer,
            answered_by=names.get(row.answered_by_account_id, "") if row.answered_by_account_id else "",
            answered_at=row.answered_at,
        )
        for row in rows
    ]


def _of(found: Mapping[UUID, Any], row: Any, column: str) -> Any:
    """Return what a column of a list's row names; the panel of one request has no such columns."""
    key = getattr(row, column, None)
    return found.get(key) if key is not None else None


@never_cache
@require_safe
def tickets(request: TownRequest, town: str) -> HttpResponse:
    """List the tickets about what the reader answers for: open, answered, taken over."""
    actor = request.actor
    if not guard.may(actor, "service_requests.answer_supervision") and not guard.may(
        actor, "service_requests.supervise"
    ):
        raise SignInNeeded() if actor.account_id is None else Forbidden()
    view = request.GET.get("view", "open")
    view = view if view in supervision.VIEWS else "open"
    page = supervision.supervisions(
        actor, town=request.town, view=view, size=PAGE, cursor=request.GET.get("cursor", "")
    )
    counted = supervision.n_supervisions(actor, town=request.town)
    href = reverse("supervision", args=[town])
    words = {"open": gettext("Waiting for an answer"), "answered": gettext("Answered"), "taken": gettext("Taken over")}
    context = {
        "tabs": [(words[one], f"{href}?view={one}", one == view, counted[one]) for one in supervision.VIEWS],
        "lines": _lines(page.rows, town=request.town),
        "view": view,
        "newer": f"{href}?view={view}&cursor={page.previous_cursor}" if page.previous_cursor else "",
        "older": f"{href}?view={view}&cursor={page.next_cursor}" if page.next_cursor else "",
    }
    return render(request, "service_requests/supervision.html", context)


@require_POST
def supervise(request: TownRequest, town: str, service_request_id: UUID) -> HttpResponse:  # noqa: ARG001
    """Raise a ticket by hand."""

    def deed(words: str) -> None:
        actions.supervise(
            actor=request.actor,
            town=request.town,
            service_request_id=service_request_id,
            words=words,
            at=timezone.now(),
        )

    return _done(request, service_request_id, deed, gettext("The supervision ticket is raised."))


@require_POST
def answer(request: TownRequest, town: str, service_request_id: UUID, supervision_id: UUID) -> HttpResponse:  # noqa: ARG001
    """Answer a ticket."""

    def deed(words: str) -> None:
        actions.answer_supervision(
            actor=request.actor, town=request.town, supervision_id=supervision_id, words=words, at=timezone.now()
        )

    return _done(request, service_request_id, deed, gettext("The ticket is answered."))


def _done(request: TownRequest, service_request_id: UUID, deed: Any, said: str) -> HttpResponse:
    """Do it and go back to the request; a refused form comes back by itself with its words and every problem."""
    words = request.POST.get("words", "").replace("\r\n", "\n")
    try:
        deed(words)
    except BanyanError as error:
        if error.kind not in ("invalid", "conflict"):
            raise
        found = queries.readable(
            request.actor, service_request_id, town=request.town, verb="service_requests.read_internal"
        )
        context: Mapping[str, Any] = {
            "request_href": reverse("one_request", args=[request.town.slug, found.id]),
            "service": queries.catalogue(request.town).by_id[found.service_id],
            "words": words,
            "problems": spoken_problems(error),
            "sentence": spoken(error) if error.kind == "conflict" else "",
        }
        status = 422 if error.kind == "invalid" else 409
        return render(request, "service_requests/supervision_refused.html", dict(context), status=status)
    messages.success(request, said)
    return redirect(reverse("one_request", args=[request.town.slug, service_request_id]) + "#supervision")
