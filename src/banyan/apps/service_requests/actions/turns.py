"""Whose turn it is: finding the handler among the workers of a party."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from banyan.apps.accounts import queries as accounts
from banyan.apps.audit import queries as audit
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.rules import Wanted
from banyan.apps.service_requests.rules.routing import Way
from banyan.apps.territory.queries import Town
from banyan.base.errors import InvalidInput, Problem, mark
from banyan.kit.guard import Role

#: Requests of a party that are looked through for what its workers were given last.
_RECENT: Final = 300
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


def handler_for(wanted: Wanted, *, town: Town) -> UUID | None:
    """Return who handles what is dispatched to a party: the one named, whoever's turn it is, or (None) who takes it.

    Raises
    ------
    InvalidInput
        The way is unknown or names nobody, the handler does not work for the party, or the party has no workers.
    """
    way, named, problems = wanted.way, wanted.handler_account_id, list[Problem]()
    if way not in {"", *Way}:
        sentence = mark("“{value}” is not known here.")
        problems.append(Problem("way", "unknown", sentence, {"value": way[:40]}))
    elif way == Way.GRAB or (way == "" and named is None):
        return None
    members = accounts.members(
        town_id=town.id, role=Role.WORKER if way == Way.ROUND_ROBIN else None, party_id=wanted.party_id
    )
    workers = {worker.account_id for worker in members}
    if way == Way.ROUND_ROBIN:
        return _in_turn(workers, party_id=wanted.party_id)
    if named not in workers and not (problems and named is None):
        sentence = mark("The handler does not work for this party.")
        problems.append(Problem("handler_account_id", "unknown", sentence))
    if problems:
        raise InvalidInput(mark("The step"), problems)
    return named


def _in_turn(workers: Collection[UUID], *, party_id: UUID | None) -> UUID:
    """Return the worker who was given something longest ago; of those who never were, the one registered first."""
    if not workers:
        sentence = mark("This party has no workers to take turns.")
        raise InvalidInput(mark("The step"), [Problem("way", "nobody", sentence)])
    given = dict.fromkeys(workers, _NEVER)
    held = ServiceRequest.objects.filter(party_id=party_id, handler_account_id__in=workers)
    recent = list(held.order_by("-requested_at").values_list("id", flat=True)[:_RECENT])
    verbs = ("service_requests.dispatch", "service_requests.accept")
    for passage in audit.passages("service_request", verbs=verbs, subject_ids=recent) if recent else ():
        handler = passage.facts.get("handler_account_id")
        if handler and UUID(handler) in given:
            given[UUID(handler)] = max(given[UUID(handler)], passage.at)
    return min(workers, key=lambda worker: (given[worker], worker))
