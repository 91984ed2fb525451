"""Words beside the steps: comments, ratings, photos, and reading a contact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from banyan.apps.audit import actions as audit
from banyan.apps.people import actions as people
from banyan.apps.service_requests import events, queries, rules
from banyan.apps.service_requests.actions.photos import stored_photos
from banyan.apps.service_requests.errors import NotRateable
from banyan.apps.service_requests.models import Comment, Photo, ServiceRequest
from banyan.apps.territory.queries import Town
from banyan.base.errors import InvalidInput, NotFound, Problem, StaleVersion, mark
from banyan.kit import facts, guard, scopes
from banyan.kit.guard import Actor
from banyan.kit.images import pictures


def comment(
    *, actor: Actor, town: Town, service_request_id: UUID, text: str, at: datetime, is_internal: bool = False
) -> Comment:
    """Add words to a request: for everyone who may read it in full, or internal to the staff.

    The version stays as it is.  A comment changes nothing that a step decides by, so a form for a step that somebody
    has open meanwhile is not refused because of it; comments themselves are rows of their own and cannot collide.

    Raises
    ------
    InvalidInput
        The words are missing, too long or not text.
    """
    verb = "service_requests.comment_internal" if is_internal else "service_requests.comment"
    problems = rules.words_problems({"text": text})
    if not text.strip():
        problems.append(Problem("text", "required", mark("Write something first.")))
    if problems:
        raise InvalidInput(mark("The comment"), problems)
    with scopes.action_transaction():
        request = queries.locked_for(actor, service_request_id, town=town, verb=verb)
        row = Comment(
            service_request_id=request.id,
            account_id=actor.account_id,
            role=_role_towards(actor, request),
            is_internal=is_internal,
            text=text.strip(),
            at=at,
        )
        row.save(force_insert=True)
        ServiceRequest.objects.filter(id=request.id).update(updated_at=at)
        entry = audit.record(
            actor=actor,
            verb="service_requests.commented",
            subject=("service_request", request.id),
            at=at,
            facts={"comment": str(row.id), "is_internal": is_internal},
            personal={"text": row.text},
            person_id=request.reporter_id,
        )
        facts.publish(events.CommentAdded(request.id, entry.id, is_internal, actor.account_id))
    return row


def _role_towards(actor: Actor, request: ServiceRequest) -> str:
    """Return in which role the actor speaks: as the reporter of their own request, else as staff."""
    own = request.id in actor.bearer_of or (
        actor.account_id is not None and actor.account_id == request.reporter_account_id
    )
    if own or not actor.is_staff:
        return "reporter"
    return str(max(actor.roles & guard.STAFF, key=list(guard.Role).index))


def rate(
    *,
    actor: Actor,
    town: Town,
    service_request_id: UUID,
    rating: int,
    at: datetime,
    words: str = "",
    version: int | None = None,
) -> ServiceRequest:
    """Rate how a request was handled, once, 1 (poor) to 5 (very good), by the one who reported it.

    Raises
    ------
    InvalidInput
        The rating is not 1 to 5, or the words are too long.
    NotRateable
        Nothing has been resolved yet, or it has been rated before.
    """
    problems = rules.words_problems({"words": words}, limit=1000)
    if not 1 <= rating <= 5:
        problems.append(Problem("rating", "range", mark("A rating is 1 to 5.")))
    if problems:
        raise InvalidInput(mark("The rating"), problems)
    with scopes.action_transaction():
        request = queries.locked_for(actor, service_request_id, town=town, verb="service_requests.rate")
        if version is not None and version != request.version:
            raise StaleVersion(held=version, current=request.version)
        queries.check_hands(actor, request, step=None)
        if request.rating is not None or rules.Status(request.status) not in rules.RATEABLE:
            raise NotRateable(status=request.status)
        request.rating, request.rating_words, request.rated_at = rating, words.strip(), at
        request.version, request.updated_at = request.version + 1, at
        request.save(update_fields=["rating", "rating_words", "rated_at", "version", "updated_at"])
        audit.record(
            actor=actor,
            verb="service_requests.rated",
            subject=("service_request", request.id),
            at=at,
            facts={"rating": rating},
            personal={"words": request.rating_words} if request.rating_words else None,
            person_id=request.reporter_id,
        )
    return request


def add_photos(
    *, actor: Actor, town: Town, service_request_id: UUID, photos: Sequence[bytes], moment: str, at: datetime
) -> list[Photo]:
    """Add photos to a request: evidence before, during or after the work.

    Raises
    ------
    InvalidInput
        Lists every photo that is hostile, too large or too many.
    """
    shots, problems = pictures(photos)
    if moment not in {"report", "during", "after"}:
        problems.append(Problem("moment", "unknown", mark("A photo is of the report, during or after the work.")))
    if not photos:
        problems.append(Problem("photos", "required", mark("Choose a photo first.")))
    if problems:
        raise InvalidInput(mark("The photos"), problems)
    with scopes.action_transaction():
        request = queries.locked_for(actor, service_request_id, town=town, verb="service_requests.comment")
        rows = stored_photos(request, shots, moment=moment, actor=actor, at=at)
        ServiceRequest.objects.filter(id=request.id).update(updated_at=at)
        audit.record(
            actor=actor,
            verb="service_requests.photographed",
            subject=("service_request", request.id),
            at=at,
            facts={"moment": moment, "photos": [{"id": str(row.id), "sha256": row.sha256} for row in rows]},
        )
    return rows


def read_contact(
    *, actor: Actor, town: Town, service_request_id: UUID, at: datetime, reason: str = ""
) -> people.ContactView:
    """Return the reporter's contact in the clear; the look is noted and the reporter can see it.

    Raises
    ------
    InvalidInput
        The actor's party was only summoned to help, and no reason is given.
    NotFound
        No contact was left.
    """
    with scopes.action_transaction():
        request = queries.readable(actor, service_request_id, town=town, verb="service_requests.read_contact")
        if request.reporter_id is None:
            raise NotFound("contact")
        guard.authorise(actor, queries.contact_verb(request), subject=queries.subject_of(request, town=town))
        return people.look(
            actor=actor,
            person_id=request.reporter_id,
            fields=("name", "phone", "email"),
            purpose="service_request",
            reason=reason,
            at=at,
            is_outside_area=not _is_near(actor, request, town=town),
        )


def _is_near(actor: Actor, request: ServiceRequest, *, town: Town) -> bool:
    """Say whether the actor reads by the area or the party in charge, and not only because summoned to help."""
    near = replace(
        queries.subject_of(request, town=town), party_ids=frozenset([request.party_id] if request.party_id else [])
    )
    return guard.may(actor, "service_requests.read_contact", subject=near)
