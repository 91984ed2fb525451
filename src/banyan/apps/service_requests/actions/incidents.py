"""Incidents: something that befell an area, such as a power cut, with one answer for every report about it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from banyan.apps.audit import actions as audit
from banyan.apps.service_requests import events, queries, rules
from banyan.apps.service_requests.actions import following
from banyan.apps.service_requests.actions.answers import answer
from banyan.apps.service_requests.actions.followers import locked
from banyan.apps.service_requests.actions.steps import take_step
from banyan.apps.service_requests.models import Incident, ServiceRequest
from banyan.apps.service_requests.rules import ENDED, Step, Wanted
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import Conflict, InvalidInput, NotFound, Problem, StaleVersion, mark
from banyan.kit import facts, guard, scopes
from banyan.kit.guard import Actor, Subject

#: Requests that one call attaches, at most.
MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class NewIncident:
    """An incident as its form says it: words in two languages, services by code (none: all), a place by code."""

    title_zh: str
    title_en: str
    place_code: str
    starts_at: datetime | None
    words_zh: str = ""
    words_en: str = ""
    service_codes: Sequence[str] = field(default=())
    expected_end_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one answer to many: how many got it, and how many were resolved by it."""

    n_answered: int
    n_resolved: int


def open_incident(*, actor: Actor, town: Town, incident: NewIncident, at: datetime) -> Incident:
    """Open an incident: it stands on the town's home and on the report form until it ends.

    Raises
    ------
    InvalidInput
        Lists every problem of its words, services, place and times.
    SignInNeeded, Forbidden
        The actor does not coordinate the place.
    """
    place = _checked(incident, town=town)
    guard.authorise(actor, "service_requests.open_incident", subject=Subject(place_path=place.path))
    with scopes.action_transaction():
        row = Incident(**_columns(incident, place), opened_by_account_id=actor.account_id, opened_at=at)
        row.save(force_insert=True)
        _told(actor, row, "incident_opened", at=at, words={"place": place.code, "services": list(row.service_codes)})
    return row


def change_incident(
    *, actor: Actor, town: Town, incident_id: UUID, incident: NewIncident, at: datetime, version: int | None = None
) -> Incident:
    """Change what is said about an incident; whoever is concerned hears of it.

    Raises
    ------
    NotFound, SignInNeeded, Forbidden, StaleVersion, InvalidInput
        As for opening one; the actor coordinates the place where it was and the place where it is now.
    """
    place = _checked(incident, town=town)
    guard.authorise(actor, "service_requests.open_incident", subject=Subject(place_path=place.path))
    with scopes.action_transaction():
        row = _locked(actor, incident_id, town=town, version=version)
        columns = _columns(incident, place)
        changed = sorted(name for name, value in columns.items() if getattr(row, name) != value)
        if changed:
            _stored(row, columns)
            _told(actor, row, "incident_changed", at=at, words={"changed": changed})
    return row


def end_incident(*, actor: Actor, town: Town, incident_id: UUID, at: datetime, version: int | None = None) -> Incident:
    """End an incident; its page stays.  Ending it twice changes nothing."""
    with scopes.action_transaction():
        row = _locked(actor, incident_id, town=town, version=version)
        if row.ended_at is None:
            _stored(row, {"ended_at": at})
            _told(actor, row, "incident_ended", at=at, words={})
    return row


def attach(*, actor: Actor, town: Town, incident_id: UUID, service_request_ids: Collection[UUID], at: datetime) -> int:
    """Attach requests to an incident; return how many are new.  One that hangs on another incident moves over.

    Raises
    ------
    InvalidInput
        None, or too many at once, or one that has ended.
    NotFound, Forbidden
        The incident, or one of the requests, is not the actor's to touch.
    """
    _check_number(service_request_ids)
    with scopes.action_transaction():
        row = _locked(actor, incident_id, town=town)
        found = _requests(actor, service_request_ids, town=town)
        ended = [one for one in found if one.status in ENDED]
        if ended:
            value = {"n": len(ended)}
            sentence = mark("{n} of these have ended: what has ended is not attached.")
            raise InvalidInput(mark("The incident"), [Problem("service_request_ids", "ended", sentence, value)])
        fresh = [one for one in found if one.incident_id != row.id]
        for one in fresh:
            _hang(actor, one, row, "attached", at=at)
    return len(fresh)


def detach(*, actor: Actor, town: Town, incident_id: UUID, service_request_ids: Collection[UUID], at: datetime) -> int:
    """Take requests off an incident again; return how many hung on it."""
    _check_number(service_request_ids)
    with scopes.action_transaction():
        row = _locked(actor, incident_id, town=town)
        held = [one for one in _requests(actor, service_request_ids, town=town) if one.incident_id == row.id]
        for one in held:
            _hang(actor, one, row, "detached", at=at)
    return len(held)


