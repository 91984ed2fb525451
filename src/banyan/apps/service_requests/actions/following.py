"""What hangs on a request follows its steps: the parts of joint work, and the questions that somebody has to decide."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from banyan.apps.audit import actions as audit
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import events
from banyan.apps.service_requests.errors import ArbitrationOpen, BoundToHandle
from banyan.apps.service_requests.models import Part, Ruling, ServiceRequest
from banyan.apps.service_requests.queries.one import is_bound
from banyan.apps.service_requests.rules import Step, Wanted
from banyan.apps.service_requests.rules.joint import OVER, UNDER_WAY, PartStatus, check_parts
from banyan.apps.service_requests.rules.rulings import RETURNS_TO_ARBITRATION, RulingKind, RulingStatus, asides
from banyan.apps.territory.queries import Town
from banyan.kit import facts
from banyan.kit.guard import Actor
from banyan.kit.templating import bi

#: Steps that the parts of joint work follow.
_FOLLOWED = frozenset({Step.ACCEPT, Step.RESOLVE, Step.RETURN, Step.DISPATCH, Step.WITHDRAW, Step.REJECT})


def check_step(actor: Actor, request: ServiceRequest, step: Step, *, town: Town) -> None:
    """Refuse a step for which the parts are not ready, or that goes around arbitration.

    Raises
    ------
    PartsNotDone, PartsNotVerified
        Names the parties that are missing.
    BoundToHandle
        The actor's party was bound by arbitration.
    ArbitrationOpen
        Somebody else has to decide first who gets the request.
    """
    if step in (Step.RESOLVE, Step.VERIFY):
        names = parties.register(town).by_id
        rows = Part.objects.filter(service_request=request).order_by("summoned_at", "id")
        check_parts(step, [(bi(names.get(part.party_id)), part.status, part.is_lead) for part in rows])
    if step is Step.RETURN and is_bound(actor, request):
        raise BoundToHandle()
    if step is Step.DISPATCH and _open(request).filter(kind=RulingKind.ARBITRATION).exists():
        raise ArbitrationOpen()


def counted(request: ServiceRequest, step: Step) -> dict[str, Any]:
    """Return the columns that count the rounds of a request and keep who had it last suggested."""
    if step is Step.RETURN:
        return {"n_returned": request.n_returned + 1, "is_binding": False}
    if step is Step.DISPATCH and request.is_binding:
        return {"is_binding": False}
    if step in (Step.REFUTE, Step.REOPEN):
        last = request.party_id or request.suggested_party_id
        return {"n_reopened": request.n_reopened + 1, "suggested_party_id": last}
    return {}


def follow(
    actor: Actor, request: ServiceRequest, step: Step, wanted: Wanted, *, from_party_id: UUID | None, at: datetime
) -> None:
    """Let parts and questions follow a step that was stored; `from_party_id` is the party that had it before."""
    if step in _FOLLOWED:
        living = list(Part.objects.select_for_update().filter(service_request=request).exclude(status__in=OVER))
        _move_parts(actor, living, request, step, wanted, at=at)
        keep_in_step(request, living)
    if kinds := asides(step):
        _open(request).filter(kind__in=kinds).update(
            status=RulingStatus.WITHDRAWN, decided_at=at, decided_by_account_id=actor.account_id
        )
    if step is Step.RETURN and (wanted.asks_arbitration or request.n_returned >= RETURNS_TO_ARBITRATION):
        _to_arbitration(actor, request, wanted, from_party_id=from_party_id, at=at)


def keep_in_step(request: ServiceRequest, parts: Iterable[Part]) -> None:
    """Keep the parties that read along on the request itself: those with a part that is not over, beside its own."""
    helpers = {str(p.party_id) for p in parts if p.status not in OVER and p.party_id != request.party_id}
    if helpers != set(request.co_party_ids):
        request.co_party_ids = sorted(helpers)
        request.save(update_fields=["co_party_ids"])


def _open(request: ServiceRequest) -> Any:
    return Ruling.objects.filter(service_request=request, status=RulingStatus.OPEN)


def _move_parts(
    actor: Actor, living: list[Part], request: ServiceRequest, step: Step, wanted: Wanted, *, at: datetime
) -> None:
    ended = PartStatus.DECLINED if step is Step.RETURN else PartStatus.CANCELLED
    was_lead = next((part for part in living if part.is_lead), None)
    if step in (Step.WITHDRAW, Step.REJECT):
        for part in living:
            if part.status in UNDER_WAY:
                _change(part, at=at, status=ended, reason=wanted.reason[:300])
    elif was_lead is not None and step is Step.ACCEPT and was_lead.status == PartStatus.SUMMONED:
        _change(was_lead, at=at, status=PartStatus.ACCEPTED, accepted_at=at, handler_account_id=actor.account_id)
    elif was_lead is not None and step is Step.RESOLVE and was_lead.status in UNDER_WAY:
        done = {"remedy": wanted.remedy, "resolved_by_account_id": actor.account_id, "done_at": at}
        _change(was_lead, at=at, status=PartStatus.DONE, **done)
    elif step in (Step.RETURN, Step.DISPATCH):
        _change_lead(was_lead, living, request, ended=ended, reason=wanted.reason, at=at)


def _change_lead(
    was_lead: Part | None,
    living: list[Part],
    request: ServiceRequest,
    *,
    ended: PartStatus,
    reason: str,
    at: datetime,
) -> None:
    """Let a lead that lost the request go (what it has done stays), and the party that got it lead."""
    if was_lead is not None and was_lead.party_id != request.party_id:
        is_idle = was_lead.status in UNDER_WAY
        _change(was_lead, at=at, is_lead=False, **({"status": ended, "reason": reason[:300]} if is_idle else {}))
    for part in living:
        if part.party_id == request.party_id and not part.is_lead and part.status not in OVER:
            _change(part, at=at, is_lead=True)


def _change(part: Part, *, at: datetime, **columns: Any) -> None:
    for name, value in columns.items():
        setattr(part, name, value)
    part.version, part.updated_at = part.version + 1, at
    part.save(update_fields=[*columns, "version", "updated_at"])


def _to_arbitration(
    actor: Actor, request: ServiceRequest, wanted: Wanted, *, from_party_id: UUID | None, at: datetime
) -> None:
    """Open an arbitration for what was given back: because the party asks, or because it came back before."""
    if _open(request).filter(kind=RulingKind.ARBITRATION).exists():
        return
    by_itself = not wanted.asks_arbitration
    row = Ruling(
        service_request_id=request.id,
        kind=RulingKind.ARBITRATION,
        reason=wanted.reason,
        asked_by_account_id=None if by_itself else actor.account_id,
        asked_by_party_id=from_party_id,
        asked_at=at,
    )
    row.save(force_insert=True)
    told(actor, request, row, verb="ruling_asked", words=wanted.reason, at=at, more={"by_itself": by_itself})


def told(
    actor: Actor,
    request: ServiceRequest,
    row: Ruling,
    *,
    verb: str,
    words: str,
    at: datetime,
    more: dict[str, Any] | None = None,
) -> None:
    """Write a question or its answer into the history of the request, and tell those concerned."""
    named = {
        "ruling": str(row.id),
        "kind": row.kind,
        "part": str(row.part_id) if row.part_id else None,
        "minutes": row.minutes,
        "asked_by_party_id": str(row.asked_by_party_id) if row.asked_by_party_id else None,
    }
    entry = audit.record(
        actor=actor,
        verb=f"service_requests.{verb}",
        subject=("service_request", request.id),
        at=at,
        facts=named | (more or {}),
        personal={"reason": words} if words else None,
        person_id=request.reporter_id,
    )
    facts.publish(events.RulingMoved(request.id, row.id, entry.id, verb, actor.account_id))
