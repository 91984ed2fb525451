"""Steps with many requests in one go: ticked on the board, looked over, taken one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from banyan.apps.accounts import queries as accounts
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.actions import Chosen, Wanted
from banyan.apps.service_requests.pages.steps import onward, uuid_of
from banyan.apps.service_requests.rules import Step, Urgency
from banyan.apps.service_requests.rules.routing import Way
from banyan.base.errors import BanyanError, Forbidden, InvalidInput, NotFound, SignInNeeded
from banyan.kit import guard
from banyan.kit.asking import TownRequest
from banyan.kit.guard import Role
from banyan.kit.problem import spoken, spoken_problems

_STEPS: Final = ("triage", "dispatch", "close")


@dataclass(frozen=True, slots=True)
class Line:
    """One of the requests that were ticked, as the reader may see it."""

    mark: str
    href: str
    title: str
    service: queries.ServiceView
    status: str
    refusal: str = ""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def bulk(request: TownRequest, town: str) -> HttpResponse:
    """Ask for what a step needs, then take it with each of the requests that were ticked, and say what became of it."""
    actor = request.actor
    if not guard.may(actor, "service_requests.triage"):
        raise SignInNeeded() if actor.account_id is None else Forbidden()
    words = request.POST
    step = words.get("step", "")
    context: dict[str, Any] = {"back": onward(request) or reverse("board", args=[town]), "step": step}
    if request.method != "POST":
        return render(request, "service_requests/bulk.html", context | {"step": "", "lines": []})
    if step not in _STEPS:
        raise NotFound("step")
    chosen, problems = _chosen(words.getlist("chosen")), []
    if "go" in words:
        try:
            deeds = actions.take_steps(
                actor=actor,
                town=request.town,
                chosen=chosen,
                step=Step(step),
                wanted=_wanted(request, step),
                at=timezone.now(),
            )
        except InvalidInput as error:
            problems = spoken_problems(error)
        else:
            context |= _told(request, deeds, chosen)
            return render(request, "service_requests/bulk_done.html", context)
    context |= {"lines": _lines(request, chosen), "problems": problems, "typed": words, **_options(request, step)}
    return render(request, "service_requests/bulk.html", context, status=422 if problems else 200)


def _chosen(marks: Sequence[str]) -> list[Chosen]:
    """Read what was ticked: identifier and version; what is neither is dropped."""
    found = []
    for one in marks[: actions.MOST_AT_ONCE + 1]:
        name, _, version = one.partition(":")
        try:
            found.append(Chosen(UUID(name), int(version) if version.isdecimal() and len(version) < 9 else 0))
        except ValueError:
            continue
    return found


def _wanted(request: TownRequest, step: str) -> Wanted:
    words = request.POST
    if step == "close":
        return Wanted(reason=words.get("reason", "").replace("\r\n", "\n").strip())
    urgency = words.get("urgency", "")[:40]
    if step == "triage":
        return Wanted(urgency=urgency)
    handler, party = words.get("handler_account_id", ""), words.get("party_id", "")
    way = Way.ROUND_ROBIN if handler == Way.ROUND_ROBIN else ""
    return Wanted(urgency=urgency, party_id=uuid_of(party), way=str(way), handler_account_id=uuid_of(handler))


def _lines(request: TownRequest, chosen: Sequence[Chosen], refusals: dict[UUID, str] | None = None) -> list[Line]:
    """Return what was ticked and may be read, each with why it was refused."""
    found = []
    catalogue = queries.catalogue(request.town)
    for one in chosen[: actions.MOST_AT_ONCE]:
        refusal = (refusals or {}).get(one.id, "")
        try:
            held = queries.readable(request.actor, one.id, town=request.town)
        except BanyanError:
            continue
        title = held.description.strip().partition("\n")[0][:80]
        href = reverse("one_request", args=[request.town.slug, one.id])
        mark = f"{one.id}:{one.version}"
        found.append(Line(mark, href, title, catalogue.by_id[held.service_id], held.status, refusal))
    return found


def _told(request: TownRequest, deeds: Sequence[actions.Deed], chosen: Sequence[Chosen]) -> dict[str, Any]:
    refusals = {deed.id: _reason(deed.refusal) for deed in deeds if deed.refusal is not None}
    done = [one for one in chosen if one.id not in refusals]
    refused = [one for one in chosen if one.id in refusals]
    lines = _lines(request, refused, refusals)
    return {"done": _lines(request, done), "refused": lines, "n_unknown": len(refused) - len(lines)}


def _reason(refusal: BanyanError) -> str:
    return " ".join(one["sentence"] for one in spoken_problems(refusal)) or spoken(refusal)


def _options(request: TownRequest, step: str) -> dict[str, Any]:
    if step == "close":
        return {}
    options: dict[str, Any] = {"urgencies": list(Urgency)}
    if step == "dispatch":
        register = parties.register(request.town)
        members = accounts.members(town_id=request.town.id, role=Role.WORKER)
        options["parties"] = list(register.by_id.values())
        options["workers"] = [(one, register.by_id[one.party_id]) for one in members if one.party_id in register.by_id]
    return options
