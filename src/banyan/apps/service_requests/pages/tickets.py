"""Tickets of the district's desk: taken over from a file, and given back as one."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from banyan.apps.service_requests.actions import tickets, uploads
from banyan.apps.service_requests.actions.tickets import TakenTicket
from banyan.apps.service_requests.rules.tickets import TicketProfile, read_ticket_profile
from banyan.base import tables
from banyan.base.errors import InvalidInput, NotFound, Problem, mark
from banyan.kit import guard
from banyan.kit.asking import TownRequest
from banyan.kit.problem import say, spoken_problems

#: Bytes of a file of tickets: those of some days.
MOST_BYTES: Final = 10_000_000
_SHOWN: Final = 500


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def exchange(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """Show the two doors, or take over the tickets of a file and say what became of each row."""
    guard.authorise(request.actor, "service_requests.exchange_tickets")
    if request.method != "POST":
        return _page(request)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = _kept(request, Path(folder))
            done = tickets.take_tickets(
                path, actor=request.actor, town=request.town, profile=_profile(request), at=timezone.now()
            )
    except InvalidInput as error:
        return _page(request, problems=spoken_problems(error))
    return _page(request, done=done)


def _kept(request: TownRequest, folder: Path) -> Path:
    file = request.FILES.get("file")
    if file is None:
        raise InvalidInput(mark("The file"), [Problem("file", "required", mark("Choose a file first."))])
    if (file.size or 0) > MOST_BYTES:
        limit = {"limit": MOST_BYTES // 1_000_000}
        problem = Problem("file", "too_large", mark("A file has at most {limit} MB."), limit)
        raise InvalidInput(mark("The file"), [problem])
    path = folder / ("tickets" + Path(str(file.name)).suffix[:8].lower())
    path.write_bytes(file.read())
    return path


def _profile(request: TownRequest) -> TicketProfile:
    """Return the profile: the town's own file where one was sent, otherwise one that comes with the product."""
    own = request.FILES.get("profile_file")
    name = (
        Path(str(own.name)).stem if own is not None else request.POST.get("profile") or request.GET.get("profile", "")
    )
    if own is None and name not in uploads.known_profiles("tickets"):
        raise NotFound("profile")
    text = uploads.text_of_profile(own.read(200_001)) if own is not None else uploads.profile_text(name)
    return read_ticket_profile(text, name=name, time_zone=request.town.time_zone)


def _page(
    request: TownRequest, *, problems: Sequence[Any] = (), done: Sequence[TakenTicket] | None = None
) -> HttpResponse:
    outcomes = [one.outcome for one in done or ()]
    context = {
        "problems": problems,
        "typed": request.POST,
        "profile_options": [(name, name) for name in uploads.known_profiles("tickets")],
        "is_done": done is not None,
        "counts": {name: outcomes.count(name) for name in ("taken", "there", "rejected")},
        "n_read": len(outcomes),
        "rows": [(one, [(p.where, say(p)) for p in one.problems]) for one in (done or ())[:_SHOWN]],
    }
    return render(request, "service_requests/tickets.html", context, status=422 if problems else 200)


@require_safe
def export(request: TownRequest, town: str, form: str) -> HttpResponse:
    """Answer what became of the desk's tickets as a file for the desk."""
    if form not in tables.TYPES:
        raise NotFound("page")
    zone = ZoneInfo(request.town.time_zone)
    try:
        since = datetime.fromisoformat(request.GET.get("since", "")).replace(tzinfo=zone)
    except ValueError:
        since = None
    profile = _profile(request)
    content, _ = tickets.give_tickets(
        actor=request.actor,
        town=request.town,
        profile=profile,
        form=form,
        at=timezone.now(),
        since=since,
        is_all=request.GET.get("all") == "on",
    )
    kind = tables.TYPES[form] if form == "xlsx" else f"text/csv; charset={profile.writes}"
    response = HttpResponse(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="tickets-{town}.{form}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
