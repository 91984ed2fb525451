"""Questions that somebody else decides, on pages: asking, the list of open ones, deciding, taking back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.actions import Decision, Question
from banyan.apps.service_requests.models import Ruling
from banyan.apps.service_requests.pages import steps
from banyan.apps.service_requests.pages.panels import NOTHING, Refused, ruling_lines
from banyan.apps.service_requests.pages.shared import said_of_conflict
from banyan.apps.service_requests.pages.steps import href_of, text_of, uuid_of
from banyan.apps.service_requests.queries import joint
from banyan.apps.service_requests.rules.rulings import RulingKind, RulingStatus
from banyan.apps.territory import queries as territory
from banyan.base.errors import BanyanError, Forbidden, InvalidInput, NotFound, SignInNeeded
from banyan.kit import guard
from banyan.kit.asking import TownRequest
from banyan.kit.problem import spoken_problems

PAGE = 20


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: TownRequest, town: str, service_request_id: UUID) -> HttpResponse:
    """Ask for more time, or for somebody to decide who does it."""
    back = href_of(town, service_request_id) + "#rulings"
    if request.method != "POST":  # the language was changed on a page that listed problems
        return redirect(back)
    try:
        question = _question(request.POST)
        actions.ask_ruling(
            actor=request.actor,
            town=request.town,
            service_request_id=service_request_id,
            question=question,
            at=timezone.now(),
        )
    except InvalidInput as error:
        problems = [{**one, "where": _field("ask", one["where"])} for one in spoken_problems(error)]
        return steps.with_panel(
            request, service_request_id, Refused("ask", typed=request.POST.dict(), problems=problems)
        )
    except BanyanError as error:
        return said_of_conflict(request, error, back=back)
    messages.success(request, gettext("Asked. Somebody else decides."))
    return redirect(back)


def _question(words: Mapping[str, str]) -> Question:
    about = words.get("ask-about", "")
    kind = RulingKind.ARBITRATION if about == "arbitration" else RulingKind.EXTENSION
    return Question(
        kind=kind,
        reason=text_of(words, "ask-reason"),
        minutes=_minutes(words.get("ask-hours", "")) if kind is RulingKind.EXTENSION else None,
        part_id=uuid_of(about),
    )


def _minutes(hours: str) -> int:
    """Read whole working hours; what is none is out of range."""
    return int(hours) * 60 if hours.isdecimal() and len(hours) < 5 else 0


def _field(form: str, where: str) -> str:
    """Return the field of the form that a problem is about."""
    return f"{form}-{'hours' if where == 'minutes' else where}"


@never_cache
@require_safe
def open_rulings(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """Show what waits for a decision."""
    return _list(request)


def _list(request: TownRequest, *, refused: Refused = NOTHING) -> HttpResponse:
    actor, town = request.actor, request.town
    if not guard.may(actor, "service_requests.decide_ruling"):
        raise SignInNeeded() if actor.account_id is None else Forbidden()
    page = joint.open_rulings(actor, town=town, size=PAGE, cursor=request.GET.get("cursor", ""))
    held = {row.service_request_id: row.service_request for row in page.rows}
    services, places = queries.catalogue(town).by_id, territory.tree(town).by_id
    href = reverse("rulings", args=[town.slug])
    context: dict[str, Any] = {
        "lines": [
            (line, services[one.service_id], places.get(one.place_id) if one.place_id else None, one)
            for line in ruling_lines(actor, page.rows, held, town=town, refused=refused)
            for one in (held[line.ruling.service_request_id],)
        ],
        "parties": list(parties.register(town).by_id.values()),
        "n_open": joint.n_open_rulings(actor, town=town),
        "problems": refused.problems,
        "newer": f"{href}?cursor={page.previous_cursor}" if page.previous_cursor else None,
        "older": f"{href}?cursor={page.next_cursor}" if page.next_cursor else None,
    }
    return render(request, "service_requests/rulings.html", context, status=422 if refused.problems else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: TownRequest, town: str, ruling_id: UUID) -> HttpResponse:
    """Decide a question."""
    if request.method != "POST":
        return redirect("rulings", town)
    is_list = request.POST.get("from") == "list"
    row = _row(ruling_id)
    back = reverse("rulings", args=[town]) if is_list else href_of(town, row.service_request_id) + "#rulings"
    try:
        decided = actions.decide_ruling(
            actor=request.actor,
            town=request.town,
            ruling_id=ruling_id,
            decision=_decision(request.POST, row),
            at=timezone.now(),
        )
    except InvalidInput as error:
        problems = [{**one, "where": _field(str(ruling_id), one["where"])} for one in spoken_problems(error)]
        refused = Refused("decide", str(ruling_id), typed=request.POST.dict(), problems=problems)
        return (
            _list(request, refused=refused) if is_list else steps.with_panel(request, row.service_request_id, refused)
        )
    except BanyanError as error:
        return said_of_conflict(request, error, back=back)
    said = {
        RulingKind.EXTENSION: gettext("More time is granted.")
        if decided.status == RulingStatus.GRANTED
        else gettext("More time is refused."),
        RulingKind.ARBITRATION: gettext("Decided: the party has it and cannot give it back."),
    }
    messages.success(request, said[RulingKind(decided.kind)])
    return redirect(back)


def _row(ruling_id: UUID) -> Ruling:
    """Return a question only to know where its form leads; the action decides who may know of it."""
    found: Ruling | None = Ruling.objects.filter(id=ruling_id).first()
    if found is None:
        raise NotFound("question")
    return found


def _decision(words: Mapping[str, str], row: Ruling) -> Decision:
    """Read a decision; of an arbitration the chosen party says whether the plea was granted."""
    key = str(row.id)
    said = text_of(words, f"{key}-decision")
    if row.kind == RulingKind.ARBITRATION:
        party_id = uuid_of(words.get(f"{key}-party_id", ""))
        is_granted = party_id is None or party_id != row.asked_by_party_id
        return Decision(is_granted=is_granted, words=said, party_id=party_id)
    is_granted = words.get(f"{key}-is_granted") == "yes"
    hours = words.get(f"{key}-hours", "").strip()
    return Decision(is_granted=is_granted, words=said, minutes=_minutes(hours) if is_granted and hours else None)


@require_POST
def withdraw(request: TownRequest, town: str, ruling_id: UUID) -> HttpResponse:
    """Take one's own question back."""
    try:
        row = actions.withdraw_ruling(actor=request.actor, town=request.town, ruling_id=ruling_id, at=timezone.now())
    except BanyanError as error:
        return said_of_conflict(request, error, back=reverse("town_home", args=[town]))
    messages.success(request, gettext("The question was taken back."))
    return redirect(href_of(town, row.service_request_id) + "#rulings")
