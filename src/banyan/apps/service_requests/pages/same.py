"""The staff's pages beside a request: what may be the same, merging and separating, and the town's answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.models import Merge, ServiceRequest
from banyan.apps.service_requests.pages import answer_words
from banyan.apps.service_requests.pages.steps import version_of
from banyan.apps.service_requests.rules import OPEN, STEPS, Status, Step
from banyan.apps.service_requests.rules.likeness import REACH_M
from banyan.apps.territory import queries as territory
from banyan.base.errors import BanyanError, InvalidInput
from banyan.kit import guard
from banyan.kit.asking import TownRequest
from banyan.kit.problem import spoken, spoken_problems

_INNER = "service_requests.read_internal"


@dataclass(frozen=True, slots=True)
class Suggested:
    """A request that may be the same, in words for the staff."""

    one: queries.Similar
    service: queries.ServiceView
    place: territory.PlaceView | None
    words_alike: str
    is_earlier: bool
    may_take_in: bool
    """It can take the looked-at one in."""
    may_come: bool
    """It can be merged into the looked-at one."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A report that was merged into the looked-at one."""

    request: ServiceRequest
    merge: Merge
    service: queries.ServiceView


@never_cache
@require_safe
def panel(request: TownRequest, town: str, service_request_id: UUID) -> HttpResponse:  # noqa: ARG001
    """Show what may be the same and what was merged; htmx takes the panel, without scripts it is a page."""
    found = queries.readable(request.actor, service_request_id, town=request.town, verb=_INNER)
    return _panel(request, found)


def _panel(
    request: TownRequest, found: ServiceRequest, *, problems: Sequence[Mapping[str, str]] = (), status: int = 200
) -> HttpResponse:
    services = queries.catalogue(request.town).by_id
    may = guard.may(request.actor, "service_requests.merge", subject=queries.subject_of(found, town=request.town))
    root = queries.public(found.merged_into_id) if found.merged_into_id else None
    context = {
        "service_request": found,
        "service": services[found.service_id],
        "suggested": _suggested(request, found, may=may) if root is None else [],
        "joined": [
            Joined(child, row, services[child.service_id])
            for child, row in queries.merged_into(found)
            if _reads_inner(request, child)
        ],
        "root": root,
        "root_service": services[root.service_id] if root else None,
        "may_merge": may,
        "may_answer": guard.may(
            request.actor, "service_requests.answer", subject=queries.subject_of(found, town=request.town)
        ),
        "reach_m": int(REACH_M),
        "problems": list(problems),
    }
    return render(request, "service_requests/same.html", context, status=status)


def _suggested(request: TownRequest, found: ServiceRequest, *, may: bool) -> list[Suggested]:
    """Return what looks like a request, of what the reader may read; the likeness is told in words."""
    town, services = request.town, queries.catalogue(request.town).by_id
    similar = queries.duplicates_of(found, town=town)
    rows = ServiceRequest.objects.in_bulk([one.id for one in similar])
    shown = []
    for one in similar:
        row = rows.get(one.id)
        if row is None or not _reads_inner(request, row):
            continue
        takes = may and guard.may(request.actor, "service_requests.merge", subject=queries.subject_of(row, town=town))
        shown.append(
            Suggested(
                one=one,
                service=services[one.service_id],
                place=territory.tree(town).by_id.get(one.place_id) if one.place_id else None,
                words_alike=_words_alike(one.likeness.text),
                is_earlier=one.requested_at <= found.requested_at,
                may_take_in=takes and _may_join(found, row),
                may_come=takes and _may_join(row, found),
            )
        )
    return shown


def _reads_inner(request: TownRequest, one: ServiceRequest) -> bool:
    """Say whether the reader works on a request, by the verb of this panel."""
    return guard.may(request.actor, _INNER, subject=queries.subject_of(one, town=request.town, verb=_INNER))


def _may_join(child: ServiceRequest, parent: ServiceRequest) -> bool:
    return Step.MERGE in STEPS[Status(child.status)] and parent.status in OPEN


