"""News that crosses apps: what happened to a request goes into the inbox of those concerned."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.utils import timezone

from banyan.apps.accounts import queries as accounts
from banyan.apps.notices import actions as notices
from banyan.apps.service_requests import events, queries
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.queries import joint
from banyan.apps.territory import queries as territory
from banyan.kit import scopes
from banyan.kit.guard import Role
from banyan.kit.rows import town_rows

#: Steps that followers hear of too: what changes for somebody who waits.
_TOLD_TO_FOLLOWERS: Final = frozenset(
    {"dispatch", "resolve", "verify", "refute", "close", "reopen", "reject", "withdraw", "park", "unpark", "merge"}
    | {"unmerge", "attached"}
)


def tell_coordinators(event: events.ServiceRequestReceived) -> None:
    """A new request: its coordinators hear of it."""
    request = queries.public(event.service_request_id)
    _tell(_coordinators(request), request, verb="received", cause_id=event.entry_id, at=request.requested_at)


def tell_those_concerned(event: events.ServiceRequestMoved) -> None:
    """A step: the reporter hears of it; on dispatch the party's workers; where it comes back, the coordinators."""
    request = queries.public(event.service_request_id)
    hearers: set[UUID] = {request.reporter_account_id} if request.reporter_account_id else set()
    if event.step == "dispatch" and request.party_id:
        workers = accounts.members(town_id=scopes.current_town(), role=Role.WORKER, party_id=request.party_id)
        hearers |= {request.handler_account_id} if request.handler_account_id else {w.account_id for w in workers}
    if event.step in {"return", "resolve", "refute", "reopen", "withdraw"}:
        hearers |= set(_coordinators(request))
    if event.step in {"refute", "reopen"} and request.handler_account_id:
        hearers.add(request.handler_account_id)
    following = queries.followers(request.id) - hearers if event.step in _TOLD_TO_FOLLOWERS else set()
    _tell(
        (hearers | following) - {event.account_id},
        request,
        verb=event.step,
        cause_id=event.entry_id,
        at=request.updated_at,
        following=following,
    )


def tell_of_supervision(event: events.SupervisionRaised) -> None:
    """A rung was reached or somebody asks: those of the role hear of it who stand over this request."""
    request = queries.public(event.service_request_id)
    hearers = set(_of_role(request, event.role)) - {event.account_id}
    _tell(hearers, request, verb=f"supervision_{event.role}", cause_id=event.entry_id, at=event.at)


def tell_of_answer(event: events.SupervisionAnswered) -> None:
    """A ticket was answered: who raised it hears of it, of one that the ladder raised those above the handlers."""
    request = queries.public(event.service_request_id)
    above = "manager" if event.role == Role.MANAGER else "coordinator"
    hearers = {event.raised_by_account_id} if event.raised_by_account_id else set(_of_role(request, above))
    _tell(hearers - {event.account_id}, request, verb="supervision_answered", cause_id=event.entry_id, at=event.at)


def _of_role(request: ServiceRequest, role: str) -> Iterable[UUID]:
    """Return who holds a role over a request: its handler or the workers of its party, or those of its area."""
    if role == Role.WORKER:
        if request.handler_account_id:
            return [request.handler_account_id]
        if request.party_id is None:
            return _over(request, Role.COORDINATOR)
        workers = accounts.members(town_id=scopes.current_town(), role=Role.WORKER, party_id=request.party_id)
        return [worker.account_id for worker in workers]
    return _over(request, Role(role))


def tell_of_part(event: events.PartMoved) -> None:
    """A part of joint work: the party hears what is wanted of it, the lead and the coordinators what it has done."""
    request = queries.public(event.service_request_id)
    part = next((one for one in joint.parts_of(request) if one.id == event.part_id), None)
    if part is None:
        return
    if event.step in {"summon", "cancel", "verify", "refute"}:
        hearers = _of_party(part.party_id, part.handler_account_id if event.step != "summon" else None)
    else:
        lead = _of_party(request.party_id, request.handler_account_id) if not part.is_lead else set()
        hearers = lead | set(_coordinators(request))
    at = part.summoned_at if event.step == "summon" else part.updated_at
    _tell(hearers - {event.account_id}, request, verb=f"part_{event.step}", cause_id=event.entry_id, at=at)


def tell_of_ruling(event: events.RulingMoved) -> None:
    """A question: the coordinators hear that something is asked or taken back, who asked and their party the answer."""
    request = queries.public(event.service_request_id)
    ruling = next((one for one in joint.rulings_of(request) if one.id == event.ruling_id), None)
    if ruling is None:
        return
    if event.verb in {"ruling_asked", "ruling_withdrawn"}:
        hearers = set(_coordinators(request))
    else:
        hearers = _of_party(ruling.asked_by_party_id, None) | _known({ruling.asked_by_account_id})
    at = ruling.decided_at or ruling.asked_at
    _tell(hearers - {event.account_id}, request, verb=event.verb, cause_id=event.entry_id, at=at)


