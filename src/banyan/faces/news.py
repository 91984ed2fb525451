"""News that crosses apps: what happened to a request goes into the inbox of those concerned."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from banyan.apps.accounts import queries as accounts
from banyan.apps.notices import actions as notices
from banyan.apps.service_requests import events, queries
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.territory import queries as territory
from banyan.kit import scopes
from banyan.kit.guard import Role


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
    _tell(hearers - {event.account_id}, request, verb=event.step, cause_id=event.entry_id, at=request.updated_at)


def tell_of_comment(event: events.CommentAdded) -> None:
    """A comment: the reporter, the handler and the coordinators hear of it; of an internal one, the staff only."""
    request = queries.public(event.service_request_id)
    hearers = set(_coordinators(request)) | ({request.handler_account_id} if request.handler_account_id else set())
    if not event.is_internal and request.reporter_account_id:
        hearers.add(request.reporter_account_id)
    _tell(hearers - {event.account_id}, request, verb="commented", cause_id=event.entry_id, at=request.updated_at)


def _coordinators(request: ServiceRequest) -> Iterable[UUID]:
    town = territory.town_by_id(scopes.current_town())
    place = queries.place_of(request, town=town)
    path = place.path if place else ""
    for member in accounts.members(town_id=town.id, role=Role.COORDINATOR):
        if path.startswith(member.place_path) and member.party_id in (None, request.party_id):
            yield member.account_id


def _tell(
    account_ids: Iterable[UUID | None], request: ServiceRequest, *, verb: str, cause_id: UUID, at: datetime
) -> None:
    hearers = [account_id for account_id in account_ids if account_id is not None]
    if hearers:
        service = queries.catalogue(territory.town_by_id(scopes.current_town())).by_id[request.service_id]
        facts = {"name_zh": service.name_zh, "name_en": service.name_en}
        notices.tell(hearers, subject=("service_request", request.id), verb=verb, cause_id=cause_id, at=at, facts=facts)
