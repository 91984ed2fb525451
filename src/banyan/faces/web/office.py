"""The town office: an overview, who holds which role, the calendar, and what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from banyan.apps.accounts import actions as account_actions
from banyan.apps.accounts import queries as accounts
from banyan.apps.accounts.errors import LastManager
from banyan.apps.audit import queries as audit
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import queries as service_requests
from banyan.apps.service_requests.queries import Filter
from banyan.apps.territory import actions as territory_actions
from banyan.apps.territory import queries as territory
from banyan.base.calendar import WEEKDAYS, Calendar
from banyan.base.errors import InvalidInput, Problem, StaleVersion, mark
from banyan.base.words import is_one_line
from banyan.kit import guard
from banyan.kit.asking import TownRequest
from banyan.kit.guard import Role
from banyan.kit.problem import say, spoken, spoken_problems
from banyan.kit.templating import language

#: Roles that the office gives by hand; residents come by themselves.
STAFF_ROLES: Final = (Role.COORDINATOR, Role.WORKER, Role.MANAGER, Role.AUDITOR, Role.OPERATOR)
_DEEDS: Final = 50
_AHEAD: Final = timedelta(days=400)


def _check_reader(request: TownRequest) -> None:
    guard.authorise(request.actor, "audit.read")  # whoever looks after the town, or after a part of it


@never_cache
@require_safe
def overview(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """Show the town in numbers, and what is not in order yet."""
    _check_reader(request)
    held, at = request.town, timezone.now()
    tree, register, catalogue = territory.tree(held), parties.register(held), service_requests.catalogue(held)
    counted = service_requests.counted(request.actor, Filter(), town=held, at=at)
    roles = accounts.n_by_role(town_id=held.id)
    context = {
        "n_places": len(tree.places),
        "n_parties": len(register.by_id),
        "n_services": len(catalogue.offered),
        "n_open": sum(counted.by_status.values()),
        "n_overdue": counted.n_overdue,
        "roles": [(role, roles.get(role, 0)) for role in Role],
        "newest": audit.newest_checkpoint(),
        "lacks": _lacks(held, tree, roles, at=at),
    }
    return render(request, "office/overview.html", context)


def _lacks(town: Any, tree: territory.Tree, roles: Mapping[str, int], *, at: datetime) -> list[str]:
    """Name what a town needs before the loop can run, as codes that the page knows words for."""
    calendar = territory.calendar(town)
    year = at.astimezone(ZoneInfo(town.time_zone)).year
    found = {
        "places": not tree.places,
        "polygons": bool(tree.places) and not tree.has_polygons,
        "parties": not parties.register(town).by_id,
        "services": not service_requests.catalogue(town).offered,
        "coordinators": not roles.get(Role.COORDINATOR),
        "workers": not roles.get(Role.WORKER),
        "auditors": not roles.get(Role.AUDITOR),
        "calendar": not calendar.announced(year),
    }
    return [code for code, missing in found.items() if missing]


# --- roles -----------------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def roles(request: TownRequest, town: str) -> HttpResponse:
    """Show who holds which role; give a role to an account known by its e-mail address or phone number."""
    guard.authorise(request.actor, "accounts.read_roles", subject=guard.Subject())
    if request.method != "POST":
        return _roles_page(request)
    guard.authorise(request.actor, "accounts.edit_roles", subject=guard.Subject())
    try:
        account_actions.grant(
            actor=request.actor,
            town=request.town,
            account_id=_account(request.POST.get("who", "")),
            role=request.POST.get("role", ""),
            place_code=request.POST.get("place", ""),
            party_id=_uuid(request.POST.get("party_id", "")),
            at=timezone.now(),
        )
    except InvalidInput as error:
        problems = [{**one, "where": _ROLE_FIELD.get(one["where"], one["where"])} for one in spoken_problems(error)]
        return _roles_page(request, problems=problems)
    messages.success(request, gettext("The role is given. It holds from the next click of its holder on."))
    return redirect("office_roles", town)


_ROLE_FIELD: Final = {"place_code": "place", "account_id": "who"}


def _account(name: str) -> UUID:
    found = accounts.account_called(name.strip()[:254]) if name.strip() and is_one_line(name.strip()) else None
    if found is None:
        problem = Problem("who", "unknown", mark("There is no account with this e-mail address or phone number."))
        raise InvalidInput(mark("The role"), [problem])
    return found


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _roles_page(request: TownRequest, *, problems: Sequence[Any] = ()) -> HttpResponse:
    town = request.town
    shown = request.GET.get("role", "")
    shown = shown if shown in set(Role) else ""
    held = accounts.members(town_id=town.id, role=Role(shown) if shown else None)
    members = held if shown else [one for one in held if one.role != Role.RESIDENT]
    by_id = parties.register(town).by_id
    by_path = {place.path: place for place in territory.tree(town).places}
    context = {
        "members": [
            (one, by_path.get(one.place_path), by_id.get(one.party_id) if one.party_id else None) for one in members
        ],
        "n_by_role": accounts.n_by_role(town_id=town.id),
        "all_roles": list(Role),
        "staff_roles": STAFF_ROLES,
        "shown": shown,
        "places": [place for place in territory.tree(town).places if place.level != "building"],
        "parties": list(by_id.values()),
        "may_edit": guard.may(request.actor, "accounts.edit_roles", subject=guard.Subject()),
        "typed": request.POST,
        "problems": problems,
    }
    return render(request, "office/roles.html", context, status=422 if problems else 200)


@require_POST
def end_role(request: TownRequest, town: str, membership_id: UUID) -> HttpResponse:
    """End a role; whoever ends the last manager's would lock the office, so that is refused."""
    try:
        account_actions.end_role(actor=request.actor, membership_id=membership_id, at=timezone.now())
    except LastManager as error:
        messages.error(request, spoken(error))
    else:
        messages.success(request, gettext("The role is ended."))
    return redirect("office_roles", town)


