"""Climbing the escalation ladder, and supervision tickets: raised by ladder or by hand, answered by the handlers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from banyan.apps.audit import actions as audit
from banyan.apps.service_requests import events, queries, rules
from banyan.apps.service_requests.actions.dispatching import BY_RULE
from banyan.apps.service_requests.errors import AlreadyAnswered
from banyan.apps.service_requests.models import ServiceRequest, Supervision
from banyan.apps.service_requests.rules import ENDED, ladder
from banyan.apps.territory.queries import Town
from banyan.base.errors import InvalidInput, NotFound, Problem, mark
from banyan.base.ids import uuid7
from banyan.kit import facts, scopes
from banyan.kit.guard import Actor

#: Requests in one batch: bounds how long rows stay locked.
BATCH: Final = 200
_WORDS: Final = 2000


@dataclass(frozen=True, slots=True)
class Climbed:
    """What one run did: requests looked at, tickets raised."""

    n_requests: int
    n_raised: int


# --- by the ladder ---------------------------------------------------------------------------------------------------


def climb(*, town: Town, at: datetime, limit: int = BATCH) -> Climbed:
    """Climb the rungs that are due in the town in scope, oldest first, `limit` requests at most.

    A rung is climbed once for each clock: run again, or by two workers at once, it raises nothing twice.  Where several
    rungs of a clock are due at once, the highest is raised and history names those that were passed.
    """
    due = ServiceRequest.objects.filter(next_rung_at__lte=at).order_by("next_rung_at", "id")
    n_raised = 0
    ids = list(due.values_list("id", flat=True)[:limit])
    for request_id in ids:
        with scopes.action_transaction():
            n_raised += _climbed(request_id, town=town, at=at)
    return Climbed(len(ids), n_raised)


def _climbed(request_id: UUID, *, town: Town, at: datetime) -> int:
    rows = ServiceRequest.objects.select_for_update(of=("self",))
    request = rows.filter(id=request_id, next_rung_at__lte=at).first()
    if request is None or request.next_rung_at is None:
        return 0
    calendar = queries.calendar_for(queries.catalogue(town).by_id[request.service_id], town=town)
    seen, rungs = queries.running(request, town=town), queries.rungs(town)
    due = ladder.due_rungs(rungs, seen, calendar=calendar, first=request.next_rung_at, last=at)
    known = set(
        Supervision.objects.filter(service_request_id=request.id, key__in=[one.key for one in due]).values_list(
            "key", flat=True
        )
    )
    fresh = ladder.climbs(due, known)
    following = ladder.next_rung(rungs, seen, calendar=calendar, after=at)
    changes: dict[str, Any] = {"next_rung_at": following.at if following else None}
    if any(one.takes_over for one in fresh) and request.handler_account_id is not None:
        changes |= {"handler_account_id": None, "version": request.version + 1, "updated_at": at}
    for name, value in changes.items():
        setattr(request, name, value)
    request.save(update_fields=list(changes))
    for one in fresh:
        _raised_by_rung(request, one, at=at)
    return len(fresh)


def _raised_by_rung(request: ServiceRequest, climb: ladder.Climb, *, at: datetime) -> None:
    due, rung = climb.due, climb.due.rung
    row = Supervision(
        service_request_id=request.id,
        key=due.key,
        rung=rung.code,
        clock=rung.clock,
        share=rung.share,
        role=rung.role,
        takes_over=climb.takes_over,
        raised_at=at,
    )
    row.save(force_insert=True)
    entry = audit.record(
        actor=BY_RULE,
        verb="service_requests.escalated",
        subject=("service_request", request.id),
        at=at,
        facts={
            "rung": rung.code,
            "rung_zh": rung.name_zh,
            "rung_en": rung.name_en,
            "clock": rung.clock,
            "share": rung.share,
            "role": rung.role,
            "takes_over": climb.takes_over,
            "due_at": due.at.isoformat(),
            **({"passed": [_passed(one) for one in climb.passed]} if climb.passed else {}),
        },
        person_id=request.reporter_id,
    )
    facts.publish(events.SupervisionRaised(request.id, entry.id, rung.role, None, at))


def _passed(due: ladder.Due) -> dict[str, str]:
    """Return a rung that was due and not raised, as history keeps it."""
    rung = due.rung
    return {"rung": rung.code, "rung_zh": rung.name_zh, "rung_en": rung.name_en, "due_at": due.at.isoformat()}


def reckon_rungs(*, town: Town, at: datetime, after: UUID | None = None, limit: int = 2000) -> UUID | None:
    """Set when the next rung of the open requests is due, by the ladder in force, one batch at a time.

    What lies behind is not made up for: a new ladder begins with what is ahead.

    Returns
    -------
    The identifier after which the next batch begins, None once all are done.
    """
    rows = ServiceRequest.objects.exclude(status__in=ENDED).order_by("id")
    batch = list((rows.filter(id__gt=after) if after else rows)[:limit])
    rungs, changed = queries.rungs(town), []
    for request in batch:
        calendar = queries.calendar_for(queries.catalogue(town).by_id[request.service_id], town=town)
        found = ladder.next_rung(rungs, queries.running(request, town=town), calendar=calendar, after=at)
        wanted = found.at if found else None
        if request.next_rung_at != wanted:
            request.next_rung_at = wanted
            changed.append(request)
    if changed:
        ServiceRequest.objects.bulk_update(changed, ["next_rung_at"], batch_size=500)
    return batch[-1].id if len(batch) == limit else None


# --- by hand ---------------------------------------------------------------------------------------------------------


def supervise(*, actor: Actor, town: Town, service_request_id: UUID, words: str, at: datetime) -> Supervision:
    """Raise a supervision ticket by hand: the party that has the request hears of it and has to answer.

    Raises
    ------
    InvalidInput
        The words are missing or too long, or the request has ended.
    """
    _check_words(words)
    with scopes.action_transaction():
        request = queries.locked_for(actor, service_request_id, town=town, verb="service_requests.supervise")
        if request.status in ENDED:
            sentence = mark("The request has ended: open it again first.")
            raise InvalidInput(mark("The ticket"), [Problem("words", "ended", sentence)])
        role = "worker" if request.party_id else "coordinator"
        row = Supervision(
            service_request_id=request.id,
            key=f"by-hand:{uuid7()}",
            role=role,
            words=words.strip(),
            raised_by_account_id=actor.account_id,
            raised_at=at,
        )
        row.save(force_insert=True)
        entry = audit.record(
            actor=actor,
            verb="service_requests.supervised",
            subject=("service_request", request.id),
            at=at,
            facts={"supervision": str(row.id), "role": role},
            personal={"words": row.words},
            person_id=request.reporter_id,
        )
        facts.publish(events.SupervisionRaised(request.id, entry.id, role, actor.account_id, at))
    return row


def answer_supervision(*, actor: Actor, town: Town, supervision_id: UUID, words: str, at: datetime) -> Supervision:
    """Answer a supervision ticket, once.

    Raises
    ------
    InvalidInput
        The words are missing or too long.
    AlreadyAnswered
        Somebody was quicker.
    """
    _check_words(words)
    with scopes.action_transaction():
        tickets = Supervision.objects.filter(id=supervision_id)
        request_id = tickets.values_list("service_request_id", flat=True).first()
        if request_id is None:
            raise NotFound("supervision ticket")
        # The request is locked first, as everywhere, so that two who work on it never wait for each other.
        request = queries.locked_for(actor, request_id, town=town, verb="service_requests.answer_supervision")
        row: Supervision = tickets.select_for_update(of=("self",)).get()
        if row.answered_at is not None:
            raise AlreadyAnswered()
        row.answer, row.answered_by_account_id, row.answered_at = words.strip(), actor.account_id, at
        row.save(update_fields=["answer", "answered_by_account_id", "answered_at"])
        entry = audit.record(
            actor=actor,
            verb="service_requests.supervision_answered",
            subject=("service_request", request.id),
            at=at,
            facts={"supervision": str(row.id)},
            personal={"words": row.answer},
            person_id=request.reporter_id,
        )
        raised_by = row.raised_by_account_id
        facts.publish(events.SupervisionAnswered(request.id, entry.id, row.role, raised_by, actor.account_id, at))
    return row


def _check_words(words: str) -> None:
    problems = rules.words_problems({"words": words}, limit=_WORDS)
    if not words.strip():
        problems.append(Problem("words", "required", mark("Write something first.")))
    if problems:
        raise InvalidInput(mark("The ticket"), problems)
