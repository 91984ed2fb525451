"""Bringing cases of another system into a town of their own, in whole batches; a second run changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from banyan.apps.audit import actions as audit
from banyan.apps.matters import actions as matters
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import queries
from banyan.apps.service_requests.actions.report import calendar_of
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.rules import ENDED, STAGE, Clocks
from banyan.apps.service_requests.rules.clocks import left_min
from banyan.apps.service_requests.rules.imports import Case
from banyan.apps.service_requests.rules.likeness import cell_of
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.ids import tracking_number, uuid7
from banyan.kit import guard, scopes
from banyan.kit.guard import Actor


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of a batch: new cases, and cases that were there already and stay as they are."""

    n_imported: int
    n_unchanged: int


def import_cases(*, actor: Actor, town: Town, cases: Sequence[Case], profile: str, at: datetime) -> Brought:
    """Store a batch of cases in one transaction; a case whose source key is known stays as it is.

    No news is told of imported cases: what happened in the other system has happened.
    """
    guard.authorise(actor, "service_requests.import", subject=guard.Subject())
    with scopes.action_transaction():
        keys = [case.source_key for case in cases]
        known = set(ServiceRequest.objects.filter(source_key__in=keys).values_list("source_key", flat=True))
        fresh = list({case.source_key: case for case in cases if case.source_key not in known}.values())
        rows = [_row(case, town=town, at=at) for case in fresh]
        matters.open_matters([(("service_request", row.id), row.place_id, row.matter_id) for row in rows], at=at)
        ServiceRequest.objects.bulk_create(rows)
        audit.record_first([_history(row, case, actor, profile, at) for row, case in zip(rows, fresh, strict=True)])
    return Brought(len(fresh), len(cases) - len(fresh))


def _row(case: Case, *, town: Town, at: datetime) -> ServiceRequest:
    service = queries.catalogue(town).offered[case.service_code]
    place = territory.tree(town).by_code.get(case.place_code)
    party = parties.register(town).by_code.get(case.party_code)
    clocks = _clocks(case, service, town=town)
    return ServiceRequest(
        id=uuid7(),
        matter_id=uuid7(),
        service_id=service.id,
        tracking_number=tracking_number(),
        status=case.status,
        urgency=service.default_urgency,
        kind=service.kind,
        channel=case.channel,
        description=case.description,
        is_text_public=True,
        remedy=case.remedy,
        lon=case.lon,
        lat=case.lat,
        cell=cell_of(case.lon, case.lat),
        address=case.address,
        place_id=place.id if place else None,
        party_id=party,
        suggested_party_id=party,
        requested_at=case.requested_at,
        updated_at=case.closed_at or at,
        source_key=case.source_key,
        **clocks.columns(),
    )


def _clocks(case: Case, service: queries.ServiceView, *, town: Town) -> Clocks:
    """Return the clocks of a case as its own system set them: its deadline, and where it stood when the case ended."""
    stage = STAGE.get(case.status, "")
    calendar = calendar_of(service, town=town)
    ended = case.status in ENDED
    left = (
        left_min(calendar, case.deadline_at, case.closed_at) if ended and case.deadline_at and case.closed_at else None
    )
    return Clocks(
        deadline_at=case.deadline_at,
        stopped_at=case.closed_at if ended else None,
        remaining_min=left,
        stage=stage,
        stage_started_at=case.requested_at if stage else None,
    )


def _history(row: ServiceRequest, case: Case, actor: Actor, profile: str, at: datetime) -> audit.First:
    facts = {
        "profile": profile,
        "source_key": case.source_key,
        "service": case.service_code,
        "to": str(case.status),
        "requested_at": case.requested_at.isoformat(),
        "deadline_at": case.deadline_at.isoformat() if case.deadline_at else None,
        "closed_at": case.closed_at.isoformat() if case.closed_at else None,
        "remarks": list(case.remarks),
    }
    return audit.First(
        actor=actor, verb="service_requests.imported", subject=("service_request", row.id), at=at, facts=facts
    )
