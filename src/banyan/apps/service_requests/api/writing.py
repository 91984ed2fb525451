"""Changing requests: report, steps, comments, ratings, photos, and a look at the contact."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from ninja import File, Form, UploadedFile

from banyan.apps.service_requests import actions
from banyan.apps.service_requests.api import shown
from banyan.apps.service_requests.api.reading import router, whole_request
from banyan.apps.service_requests.schemas import (
    CommentIn,
    CommentOut,
    ContactOut,
    LookIn,
    PhotoOut,
    RatingIn,
    ReceivedOut,
    RedactionIn,
    ReportIn,
    RequestWholeOut,
    StepIn,
)
from banyan.kit import images
from banyan.kit.api import answered
from banyan.kit.asking import TownRequest

#: Reading and writing share a router: one address has one list of methods.
_ONE = "/service_requests/{uuid:service_request_id}"


@router.post("/service_requests", response={201: ReceivedOut}, operation_id="report", summary="Report something")
def report(request: TownRequest, body: ReportIn) -> HttpResponse:
    received = actions.report(actor=request.actor, town=request.town, draft=_draft(body), at=timezone.now())
    url = f"{request.path}/{received.id}"
    kept = {
        "id": received.id,
        "tracking_number": received.tracking_number,
        "status": received.request.status,
        "version": received.request.version,
        "deadline_at": received.request.deadline_at,
        "url": url,
    }
    return answered(kept, status=201, headers={"Location": url})


@router.post(
    f"{_ONE}/steps", response=RequestWholeOut, operation_id="take_step", summary="Take a step of the state table"
)
def take_step(request: TownRequest, service_request_id: UUID, body: StepIn) -> HttpResponse:
    wanted = actions.Wanted(
        reason=body.reason,
        remedy=body.remedy,
        party_id=body.party_id,
        handler_account_id=body.handler_account_id,
        service_code=body.service_code,
        urgency=body.urgency or "",
        is_text_public=body.is_text_public,
        review_on=body.review_on,
        asks_arbitration=body.asks_arbitration,
        way=body.way,
        public_text=body.public_text,
    )
    changed = actions.take_step(
        actor=request.actor,
        town=request.town,
        service_request_id=service_request_id,
        step=body.step,
        wanted=wanted,
        version=body.version,
        at=timezone.now(),
    )
    return answered(whole_request(request, changed))


@router.post(f"{_ONE}/comments", response={201: CommentOut}, operation_id="comment", summary="Add words to a request")
def comment(request: TownRequest, service_request_id: UUID, body: CommentIn) -> HttpResponse:
    row = actions.comment(
        actor=request.actor,
        town=request.town,
        service_request_id=service_request_id,
        text=body.text,
        is_internal=body.is_internal,
        at=timezone.now(),
    )
    columns = ("id", "role", "is_internal", "text", "at")
    return answered({name: getattr(row, name) for name in columns}, status=201)


@router.post(
    f"{_ONE}/redaction", response=RequestWholeOut, operation_id="redact", summary="Set the words that everybody reads"
)
def redact(request: TownRequest, service_request_id: UUID, body: RedactionIn) -> HttpResponse:
    changed = actions.redact(
        actor=request.actor,
        town=request.town,
        service_request_id=service_request_id,
        text=body.text,
        is_text_public=body.is_text_public,
        version=body.version,
        at=timezone.now(),
    )
    return answered(whole_request(request, changed))


@router.post(f"{_ONE}/rating", response=RequestWholeOut, operation_id="rate", summary="Rate how it was handled")
def rate(request: TownRequest, service_request_id: UUID, body: RatingIn) -> HttpResponse:
    changed = actions.rate(
        actor=request.actor,
        town=request.town,
        service_request_id=service_request_id,
        rating=body.rating,
        words=body.words,
        version=body.version,
        at=timezone.now(),
    )
    return answered(whole_request(request, changed))


@router.post(f"{_ONE}/photos", response={201: list[PhotoOut]}, operation_id="add_photos", summary="Add photos")
def add_photos(
    request: TownRequest,
    service_request_id: UUID,
    photos: File[list[UploadedFile]],
    moment: Form[Literal["report", "during", "after"]] = "during",
) -> HttpResponse:
    rows = actions.add_photos(
        actor=request.actor,
        town=request.town,
        service_request_id=service_request_id,
        photos=[photo.read(images.MOST_BYTES + 1) for photo in photos],
        moment=moment,
        at=timezone.now(),
    )
    return answered([shown.photo(row, town=request.town) for row in rows], status=201)


@router.post(f"{_ONE}/contact", response=ContactOut, operation_id="read_contact", summary="Look at the contact")
def read_contact(request: TownRequest, service_request_id: UUID, body: LookIn) -> HttpResponse:
    """Each look is noted with its reason, and the reporter sees it; a repeated look is a second look."""
    contact = actions.read_contact(
        actor=request.actor,
        town=request.town,
        service_request_id=service_request_id,
        reason=body.reason,
        at=timezone.now(),
    )
    kept_nowhere = {"Cache-Control": "no-store"}
    return answered({"name": contact.name, "phone": contact.phone, "email": contact.email}, headers=kept_nowhere)


def _draft(body: ReportIn) -> actions.Draft:
    return actions.Draft(
        service_code=body.service_code,
        description=body.description,
        urgency=body.urgency or "",
        lon=body.lon,
        lat=body.lat,
        coordinate_system=body.coordinate_system,
        address=body.address,
        place_code=body.place_code,
        intake=body.channel,
        contact_name=body.contact_name,
        contact_phone=body.contact_phone,
        contact_email=body.contact_email,
        privacy=body.privacy,
        requested_at=body.requested_at,
        attributes=body.attributes,
        id=UUID(body.id) if body.id else None,
    )


__all__ = ["router"]
