"""Joint work, open questions and return calls: who may know of them, in lists and one by one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from banyan.apps.service_requests.models import Part, ReturnCall, Ruling, ServiceRequest
from banyan.apps.service_requests.queries.many import within
from banyan.apps.service_requests.queries.one import locked_for, place_of, subject_of
from banyan.apps.service_requests.rules import Status
from banyan.apps.service_requests.rules.joint import (
    OVER,
    PART_STEPS,
    PART_VERBS,
    PARTS_MOVE,
    UNDER_WAY,
    PartStatus,
    PartStep,
)
from banyan.apps.service_requests.rules.rulings import RulingStatus
from banyan.apps.territory.queries import Town
from banyan.base.errors import NotFound
from banyan.kit import guard
from banyan.kit.guard import Actor, Subject
from banyan.kit.paging import Page, page_of


def parts_of(request: ServiceRequest) -> list[Part]:
    """Return every part of a request, the lead's first, then in the order in which the parties were summoned."""
    return list(Part.objects.filter(service_request=request).order_by("-is_lead", "summoned_at", "id"))


def part_subject(request: ServiceRequest, part: Part, *, town: Town, verb: str) -> Subject:
    """Return what the guard has to know of a part: its own party does it, those who coordinate the request look."""
    place = place_of(request, town=town)
    both = {part.party_id, request.party_id} if verb != "service_requests.do_part" else {part.party_id}
    return Subject(
        id=None,
        place_path=place.path if place else "",
        party_ids=frozenset(party_id for party_id in both if party_id is not None),
    )


def locked_part(
    actor: Actor, part_id: UUID, *, town: Town, verb: str, service_request_id: UUID | None = None
) -> tuple[ServiceRequest, Part]:
    """Return a request and one of its parts, both locked, once the actor may use `verb` on the part.

    Raises
    ------
    NotFound
        There is none that the actor may know of.
    SignInNeeded, Forbidden
        The actor may know of it and lacks the right.
    """
    request_id = Part.objects.filter(id=part_id).values_list("service_request_id", flat=True).first()
    if request_id is None or service_request_id not in (None, request_id):
        raise NotFound("part")
    request = locked_for(actor, request_id, town=town, verb="service_requests.read")
    part: Part = Part.objects.select_for_update().get(id=part_id)
    guard.authorise(actor, verb, subject=part_subject(request, part, town=town, verb=verb))
    return request, part


def part_steps_for(actor: Actor, request: ServiceRequest, part: Part, *, town: Town) -> list[PartStep]:
    """Return the steps that this actor may take with a part now, in the order of the state table."""
    if Status(request.status) not in PARTS_MOVE:
        return []
    found = []
    for step in PART_STEPS[PartStatus(part.status)]:
        looks = step in (PartStep.VERIFY, PartStep.REFUTE)
        if request.status == Status.RESOLVED and not looks:
            continue
        if step is PartStep.DECLINE and part.is_lead and part.party_id == request.party_id:
            continue
        if looks and part.resolved_by_account_id == actor.account_id:
            continue
        verb = PART_VERBS[step]
        if guard.may(actor, verb, subject=part_subject(request, part, town=town, verb=verb)):
            found.append(step)
    return found


def parts_in_hand(party_ids: Collection[UUID], *, limit: int) -> list[Part]:
    """Return the parts that parties have in hand as helpers, most pressing first, with their requests.

    Parts whose request does not move now are left out, and the lead's own: its request stands among its tasks.
    """
    rows = Part.objects.filter(
        party_id__in=party_ids,
        status__in=UNDER_WAY,
        is_lead=False,
        service_request__status__in=PARTS_MOVE - {Status.RESOLVED},
    )
    order = ("deadline_at", "summoned_at", "id")
    return list(rows.select_related("service_request").order_by(*order)[:limit])


# --- questions -------------------------------------------------------------------------------------------------------


def rulings_of(request: ServiceRequest) -> list[Ruling]:
    """Return the questions about a request and its parts, newest first."""
    return list(Ruling.objects.filter(service_request=request).select_related("part").order_by("-asked_at", "-id"))


def open_rulings(actor: Actor, *, town: Town, size: int = 20, cursor: str = "") -> Page[Ruling]:
    """Return one page of the open questions that the actor reaches with ``decide_ruling``, the oldest first."""
    page = page_of(_open(actor, town=town), order=("asked_at", "id"), columns=("id",), size=size, cursor=cursor)
    ids = [row[0] for row in page.rows]
    found = {row.id: row for row in Ruling.objects.filter(id__in=ids).select_related("service_request", "part")}
    rows = [found[row_id] for row_id in ids if row_id in found]
    return Page(rows=rows, next_cursor=page.next_cursor, previous_cursor=page.previous_cursor)


def n_open_rulings(actor: Actor, *, town: Town) -> int:
    """Return how many open questions the actor reaches with ``decide_ruling``."""
    return int(_open(actor, town=town).count())


def _open(actor: Actor, *, town: Town) -> Any:
    reached = guard.reach(actor, "service_requests.decide_ruling")
    rows = Ruling.objects.filter(status=RulingStatus.OPEN)
    if reached.everything:
        return rows
    return rows.filter(service_request_id__in=within(reached, town=town).values("id"))


def may_decide(actor: Actor, ruling: Ruling, request: ServiceRequest, *, town: Town) -> bool:
    """Say whether an actor may decide a question: they coordinate here, did not ask and are not of the asking party."""
    verb = "service_requests.decide_ruling"
    return (
        ruling.status == RulingStatus.OPEN
        and guard.may(actor, verb, subject=subject_of(request, town=town, verb=verb))
        and ruling.asked_by_account_id != actor.account_id
        and ruling.asked_by_party_id not in actor.party_ids()
    )


def may_withdraw(actor: Actor, ruling: Ruling) -> bool:
    """Say whether a question is the actor's own, or that of the party they work for."""
    if ruling.status != RulingStatus.OPEN or actor.account_id is None:
        return False
    return ruling.asked_by_account_id == actor.account_id or (
        ruling.asked_by_account_id is not None and ruling.asked_by_party_id in actor.party_ids()
    )


# --- return calls ----------------------------------------------------------------------------------------------------


def return_calls_of(request: ServiceRequest) -> list[ReturnCall]:
    """Return the calls about a request, newest first."""
    return list(ReturnCall.objects.filter(service_request=request).order_by("-at", "-id"))


def hands_of(request: ServiceRequest) -> frozenset[UUID]:
    """Return the accounts that had a hand in a request or in a part of it: they make no return call."""
    rows = Part.objects.filter(service_request=request).exclude(status__in=OVER)
    found = {one for pair in rows.values_list("handler_account_id", "resolved_by_account_id") for one in pair}
    return frozenset(one for one in found | {request.handler_account_id, request.resolved_by_account_id} if one)


# --- parked cases ----------------------------------------------------------------------------------------------------


def due_for_review(*, today: date) -> list[ServiceRequest]:
    """Return the parked cases of the town in scope whose day of review has come, by that day."""
    rows = ServiceRequest.objects.filter(status=Status.PARKED, review_on__lte=today)
    return list(rows.order_by("review_on", "id"))
