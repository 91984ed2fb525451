"""Routing rules in the town office: the list, one rule, and what would happen to a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from banyan.apps.accounts import queries as accounts
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import queries
from banyan.apps.service_requests.pages import rulesets, shared
from banyan.apps.service_requests.queries import Fate
from banyan.apps.service_requests.rules import Kind, Urgency
from banyan.apps.service_requests.rules.routing import RESPONSIBLE, Way
from banyan.apps.territory import queries as territory
from banyan.base.calendar import WEEKDAYS
from banyan.base.errors import NotFound
from banyan.kit import guard
from banyan.kit.asking import TownRequest
from banyan.kit.guard import Role

SUBJECT: Final = "routing"
_LISTS: Final = ("services", "groups", "kinds", "urgencies", "places", "weekdays")
_TYPED_LISTS: Final = ("hours", "words")


@never_cache
@require_safe
def rules(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """List the rules in their order: the first that fits decides."""
    rulesets.check_reader(request)
    return _list_page(request)


def _list_page(request: TownRequest, *, problems: Sequence[Any] = ()) -> HttpResponse:
    now = queries.rules_now(SUBJECT)
    context = {
        "now": now,
        "rules": now.body.get("rules", []),
        "party_names": _party_names(request),
        "names": _names(request),
        "may_edit": rulesets.may_edit(request),
        "problems": problems,
    }
    return render(request, "service_requests/routing.html", context, status=422 if problems else 200)


def _names(request: TownRequest) -> dict[str, Mapping[str, Any]]:
    """Return what the codes of rules are called."""
    return {
        "services": queries.catalogue(request.town).offered,
        "groups": {group["code"]: group for group in shared.group_options(request.town)},
        "places": territory.tree(request.town).by_code,
    }


def _party_names(request: TownRequest) -> dict[str, parties.PartyView]:
    return {party.code: party for party in parties.register(request.town).by_id.values()}


@require_POST
def deed(request: TownRequest, town: str, code: str) -> HttpResponse:
    """Move a rule up or down, switch it on or off, or delete it."""
    guard.authorise(request.actor, "service_requests.edit_rules", subject=guard.Subject())
    held = [dict(one) for one in queries.rules_now(SUBJECT).body.get("rules", ())]
    place = next((i for i, one in enumerate(held) if one["code"] == code), None)
    if place is None:
        raise NotFound("rule")
    wanted = request.POST.get("do", "")
    if wanted == "delete":
        held.pop(place)
    elif wanted == "switch":
        held[place]["is_active"] = not held[place].get("is_active", True)
    elif wanted in ("up", "down"):
        held.insert(max(place + (-1 if wanted == "up" else 1), 0), held.pop(place))
    else:
        raise NotFound("deed")
    problems = rulesets.published(request, SUBJECT, {"rules": held}, version=rulesets.version_of(request.POST))
    return _list_page(request, problems=problems) if problems else redirect("office_routing", town)


# --- one rule --------------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: TownRequest, town: str, code: str = "") -> HttpResponse:
    """Edit a rule or add one; try what it would change before it is published."""
    rulesets.check_reader(request)
    now = queries.rules_now(SUBJECT)
    held = [dict(one) for one in now.body.get("rules", ())]
    place = next((i for i, one in enumerate(held) if one["code"] == code), None)
    if code and place is None:
        raise NotFound("rule")
    if request.method != "POST":
        typed = _typed(held[place]) if place is not None else {"is_active": "on", "party": RESPONSIBLE, "way": "grab"}
        return _rule_page(request, code, typed, version=now.version)
    guard.authorise(request.actor, "service_requests.edit_rules", subject=guard.Subject())
    made = _read(request.POST, code)
    place = len(held) if place is None else place
    body = {"rules": [*held[:place], made, *held[place + 1 :]]}
    typed, version = _typed(made), request.POST.get("version", "")
    if "try" in request.POST:
        problems = rulesets.problems_of(request, SUBJECT, body)
        tried = None if problems else rulesets.tried(request, body)
    else:
        tried, problems = None, rulesets.published(request, SUBJECT, body, version=rulesets.version_of(request.POST))
        if not problems:
            return redirect("office_routing", town)
    problems = [{**one, "where": _field_of(one["where"], place)} for one in problems]
    return _rule_page(request, code, typed, version=version, problems=problems, tried=tried)


def _rule_page(
    request: TownRequest,
    code: str,
    typed: Mapping[str, Any],
    *,
    version: Any,
    problems: Sequence[Any] = (),
    tried: rulesets.Tried | None = None,
) -> HttpResponse:
    town = request.town
    register = parties.register(town)
    workers = accounts.members(town_id=town.id, role=Role.WORKER)
    context = {
        "code": code,
        "typed": typed,
        "version": version,
        "problems": problems,
        "tried": tried,
        "n_tried": rulesets.TRIED,
        "may_edit": rulesets.may_edit(request),
        "services": list(queries.catalogue(town).offered.values()),
        "groups": shared.group_options(town),
        "kinds": list(Kind),
        "urgencies": list(Urgency),
        "places": territory.tree(town).places,
        "weekdays": WEEKDAYS,
        "parties": list(register.by_id.values()),
        "ways": list(Way),
        "workers": [(one, register.by_id[one.party_id]) for one in workers if one.party_id in register.by_id],
    }
    return render(request, "service_requests/routing_rule.html", context, status=422 if problems else 200)


def _typed(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rule as the fields of its form show it."""
    when, then = one.get("when", {}), one.get("then", {})
    working = when.get("is_working_time")
    return {
        **{name: one.get(name, "") for name in ("code", "name_zh", "name_en")},
        **{name: when.get(name) or [] for name in _LISTS},
        "hours": " ".join(when.get("hours") or ()),
        "words": "\n".join(when.get("words") or ()),
        "is_working_time": "" if working is None else "yes" if working else "no",
        "from_on": when.get("from_on", ""),
        "until_on": when.get("until_on", ""),
        "party": then.get("party", ""),
        "way": then.get("way", ""),
        "handler_account_id": then.get("handler_account_id", ""),
        "urgency": then.get("urgency", ""),
        "is_active": "on" if one.get("is_active", True) else "",
        "is_automatic": "on" if then.get("is_automatic") else "",
    }


