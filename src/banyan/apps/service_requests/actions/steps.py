"""Taking one step of the state table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from banyan.apps.audit import actions as audit
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import events, queries, rules
from banyan.apps.service_requests.actions import following, keeping, privacy, turns
from banyan.apps.service_requests.actions.report import calendar_of
from banyan.apps.service_requests.errors import IllegalStep
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.rules import Clocks, Status, Step, Wanted, clocks
from banyan.apps.service_requests.rules.routing import Way
from banyan.apps.service_requests.rules.verification import Because
from banyan.apps.territory.queries import Town
from banyan.base.errors import InvalidInput, Problem, StaleVersion, mark
from banyan.kit import facts, scopes
from banyan.kit.guard import Actor


def take_step(
    *,
    actor: Actor,
    town: Town,
    service_request_id: UUID,
    step: Step,
    at: datetime,
    wanted: Wanted | None = None,
    version: int | None = None,
    because: Because | None = None,
) -> ServiceRequest:
    """Take a step with a request and return it as it is now.

    Parameters
    ----------
    wanted
        The words that come with the step (`rules.NEEDS`, `rules.TAKES`).
    version
        The version the caller has read; None takes whatever is there (command line and tasks only).
    because
        Why the town itself takes the step (tasks only); history keeps it.

    Raises
    ------
    NotFound, SignInNeeded, Forbidden
        The actor may not know of the request, is unknown, or lacks the right; or handled it and wants to verify it.
    StaleVersion
        Someone else changed it since.
    IllegalStep
        The state table has no such step from here.
    InvalidInput
        Lists every word that is missing, unknown, too long or not taken by the step, all at once.
    """
    wanted = wanted or Wanted()
    with scopes.action_transaction():
        request = queries.locked_for(actor, service_request_id, town=town, verb=f"service_requests.{step}")
        if version is not None and version != request.version:
            raise StaleVersion(held=version, current=request.version)
        before = Status(request.status)
        if step in rules.OWN_ACTIONS:
            raise IllegalStep(status=before, step=step)
        after = rules.next_status(before, step)
        queries.check_hands(actor, request, step=step)
        following.check_step(actor, request, step, town=town)
        keeping.check_policy(actor, request, step, town=town)
        if step is Step.DISPATCH and wanted.party_id is None:
            wanted = _to_suggested_party(wanted, request)
        changes = _checked(actor, request, step, wanted, town=town, at=at) | following.counted(request, step)
        changes |= keeping.columns(actor, request, step, because, changes, town=town, at=at)
        if after in rules.ENDED:
            changes["retain_until"] = queries.kept_until(request.privacy, request.kind, town=town, at=at)
        held_by = request.party_id
        entry = _stored(
            actor,
            request,
            step,
            before=before,
            after=after,
            wanted=wanted,
            changes=changes,
            town=town,
            at=at,
            because=because,
        )
        privacy.keep_findable(request, changes)
        following.follow(actor, request, step, wanted, from_party_id=held_by, at=at)
        facts.publish(events.ServiceRequestMoved(request.id, entry, str(step), actor.account_id))
    return request


def _to_suggested_party(wanted: Wanted, request: ServiceRequest) -> Wanted:
    from dataclasses import replace

    return replace(wanted, party_id=request.suggested_party_id)


def _checked(
    actor: Actor, request: ServiceRequest, step: Step, wanted: Wanted, *, town: Town, at: datetime
) -> dict[str, Any]:
    """Return the columns that a step changes beside status and clocks, or raise every problem of its words at once."""
    problems = rules.step_problems(step, wanted, today=at.astimezone(ZoneInfo(town.time_zone)).date())
    changes = _changes(actor, request, step, wanted, problems, town=town)
    if problems:
        raise InvalidInput(mark("The step"), problems)
    if "service_id" in changes:
        changes["suggested_party_id"] = _suggested(request, wanted, changes["service_id"], town=town)
    return changes


@contextmanager
def _noted(problems: list[Problem]) -> Iterator[None]:
    """Note what is wrong with one word and go on with the next one."""
    try:
        yield
    except InvalidInput as error:
        problems += error.problems


def _changes(
    actor: Actor, request: ServiceRequest, step: Step, wanted: Wanted, problems: list[Problem], *, town: Town
) -> dict[str, Any]:
    if step is Step.TRIAGE:
        return _triaged(request, wanted, problems, town=town)
    if step is Step.DISPATCH:
        return _dispatched(wanted, problems, town=town)
    undone = {"verified_by_account_id": None, "resolved_by_account_id": None, "pause_reason": ""}
    plain: dict[Step, dict[str, Any]] = {
        Step.ACCEPT: {"handler_account_id": actor.account_id},
        Step.RETURN: {"party_id": None, "handler_account_id": None},
        Step.PAUSE: {"pause_reason": wanted.reason[:300]},
        Step.RESUME: {"pause_reason": ""},
        Step.PARK: {"pause_reason": wanted.reason[:300], "review_on": wanted.review_on},
        Step.UNPARK: {"pause_reason": "", "review_on": None},
        Step.RESOLVE: {"remedy": wanted.remedy, "resolved_by_account_id": actor.account_id},
        Step.VERIFY: {"verified_by_account_id": actor.account_id},
        Step.REFUTE: undone,
        Step.REOPEN: undone,
    }
    return plain.get(step, {})


def _triaged(request: ServiceRequest, wanted: Wanted, problems: list[Problem], *, town: Town) -> dict[str, Any]:
    catalogue = queries.catalogue(town)
    changes: dict[str, Any] = {}
    if wanted.is_text_public is not None:
        with _noted(problems):
            changes |= privacy.published(request, is_text_public=wanted.is_text_public, text=wanted.public_text)
    if wanted.urgency:
        changes["urgency"] = wanted.urgency
    if wanted.service_code and wanted.service_code != catalogue.by_id[request.service_id].code:
        service = catalogue.offered.get(wanted.service_code)
        if service is None:
            value = {"value": wanted.service_code[:60]}
            problems.append(Problem("service_code", "unknown", mark("There is no service “{value}”."), value))
        else:
            changes |= {"service_id": service.id, "kind": service.kind}
    return changes


def _suggested(request: ServiceRequest, wanted: Wanted, service_id: UUID, *, town: Town) -> UUID | None:
    service = queries.catalogue(town).by_id[service_id]
    fate = queries.fate_of(town, request, service=service, urgency=wanted.urgency or request.urgency)
    return fate.party.id if fate.party else None


def _dispatched(wanted: Wanted, problems: list[Problem], *, town: Town) -> dict[str, Any]:
    is_known = wanted.party_id in parties.register(town).by_id
    if wanted.party_id is not None and not is_known:
        problems.append(Problem("party_id", "unknown", mark("There is no such party.")))
    changes: dict[str, Any] = {"party_id": wanted.party_id}
    # a party that is not there has nobody to take turns; that it is not there has been said
    if is_known or wanted.way != Way.ROUND_ROBIN:
        with _noted(problems):
            changes["handler_account_id"] = turns.handler_for(wanted, town=town)
    return changes


def _stored(
    actor: Actor,
    request: ServiceRequest,
    step: Step,
    *,
    before: Status,
    after: Status,
    wanted: Wanted,
    changes: dict[str, Any],
    town: Town,
    at: datetime,
    because: Because | None,
) -> UUID:
    was_late_at = request.stage_deadline_at
    for name, value in changes.items():
        setattr(request, name, value)
    service = queries.catalogue(town).by_id[request.service_id]
    held = Clocks(**{name: getattr(request, name) for name in Clocks.__slots__})
    clock = clocks.moved(
        held,
        after,
        targets=service.targets,
        urgency=request.urgency,
        calendar=calendar_of(service, town=town),
        at=at,
        since=request.requested_at,
    )
    columns = {"status": str(after), "updated_at": at, "version": request.version + 1, **clock.columns()}
    for name, value in columns.items():
        setattr(request, name, value)
    columns["next_rung_at"] = queries.rung_at_after(request, (held, request.next_rung_at), town=town, at=at)
    request.next_rung_at = columns["next_rung_at"]
    request.save(update_fields=[*columns, *changes])
    words = {
        "from": str(before),
        "to": str(after),
        "stage_was_late": was_late_at is not None and at > was_late_at,
        "deadline_at": request.deadline_at.isoformat() if request.deadline_at else None,
        **_plain(changes),
        **({"way": wanted.way} if wanted.way else {}),
        **(because.facts() if because else {}),
    }
    personal = {name: text for name in ("reason", "remedy", "public_text") if (text := getattr(wanted, name))}
    entry = audit.record(
        actor=actor,
        verb=f"service_requests.{step}",
        subject=("service_request", request.id),
        at=at,
        facts=words,
        personal=personal,
        person_id=request.reporter_id,
    )
    return entry.id


def _plain(changes: dict[str, Any]) -> dict[str, Any]:
    """Return changes as history keeps them: identifiers as text, no free words."""
    return {
        name: str(value) if isinstance(value, UUID | date) else value
        for name, value in changes.items()
        if name not in {"remedy", "pause_reason", "public_text", "responded_at", "resolved_at"}
    }
