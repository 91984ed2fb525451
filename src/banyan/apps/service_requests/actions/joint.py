"""Joint work: summoning several parties, and the steps of their parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from banyan.apps.audit import actions as audit
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import events
from banyan.apps.service_requests.actions.following import keep_in_step
from banyan.apps.service_requests.actions.photos import stored_photos
from banyan.apps.service_requests.actions.report import calendar_of
from banyan.apps.service_requests.actions.steps import take_step
from banyan.apps.service_requests.errors import IllegalPartStep, LeadGivesBack, NotSummonable
from banyan.apps.service_requests.models import Part, Photo, Ruling, ServiceRequest
from banyan.apps.service_requests.queries import joint
from banyan.apps.service_requests.queries.offered import catalogue
from banyan.apps.service_requests.queries.one import locked_for
from banyan.apps.service_requests.rules import Status, Step, Wanted
from banyan.apps.service_requests.rules.clocks import left_min
from banyan.apps.service_requests.rules.joint import (
    OVER,
    PART_VERBS,
    PARTS_MOVE,
    SUMMONABLE,
    UNDER_WAY,
    UNDISPATCHED,
    PartStatus,
    PartStep,
    PartWords,
    Summons,
    check_part_hands,
    check_part_words,
    distance_m,
    next_part_status,
    summons_problems,
)
from banyan.apps.service_requests.rules.rulings import RulingStatus
from banyan.apps.territory.queries import Town
from banyan.base.calendar import Calendar
from banyan.base.errors import InvalidInput, Problem, StaleVersion, mark
from banyan.engines import deadlines
from banyan.kit import facts, scopes
from banyan.kit.guard import Actor
from banyan.kit.images import Picture, pictures

#: States of a request in which its party has said that it does it.
_TAKEN_ON = frozenset({Status.ACCEPTED, Status.IN_PROGRESS, Status.PAUSED})


def summon(
    *,
    actor: Actor,
    town: Town,
    service_request_id: UUID,
    summons: Sequence[Summons],
    at: datetime,
    version: int | None = None,
) -> list[Part]:
    """Summon several parties to one request and return their parts: one leads, each has its own task and clock.

    Where nobody has the request yet, it is dispatched to the lead by the ordinary step.

    Parameters
    ----------
    summons
        Parties with what each has to do; `target_min` in working minutes of the town (None: no clock).
    version
        The version of the request that the caller has read; None takes whatever is there.

    Raises
    ------
    NotFound, SignInNeeded, Forbidden
        The actor may not know of the request, is unknown, or does not coordinate here.
    StaleVersion
        Someone else changed it since.
    NotSummonable
        The request is in no state in which work is shared.
    InvalidInput
        Lists every problem: a party that is unknown, twice or there already, no lead or several, a missing task, a
        target out of range.
    """
    with scopes.action_transaction():
        request = locked_for(actor, service_request_id, town=town, verb="service_requests.summon")
        if version is not None and version != request.version:
            raise StaleVersion(held=version, current=request.version)
        if Status(request.status) not in SUMMONABLE:
            raise NotSummonable(status=request.status)
        _check_summons(request, summons, town=town)
        lead = next((one for one in summons if one.is_lead), None)
        dispatches = lead is not None and Status(request.status) in UNDISPATCHED
        if dispatches and lead is not None:
            words = Wanted(party_id=lead.party_id)
            request = take_step(
                actor=actor, town=town, service_request_id=request.id, step=Step.DISPATCH, at=at, wanted=words
            )
        calendar = calendar_of(catalogue(town).by_id[request.service_id], town=town)
        rows = [_part(actor, request, one, calendar=calendar, at=at) for one in summons]
        Part.objects.bulk_create(rows)
        keep_in_step(request, joint.parts_of(request))
        _touch(request, at=at)
        _summoned(actor, request, rows, at=at, told_already={lead.party_id} if dispatches and lead else set())
    return rows


def _check_summons(request: ServiceRequest, summons: Sequence[Summons], *, town: Town) -> None:
    held = Status(request.status) not in UNDISPATCHED
    problems = summons_problems(
        summons,
        known=parties.register(town).by_id,
        living={part.party_id: part.is_lead for part in joint.parts_of(request) if part.status not in OVER},
        holder_id=request.party_id if held else None,
    )
    if problems:
        raise InvalidInput(mark("The summons"), problems)


def _part(actor: Actor, request: ServiceRequest, one: Summons, *, calendar: Calendar, at: datetime) -> Part:
    minutes = one.target_min
    has_it = one.is_lead and Status(request.status) in _TAKEN_ON
    return Part(
        service_request_id=request.id,
        party_id=cast(UUID, one.party_id),  # summons_problems has seen to it
        is_lead=one.is_lead,
        task=one.task.strip(),
        status=PartStatus.ACCEPTED if has_it else PartStatus.SUMMONED,
        handler_account_id=request.handler_account_id if has_it else None,
        accepted_at=at if has_it else None,
        summoned_by_account_id=actor.account_id,
        summoned_at=at,
        target_min=minutes,
        deadline_at=deadlines.add_minutes(calendar, at, minutes=minutes) if minutes is not None else None,
        updated_at=at,
    )


def _summoned(
    actor: Actor, request: ServiceRequest, rows: Sequence[Part], *, at: datetime, told_already: set[UUID | None]
) -> None:
    told = [
        {
            "part": str(part.id),
            "party_id": str(part.party_id),
            "is_lead": part.is_lead,
            "target_min": part.target_min,
            "deadline_at": part.deadline_at.isoformat() if part.deadline_at else None,
        }
        for part in rows
    ]
    entry = audit.record(
        actor=actor,
        verb="service_requests.summoned",
        subject=("service_request", request.id),
        at=at,
        facts={"parts": told},
        personal={f"task_{i}": part.task for i, part in enumerate(rows, 1)},
        person_id=request.reporter_id,
    )
    for part in rows:
        if part.party_id not in told_already:
            facts.publish(events.PartMoved(request.id, part.id, entry.id, "summon", actor.account_id))


def take_part_step(
    *,
    actor: Actor,
    town: Town,
    part_id: UUID,
    step: PartStep,
    at: datetime,
    service_request_id: UUID | None = None,
    words: PartWords | None = None,
    photos: Sequence[bytes] = (),
    version: int | None = None,
) -> Part:
    """Take a step with a part of joint work and return it as it is now.

    Parameters
    ----------
    service_request_id
        The request under which the part was named; None where it was not.
    words
        What comes with the step (`rules.joint.PART_NEEDS`, `PART_TAKES`).  Of a phone's point only the metres to the
        request are stored.
    photos
        Evidence; only where the part is finished.
    version
        The version of the part that the caller has read; None takes whatever is there.

    Raises
    ------
    NotFound, SignInNeeded, Forbidden
        The actor may not know of the request, or the part is another party's; or did it and wants to verify it.
    StaleVersion
        Someone else changed the part since.
    IllegalPartStep, LeadGivesBack
        The table has no such step, the request does not move now, or the lead wants to decline.
    InvalidInput
        Lists every word that is missing, too long or not taken, a point that is none, hostile photos.
    """
    words = words or PartWords()
    with scopes.action_transaction():
        request, part = joint.locked_part(
            actor, part_id, town=town, verb=PART_VERBS[step], service_request_id=service_request_id
        )
        if version is not None and version != part.version:
            raise StaleVersion(held=version, current=part.version)
        before, after = PartStatus(part.status), next_part_status(part.status, step)
        _check_parent(request, part, step)
        check_part_hands(step, actor_account_id=actor.account_id, resolved_by=part.resolved_by_account_id)
        check_part_words(step, words)
        shots = _evidence(step, photos)
        calendar = calendar_of(catalogue(town).by_id[request.service_id], town=town)
        changes = _changes(actor, request, part, step, words, calendar=calendar, at=at)
        _store(request, part, changes | {"status": after}, at=at)
        rows = stored_photos(request, shots, moment="after", actor=actor, at=at, part_id=part.id)
        entry = _recorded(actor, request, part, step, before=before, words=words, photos=rows, at=at)
        facts.publish(events.PartMoved(request.id, part.id, entry, str(step), actor.account_id))
        if step is PartStep.REFUTE and request.status == Status.RESOLVED:
            _refute_whole(actor, request, words, town=town, at=at)
    return part


def add_part_photos(
    *,
    actor: Actor,
    town: Town,
    part_id: UUID,
    photos: Sequence[bytes],
    at: datetime,
    service_request_id: UUID | None = None,
) -> list[Photo]:
    """Add evidence to a part while it is worked on.

    Raises
    ------
    NotFound, SignInNeeded, Forbidden
        The actor may not know of the request, or the part is another party's.
    InvalidInput
        Lists every photo that is hostile, too large or too many.
    IllegalPartStep
        The part is over or done.
    """
    shots, problems = pictures(photos)
    if not photos:
        problems.append(Problem("photos", "required", mark("Choose a photo first.")))
    if problems:
        raise InvalidInput(mark("The photos"), problems)
    with scopes.action_transaction():
        request, part = joint.locked_part(
            actor, part_id, town=town, verb="service_requests.do_part", service_request_id=service_request_id
        )
        if part.status not in UNDER_WAY:
            raise IllegalPartStep(status=part.status, step="photos")
        rows = stored_photos(request, shots, moment="after", actor=actor, at=at, part_id=part.id)
        _touch(request, at=at)
        audit.record(
            actor=actor,
            verb="service_requests.photographed",
            subject=("service_request", request.id),
            at=at,
            facts={
                "part": str(part.id),
                "part_party_id": str(part.party_id),
                "moment": "after",
                "photos": [{"id": str(row.id), "sha256": row.sha256} for row in rows],
            },
        )
    return rows


def _check_parent(request: ServiceRequest, part: Part, step: PartStep) -> None:
    """Let parts move only while the request is worked on; after the work only those who look at it go on."""
    looks = step in (PartStep.VERIFY, PartStep.REFUTE)
    if Status(request.status) not in PARTS_MOVE or (request.status == Status.RESOLVED and not looks):
        raise IllegalPartStep(status=part.status, step=str(step))
    if step is PartStep.DECLINE and part.is_lead and part.party_id == request.party_id:
        raise LeadGivesBack()


def _evidence(step: PartStep, photos: Sequence[bytes]) -> list[Picture]:
    shots, problems = pictures(photos)
    if photos and step is not PartStep.FINISH:
        problems.append(Problem("photos", "not_taken", mark("The step does not take this.")))
    if problems:
        raise InvalidInput(mark("The photos"), problems)
    return shots


def _changes(
    actor: Actor,
    request: ServiceRequest,
    part: Part,
    step: PartStep,
    words: PartWords,
    *,
    calendar: Calendar,
    at: datetime,
) -> dict[str, Any]:
    """Return the columns that a step changes beside the state."""
    if step is PartStep.ACCEPT:
        return {"accepted_at": at, "handler_account_id": actor.account_id}
    if step is PartStep.ARRIVE:
        return {"arrived_at": at, "arrived_m": distance_m(words, lon=request.lon, lat=request.lat)}
    if step is PartStep.FINISH:
        return {"done_at": at, "remedy": words.remedy.strip(), "resolved_by_account_id": actor.account_id}
    if step is PartStep.VERIFY:
        return {"verified_by_account_id": actor.account_id}
    if step is PartStep.REFUTE:
        undone = dict.fromkeys(("done_at", "resolved_by_account_id", "verified_by_account_id"))
        return undone | {"deadline_at": _deadline_again(part, calendar=calendar, at=at)}
    return {"reason": words.reason.strip()}


def _deadline_again(part: Part, *, calendar: Calendar, at: datetime) -> datetime | None:
    """Let the clock of a part run on with the minutes that were left when it was done; a breach stays where it was."""
    if part.deadline_at is None or part.done_at is None:
        return part.deadline_at
    left = left_min(calendar, part.deadline_at, part.done_at)
    return deadlines.add_minutes(calendar, at, minutes=left) if left > 0 else part.deadline_at


def _store(request: ServiceRequest, part: Part, changes: dict[str, Any], *, at: datetime) -> None:
    for name, value in changes.items():
        setattr(part, name, value)
    part.version, part.updated_at = part.version + 1, at
    part.save(update_fields=[*changes, "version", "updated_at"])
    if part.status in OVER:
        keep_in_step(request, joint.parts_of(request))
    if part.status not in UNDER_WAY:
        Ruling.objects.filter(part=part, status=RulingStatus.OPEN).update(status=RulingStatus.WITHDRAWN, decided_at=at)
    _touch(request, at=at)


def _touch(request: ServiceRequest, *, at: datetime) -> None:
    """Note that something changed on the request; its version is for what changes the request itself."""
    request.updated_at = at
    request.save(update_fields=["updated_at"])


def _recorded(
    actor: Actor,
    request: ServiceRequest,
    part: Part,
    step: PartStep,
    *,
    before: PartStatus,
    words: PartWords,
    photos: Sequence[Photo],
    at: datetime,
) -> UUID:
    named: dict[str, Any] = {
        "part": str(part.id),
        "part_party_id": str(part.party_id),
        "part_from": str(before),
        "part_to": str(part.status),
        "was_late": step is PartStep.FINISH and part.deadline_at is not None and at > part.deadline_at,
    }
    if step is PartStep.ARRIVE:
        named["arrived_m"] = part.arrived_m
    if photos:
        named["photos"] = [{"id": str(row.id), "sha256": row.sha256} for row in photos]
    entry = audit.record(
        actor=actor,
        verb=f"service_requests.part_{step}",
        subject=("service_request", request.id),
        at=at,
        facts=named,
        personal={name: text for name in ("reason", "remedy") if (text := getattr(words, name))},
        person_id=request.reporter_id,
    )
    return entry.id


def _refute_whole(actor: Actor, request: ServiceRequest, words: PartWords, *, town: Town, at: datetime) -> None:
    """Open a resolved request again with its part: it is not fixed as long as one part of it is not."""
    wanted = replace(Wanted(), reason=words.reason)
    take_step(actor=actor, town=town, service_request_id=request.id, step=Step.REFUTE, at=at, wanted=wanted)
