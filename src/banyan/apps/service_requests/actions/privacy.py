"""What everybody reads of a request, and forgetting its words when their time is over."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from banyan.apps.audit import actions as audit
from banyan.apps.people import actions as people
from banyan.apps.service_requests import queries, rules
from banyan.apps.service_requests.actions import searching
from banyan.apps.service_requests.models import (
    Comment,
    Merge,
    Part,
    Photo,
    RateExclusion,
    ReturnCall,
    Ruling,
    ServiceRequest,
    Supervision,
)
from banyan.apps.service_requests.rules.personal import find, hidden
from banyan.apps.service_requests.rules.privacy import Privacy
from banyan.apps.territory.queries import Town
from banyan.base.errors import InvalidInput, Problem, StaleVersion, mark
from banyan.kit import files, scopes
from banyan.kit.guard import Actor

#: What changes the words under which a request is found.
_FOUND_BY = frozenset({"is_text_public", "public_text", "service_id", "answer", "place_id"})


def published(request: ServiceRequest, *, is_text_public: bool, text: str = "") -> dict[str, Any]:
    """Return the columns with which the words of a request are published, or kept back.

    Parameters
    ----------
    text
        What everybody reads; "" takes the description with personal data hidden.

    Raises
    ------
    InvalidInput
        The report is confidential.
    """
    if is_text_public and request.privacy == Privacy.CONFIDENTIAL:
        sentence = mark("A confidential report is on no public page: its words cannot be published.")
        raise InvalidInput(mark("The step"), [Problem("is_text_public", "confidential", sentence)])
    changes: dict[str, Any] = {"is_text_public": is_text_public}
    shown = text.strip() or (request.public_text if is_text_public else "")
    if is_text_public and not shown and (automatic := hidden(request.description)) != request.description:
        shown = automatic
    if shown != request.public_text and (text or is_text_public):
        changes["public_text"] = "" if shown == request.description else shown
    return changes


def redact(
    *,
    actor: Actor,
    town: Town,
    service_request_id: UUID,
    text: str,
    at: datetime,
    is_text_public: bool | None = None,
    version: int | None = None,
) -> ServiceRequest:
    """Set what everybody reads in the place of a description; the original stays for those who may read it in full.

    Parameters
    ----------
    text
        The words for everybody; "" takes the description with all personal data hidden that is found.
    is_text_public
        Publish the words, or keep them back; None leaves that as it is.

    Raises
    ------
    NotFound, SignInNeeded, Forbidden
        The actor may not know of the request, is unknown, or lacks the right.
    StaleVersion
        Someone else changed it since.
    InvalidInput
        The words are too long or not text; the report is confidential.
    """
    if problems := rules.words_problems({"text": text}):
        raise InvalidInput(mark("The words"), problems)
    with scopes.action_transaction():
        request = queries.locked_for(actor, service_request_id, town=town, verb="service_requests.redact")
        if version is not None and version != request.version:
            raise StaleVersion(held=version, current=request.version)
        if request.privacy == Privacy.CONFIDENTIAL:
            published(request, is_text_public=True)
        shown = text.strip() or hidden(request.description)
        request.public_text = "" if shown == request.description else shown
        request.is_text_public = request.is_text_public if is_text_public is None else is_text_public
        request.version, request.updated_at = request.version + 1, at
        request.save(update_fields=["public_text", "is_text_public", "version", "updated_at"])
        audit.record(
            actor=actor,
            verb="service_requests.redact",
            subject=("service_request", request.id),
            at=at,
            facts={"is_text_public": request.is_text_public, "n_left": len(find(shown))},
            personal={"public_text": shown},
            person_id=request.reporter_id,
        )
        searching.reindex([request])
    return request


def keep_findable(request: ServiceRequest, changes: dict[str, Any]) -> None:
    """Make the words of a request anew where a change touched what it is found by."""
    if _FOUND_BY & changes.keys():
        searching.reindex([request])


# --- forgetting ------------------------------------------------------------------------------------------------------


def forget(*, actor: Actor, town: Town, service_request_id: UUID, at: datetime, only_if_due: bool = False) -> bool:
    """Forget the words, the photos and the contact of a request whose time is over; say whether there was anything.

    What happened, when and by whom of the staff stays in history; commitments there tell nothing any more.  The point
    is rounded as on the public map.  The town's own answer and why it was left out of the rates
    stay, with personal data hidden that they quote; every other free word goes whole.

    Parameters
    ----------
    only_if_due
        Look once more, with the row locked, whether it has ended and its day has passed: somebody may have opened it
        again since the daily task looked.
    """
    with scopes.action_transaction():
        request = ServiceRequest.objects.select_for_update(of=("self",)).filter(id=service_request_id).first()
        if request is None or request.retain_until is None:
            return False
        if only_if_due and not _is_due(request, town=town, at=at):
            return False
        person_id, photo_ids = request.reporter_id, list(request.photos.values_list("id", flat=True))
        _blank(request, at=at)
        Comment.objects.filter(service_request=request).delete()
        Photo.objects.filter(service_request=request).delete()
        _blank_words_beside(request)
        searching.reindex([request])
        n_words = audit.erase_words(actor=actor, subject=("service_request", request.id), at=at)
        has_contact_gone = person_id is not None and people.forget(actor=actor, person_id=person_id, at=at)
        audit.record(
            actor=actor,
            verb="service_requests.forgotten",
            subject=("service_request", request.id),
            at=at,
            facts={"n_words": n_words, "n_photos": len(photo_ids), "contact": has_contact_gone},
        )
        for photo_id in photo_ids:
            for suffix in ("jpg", "thumb.jpg"):
                files.path_of(town.id, photo_id, suffix=suffix).unlink(missing_ok=True)
    return True


def _is_due(request: ServiceRequest, *, town: Town, at: datetime) -> bool:
    today = at.astimezone(ZoneInfo(town.time_zone)).date()
    until = request.retain_until
    return rules.Status(request.status) in rules.ENDED and until is not None and until < today


def _blank(request: ServiceRequest, *, at: datetime) -> None:
    blank: dict[str, Any] = {
        **dict.fromkeys(("description", "public_text", "address", "remedy", "pause_reason", "rating_words"), ""),
        **dict.fromkeys(("reporter_id", "reporter_account_id", "building_id", "retain_until"), None),
        "attributes": {},
        "answer": hidden(request.answer),
        "is_text_public": False,
        "updated_at": at,
        "version": request.version + 1,
    }
    if request.lon is not None and request.lat is not None:
        blank["lon"], blank["lat"] = queries.blurred(request.lon, request.lat)
    for name, value in blank.items():
        setattr(request, name, value)
    request.save(update_fields=list(blank))


def _blank_words_beside(request: ServiceRequest) -> None:
    """Empty the free words on what hangs on a request: parts, questions, supervision, return calls, merges."""
    for model, names in (
        (Part, ("task", "remedy", "reason")),
        (Ruling, ("reason", "decision")),
        (Supervision, ("words", "answer")),
        (ReturnCall, ("words",)),
    ):
        blank = dict.fromkeys(names, "")
        model.objects.filter(~Q(**dict.fromkeys(blank, "")), service_request=request).update(**blank)
    for row in Merge.objects.filter(service_request=request):
        # what a separation brings back: a pause that was explained stays one, without its words
        row.reason, row.before = "", row.before | {"pause_reason": "", "retain_until": None}
        row.save(update_fields=["reason", "before"])
    for left_out in RateExclusion.objects.filter(service_request=request):
        # why a number of the town is as it is, which is the town's to answer for
        left_out.reason = hidden(left_out.reason)[:300]
        left_out.save(update_fields=["reason"])


def due_for_forgetting(*, town: Town, at: datetime, limit: int) -> list[UUID]:
    """Return requests of the town in scope that have ended and whose words were to be kept until yesterday at most."""
    ended = ServiceRequest.objects.filter(status__in=rules.ENDED, retain_until__lt=queries.local_day(town, at))
    return list(ended.order_by("retain_until", "id").values_list("id", flat=True)[:limit])
