"""Return calls: somebody who did not handle it asks the reporter how it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from banyan.apps.audit import actions as audit
from banyan.apps.service_requests import rules
from banyan.apps.service_requests.actions.steps import take_step
from banyan.apps.service_requests.errors import NothingToCallAbout
from banyan.apps.service_requests.models import ReturnCall
from banyan.apps.service_requests.queries import joint
from banyan.apps.service_requests.queries.one import locked_for
from banyan.apps.service_requests.rules import Status, Step, Wanted
from banyan.apps.service_requests.rules.rulings import call_problems, check_caller
from banyan.apps.territory.queries import Town
from banyan.base.errors import InvalidInput, StaleVersion, mark
from banyan.kit import scopes
from banyan.kit.guard import Actor


@dataclass(frozen=True, slots=True)
class Call:
    """What came of a call: `outcome` reached, unreachable or declined; `satisfaction` 1 to 5 of those reached."""

    outcome: str
    is_settled: bool | None = None
    satisfaction: int | None = None
    words: str = ""
    reopens: bool = False
    """Open the request again in the same go; the words say what is still to do."""


def record_return_call(
    *, actor: Actor, town: Town, service_request_id: UUID, call: Call, at: datetime, version: int | None = None
) -> ReturnCall:
    """Write down a return call, and open the request again where the reporter says that it is not settled.

    Raises
    ------
    NotFound, SignInNeeded, Forbidden
        The actor may not know of the request, is unknown, or does not coordinate here.
    HandlerMayNotCall
        The actor had a hand in the work.
    StaleVersion
        Someone else changed the request since.
    NothingToCallAbout
        Nothing has been resolved yet.
    InvalidInput
        Lists every problem: no outcome, an answer of somebody who was not reached, a satisfaction out of range.
    """
    with scopes.action_transaction():
        request = locked_for(actor, service_request_id, town=town, verb="service_requests.record_return_call")
        if version is not None and version != request.version:
            raise StaleVersion(held=version, current=request.version)
        check_caller(account_id=actor.account_id, hands=joint.hands_of(request))
        if Status(request.status) not in rules.RATEABLE:
            raise NothingToCallAbout(status=request.status)
        problems = call_problems(
            call.outcome,
            is_settled=call.is_settled,
            satisfaction=call.satisfaction,
            words=call.words,
            reopens=call.reopens,
        )
        if problems:
            raise InvalidInput(mark("The return call"), problems)
        row = ReturnCall(
            service_request_id=request.id,
            account_id=actor.account_id,
            at=at,
            outcome=call.outcome,
            is_settled=call.is_settled,
            satisfaction=call.satisfaction,
            words=call.words.strip(),
        )
        row.save(force_insert=True)
        told = {name: getattr(row, name) for name in ("outcome", "is_settled", "satisfaction")}
        audit.record(
            actor=actor,
            verb="service_requests.called_back",
            subject=("service_request", request.id),
            at=at,
            facts={"call": str(row.id), **told},
            personal={"words": row.words} if row.words else None,
            person_id=request.reporter_id,
        )
        if call.reopens:
            step = Step.REFUTE if request.status == Status.RESOLVED else Step.REOPEN
            wanted = Wanted(reason=row.words)
            take_step(actor=actor, town=town, service_request_id=request.id, step=step, at=at, wanted=wanted)
    return row
