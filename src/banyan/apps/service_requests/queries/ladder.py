"""The escalation ladder of a town, made ready, and how a request stands on it."""

from __future__ import annotations

from datetime import datetime

from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.queries.offered import ServiceView, catalogue, rules_of
from banyan.apps.service_requests.rules import Clocks, ladder
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.calendar import ALWAYS, Calendar


def rungs(town: Town) -> tuple[ladder.Rung, ...]:
    """Return the active rungs in force, made ready once for each edition of the town."""
    return territory.kept.get("ladder", town=town, make=lambda: ladder.rungs_of(rules_of(town, "ladder")))


def running(request: ServiceRequest, *, town: Town) -> ladder.Running:
    """Return a request as the ladder sees it."""
    held = Clocks(**{name: getattr(request, name) for name in Clocks.__slots__})
    return running_as(held, catalogue(town).by_id[request.service_id], request.urgency, since=request.requested_at)


def running_as(clocks: Clocks, service: ServiceView, urgency: str, *, since: datetime) -> ladder.Running:
    """Return clocks of a service as the ladder sees them."""
    return ladder.Running(clocks, service.targets, urgency, service.code, service.group, since)


def calendar_for(service: ServiceView, *, town: Town) -> Calendar:
    """Return the calendar in which the clocks of a service run."""
    return ALWAYS if service.is_clock_always_on else territory.calendar(town)


def first_rung_at(
    clocks: Clocks, service: ServiceView, urgency: str, *, town: Town, since: datetime, after: datetime | None = None
) -> datetime | None:
    """Return when the first rung of a request that was just received is due (after an instant); no SQL."""
    seen = running_as(clocks, service, urgency, since=since)
    found = ladder.next_rung(rungs(town), seen, calendar=calendar_for(service, town=town), after=after)
    return found.at if found else None


def rung_at_after(
    request: ServiceRequest, before: tuple[Clocks, datetime | None], *, town: Town, at: datetime
) -> datetime | None:
    """Return when the next rung is due once the clocks of a request have changed; no SQL.

    `before` holds its clocks as they were and the rung that was due.
    """
    service = catalogue(town).by_id[request.service_id]
    return ladder.next_after_change(
        rungs(town), before, running(request, town=town), calendar=calendar_for(service, town=town), at=at
    )
