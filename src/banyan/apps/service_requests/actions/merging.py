"""Merging reports of the same thing, and separating them again.

A merged report points at the root: the report that is handled.  Everything else that hangs on a merge (how many were
merged, who follows because of it) is counted anew from the merges that stand: separating undoes merging exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from banyan.apps.audit import actions as audit
from banyan.apps.service_requests import events, queries, rules
from banyan.apps.service_requests.actions.followers import locked, recount, root_of
from banyan.apps.service_requests.actions.repeats import raise_if_repeated
from banyan.apps.service_requests.actions.report import calendar_of
from banyan.apps.service_requests.errors import MovedMeanwhile
from banyan.apps.service_requests.models import Merge, Part, Ruling, ServiceRequest
from banyan.apps.service_requests.rules import Clocks, Status, Step, clocks
from banyan.apps.service_requests.rules.joint import OVER
from banyan.apps.service_requests.rules.same import Mergeable, come_back, merge_problems, shifted
from banyan.apps.territory.queries import Town
from banyan.base.errors import InvalidInput, NotFound, StaleVersion, mark
from banyan.kit import facts, guard, scopes
from banyan.kit.guard import Actor

#: What a merged report loses until it is separated again, beside its state and its clocks.
_KEPT: Final = (
    *("party_id", "handler_account_id", "pause_reason", "review_on", "next_rung_at", "verify_by_at"),
    *("response_due_at", "is_binding", "retain_until"),
)
#: Instants that move on by the working time for which the report stood as merged.
_MOVING: Final = ("next_rung_at", "verify_by_at", "response_due_at")


def merge(
    *,
    actor: Actor,
    town: Town,
    service_request_id: UUID,
    into_id: UUID,
    at: datetime,
    reason: str = "",
    version: int | None = None,
) -> Merge:
    """Merge a report into another one of the same thing, or into the one that took that one in.

    Its followers and its reporter follow the other one from now on; reports merged into it come along.

    Raises
    ------
    NotFound, SignInNeeded, Forbidden
        The actor may not merge one of the two.
    StaleVersion, MovedMeanwhile
        Somebody else changed the report since, or merged one of the two at this moment.
    InvalidInput
        Lists every reason why the two cannot be merged.
    """
    if problems := rules.words_problems({"reason": reason}, limit=300):
        raise InvalidInput(mark("The merge"), problems)
    with scopes.action_transaction():
        root_id, brought = root_of(into_id), _merged_into(service_request_id)
        held = locked({service_request_id, root_id, *brought})
        child, root = held.get(service_request_id), held.get(root_id)
        for one in (child, root):
            _authorise(actor, one, town=town, verb="service_requests.merge")
        if child is None or root is None:
            raise NotFound("service request")
        if version is not None and version != child.version:
            raise StaleVersion(held=version, current=child.version)
        if root.merged_into_id is not None or _merged_into(child.id) != brought:
            raise MovedMeanwhile()
        if problems := merge_problems(_mergeable(child), _mergeable(root), is_same=child.id == root.id):
            raise InvalidInput(mark("The merge"), problems)
        row = Merge(
            service_request=child, into=root, before=_before(child), account_id=actor.account_id, at=at, reason=reason
        )
        row.save(force_insert=True)
        ServiceRequest.objects.filter(id__in=brought).update(merged_into=root)
        _stand(child, root, town=town, at=at)
        entry = _recorded(actor, child, Step.MERGE, other=root, reason=reason, at=at)
        _recorded(actor, root, "took_in", other=child, reason="", at=at)
        for one in sorted((child, root), key=lambda found: found.id):
            recount(one, at=at)
        raise_if_repeated(actor, root, town=town, at=at)
        facts.publish(events.ServiceRequestMoved(child.id, entry, str(Step.MERGE), actor.account_id))
    return row


def unmerge(
    *,
    actor: Actor,
    town: Town,
    service_request_id: UUID,
    at: datetime,
    reason: str = "",
    version: int | None = None,
) -> ServiceRequest:
    """Separate a merged report again: its state, its party and its clocks come back, wherever the other one is by now.

    The working time for which it stood as merged does not count.  Reports that came along with it go back with it.

    Raises
    ------
    NotFound, SignInNeeded, Forbidden, StaleVersion, MovedMeanwhile
        As for merging.
    IllegalStep
        It is not merged.
    InvalidInput
        The reason is too long.
    """
    problems = rules.words_problems({"reason": reason}, limit=300)
    if problems:
        raise InvalidInput(mark("The separation"), problems)
    with scopes.action_transaction():
        root_id, brought = root_of(service_request_id), _brought_by(service_request_id)
        held = locked({service_request_id, root_id, *brought})
        child = held.get(service_request_id)
        _authorise(actor, child, town=town, verb="service_requests.unmerge")
        if child is None:
            raise NotFound("service request")
        if version is not None and version != child.version:
            raise StaleVersion(held=version, current=child.version)
        row = Merge.objects.select_for_update().filter(service_request=child, undone_at__isnull=True).first()
        rules.next_status(child.status, Step.UNMERGE)
        if row is None or child.merged_into_id != root_id or _brought_by(child.id) != brought:
            raise MovedMeanwhile()
        root = held[child.merged_into_id]
        row.undone_at, row.undone_by_account_id = at, actor.account_id
        row.save(update_fields=["undone_at", "undone_by_account_id"])
        ServiceRequest.objects.filter(id__in=brought).update(merged_into=child)
        _come_back(child, row, town=town, at=at)
        entry = _recorded(actor, child, Step.UNMERGE, other=root, reason=reason, at=at)
        _recorded(actor, root, "let_go", other=child, reason="", at=at)
        for one in sorted((child, root), key=lambda found: found.id):
            recount(one, at=at)
        facts.publish(events.ServiceRequestMoved(child.id, entry, str(Step.UNMERGE), actor.account_id))
    return child


def _merged_into(root_id: UUID) -> set[UUID]:
    return set(ServiceRequest.objects.filter(merged_into=root_id).values_list("id", flat=True))


def _authorise(actor: Actor, request: ServiceRequest | None, *, town: Town, verb: str) -> None:
    if request is None:
        raise NotFound("service request")
    subject = queries.subject_of(request, town=town)
    if not guard.may(actor, verb, subject=subject):
        if not guard.may(actor, "service_requests.read", subject=subject):
            raise NotFound("service request")
        guard.authorise(actor, verb, subject=subject)


def _mergeable(request: ServiceRequest) -> Mergeable:
    return Mergeable(
        Status(request.status),
        is_confidential=request.privacy == "confidential",
        has_parts=Part.objects.filter(service_request=request).exclude(status__in=OVER).exists(),
        has_rulings=Ruling.objects.filter(service_request=request, status="open").exists(),
    )


def _before(child: ServiceRequest) -> dict[str, Any]:
    """Return all that a report needs to come back, as plain values."""
    names = ("status", *Clocks.__slots__, *_KEPT)
    return {name: _plain(getattr(child, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _read(name: str, value: Any) -> Any:
    """Read a plain value back by the name of its column."""
    if value is None:
        return None
    if name.endswith("_at"):
        return datetime.fromisoformat(value)
    if name in ("review_on", "retain_until"):
        return date.fromisoformat(value)
    return UUID(value) if name.endswith("_id") else value


def _stand(child: ServiceRequest, root: ServiceRequest, *, town: Town, at: datetime) -> None:
    """Let a report stand as merged: no clock runs, nobody has it on the desk."""
    service = queries.catalogue(town).by_id[child.service_id]
    clock = clocks.moved(
        Clocks(**{name: getattr(child, name) for name in Clocks.__slots__}),
        Status.MERGED,
        targets=service.targets,
        urgency=child.urgency,
        calendar=calendar_of(service, town=town),
        at=at,
        since=child.requested_at,
    )
    emptied = {"next_rung_at": None, "verify_by_at": None, "review_on": None, "pause_reason": ""}
    kept = {"retain_until": queries.kept_until(child.privacy, child.kind, town=town, at=at)}
    _store(child, {"status": str(Status.MERGED), "merged_into": root, **clock.columns(), **emptied, **kept}, at=at)


def _come_back(child: ServiceRequest, row: Merge, *, town: Town, at: datetime) -> None:
    calendar = calendar_of(queries.catalogue(town).by_id[child.service_id], town=town)
    kept = {name: _read(name, value) for name, value in row.before.items()}
    before = Clocks(**{name: kept.pop(name) for name in Clocks.__slots__})
    clock = come_back(before, calendar=calendar, merged_at=row.at, at=at)
    for name in _MOVING:
        kept[name] = shifted(kept[name], calendar=calendar, since=row.at, at=at)
    _store(child, {**kept, **clock.columns(), "merged_into": None}, at=at)


def _brought_by(child_id: UUID) -> set[UUID]:
    """Return the reports that stand merged into a report, directly or through another one."""
    found, asked = set[UUID](), {child_id}
    while asked:
        rows = Merge.objects.filter(into__in=asked, undone_at__isnull=True).values_list("service_request_id", flat=True)
        asked = set(rows) - found
        found |= asked
    return found


def _store(request: ServiceRequest, columns: Mapping[str, Any], *, at: datetime) -> None:
    changed = {**columns, "updated_at": at, "version": request.version + 1}
    for name, value in changed.items():
        setattr(request, name, value)
    request.save(update_fields=[name.removesuffix("_id") if name == "party_id" else name for name in changed])


def _recorded(
    actor: Actor, request: ServiceRequest, verb: str, *, other: ServiceRequest, reason: str, at: datetime
) -> UUID:
    words: dict[str, Any] = {"other": str(other.id)}
    if verb in (Step.MERGE, Step.UNMERGE):
        words["to"] = request.status
    entry = audit.record(
        actor=actor,
        verb=f"service_requests.{verb}",
        subject=("service_request", request.id),
        at=at,
        facts=words,
        personal={"reason": reason} if reason else None,
        person_id=request.reporter_id,
    )
    return entry.id