# --- the calendar ----------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def calendar(request: TownRequest, town: str) -> HttpResponse:
    """Show when the town works; add or take away single days, or give the whole calendar as JSON."""
    _check_reader(request)
    if request.method != "POST":
        return _calendar_page(request)
    edition = request.POST.get("edition", "")
    try:
        territory_actions.keep_calendar(
            actor=request.actor,
            town=request.town,
            calendar=_wanted(request),
            edition=int(edition) if edition.isdecimal() and len(edition) < 10 else None,
            at=timezone.now(),
        )
    except InvalidInput as error:
        return _calendar_page(request, problems=spoken_problems(error))
    except StaleVersion as error:
        request.town.refresh_from_db()
        return _calendar_page(request, late=spoken(error))
    messages.success(request, gettext("The calendar is kept. Clocks that start from now on follow it."))
    return redirect("office_calendar", town)


def _wanted(request: TownRequest) -> dict[str, Any]:
    """Return the calendar that a form asks for: the present one with a day more or less, or another one altogether."""
    held = dict(request.town.calendar)
    overrides = [one for one in held.get("overrides", []) if one.get("on") != request.POST.get("on")]
    if "drop" in request.POST:
        return {**held, "overrides": overrides}
    if "json" in request.POST:
        return Calendar.from_json(request.POST["json"]).to_json()
    works = request.POST.get("works") == "yes"
    hours = request.POST.get("hours", "").replace("，", ",").replace(",", " ").split() if works else []
    day = {"on": request.POST.get("on", ""), "hours": hours, "reason": request.POST.get("reason", "").strip()}
    return {**held, "overrides": [*overrides, day]}


def _calendar_page(request: TownRequest, *, problems: Sequence[Any] = (), late: str = "") -> HttpResponse:
    """Show the calendar with what was typed; `late` says that somebody else changed the town meanwhile."""
    held = territory.calendar(request.town)
    today = timezone.now().astimezone(ZoneInfo(request.town.time_zone)).date()
    week = [(name, hours) for name, hours in zip(WEEKDAYS, held.to_json()["week"].values(), strict=True)]
    context = {
        "week": week,
        "overrides": held.to_json().get("overrides", []),
        "years": [(year, held.announced(year)) for year in (today.year, today.year + 1)],
        "special": _special_days(held, today),
        "edition": request.town.edition,
        "late": late,
        "json": request.POST.get("json") or Calendar.to_json(held),
        "typed": request.POST,
        "problems": problems,
        "may_edit": guard.may(request.actor, "territory.edit", subject=guard.Subject()),
    }
    return render(request, "office/calendar.html", context, status=422 if problems else 409 if late else 200)


def _special_days(held: Calendar, today: date) -> list[Any]:
    """Return the days ahead that are not as the week says; holidays by their names in the reader's language."""
    days = (held.day(today + timedelta(days=n)) for n in range(_AHEAD.days))
    spoken = "zh_CN" if language() == "zh-hans" else "en_US"
    return [
        replace(day, reason=held.holiday_name(day.on, language=spoken)) if day.kind == "holiday" else day
        for day in days
        if day.kind != "weekly"
    ]


# --- what happened ---------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def history(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """Browse what happened, by day, subject and verb; verify all of it on request."""
    guard.authorise(request.actor, "audit.read", subject=guard.Subject())
    findings = None
    if request.method == "POST":
        guard.authorise(request.actor, "audit.verify", subject=guard.Subject())
        findings = audit.verify()
    on = _date(request.GET.get("on", ""))
    since, until = _day(on, ZoneInfo(request.town.time_zone)) if on else (None, None)
    page = audit.deeds(
        since=since,
        until=until,
        subject_type=request.GET.get("subject", "").replace("\0", "")[:60],
        subject_id=_uuid(request.GET.get("id", "")),
        verb=request.GET.get("verb", "").replace("\0", "")[:60],
        size=_DEEDS,
        cursor=request.GET.get("cursor", ""),
    )
    asked = {name: value for name, value in request.GET.items() if name != "cursor" and value}
    context = {
        "page": page,
        "names": accounts.names(deed.account_id for deed in page.rows),
        "asked": asked,
        "subjects": ("service_request", "party", "account", "person", "town"),
        "findings": findings,
        "found": [{"where": one.where, "sentence": say(one)} for one in findings.found] if findings else [],
        "newest": audit.newest_checkpoint(),
    }
    return render(request, "office/history.html", context)


def _day(on: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return from when to when a day lasts in a time zone: 23 to 25 hours where clocks are put forward and back."""
    begins = datetime(on.year, on.month, on.day, tzinfo=zone)
    return begins.astimezone(UTC), (begins + timedelta(days=1)).astimezone(UTC)


def _date(text: str) -> date | None:
    """Return the day that an address asks for; None where it is none, or no clock of any zone could show it."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if date.min.year < found.year < date.max.year else None