def answer_all(
    *,
    actor: Actor,
    town: Town,
    incident_id: UUID,
    text_zh: str,
    text_en: str,
    at: datetime,
    resolves: bool = False,
) -> Answered:
    """Give one answer, in both languages, to every request that hangs on an incident and has not ended.

    Where `resolves`, each request that the actor may resolve by the ordinary step is resolved with these words; the
    others, such as those on which other parties still work, are answered only.

    Raises
    ------
    InvalidInput
        A language is missing, or the words are too long.
    """
    problems = rules.words_problems({"text_zh": text_zh, "text_en": text_en}, limit=rules.WORDS_LIMIT // 2 - 1)
    for name, text in (("text_zh", text_zh), ("text_en", text_en)):
        if not text.strip():
            problems.append(Problem(name, "required", mark("This is needed in both languages.")))
    if problems:
        raise InvalidInput(mark("The answer"), problems)
    text = f"{text_zh.strip()}\n\n{text_en.strip()}"
    with scopes.action_transaction():
        row = _locked(actor, incident_id, town=town)
        waiting = ServiceRequest.objects.filter(incident=row).exclude(status__in=ENDED).order_by("id")
        n_answered = n_resolved = 0
        for one in list(waiting):
            answer(actor=actor, town=town, service_request_id=one.id, text=text, at=at, incident_id=row.id)
            n_answered += 1
            if resolves and _is_ready(actor, one, town=town):
                wanted = Wanted(remedy=text)
                take_step(actor=actor, town=town, service_request_id=one.id, step=Step.RESOLVE, wanted=wanted, at=at)
                n_resolved += 1
        words = {"n_answered": n_answered, "n_resolved": n_resolved}
        _told(actor, row, "incident_answered", at=at, words=words, personal={"answer": text})
    return Answered(n_answered, n_resolved)


def _is_ready(actor: Actor, request: ServiceRequest, *, town: Town) -> bool:
    """Say whether the actor may resolve a request now, every part of joint work done."""
    if Step.RESOLVE not in queries.steps_for(actor, request, town=town):
        return False
    try:
        following.check_step(actor, request, Step.RESOLVE, town=town)
    except Conflict:
        return False
    return True


def _checked(incident: NewIncident, *, town: Town) -> territory.PlaceView:
    words = {"title_zh": incident.title_zh, "title_en": incident.title_en}
    problems = rules.words_problems(words, limit=120)
    problems += rules.words_problems({"words_zh": incident.words_zh, "words_en": incident.words_en}, limit=2000)
    for name, text in words.items():
        if not text.strip():
            problems.append(Problem(name, "required", mark("This is needed in both languages.")))
    offered = queries.catalogue(town).offered
    problems += [
        Problem("service_codes", "unknown", mark("There is no service “{value}”."), {"value": code[:60]})
        for code in incident.service_codes
        if code not in offered
    ]
    place = territory.tree(town).by_code.get(incident.place_code)
    if place is None:
        value = {"code": incident.place_code[:40]}
        problems.append(Problem("place_code", "unknown", mark("There is no place {code}."), value))
    if incident.starts_at is None:
        problems.append(Problem("starts_at", "required", mark("Say when it began or begins.")))
    elif incident.expected_end_at is not None and incident.expected_end_at <= incident.starts_at:
        problems.append(Problem("expected_end_at", "order", mark("It cannot end before it begins.")))
    if problems or place is None:
        raise InvalidInput(mark("The incident"), problems)
    return place


def _columns(incident: NewIncident, place: territory.PlaceView) -> dict[str, Any]:
    return {
        "title_zh": incident.title_zh.strip(),
        "title_en": incident.title_en.strip(),
        "words_zh": incident.words_zh.strip(),
        "words_en": incident.words_en.strip(),
        "service_codes": sorted(set(incident.service_codes)),
        "place_id": place.id,
        "starts_at": incident.starts_at,
        "expected_end_at": incident.expected_end_at,
    }


def _stored(row: Incident, columns: dict[str, Any]) -> None:
    for name, value in (columns | {"version": row.version + 1}).items():
        setattr(row, name, value)
    row.save()


def _locked(actor: Actor, incident_id: UUID, *, town: Town, version: int | None = None) -> Incident:
    row = Incident.objects.select_for_update(of=("self",)).filter(id=incident_id).first()
    if row is None:
        raise NotFound("incident")
    place = territory.tree(town).by_id.get(row.place_id)
    subject = Subject(place_path=place.path if place else "")
    guard.authorise(actor, "service_requests.open_incident", subject=subject)
    if version is not None and version != row.version:
        raise StaleVersion(held=version, current=row.version)
    found: Incident = row
    return found


def _check_number(ids: Collection[UUID]) -> None:
    if not 1 <= len(ids) <= MOST_AT_ONCE:
        sentence = mark("Choose from 1 to {most} requests.")
        problem = Problem("service_request_ids", "range", sentence, {"most": MOST_AT_ONCE})
        raise InvalidInput(mark("The incident"), [problem])


def _requests(actor: Actor, ids: Collection[UUID], *, town: Town) -> list[ServiceRequest]:
    """Lock requests in the order of their identifiers, once the actor may read and answer each of them."""
    found = locked(ids)
    if set(found) != set(ids):
        raise NotFound("service request")
    for one in found.values():
        subject = queries.subject_of(one, town=town)
        if not guard.may(actor, "service_requests.read", subject=subject):
            raise NotFound("service request")
        guard.authorise(actor, "service_requests.answer", subject=subject)
    return list(found.values())


def _hang(actor: Actor, request: ServiceRequest, row: Incident, verb: str, *, at: datetime) -> None:
    request.incident = row if verb == "attached" else None
    request.version, request.updated_at = request.version + 1, at
    request.save(update_fields=["incident", "version", "updated_at"])
    entry = audit.record(
        actor=actor,
        verb=f"service_requests.{verb}",
        subject=("service_request", request.id),
        at=at,
        facts={"incident": str(row.id)},
    )
    if verb == "attached":
        facts.publish(events.ServiceRequestMoved(request.id, entry.id, verb, actor.account_id))


def _told(
    actor: Actor,
    row: Incident,
    verb: str,
    *,
    at: datetime,
    words: dict[str, Any],
    personal: dict[str, str] | None = None,
) -> None:
    entry = audit.record(
        actor=actor,
        verb=f"service_requests.{verb}",
        subject=("incident", row.id),
        at=at,
        facts=words,
        personal=personal,
    )
    if verb in ("incident_changed", "incident_ended"):
        facts.publish(events.IncidentTold(row.id, entry.id, verb, actor.account_id))