def _read(words: QueryDict, code: str) -> dict[str, Any]:
    """Return the rule that a form makes; what is empty is left out."""
    when: dict[str, Any] = {name: words.getlist(name)[:500] for name in _LISTS}
    when["hours"] = words.get("hours", "").replace("，", " ").replace(",", " ").split()
    lines = words.get("words", "").replace("，", "\n").replace(",", "\n").replace("、", "\n").splitlines()
    when["words"] = [line.strip() for line in lines if line.strip()]
    working = words.get("is_working_time", "")
    when["is_working_time"] = {"yes": True, "no": False}.get(working)
    when |= {name: words.get(name, "").strip()[:20] for name in ("from_on", "until_on")}
    then: dict[str, Any] = {
        name: words.get(name, "").strip()[:60] for name in ("party", "way", "handler_account_id", "urgency")
    }
    if then["way"] != Way.ASSIGN:
        then["handler_account_id"] = ""
    return {
        "code": code or words.get("code", "").strip()[:60],
        "name_zh": words.get("name_zh", "").strip(),
        "name_en": words.get("name_en", "").strip(),
        "is_active": words.get("is_active") == "on",
        "when": {name: value for name, value in when.items() if value not in ("", [], None)},
        "then": {
            **{name: value for name, value in then.items() if value},
            "is_automatic": words.get("is_automatic") == "on",
        },
    }


def _field_of(where: str, place: int) -> str:
    """Return the field that a problem of the document is about; of another rule, where it stands."""
    mine = f"rules[{place}]."
    if not where.startswith(mine):
        return where
    return where.removeprefix(mine).removeprefix("when.").removeprefix("then.").partition("[")[0]


# --- what would happen -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """A report that somebody imagines."""

    service: queries.ServiceView | None
    place: territory.PlaceView | None
    urgency: str
    at: datetime
    words: str


@never_cache
@require_safe
def trial(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """Show what would happen to a report, and why; or to the newest reports, all together."""
    rulesets.check_reader(request)
    asked = _asked(request)
    fate: Fate | None = None
    if asked.service is not None:
        urgency = asked.urgency or asked.service.default_urgency
        fate = queries.what_would_happen(
            request.town, service=asked.service, place=asked.place, urgency=urgency, at=asked.at, words=asked.words
        )
    zone = ZoneInfo(request.town.time_zone)
    handler = fate.decision.handler_account_id if fate and fate.decision else ""
    past = queries.over_past(request.town, limit=rulesets.TRIED) if "past" in request.GET else None
    context = {
        "asked": asked,
        "at": asked.at.astimezone(zone).strftime("%Y-%m-%dT%H:%M"),
        "fate": fate,
        "handler": _handler(handler),
        "past": past,
        "n_tried": rulesets.TRIED,
        "rule_names": {one["code"]: one for one in queries.rules_of(request.town, SUBJECT).get("rules", ())},
        "party_names": _party_names(request),
        "names": _names(request),
        "services": list(queries.catalogue(request.town).offered.values()),
        "places": territory.tree(request.town).places,
        "urgencies": list(Urgency),
    }
    return render(request, "service_requests/routing_trial.html", context)


def _handler(account_id: str) -> str:

    if not account_id:
        return ""
    return accounts.names([UUID(account_id)]).get(UUID(account_id), "") or gettext("somebody who has left")


def _asked(request: TownRequest) -> Asked:
    """Read the address; unknown words are dropped, a time is that of the town's clocks."""
    words = request.GET
    urgency = words.get("urgency", "")
    return Asked(
        service=queries.catalogue(request.town).offered.get(words.get("service", "")),
        place=territory.tree(request.town).by_code.get(words.get("place", "")),
        urgency=urgency if urgency in set(Urgency) else "",
        at=_instant(words.get("at", ""), request) or timezone.now(),
        words=words.get("words", "")[:4000],
    )


def _instant(text: str, request: TownRequest) -> datetime | None:
    try:
        return datetime.fromisoformat(text[:16]).replace(tzinfo=ZoneInfo(request.town.time_zone)) if text else None
    except ValueError:
        return None