def tell_of_reviews() -> None:
    """Tell the coordinators, once, of each parked case whose day of review has come by the town's own calendar."""
    at = timezone.now()
    for town_id in town_rows().values_list("id", flat=True):
        with scopes.town(town_id):
            town = territory.town_by_id(town_id)
            for request in joint.due_for_review(today=at.astimezone(ZoneInfo(town.time_zone)).date()):
                cause = uuid5(request.id, f"review on {request.review_on}")
                _tell(_coordinators(request), request, verb="review_due", cause_id=cause, at=at)


def _of_party(party_id: UUID | None, handler_id: UUID | None) -> set[UUID]:
    """Return who hears for a party: the one who handles, where there is one, else all who work for it."""
    if party_id is None or handler_id is not None:
        return _known({handler_id})
    workers = accounts.members(town_id=scopes.current_town(), role=Role.WORKER, party_id=party_id)
    return {worker.account_id for worker in workers}


def _known(account_ids: set[UUID | None]) -> set[UUID]:
    return {account_id for account_id in account_ids if account_id is not None}


def tell_of_comment(event: events.CommentAdded) -> None:
    """A comment: the reporter, the handler and the coordinators hear of it; of an internal one, the staff only."""
    request = queries.public(event.service_request_id)
    hearers = set(_coordinators(request)) | ({request.handler_account_id} if request.handler_account_id else set())
    if not event.is_internal and request.reporter_account_id:
        hearers.add(request.reporter_account_id)
    _tell(hearers - {event.account_id}, request, verb="commented", cause_id=event.entry_id, at=request.updated_at)


def tell_of_public_answer(event: events.ServiceRequestAnswered) -> None:
    """The town's answer: the reporter and the followers hear of it."""
    request = queries.public(event.service_request_id)
    following = queries.followers(request.id) - {request.reporter_account_id}
    hearers = following | ({request.reporter_account_id} - {None})
    at = request.answered_at or request.updated_at
    told = hearers - {event.account_id}
    _tell(told, request, verb="answered", cause_id=event.entry_id, at=at, following=following)


def tell_of_incident(event: events.IncidentTold) -> None:
    """News of an incident: whoever reported or follows one of its requests hears of it, once."""
    incident = queries.incident(event.incident_id)
    hearers = queries.concerned_by(incident) - {event.account_id}
    facts = {"name_zh": incident.title_zh, "name_en": incident.title_en}
    at = incident.ended_at or incident.opened_at
    subject = ("incident", incident.id)
    notices.tell(hearers, subject=subject, verb=event.verb, cause_id=event.entry_id, at=at, facts=facts)


def _coordinators(request: ServiceRequest) -> Iterable[UUID]:
    return _over(request, Role.COORDINATOR)


def _over(request: ServiceRequest, role: Role) -> Iterable[UUID]:
    town = territory.town_by_id(scopes.current_town())
    place = queries.place_of(request, town=town)
    path = place.path if place else ""
    for member in accounts.members(town_id=town.id, role=role):
        if path.startswith(member.place_path) and member.party_id in (None, request.party_id):
            yield member.account_id


def _tell(
    account_ids: Iterable[UUID | None],
    request: ServiceRequest,
    *,
    verb: str,
    cause_id: UUID,
    at: datetime,
    following: Collection[UUID] = (),
) -> None:
    """Put news of a request into inboxes; `following` are those who hear it only because they follow it."""
    hearers = [account_id for account_id in account_ids if account_id is not None]
    if hearers:
        service = queries.catalogue(territory.town_by_id(scopes.current_town())).by_id[request.service_id]
        facts = {"name_zh": service.name_zh, "name_en": service.name_en}
        subject = ("service_request", request.id)
        is_urgent = verb in _ASKS_AT_ONCE and request.urgency == "emergency"
        for kind, some in _by_kind(hearers, request, following).items():
            notices.tell(
                some,
                subject=subject,
                verb=verb,
                cause_id=cause_id,
                at=at,
                facts=facts,
                kind=kind,
                is_urgent=is_urgent and kind is notices.Kind.ASKED,
            )


#: Steps after which staff are needed at once where the request is an emergency: these heed no quiet hours.
_ASKS_AT_ONCE: Final = frozenset({"received", "dispatch", "return", "refute", "reopen"})


def _by_kind(
    hearers: Iterable[UUID], request: ServiceRequest, following: Collection[UUID]
) -> dict[notices.Kind, list[UUID]]:
    """Say what the news is to each hearer: their own request, one they follow, or (staff) something asked of them."""
    kinds: dict[notices.Kind, list[UUID]] = {}
    for account_id in hearers:
        kind = notices.Kind.FOLLOWED if account_id in following else notices.Kind.ASKED
        is_own = account_id == request.reporter_account_id
        kinds.setdefault(notices.Kind.MINE if is_own else kind, []).append(account_id)
    return kinds
