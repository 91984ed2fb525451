"""Leaving a single request out of the rates, and taking that back: with a reason, recorded, never by who handled it."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from banyan.apps.audit import actions as audit
from banyan.apps.audit import queries as audit_queries
from banyan.apps.service_requests import queries
from banyan.apps.service_requests.errors import HandlerMayNotExclude, LeftOutAlready
from banyan.apps.service_requests.models import Part, RateExclusion, ServiceRequest
from banyan.apps.service_requests.rules import Step, words_problems
from banyan.apps.territory.queries import Town
from banyan.base.errors import InvalidInput, NotFound, Problem, mark
from banyan.kit import scopes
from banyan.kit.guard import Actor

_VERB: Final = "service_requests.exclude_from_rates"
#: Steps of history whose hands are those of a handler.
_HANDLING: Final = frozenset(f"service_requests.{step}" for step in (Step.ACCEPT, Step.START, Step.PAUSE, Step.RESOLVE))


def exclude_from_rates(
    *, actor: Actor, town: Town, service_request_id: UUID, reason: str, at: datetime
) -> RateExclusion:
    """Leave a request out of the rates; everybody who reads the rates reads the reason.

    Raises
    ------
    NotFound, SignInNeeded, Forbidden
        The actor may not know of the request, is unknown, or lacks the right.
    HandlerMayNotExclude
        The actor handled it, or works for a party that did.
    InvalidInput
        There is no reason, or it is no text of at most 300 characters.
    LeftOutAlready
        It is left out already.
    """
    reason = reason.strip()
    with scopes.action_transaction():
        request = queries.locked_for(actor, service_request_id, town=town, verb=_VERB)
        _check_hands(actor, request)
        if problems := _reason_problems(reason):
            raise InvalidInput(mark("The exclusion"), problems)
        if RateExclusion.objects.filter(service_request=request, lifted_at__isnull=True).exists():
            raise LeftOutAlready()
        row = RateExclusion(service_request=request, reason=reason, account_id=actor.account_id, at=at)
        row.save(force_insert=True)
        _record(actor, row, "service_requests.excluded_from_rates", at=at)
    return row


def lift_rate_exclusion(*, actor: Actor, town: Town, exclusion_id: UUID, at: datetime) -> RateExclusion:
    """Let a request count in the rates again; a second time changes nothing.

    Raises
    ------
    NotFound, SignInNeeded, Forbidden
        There is none that the actor may know of, the actor is unknown or lacks the right.
    HandlerMayNotExclude
        The actor handled the request, or works for a party that did.
    """
    with scopes.action_transaction():
        row: RateExclusion | None = RateExclusion.objects.filter(id=exclusion_id).first()
        if row is None:
            raise NotFound("exclusion")
        request = queries.locked_for(actor, row.service_request_id, town=town, verb=_VERB)
        _check_hands(actor, request)
        row.refresh_from_db()
        if row.lifted_at is None:
            row.lifted_at, row.lifted_by_account_id = at, actor.account_id
            row.save(update_fields=["lifted_at", "lifted_by_account_id"])
            _record(actor, row, "service_requests.counted_in_rates", at=at)
    return row


def _check_hands(actor: Actor, request: ServiceRequest) -> None:
    """Refuse whoever handled a request at any time, by what it says now and by its history, and their parties."""
    hands = {request.handler_account_id, request.resolved_by_account_id}
    units = {str(request.party_id)}
    parts = Part.objects.filter(service_request=request)
    for party_id, *accounts in parts.values_list("party_id", "handler_account_id", "resolved_by_account_id"):
        hands |= {*accounts}
        units.add(str(party_id))
    for moment in audit_queries.timeline(("service_request", request.id)):
        units.add(str(moment.facts.get("party_id", "")))
        if moment.verb in _HANDLING:
            hands.add(moment.account_id)
    if actor.account_id in hands - {None} or {str(one) for one in actor.party_ids()} & units:
        raise HandlerMayNotExclude()


def _reason_problems(reason: str) -> list[Problem]:
    if not reason:
        return [Problem("reason", "required", mark("Say why: everybody who reads the rates reads it."))]
    return words_problems({"reason": reason}, limit=300)


def _record(actor: Actor, row: RateExclusion, verb: str, *, at: datetime) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        subject=("service_request", row.service_request_id),
        at=at,
        facts={"exclusion_id": str(row.id)},
        personal={"reason": row.reason},
    )
