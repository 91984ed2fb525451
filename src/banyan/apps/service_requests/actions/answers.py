"""The town's answer to a request, which everybody reads in the lists."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from banyan.apps.audit import actions as audit
from banyan.apps.service_requests import events, queries, rules
from banyan.apps.service_requests.actions import searching
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.territory.queries import Town
from banyan.base.errors import InvalidInput, Problem, StaleVersion, mark
from banyan.kit import facts, scopes
from banyan.kit.guard import Actor


def answer(
    *,
    actor: Actor,
    town: Town,
    service_request_id: UUID,
    text: str,
    at: datetime,
    version: int | None = None,
    incident_id: UUID | None = None,
) -> ServiceRequest:
    """Answer a request in words that everybody reads, in one language or both in one text.

    A second answer takes the place of the first; history keeps both.  It is no response in the sense of the rates: that
    is somebody looking at it (`keeping`).  The request is found by the words of its answer from now on.

    Raises
    ------
    NotFound, SignInNeeded, Forbidden, StaleVersion
        The actor may not answer it, or somebody else changed it since.
    InvalidInput
        The words are missing, too long or not text.
    """
    problems = rules.words_problems({"answer": text})
    if not text.strip():
        problems.append(Problem("answer", "required", mark("Write something first.")))
    if problems:
        raise InvalidInput(mark("The answer"), problems)
    with scopes.action_transaction():
        request = queries.locked_for(actor, service_request_id, town=town, verb="service_requests.answer")
        if version is not None and version != request.version:
            raise StaleVersion(held=version, current=request.version)
        columns = {
            "answer": text.strip(),
            "answered_at": at,
            "answered_by_account_id": actor.account_id,
            "updated_at": at,
            "version": request.version + 1,
        }
        is_change = request.answered_at is not None
        for name, value in columns.items():
            setattr(request, name, value)
        request.save(update_fields=list(columns))
        searching.reindex([request])
        entry = audit.record(
            actor=actor,
            verb="service_requests.answered",
            subject=("service_request", request.id),
            at=at,
            facts={"is_change": is_change} | ({"incident": str(incident_id)} if incident_id else {}),
            personal={"answer": request.answer},
            person_id=request.reporter_id,
        )
        facts.publish(events.ServiceRequestAnswered(request.id, entry.id, actor.account_id))
    return request
