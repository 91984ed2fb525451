"""The first pages: choice of a town, home of a town, language, health."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from banyan.apps.accounts import queries as accounts
from banyan.apps.notices import queries as notices
from banyan.apps.notices.pages import News, told
from banyan.apps.notices.pages.announcements import standing
from banyan.apps.service_requests import queries
from banyan.apps.service_requests.pages import shared
from banyan.apps.service_requests.pages.public import counts
from banyan.apps.service_requests.queries import Filter
from banyan.apps.territory import queries as territory
from banyan.kit import guard
from banyan.kit.asking import TownRequest
from banyan.kit.guard import ANYONE, Actor, Role

_PUBLIC: Final = "service_requests.read_public"


def towns(request: HttpRequest) -> HttpResponse:
    """Choose a town; who belongs to exactly one goes straight there."""
    own = accounts.towns_of(request.user.pk) if request.user.is_authenticated else []
    offered = territory.open_towns()
    only = own if len(own) == 1 else offered if len(offered) == 1 else []
    if only and "all" not in request.GET:
        return HttpResponseRedirect(f"/t/{only[0].slug}/")
    return render(request, "towns.html", {"own": own, "towns": offered})


def town_home(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """What needs me now, and what this place is."""
    actor, at = shared.reader(request), timezone.now()
    near = _near(request, at=at)
    latest = queries.listed(ANYONE, Filter(place_path=near), town=request.town, at=at, size=5, verb=_PUBLIC)
    mine = _mine(request, at=at)
    tree = territory.tree(request.town)
    context = {
        "needs": _needs(request, actor, at=at),
        "incidents": queries.open_incidents(),
        "mine": mine[:3],
        "more_of_mine": len(mine) > 3,
        "news": _news(request),
        **standing(request, at=at),
        "latest": shared.entries(latest.rows, town=request.town, at=at),
        "is_near": bool(near),
        "counts": counts(queries.n_by_status(ANYONE, town=request.town, verb=_PUBLIC)),
        "n_grids": len(tree.at_level("grid")),
        "n_dwellings": sum(place.n_dwellings for place in tree.at_level("building")),
        "may_join": actor.account_id is not None and not actor.grants,
    }
    return render(request, "town_home.html", context)


def _mine(request: TownRequest, *, at: datetime) -> list[shared.Entry]:
    me = shared.as_reporter(request)
    if me.account_id is None and not me.bearer_of:
        return []
    wanted = Filter(statuses=frozenset(str(status) for status in queries.OPEN))
    return shared.entries(queries.listed(me, wanted, town=request.town, at=at, size=4).rows, town=request.town, at=at)


def _near(request: TownRequest, *, at: datetime) -> str:
    """Return the path of the community in which the reader reported last, "" where they did not."""
    me = shared.as_reporter(request)
    if me.account_id is None and not me.bearer_of:
        return ""
    rows = queries.listed(me, Filter(), town=request.town, at=at, size=1).rows
    place = territory.tree(request.town).by_id.get(rows[0].place_id) if rows and rows[0].place_id else None
    return place.path.split("/")[0] + "/" if place else ""


def _news(request: TownRequest) -> list[News]:
    account_id = request.actor.account_id
    if account_id is None:
        return []
    page = notices.inbox_page(account_id, size=3)
    return [told(one, slug=request.town.slug) for one in page.rows if one.read_at is None]


def _needs(request: TownRequest, actor: Actor, *, at: datetime) -> list[tuple[str, int, str, bool]]:
    """Return what waits for the reader as staff: words, number, address, and whether a number there is alarming."""
    if not actor.is_staff or not guard.may(actor, "service_requests.read_internal"):
        return []
    counted = queries.counted(replace(actor, account_id=None), Filter(), town=request.town, at=at)

    def n(*statuses: str) -> int:
        return sum(counted.by_status.get(status, 0) for status in statuses)

    if guard.may(actor, "service_requests.triage"):
        board = reverse("board", args=[request.town.slug])
        return [
            (gettext("To triage"), n("received"), f"{board}?queue=triage", False),
            (gettext("To dispatch"), n("triaged", "reopened", "returned"), f"{board}?queue=dispatch", False),
            (gettext("To verify"), n("resolved", "verified"), f"{board}?queue=verify", False),
            (gettext("Overdue"), counted.n_overdue, f"{board}?queue=overdue", True),
        ]
    if Role.WORKER not in actor.roles:
        return []
    tasks = reverse("tasks", args=[request.town.slug])
    return [
        (gettext("To accept"), n("dispatched"), tasks, False),
        (gettext("In work"), n("accepted", "in_progress"), tasks, False),
        (gettext("Paused"), n("paused"), tasks, False),
        (gettext("Overdue"), counted.n_overdue, tasks, True),
    ]


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Remember the language in a cookie and go back to where the reader was."""
    wanted = request.POST.get("language", "")
    onward = request.POST.get("next", "/")
    safe = url_has_allowed_host_and_scheme(
        onward, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    response = HttpResponseRedirect(onward if safe else "/")
    if wanted in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            wanted,
            max_age=365 * 86400,
            samesite="Lax",
            secure=settings.SECURE,
            httponly=True,
        )
    return response


def health(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """Say that the process answers and the database with it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})
