"""Dispatch by rule, and steps with many requests in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from banyan.apps.service_requests import queries
from banyan.apps.service_requests.actions import turns
from banyan.apps.service_requests.actions.steps import take_step
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.rules import Status, Step, Wanted
from banyan.apps.service_requests.rules.routing import Way
from banyan.apps.service_requests.rules.verification import Because
from banyan.apps.territory.queries import Town
from banyan.base.errors import BanyanError, InvalidInput, Problem, mark
from banyan.kit import scopes
from banyan.kit.guard import Actor, Channel, Grant, Role

#: Who acts where the town's own rules do: nobody, for the whole town, and history says which rule.
BY_RULE: Final = Actor(grants=(Grant(Role.COORDINATOR),), channel=Channel.TASK)
#: Requests that one go takes, at most.
MOST_AT_ONCE: Final = 200
#: Steps that can be taken with many requests in one go.
IN_BULK: Final = (Step.TRIAGE, Step.DISPATCH, Step.CLOSE)


def dispatch_by_rule(*, town: Town, service_request_id: UUID, at: datetime) -> ServiceRequest | None:
    """Triage and dispatch what was just received, where an automatic rule fits; return None where none does.

    Done again it changes nothing: what has been looked at since stays as it is.  Both steps or neither.
    """
    with scopes.action_transaction():
        found = ServiceRequest.objects.select_for_update(of=("self",)).filter(id=service_request_id).first()
        if found is None or found.status != Status.RECEIVED:
            return None
        fate = queries.fate_of(town, found)
        if not fate.is_automatic or fate.decision is None or fate.party is None:
            return None
        decision, because = fate.decision, Because(rule=fate.decision.rule)
        words: dict[str, Any] = {"actor": BY_RULE, "town": town, "service_request_id": found.id, "at": at}
        words["because"] = because
        urgency = decision.urgency if decision.urgency != found.urgency else ""
        take_step(**words, step=Step.TRIAGE, wanted=Wanted(urgency=urgency))
        handler = UUID(decision.handler_account_id) if decision.way is Way.ASSIGN else None
        wanted = Wanted(party_id=fate.party.id, way=str(decision.way), handler_account_id=handler)
        try:
            turns.handler_for(wanted, town=town)
        except InvalidInput:  # the handler or every worker has left: the party still gets it, whoever takes it first
            wanted = Wanted(party_id=fate.party.id, way=str(Way.GRAB))
        return take_step(**words, step=Step.DISPATCH, wanted=wanted)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A request ticked on a list, with the version that was seen there."""

    id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class Deed:
    """What became of one request of many: as it is now, or why it was refused."""

    id: UUID
    request: ServiceRequest | None
    refusal: BanyanError | None = None


def take_steps(
    *, actor: Actor, town: Town, chosen: Sequence[Chosen], step: Step, at: datetime, wanted: Wanted | None = None
) -> list[Deed]:
    """Take a step with many requests: each is an action of its own, done whole or refused with its reason.

    What is dispatched without having been looked at is triaged as it stands first.

    Raises
    ------
    InvalidInput
        Nothing or too much was chosen, or the step is none for many.
    """
    problems = []
    if step not in IN_BULK:
        problems.append(Problem("step", "unknown", mark("This step is taken with one request at a time.")))
    if not chosen:
        problems.append(Problem("chosen", "required", mark("Tick at least one request.")))
    if len(chosen) > MOST_AT_ONCE:
        sentence = mark("At most {limit} requests at once.")
        problems.append(Problem("chosen", "too_many", sentence, {"limit": MOST_AT_ONCE}))
    if problems:
        raise InvalidInput(mark("The step"), problems)
    once = list({one.id: one for one in chosen}.values())
    return [_deed(one, actor, town, step, wanted or Wanted(), at) for one in once]


def _deed(one: Chosen, actor: Actor, town: Town, step: Step, wanted: Wanted, at: datetime) -> Deed:
    words: dict[str, Any] = {"actor": actor, "town": town, "service_request_id": one.id, "at": at}
    try:
        with scopes.action_transaction():
            held, version = queries.readable(actor, one.id, town=town), one.version
            if step is Step.DISPATCH and held.status == Status.RECEIVED:
                triage = Wanted(urgency=wanted.urgency)
                version = take_step(**words, step=Step.TRIAGE, wanted=triage, version=version).version
            plain = wanted if step is Step.TRIAGE else replace(wanted, urgency="")
            return Deed(one.id, take_step(**words, step=step, wanted=plain, version=version))
    except BanyanError as error:
        return Deed(one.id, None, error)
