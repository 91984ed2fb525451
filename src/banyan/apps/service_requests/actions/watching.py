"""What a town does by itself: dispatch by rule, climb the ladder, take silence for an answer.  Run as tasks."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import Error
from django.utils import timezone

from banyan.apps.service_requests import events
from banyan.apps.service_requests.actions import consenting, dispatching, supervising
from banyan.apps.territory import queries as territory
from banyan.kit import jobs, scopes
from banyan.kit.rows import town_rows

#: Batches of one town in one run: what is left waits for the next one, so that no town keeps the others waiting.
MOST_BATCHES: Final = 10
_log = logging.getLogger(__name__)


def dispatch_by_rule(event: events.ServiceRequestReceived) -> None:
    """Dispatch what was just received, where an automatic rule of the town fits."""
    town = territory.town_by_id(scopes.current_town())
    dispatching.dispatch_by_rule(town=town, service_request_id=event.service_request_id, at=timezone.now())


def look_after_towns() -> None:
    """Climb the rungs that are due and settle what nobody spoke up about, in every town; runs every five minutes."""
    failed = []
    for town_id in town_rows().values_list("id", flat=True):
        try:
            look_after(town_id, at=timezone.now())
        except Error:
            # One town's damaged rows must not keep the others waiting.
            _log.exception("The requests of town %s could not be looked after.", town_id)
            failed.append(town_id)
    if failed:
        raise RuntimeError(f"{len(failed)} towns could not be looked after; the log names them.")


def look_after(town_id: UUID, *, at: datetime) -> None:
    """Climb and settle in one town, batch after batch, each in a scope of its own."""
    for _ in range(MOST_BATCHES):
        with scopes.town(town_id):
            climbed = supervising.climb(town=territory.town_by_id(town_id), at=at)
        if climbed.n_requests < supervising.BATCH:
            break
    for _ in range(MOST_BATCHES):
        with scopes.town(town_id):
            n_settled = consenting.settle_silence(town=territory.town_by_id(town_id), at=at)
        if n_settled < consenting.BATCH:
            break


def reckon_ladder(event: events.LadderChanged) -> None:  # noqa: ARG001
    """Another ladder is in force: reckon when the next rungs of the open requests are due, batch after batch."""
    reckon_next()


def reckon_next(*, after: str = "") -> None:
    """Reckon one batch of open requests and enqueue the next one."""
    town = territory.town_by_id(scopes.current_town())
    last = supervising.reckon_rungs(town=town, at=timezone.now(), after=UUID(after) if after else None)
    if last is not None:
        jobs.enqueue(f"{__name__}.reckon_next", town_id=town.id, after=str(last))
