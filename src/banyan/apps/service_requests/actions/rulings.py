"""Questions that somebody else decides: more time, or who has to do it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from banyan.apps.parties import queries as parties
from banyan.apps.service_requests.actions.following import told
from banyan.apps.service_requests.actions.report import calendar_of
from banyan.apps.service_requests.actions.steps import take_step
from banyan.apps.service_requests.errors import AlreadyAsked, NoClock, NotArbitrable, RulingClosed
from banyan.apps.service_requests.models import Part, Ruling, ServiceRequest
from banyan.apps.service_requests.queries import joint
from banyan.apps.service_requests.queries.ladder import rung_at_after
from banyan.apps.service_requests.queries.offered import catalogue
from banyan.apps.service_requests.queries.one import locked_for, place_of
from banyan.apps.service_requests.rules import Clocks, Step, Wanted, clocks
from banyan.apps.service_requests.rules.joint import UNDER_WAY
from banyan.apps.service_requests.rules.rulings import (
    RulingKind,
    RulingStatus,
    check_other_hand,
    clock_is_on,
    decision_problems,
    is_arbitrable,
    question_problems,
)
from banyan.apps.territory.queries import Town
from banyan.base.errors import Forbidden, InvalidInput, NotFound, mark
from banyan.engines import deadlines
from banyan.kit import guard, scopes
from banyan.kit.guard import Actor, Subject

_ASK, _DECIDE = "service_requests.ask_ruling", "service_requests.decide_ruling"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: more time (`minutes`, working minutes) for the request or a part, or arbitration."""

    kind: str
    reason: str
    minutes: int | None = None
    part_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided.

    Of more time: the minutes granted (None: as many as asked).  Of arbitration: the party that has to do it; a refusal
    gives the request back to the party that asked.
    """

    is_granted: bool
    words: str = ""
    minutes: int | None = None
    party_id: UUID | None = None


def ask_ruling(*, actor: Actor, town: Town, service_request_id: UUID, question: Question, at: datetime) -> Ruling:
    """Ask for more time or for arbitration; somebody else decides.

    Raises
    ------
    NotFound, SignInNeeded, Forbidden
        The actor may not know of the request, or has neither it nor the part.
    InvalidInput
        Lists every problem: an unknown kind, no reason, minutes out of range.
    NoClock
        More time, and neither runs a clock nor is it paused.
    NotArbitrable
        Arbitration, and somebody has the request: it is given back first.
    AlreadyAsked
        The same question is open.
    """
    with scopes.action_transaction():
        request, part = _asked_about(actor, service_request_id, question.part_id, town=town)
        reason = question.reason.strip()
        problems = question_problems(question.kind, reason=reason, minutes=question.minutes, for_part=part is not None)
        if problems:
            raise InvalidInput(mark("The question"), problems)
        _check_sense(request, part, RulingKind(question.kind))
        row = Ruling(
            service_request_id=request.id,
            part_id=part.id if part else None,
            kind=question.kind,
            reason=reason,
            minutes=question.minutes,
            asked_by_account_id=actor.account_id,
            asked_by_party_id=part.party_id if part else request.party_id,
            asked_at=at,
        )
        _insert(row)
        told(actor, request, row, verb="ruling_asked", words=reason, at=at)
    return row


def _asked_about(
    actor: Actor, service_request_id: UUID, part_id: UUID | None, *, town: Town
) -> tuple[ServiceRequest, Part | None]:
    if part_id is None:
        return locked_for(actor, service_request_id, town=town, verb=_ASK), None
    return joint.locked_part(
        actor, part_id, town=town, verb="service_requests.do_part", service_request_id=service_request_id
    )


def _check_sense(request: ServiceRequest, part: Part | None, kind: RulingKind) -> None:
    if kind is RulingKind.ARBITRATION:
        if not is_arbitrable(request.status):
            raise NotArbitrable(status=request.status)
    elif part is not None:
        if part.deadline_at is None or part.status not in UNDER_WAY:
            raise NoClock()
    elif not clock_is_on(request.status, has_deadline=request.deadline_at is not None):
        raise NoClock()


def _insert(row: Ruling) -> None:
    same = Ruling.objects.filter(
        service_request_id=row.service_request_id, part_id=row.part_id, kind=row.kind, status=RulingStatus.OPEN
    )
    if same.exists():
        raise AlreadyAsked()
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:  # asked twice at the same moment
        raise AlreadyAsked() from error


def decide_ruling(*, actor: Actor, town: Town, ruling_id: UUID, decision: Decision, at: datetime) -> Ruling:
    """Decide a question: grant more time in working minutes, or say who has to do it.

    Arbitration dispatches the request to the party it decides on, which cannot give it back.

    Raises
    ------
    NotFound, SignInNeeded, Forbidden
        The actor may not know of the request, or does not coordinate here.
    AskerMayNotDecide
        The actor asked, or works for the party behind the question.
    RulingClosed
        It has been decided or withdrawn before.
    InvalidInput
        Lists every problem: no words, minutes out of range, a party that is unknown, missing or contrary.
    NoClock, IllegalStep
        What was asked has been overtaken: no clock runs, or nobody can be given the request now.
    """
    with scopes.action_transaction():
        request, row = _locked(actor, ruling_id, town=town)
        check_other_hand(
            account_id=actor.account_id,
            party_ids=actor.party_ids(),
            asked_by_account_id=row.asked_by_account_id,
            asked_by_party_id=row.asked_by_party_id,
        )
        _check_decision(row, decision, town=town)
        row.status = RulingStatus.GRANTED if decision.is_granted else RulingStatus.REFUSED
        row.decision, row.decided_at, row.decided_by_account_id = decision.words.strip(), at, actor.account_id
        if row.kind == RulingKind.ARBITRATION:
            row.decided_party_id = decision.party_id or row.asked_by_party_id
        elif decision.is_granted:
            row.decided_minutes = decision.minutes or row.minutes
        row.save()
        _carry_out(actor, request, row, town=town, at=at)
        more = {
            "decided_minutes": row.decided_minutes,
            "decided_party_id": str(row.decided_party_id) if row.decided_party_id else None,
            "by_itself": row.asked_by_account_id is None,
        }
        told(actor, request, row, verb=f"ruling_{row.status}", words=row.decision, at=at, more=more)
    return row


def _locked(actor: Actor, ruling_id: UUID, *, town: Town) -> tuple[ServiceRequest, Ruling]:
    """Lock the request first, then the question: the order in which everything here is locked."""
    request_id = Ruling.objects.filter(id=ruling_id).values_list("service_request_id", flat=True).first()
    if request_id is None:
        raise NotFound("question")
    request = locked_for(actor, request_id, town=town, verb=_DECIDE)
    row: Ruling = Ruling.objects.select_for_update().get(id=ruling_id)
    if row.status != RulingStatus.OPEN:
        raise RulingClosed(status=row.status)
    return request, row


def _check_decision(row: Ruling, decision: Decision, *, town: Town) -> None:
    problems = decision_problems(
        row.kind,
        is_granted=decision.is_granted,
        decision=decision.words,
        minutes=row.minutes if decision.minutes is None else decision.minutes,
        party_is=(decision.party_id, decision.party_id in parties.register(town).by_id),
        asked_by_party_id=row.asked_by_party_id,
    )
    if problems:
        raise InvalidInput(mark("The decision"), problems)


def _carry_out(actor: Actor, request: ServiceRequest, row: Ruling, *, town: Town, at: datetime) -> None:
    if row.kind == RulingKind.ARBITRATION:
        _bind(actor, request, row, town=town, at=at)
    elif row.decided_minutes is not None and row.part_id is not None:
        _extend_part(request, row, town=town, at=at)
    elif row.decided_minutes is not None:
        _extend(request, row.decided_minutes, town=town, at=at)


def _bind(actor: Actor, request: ServiceRequest, row: Ruling, *, town: Town, at: datetime) -> None:
    wanted = Wanted(party_id=row.decided_party_id, reason=row.decision)
    moved = take_step(actor=actor, town=town, service_request_id=request.id, step=Step.DISPATCH, at=at, wanted=wanted)
    moved.is_binding = True
    moved.save(update_fields=["is_binding"])


def _extend(request: ServiceRequest, minutes: int, *, town: Town, at: datetime) -> None:
    if not clock_is_on(request.status, has_deadline=request.deadline_at is not None):
        raise NoClock()
    calendar = calendar_of(catalogue(town).by_id[request.service_id], town=town)
    held = Clocks(**{name: getattr(request, name) for name in Clocks.__slots__})
    columns = clocks.extended(held, minutes=minutes, calendar=calendar).columns()
    columns |= {"version": request.version + 1, "updated_at": at}
    for name, value in columns.items():
        setattr(request, name, value)
    request.next_rung_at = rung_at_after(request, (held, request.next_rung_at), town=town, at=at)
    request.save(update_fields=[*columns, "next_rung_at"])


def _extend_part(request: ServiceRequest, row: Ruling, *, town: Town, at: datetime) -> None:
    part: Part = Part.objects.select_for_update().get(id=row.part_id)
    if part.deadline_at is None or part.status not in UNDER_WAY:
        raise NoClock()
    calendar = calendar_of(catalogue(town).by_id[request.service_id], town=town)
    part.deadline_at = deadlines.add_minutes(calendar, part.deadline_at, minutes=row.decided_minutes or 0)
    part.version, part.updated_at = part.version + 1, at
    part.save(update_fields=["deadline_at", "version", "updated_at"])


def withdraw_ruling(*, actor: Actor, town: Town, ruling_id: UUID, at: datetime) -> Ruling:
    """Take a question back: by who asked, or by somebody of the party for which it was asked.

    Raises
    ------
    NotFound, SignInNeeded, Forbidden
        There is none that the actor may know of, or it is not theirs.
    RulingClosed
        It has been decided or withdrawn before.
    """
    with scopes.action_transaction():
        found: Ruling | None = Ruling.objects.filter(id=ruling_id).select_related("service_request").first()
        if found is None or not _is_known(actor, found, town=town):
            raise NotFound("question")
        request: ServiceRequest = ServiceRequest.objects.select_for_update(of=("self",)).get(
            id=found.service_request_id
        )
        row: Ruling = Ruling.objects.select_for_update(of=("self",)).get(id=ruling_id)
        if row.status != RulingStatus.OPEN:
            raise RulingClosed(status=row.status)
        if not joint.may_withdraw(actor, row):
            raise Forbidden()
        row.status, row.decided_at, row.decided_by_account_id = RulingStatus.WITHDRAWN, at, actor.account_id
        row.save(update_fields=["status", "decided_at", "decided_by_account_id"])
        told(actor, request, row, verb="ruling_withdrawn", words="", at=at)
    return row


def _is_known(actor: Actor, row: Ruling, *, town: Town) -> bool:
    """Say whether an actor may know of a question: it is their own, or they read the request."""
    if joint.may_withdraw(actor, row):
        return True
    place = place_of(row.service_request, town=town)
    parties_of = frozenset(one for one in (row.service_request.party_id, row.asked_by_party_id) if one)
    subject = Subject(place_path=place.path if place else "", party_ids=parties_of)
    return guard.may(actor, "service_requests.read_internal", subject=subject)
