"""Raising the urgency of what many report or follow within a few days, by the rules of the town."""

from __future__ import annotations

from datetime import datetime, timedelta

from banyan.apps.audit import actions as audit
from banyan.apps.audit import queries as history
from banyan.apps.service_requests import queries
from banyan.apps.service_requests.actions.report import calendar_of
from banyan.apps.service_requests.models import Follow, Merge, ServiceRequest
from banyan.apps.service_requests.rules import STOPPED, Clocks, Status, clocks
from banyan.apps.service_requests.rules.same import Repeat, repeats
from banyan.apps.territory.queries import Town
from banyan.kit.guard import Actor

_RAISED = "service_requests.raised"


def raise_if_repeated(actor: Actor, request: ServiceRequest, *, town: Town, at: datetime) -> None:
    """Raise the urgency of a request by each rule whose number of voices is reached; each rule does so once.

    The caller holds the row of the request.  Its clocks get the targets of the new urgency, minutes spent included.
    """
    if Status(request.status) in STOPPED:
        return
    service = queries.catalogue(town).by_id[request.service_id]
    for rule in repeats(queries.rules_of(town, "repeats"), service_code=service.code):
        if _n_voices(request, since=at - timedelta(days=rule.within_days)) < rule.threshold:
            continue
        if rule.raised(request.urgency) is not None and not _has_raised(request, rule):
            _raise(actor, request, rule, service, town=town, at=at)


def _n_voices(request: ServiceRequest, *, since: datetime) -> int:
    """Count who followed and what was merged since; a follower by merge is counted as the merged report."""
    followed = Follow.objects.filter(service_request=request, merge__isnull=True, at__gte=since).count()
    merged = Merge.objects.filter(
        service_request__merged_into=request, undone_at__isnull=True, service_request__requested_at__gte=since
    )
    return followed + merged.count()


def _has_raised(request: ServiceRequest, rule: Repeat) -> bool:
    moments = history.timeline(("service_request", request.id))
    return any(moment.verb == _RAISED and moment.facts.get("rule") == rule.name for moment in moments)


def _raise(
    actor: Actor, request: ServiceRequest, rule: Repeat, service: queries.ServiceView, *, town: Town, at: datetime
) -> None:
    urgency = rule.raised(request.urgency)
    held = Clocks(**{name: getattr(request, name) for name in Clocks.__slots__})
    clock = clocks.moved(
        held,
        Status(request.status),
        targets=service.targets,
        urgency=str(urgency),
        calendar=calendar_of(service, town=town),
        at=at,
        since=request.requested_at,
    )
    before = request.urgency
    columns = {"urgency": str(urgency), "updated_at": at, "version": request.version + 1, **clock.columns()}
    for name, value in columns.items():
        setattr(request, name, value)
    request.next_rung_at = queries.rung_at_after(request, (held, request.next_rung_at), town=town, at=at)
    request.save(update_fields=[*columns, "next_rung_at"])
    audit.record(
        actor=actor,
        verb=_RAISED,
        subject=("service_request", request.id),
        at=at,
        facts={
            "rule": rule.name,
            "was_urgency": before,
            "urgency": request.urgency,
            "deadline_at": request.deadline_at.isoformat() if request.deadline_at else None,
        },
    )
