"""Reading requests: lists, one request, its history, comments and photos, and how many there are."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from banyan.apps.accounts import queries as accounts
from banyan.apps.audit import queries as audit
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import queries
from banyan.apps.service_requests.api import shown
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.rules import Kind, Status, Urgency
from banyan.apps.service_requests.schemas import (
    CommentsOut,
    CountsOut,
    Order,
    RequestsOut,
    RequestWholeOut,
    TimelineOut,
    View,
)
from banyan.apps.territory import queries as territory
from banyan.base.errors import InvalidInput, NotFound, Problem, mark
from banyan.kit import files, guard
from banyan.kit.api import TEXT_PATTERN, Cursor, Flag, Limit, answered, paged, whole
from banyan.kit.asking import TownRequest

router = Router(tags=["service_requests"])

#: View -> the verb whose reach the list has.
_VERBS = {
    View.PUBLIC: "service_requests.read_public",
    View.MINE: "service_requests.rate",
    View.WORK: "service_requests.read_internal",
}


_WORDS_ASKED = (
    "Every word occurs in text, place or service; best hits first. "
    "A whole tracking number finds its request in the views mine and work."
)


class Wanted(Schema):
    """What to list; what is left out does not filter."""

    view: View = View.PUBLIC
    status: list[Status] = Field(default=[], max_length=len(Status), description="In one of these states.")
    service_code: Annotated[str, Field(max_length=60, pattern=TEXT_PATTERN)] = ""
    group: Annotated[str, Field(max_length=40, pattern=TEXT_PATTERN, description="Group of services.")] = ""
    kind: Kind | None = None
    urgency: Urgency | None = None
    place: Annotated[
        str, Field(max_length=40, pattern=TEXT_PATTERN, description="Code of a place: in it or below.")
    ] = ""
    party_id: UUID | None = None
    overdue: Annotated[Flag, Field(description="Only those whose clock runs and has passed its deadline.")] = False
    words: Annotated[
        str,
        Field(
            max_length=200,
            pattern=TEXT_PATTERN,
            description=_WORDS_ASKED,
        ),
    ] = ""
    order: Order = Order.NEWEST


@router.get("/service_requests", response=RequestsOut, operation_id="list_service_requests", summary="Requests")
def list_service_requests(
    request: TownRequest, wanted: Query[Wanted], limit: Limit = 50, cursor: Cursor = ""
) -> HttpResponse:
    verb, at = _VERBS[wanted.view], timezone.now()
    guard.authorise(request.actor, verb)
    page = queries.listed(
        request.actor, _filter(request, wanted), town=request.town, at=at, size=limit, cursor=cursor, verb=verb
    )
    show = shown.shower(request.town, at=at, is_public=wanted.view is View.PUBLIC)
    return paged(request, page, items=[show(row) for row in page.rows])


@router.get(
    "/service_requests/{uuid:service_request_id}",
    response=RequestWholeOut,
    operation_id="read_service_request",
    summary="One request, in full or its public part",
)
def read_service_request(request: TownRequest, service_request_id: UUID) -> HttpResponse:
    return answered(whole_request(request, _seen(request, service_request_id)))


@router.get(
    "/service_requests/{uuid:service_request_id}/timeline",
    response=TimelineOut,
    operation_id="read_timeline",
    summary="The history of a request",
)
def read_timeline(request: TownRequest, service_request_id: UUID) -> HttpResponse:
    found = _seen(request, service_request_id)
    entries = audit.timeline(("service_request", found.id))
    hears_words = _may(request, found, "service_requests.read")
    hears_inner = _may(request, found, "service_requests.read_internal")
    names = accounts.names(entry.account_id for entry in entries) if hears_inner else {}
    return whole(shown.moments(entries, hears_words=hears_words, hears_inner=hears_inner, names=names))


@router.get(
    "/service_requests/{uuid:service_request_id}/comments",
    response=CommentsOut,
    operation_id="list_comments",
    summary="The comments on a request",
)
def list_comments(request: TownRequest, service_request_id: UUID) -> HttpResponse:
    found = queries.readable(request.actor, service_request_id, town=request.town)
    rows = queries.comments(found, with_internal=_may(request, found, "service_requests.read_internal"))
    columns = ("id", "role", "is_internal", "text", "at")
    return whole([{name: getattr(row, name) for name in columns} for row in rows])


@router.get(
    "/service_requests/{uuid:service_request_id}/photos/{uuid:photo_id}",
    operation_id="read_photo",
    summary="The content of a photo",
    response={200: None},
    openapi_extra={"responses": {200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}}},
)
def read_photo(
    request: TownRequest, service_request_id: UUID, photo_id: UUID, thumbnail: Flag = False
) -> HttpResponseBase:
    shown_here = queries.photos_for(request.actor, _seen(request, service_request_id), town=request.town)
    row = next((one for one in shown_here if one.id == photo_id), None)
    path = files.path_of(request.town.id, photo_id, suffix="thumb.jpg" if thumbnail else "jpg")
    if row is None or not path.exists():
        raise NotFound("photo")
    kept = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}
    return FileResponse(path.open("rb"), content_type="image/jpeg", headers=kept)


@router.get("/counts", response=CountsOut, operation_id="count_service_requests", summary="How many in each state")
def count_service_requests(request: TownRequest, view: View = View.PUBLIC) -> HttpResponse:
    guard.authorise(request.actor, _VERBS[view])
    by_status = queries.n_by_status(request.actor, town=request.town, verb=_VERBS[view])
    return answered({"by_status": by_status, "n": sum(by_status.values())})


def whole_request(request: TownRequest, found: ServiceRequest) -> dict[str, object]:
    """Return one request as far as the asker may read it, with the steps they may take."""
    is_full = _may(request, found, "service_requests.read")
    show = shown.shower(request.town, at=timezone.now(), is_public=not is_full)
    photos = queries.photos_for(request.actor, found, town=request.town)
    return {
        **show(found),
        "access": "full" if is_full else "public",
        "steps": queries.steps_for(request.actor, found, town=request.town),
        **(shown.full_part(found, town=request.town) if is_full else shown.NOTHING_MORE),
        **{name: getattr(found, name) for name in ("verification", "verified_how", "verify_by_at")},
        "photos": [shown.photo(row, town=request.town) for row in photos],
    }


def _seen(request: TownRequest, service_request_id: UUID) -> ServiceRequest:
    return queries.seen(request.actor, service_request_id, town=request.town)


def _may(request: TownRequest, found: ServiceRequest, verb: str) -> bool:
    return guard.may(request.actor, verb, subject=queries.subject_of(found, town=request.town))


def _filter(request: TownRequest, wanted: Wanted) -> queries.Filter:
    """Read a filter; unknown codes are named, never silently dropped."""
    place = territory.tree(request.town).by_code.get(wanted.place) if wanted.place else None
    versions = queries.catalogue(request.town).by_id.values()
    checks = [
        ("place", wanted.place, place is not None, mark("There is no place {value}.")),
        (
            "service_code",
            wanted.service_code,
            any(s.code == wanted.service_code for s in versions),
            mark("There is no service “{value}”."),
        ),
        (
            "group",
            wanted.group,
            any(s.group == wanted.group for s in versions),
            mark("There is no group of services “{value}”."),
        ),
        (
            "party_id",
            wanted.party_id,
            wanted.party_id in parties.register(request.town).by_id,
            mark("There is no such party."),
        ),
    ]
    problems = [
        Problem(where, "unknown", sentence, {"value": str(value)})
        for where, value, is_known, sentence in checks
        if value and not is_known
    ]
    if problems:
        raise InvalidInput(mark("The filter"), problems)
    return queries.Filter(
        statuses=frozenset(map(str, wanted.status)),
        service_code=wanted.service_code,
        group=wanted.group,
        kind=wanted.kind or "",
        urgency=wanted.urgency or "",
        place_path=place.path if place else "",
        party_id=wanted.party_id,
        is_overdue=wanted.overdue,
        words=wanted.words,
        order=wanted.order,
    )
