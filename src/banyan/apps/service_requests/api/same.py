"""Reports of the same thing: what is near and alike, following, merging, separating, and incidents."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router

from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.api import shown
from banyan.apps.service_requests.api.same_schemas import (
    AnswerAllIn,
    AnsweredAllOut,
    AttachIn,
    ChangedOut,
    IncidentChangeIn,
    IncidentIn,
    IncidentOut,
    IncidentsOut,
    MergeIn,
    SeparateIn,
    SimilarIn,
    SimilarsOut,
    TogetherOut,
    VersionIn,
)
from banyan.apps.service_requests.models import Incident, ServiceRequest
from banyan.apps.territory import queries as territory
from banyan.base.coordinates import LonLat
from banyan.base.errors import NotFound
from banyan.kit import limits
from banyan.kit.api import answered, whole
from banyan.kit.asking import TownRequest
from banyan.kit.guard import Actor

router = Router(tags=["service_requests"])

_ONE = "/service_requests/{uuid:service_request_id}"
_INCIDENT = "/incidents/{uuid:incident_id}"
#: Looks from one address, as on the page of a report.
_LOOKS = "240/h/ip"


class _Who(TypedDict):
    """Who acts, where and when: what every action asks for."""

    actor: Actor
    town: territory.Town
    at: datetime


@router.post(
    "/service_requests/similar",
    response=SimilarsOut,
    operation_id="find_similar_requests",
    summary="What may be the same as a report that is being written",
)
def similar(request: TownRequest, body: SimilarIn) -> HttpResponse:
    service = queries.catalogue(request.town).offered.get(body.service_code)
    if service is None:
        raise NotFound("service")
    limits.spend_try(request, "near", rates=_LOOKS)
    found = queries.near_and_similar(
        request.town, LonLat(body.lon, body.lat), service=service, words=body.words, at=timezone.now()
    )
    return whole([_similar(one, request) for one in found])


@router.put(f"{_ONE}/follow", response=TogetherOut, operation_id="follow_request", summary="Follow a request")
def follow(request: TownRequest, service_request_id: UUID) -> HttpResponse:
    """A request that was merged into another one is followed there; following twice changes nothing."""
    return answered(_together(actions.follow(**_who(request), service_request_id=service_request_id)))


@router.delete(
    f"{_ONE}/follow", response=TogetherOut, operation_id="unfollow_request", summary="Follow a request no more"
)
def unfollow(request: TownRequest, service_request_id: UUID) -> HttpResponse:
    return answered(_together(actions.unfollow(**_who(request), service_request_id=service_request_id)))


@router.post(f"{_ONE}/merge", response=TogetherOut, operation_id="merge_request", summary="Merge a report into another")
def merge(request: TownRequest, service_request_id: UUID, body: MergeIn) -> HttpResponse:
    row = actions.merge(
        **_who(request),
        service_request_id=service_request_id,
        into_id=UUID(str(body.into_id)),
        reason=body.reason,
        version=body.version,
    )
    return answered(_together(row.service_request))


@router.post(
    f"{_ONE}/separation", response=TogetherOut, operation_id="separate_request", summary="Separate a merged report"
)
def separate(request: TownRequest, service_request_id: UUID, body: SeparateIn) -> HttpResponse:
    found = actions.unmerge(
        **_who(request), service_request_id=service_request_id, reason=body.reason, version=body.version
    )
    return answered(_together(found))


# --- incidents -------------------------------------------------------------------------------------------------------


@router.get("/incidents", response=IncidentsOut, operation_id="list_incidents", summary="Incidents of the town")
def list_incidents(request: TownRequest) -> HttpResponse:
    return whole([_incident(one, request) for one in [*queries.open_incidents(), *queries.past_incidents()]])


@router.post("/incidents", response={201: IncidentOut}, operation_id="open_incident", summary="Open an incident")
def open_incident(request: TownRequest, body: IncidentIn) -> HttpResponse:
    row = actions.open_incident(**_who(request), incident=_new(body))
    url = f"{request.path}/{row.id}"
    return answered(_incident(row, request), status=201, headers={"Location": url})


@router.get(_INCIDENT, response=IncidentOut, operation_id="read_incident", summary="One incident")
def read_incident(request: TownRequest, incident_id: UUID) -> HttpResponse:
    return answered(_incident(queries.incident(incident_id), request))


@router.put(_INCIDENT, response=IncidentOut, operation_id="change_incident", summary="Change an incident")
def change_incident(request: TownRequest, incident_id: UUID, body: IncidentChangeIn) -> HttpResponse:
    row = actions.change_incident(**_who(request), incident_id=incident_id, incident=_new(body), version=body.version)
    return answered(_incident(row, request))


@router.post(f"{_INCIDENT}/end", response=IncidentOut, operation_id="end_incident", summary="End an incident")
def end_incident(request: TownRequest, incident_id: UUID, body: VersionIn) -> HttpResponse:
    row = actions.end_incident(**_who(request), incident_id=incident_id, version=body.version)
    return answered(_incident(row, request))


@router.post(f"{_INCIDENT}/requests", response=ChangedOut, operation_id="attach_requests", summary="Attach requests")
def attach(request: TownRequest, incident_id: UUID, body: AttachIn) -> HttpResponse:
    ids = {UUID(str(one)) for one in body.service_request_ids}
    return answered({"n_changed": actions.attach(**_who(request), incident_id=incident_id, service_request_ids=ids)})


@router.post(
    f"{_INCIDENT}/requests/detach", response=ChangedOut, operation_id="detach_requests", summary="Take requests off"
)
def detach(request: TownRequest, incident_id: UUID, body: AttachIn) -> HttpResponse:
    ids = {UUID(str(one)) for one in body.service_request_ids}
    return answered({"n_changed": actions.detach(**_who(request), incident_id=incident_id, service_request_ids=ids)})


@router.post(
    f"{_INCIDENT}/answer", response=AnsweredAllOut, operation_id="answer_incident", summary="Answer all its requests"
)
def answer_all(request: TownRequest, incident_id: UUID, body: AnswerAllIn) -> HttpResponse:
    done = actions.answer_all(
        **_who(request),
        incident_id=incident_id,
        text_zh=body.text_zh,
        text_en=body.text_en,
        resolves=body.resolves,
    )
    return answered({"n_answered": done.n_answered, "n_resolved": done.n_resolved})


def _who(request: TownRequest) -> _Who:
    return {"actor": request.actor, "town": request.town, "at": timezone.now()}


def _new(body: IncidentIn) -> actions.NewIncident:
    return actions.NewIncident(
        title_zh=body.title_zh,
        title_en=body.title_en,
        words_zh=body.words_zh,
        words_en=body.words_en,
        place_code=body.place_code,
        service_codes=body.service_codes,
        starts_at=body.starts_at,
        expected_end_at=body.expected_end_at,
    )


def _similar(one: queries.Similar, request: TownRequest) -> dict[str, object]:
    columns = ("id", "status", "words", "requested_at", "n_followers", "n_merged")
    places = territory.tree(request.town).by_id
    return {name: getattr(one, name) for name in columns} | {
        "service": shown.service_named(queries.catalogue(request.town).by_id[one.service_id]),
        "place": shown.place_named(places.get(one.place_id)) if one.place_id else None,
        "distance_m": max(50, 50 * round(one.distance_m / 50)),
    }


def _together(found: ServiceRequest) -> dict[str, object]:
    columns = ("id", "status", "version", "incident_id", "n_merged", "n_followers", "answer", "answered_at")
    return {name: getattr(found, name) for name in columns} | {"merged_into": found.merged_into_id}


def _incident(one: Incident, request: TownRequest) -> dict[str, object]:
    columns = (
        *("id", "title_zh", "title_en", "words_zh", "words_en", "service_codes", "starts_at"),
        *("expected_end_at", "ended_at", "version"),
    )
    return {name: getattr(one, name) for name in columns} | {
        "place": shown.place_named(territory.tree(request.town).by_id.get(one.place_id)),
        "n_requests": queries.n_requests_of([one]).get(one.id, 0),
    }