def _words_alike(text: float) -> str:
    """Say how alike the words are: nearly the same, much or a little in common."""
    if text >= 0.8:
        return gettext("nearly the same words")
    return gettext("much in common in words") if text >= 0.5 else gettext("a little in common in words")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: TownRequest, town: str, service_request_id: UUID, into_id: UUID) -> HttpResponse:
    """Show what merging would do; on the second word, merge."""
    child = queries.readable(request.actor, service_request_id, town=request.town, verb="service_requests.merge")
    into = queries.readable(request.actor, into_id, town=request.town, verb="service_requests.merge")
    if into.merged_into_id:  # what is handled, and shown here, is the one that took it in
        queries.readable(request.actor, into.merged_into_id, town=request.town, verb="service_requests.merge")
    if request.method != "POST":
        return _preview(request, child, into)
    try:
        actions.merge(
            actor=request.actor,
            town=request.town,
            service_request_id=child.id,
            into_id=into.id,
            reason=_text(request, "reason"),
            version=version_of(request.POST),
            at=timezone.now(),
        )
    except InvalidInput as error:
        return _preview(request, child, into, problems=spoken_problems(error), status=422)
    except BanyanError as error:
        if error.kind != "conflict":
            raise
        return _preview(request, child, into, problems=[{"where": "", "sentence": spoken(error)}], status=409)
    messages.success(request, gettext("Merged. It can be separated again at any time."))
    return redirect("one_request", town, into.merged_into_id or into.id)


def _preview(
    request: TownRequest,
    child: ServiceRequest,
    into: ServiceRequest,
    *,
    problems: Sequence[Mapping[str, str]] = (),
    status: int = 200,
) -> HttpResponse:
    services = queries.catalogue(request.town).by_id
    root = queries.public(into.merged_into_id) if into.merged_into_id else into
    context = {
        "child": child,
        "child_service": services[child.service_id],
        "root": root,
        "root_service": services[root.service_id],
        "into": into,
        "problems": list(problems),
        "reason": request.POST.get("reason", ""),
    }
    return render(request, "service_requests/merge.html", context, status=status)


@never_cache
@require_POST
def unmerge(request: TownRequest, town: str, service_request_id: UUID) -> HttpResponse:
    """Separate a merged report again."""
    try:
        found = actions.unmerge(
            actor=request.actor,
            town=request.town,
            service_request_id=service_request_id,
            reason=_text(request, "reason"),
            at=timezone.now(),
        )
    except BanyanError as error:
        if error.kind != "conflict":
            raise
        messages.error(request, spoken(error))
        return redirect("one_request", town, service_request_id)
    messages.success(request, gettext("Separated: it stands where it stood before, and its clock runs on."))
    return redirect("one_request", town, found.id)


# --- the town's answer -----------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: TownRequest, town: str, service_request_id: UUID) -> HttpResponse:
    """Write or change the answer that everybody reads."""
    verb = "service_requests.answer"
    found = queries.readable(request.actor, service_request_id, town=request.town, verb=verb)
    if request.method != "POST":
        return _answer_page(request, found, text=found.answer)
    text = _text(request, "answer")
    if request.POST.get("fill"):
        return _answer_page(request, found, text=answer_words.put_in(request, found, field="answer")["answer"])
    try:
        actions.answer(
            actor=request.actor,
            town=request.town,
            service_request_id=found.id,
            text=text,
            version=version_of(request.POST),
            at=timezone.now(),
        )
    except InvalidInput as error:
        return _answer_page(request, found, text=text, problems=spoken_problems(error), status=422)
    except BanyanError as error:
        if error.kind != "conflict":
            raise
        problems = [{"where": "", "sentence": spoken(error)}]
        return _answer_page(request, found, text=text, problems=problems, status=409)
    messages.success(request, gettext("The answer stands in the list; whoever is concerned hears of it."))
    return redirect("one_request", town, found.id)


def _answer_page(
    request: TownRequest,
    found: ServiceRequest,
    *,
    text: str,
    problems: Sequence[Mapping[str, str]] = (),
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "service_request": found,
        "service": queries.catalogue(request.town).by_id[found.service_id],
        "text": text,
        "problems": list(problems),
        "templates": answer_words.options(request.town, use="answer"),
    }
    return render(request, "service_requests/answer.html", context, status=status)


def _text(request: TownRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\r\n", "\n")
