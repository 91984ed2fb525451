"""Joint work on pages: calling parties together, and the steps of their parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import actions
from banyan.apps.service_requests.actions import PartWords, Summons
from banyan.apps.service_requests.models import Part
from banyan.apps.service_requests.pages import steps
from banyan.apps.service_requests.pages.panels import N_ROWS, Refused
from banyan.apps.service_requests.pages.shared import said_of_conflict
from banyan.apps.service_requests.pages.steps import href_of, onward, text_of, uuid_of, version_of
from banyan.apps.service_requests.rules.joint import PART_NEEDS, PART_TAKES, PartStep
from banyan.base.errors import BanyanError, InvalidInput, NotFound
from banyan.kit import images
from banyan.kit.asking import TownRequest
from banyan.kit.problem import spoken_problems
from banyan.kit.templating import bi

#: What is said once a step of a part is taken.
DONE: Final[Mapping[PartStep, str]] = {
    PartStep.ACCEPT: gettext_noop("Accepted: your party takes part."),
    PartStep.ARRIVE: gettext_noop("Your arrival was written down."),
    PartStep.FINISH: gettext_noop("Your part is done. Someone else will look at it."),
    PartStep.DECLINE: gettext_noop("Declined: your party does not take part."),
    PartStep.CANCEL: gettext_noop("{party} was called off."),
    PartStep.VERIFY: gettext_noop("The part of {party} is verified."),
    PartStep.REFUTE: gettext_noop("The part of {party} goes on: it is not done yet."),
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def summon(request: TownRequest, town: str, service_request_id: UUID) -> HttpResponse:
    """Call several parties together."""
    back = href_of(town, service_request_id) + "#joint"
    if request.method != "POST":  # the language was changed on a page that listed problems
        return redirect(back)
    filled = _filled(request.POST)
    try:
        actions.summon(
            actor=request.actor,
            town=request.town,
            service_request_id=service_request_id,
            summons=list(filled.values()),
            version=version_of(request.POST),
            at=timezone.now(),
        )
    except InvalidInput as error:
        problems = [{**one, "where": _where(one["where"], list(filled))} for one in spoken_problems(error)]
        refused = Refused("summon", typed=request.POST.dict(), problems=problems)
        return steps.with_panel(request, service_request_id, refused)
    except BanyanError as error:
        return said_of_conflict(request, error, back=back)
    messages.success(request, gettext("The parties have been called in."))
    return redirect(back)


def _filled(words: Mapping[str, str]) -> dict[int, Summons]:
    """Read the rows of the form that are not empty, by their number."""
    found = {}
    for n in range(1, N_ROWS + 1):
        party, task = words.get(f"party-{n}", ""), text_of(words, f"task-{n}")
        if party or task:
            found[n] = Summons(
                party_id=uuid_of(party),
                task=task,
                target_min=_minutes(words.get(f"target-{n}", "")),
                is_lead=words.get("lead") == str(n),
            )
    return found


def _minutes(typed: str) -> int | None:
    """Read minutes as typed; what is no number is out of range, and said so."""
    if not typed.strip():
        return None
    return int(typed) if typed.isdecimal() and len(typed) < 7 else 0


def _where(where: str, rows: list[int]) -> str:
    """Return the field of the form that a problem is about."""
    names = {"party_id": "party", "task": "task", "target_min": "target"}
    _, _, rest = where.partition(".")
    index, _, name = rest.partition(".")
    if not index.isdecimal():
        return "party-1"
    return "lead" if name == "is_lead" else f"{names[name]}-{rows[int(index)]}"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def part_step(request: TownRequest, town: str, service_request_id: UUID, part_id: UUID, step: str) -> HttpResponse:
    """Take a step with one party's part."""
    back = href_of(town, service_request_id) + "#joint"
    if request.method != "POST":
        return redirect(back)
    if step not in set(PartStep):
        raise NotFound("step")
    try:
        taken = _taken(request, service_request_id, part_id, PartStep(step))
    except InvalidInput as error:
        problems = [{**one, "where": f"{part_id}-{one['where']}"} for one in spoken_problems(error)]
        refused = Refused("part", str(part_id), typed={**request.POST.dict(), "step": step}, problems=problems)
        return steps.with_panel(request, service_request_id, refused)
    except BanyanError as error:
        return said_of_conflict(request, error, back=onward(request) or back)
    party = parties.register(request.town).by_id.get(taken.party_id)
    messages.success(request, gettext(DONE[PartStep(step)]).format(party=bi(party)))
    return redirect(onward(request) or back)


def _taken(request: TownRequest, service_request_id: UUID, part_id: UUID, step: PartStep) -> Part:
    photos = request.FILES.getlist(f"{part_id}-photos")[: images.MOST_PICTURES + 1] if step is PartStep.FINISH else []
    return actions.take_part_step(
        actor=request.actor,
        town=request.town,
        part_id=part_id,
        service_request_id=service_request_id,
        step=step,
        words=_words(request.POST, str(part_id), step),
        photos=[photo.read(images.MOST_BYTES + 1) for photo in photos],
        version=version_of(request.POST),
        at=timezone.now(),
    )


def _words(typed: Mapping[str, str], key: str, step: PartStep) -> PartWords:
    """Read the words of a step from its form; what the step does not take is not read."""
    taken = {*PART_NEEDS.get(step, ()), *PART_TAKES.get(step, ())}
    held: dict[str, Any] = {name: text_of(typed, f"{key}-{name}") for name in ("reason", "remedy") if name in taken}
    if "lon" in taken:
        lon, lat = (_degrees(typed.get(f"{key}-{axis}", "")) for axis in ("lon", "lat"))
        held |= {"lon": lon, "lat": lat}
    return PartWords(**held)


def _degrees(typed: str) -> float | None:
    try:
        return float(typed[:40])
    except ValueError:
        return None
