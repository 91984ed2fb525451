"""Joint work, questions that somebody else decides, and return calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from ninja import File, Router, UploadedFile

from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.actions import Call, Decision, PartWords, Question, Summons
from banyan.apps.service_requests.api import shown
from banyan.apps.service_requests.api.joint_schemas import (
    CallIn,
    CallOut,
    CallsOut,
    DecisionIn,
    PartOut,
    PartsOut,
    PartStepIn,
    QuestionIn,
    RulingOut,
    RulingsOut,
    SummonsIn,
)
from banyan.apps.service_requests.models import Part, ReturnCall, Ruling, ServiceRequest
from banyan.apps.service_requests.queries import joint
from banyan.apps.service_requests.schemas import PhotoOut
from banyan.kit import guard, images
from banyan.kit.api import Cursor, Limit, answered, paged, whole
from banyan.kit.asking import TownRequest

router = Router(tags=["service_requests"])

_ONE = "/service_requests/{uuid:service_request_id}"
_PART = f"{_ONE}/parts/{{uuid:part_id}}"
_PART_COLUMNS = (
    *("id", "service_request_id", "is_lead", "task", "status", "summoned_at", "accepted_at", "arrived_at"),
    *("arrived_m", "done_at", "target_min", "deadline_at", "remedy", "reason", "handler_account_id", "version"),
)
_RULING_COLUMNS = (
    *("id", "service_request_id", "part_id", "kind", "status", "reason", "minutes", "asked_by_account_id"),
    *("asked_at", "decided_at", "decided_by_account_id", "decision", "decided_minutes"),
)
_CALL_COLUMNS = ("id", "at", "account_id", "outcome", "is_settled", "satisfaction", "words")
_READ = "service_requests.read_internal"


# --- joint work ------------------------------------------------------------------------------------------------------


@router.get(f"{_ONE}/parts", response=PartsOut, operation_id="list_parts", summary="The parts of joint work")
def list_parts(request: TownRequest, service_request_id: UUID) -> HttpResponse:
    found = queries.readable(request.actor, service_request_id, town=request.town, verb=_READ)
    return whole(_parts(request, found, joint.parts_of(found)))


@router.post(f"{_ONE}/summons", response={201: PartsOut}, operation_id="summon", summary="Summon several parties")
def summon(request: TownRequest, service_request_id: UUID, body: SummonsIn) -> HttpResponse:
    rows = actions.summon(
        actor=request.actor,
        town=request.town,
        service_request_id=service_request_id,
        summons=[Summons(one.party_id, one.task, one.target_min, one.is_lead) for one in body.summons],
        version=body.version,
        at=timezone.now(),
    )
    items = _parts(request, queries.public(service_request_id), rows)
    return answered({"items": items, "next": None, "previous": None}, status=201)


@router.post(f"{_PART}/steps", response=PartOut, operation_id="take_part_step", summary="Take a step with a part")
def take_part_step(request: TownRequest, service_request_id: UUID, part_id: UUID, body: PartStepIn) -> HttpResponse:
    part = actions.take_part_step(
        actor=request.actor,
        town=request.town,
        part_id=part_id,
        service_request_id=service_request_id,
        step=body.step,
        words=PartWords(body.reason, body.remedy, body.lon, body.lat, body.coordinate_system or ""),
        version=body.version,
        at=timezone.now(),
    )
    return answered(_parts(request, queries.public(service_request_id), [part])[0])


@router.post(
    f"{_PART}/photos", response={201: list[PhotoOut]}, operation_id="add_part_photos", summary="Add evidence of a part"
)
def add_part_photos(
    request: TownRequest, service_request_id: UUID, part_id: UUID, photos: File[list[UploadedFile]]
) -> HttpResponse:
    rows = actions.add_part_photos(
        actor=request.actor,
        town=request.town,
        part_id=part_id,
        service_request_id=service_request_id,
        photos=[photo.read(images.MOST_BYTES + 1) for photo in photos],
        at=timezone.now(),
    )
    return answered([shown.photo(row, town=request.town) for row in rows], status=201)


def _parts(request: TownRequest, found: ServiceRequest, rows: Sequence[Part]) -> list[dict[str, Any]]:
    register, photos = parties.register(request.town).by_id, queries.photos(found)
    return [
        {name: getattr(row, name) for name in _PART_COLUMNS}
        | {
            "party": shown.party_named(register.get(row.party_id)),
            "steps": joint.part_steps_for(request.actor, found, row, town=request.town),
            "photos": [shown.photo(one, town=request.town) for one in photos if one.part_id == row.id],
        }
        for row in rows
    ]


# --- questions -------------------------------------------------------------------------------------------------------


@router.get(f"{_ONE}/rulings", response=RulingsOut, operation_id="list_rulings", summary="Questions about a request")
def list_rulings(request: TownRequest, service_request_id: UUID) -> HttpResponse:
    found = queries.readable(request.actor, service_request_id, town=request.town, verb=_READ)
    return whole([_ruling(request, row, found) for row in joint.rulings_of(found)])


@router.post(
    f"{_ONE}/rulings", response={201: RulingOut}, operation_id="ask_ruling", summary="Ask for time or arbitration"
)
def ask_ruling(request: TownRequest, service_request_id: UUID, body: QuestionIn) -> HttpResponse:
    row = actions.ask_ruling(
        actor=request.actor,
        town=request.town,
        service_request_id=service_request_id,
        question=Question(body.kind, body.reason, body.minutes, body.part_id),
        at=timezone.now(),
    )
    return answered(_ruling(request, row, queries.public(service_request_id)), status=201)


@router.get("/rulings", response=RulingsOut, operation_id="list_open_rulings", summary="Open questions in reach")
def list_open_rulings(request: TownRequest, limit: Limit = 50, cursor: Cursor = "") -> HttpResponse:
    guard.authorise(request.actor, "service_requests.decide_ruling")
    page = joint.open_rulings(request.actor, town=request.town, size=limit, cursor=cursor)
    return paged(request, page, items=[_ruling(request, row, row.service_request) for row in page.rows])


@router.post(
    "/rulings/{uuid:ruling_id}/decision", response=RulingOut, operation_id="decide_ruling", summary="Decide a question"
)
def decide_ruling(request: TownRequest, ruling_id: UUID, body: DecisionIn) -> HttpResponse:
    row = actions.decide_ruling(
        actor=request.actor,
        town=request.town,
        ruling_id=ruling_id,
        decision=Decision(body.is_granted, body.decision, body.minutes, body.party_id),
        at=timezone.now(),
    )
    return answered(_ruling(request, row, queries.public(row.service_request_id)))


@router.post(
    "/rulings/{uuid:ruling_id}/withdrawal",
    response=RulingOut,
    operation_id="withdraw_ruling",
    summary="Take a question back",
)
def withdraw_ruling(request: TownRequest, ruling_id: UUID) -> HttpResponse:
    row = actions.withdraw_ruling(actor=request.actor, town=request.town, ruling_id=ruling_id, at=timezone.now())
    return answered(_ruling(request, row, queries.public(row.service_request_id)))


def _ruling(request: TownRequest, row: Ruling, found: ServiceRequest) -> dict[str, Any]:
    register = parties.register(request.town).by_id
    asked_by, decided = row.asked_by_party_id, row.decided_party_id
    return {name: getattr(row, name) for name in _RULING_COLUMNS} | {
        "asked_by_party": shown.party_named(register.get(asked_by)) if asked_by else None,
        "decided_party": shown.party_named(register.get(decided)) if decided else None,
        "may_decide": joint.may_decide(request.actor, row, found, town=request.town),
        "may_withdraw": joint.may_withdraw(request.actor, row),
    }


# --- return calls ----------------------------------------------------------------------------------------------------


@router.get(f"{_ONE}/return_calls", response=CallsOut, operation_id="list_return_calls", summary="Return calls")
def list_return_calls(request: TownRequest, service_request_id: UUID) -> HttpResponse:
    found = queries.readable(request.actor, service_request_id, town=request.town, verb=_READ)
    return whole([_call(row) for row in joint.return_calls_of(found)])


@router.post(
    f"{_ONE}/return_calls",
    response={201: CallOut},
    operation_id="record_return_call",
    summary="Write down a return call",
)
def record_return_call(request: TownRequest, service_request_id: UUID, body: CallIn) -> HttpResponse:
    row = actions.record_return_call(
        actor=request.actor,
        town=request.town,
        service_request_id=service_request_id,
        call=Call(body.outcome, body.is_settled, body.satisfaction, body.words, body.reopens),
        version=body.version,
        at=timezone.now(),
    )
    return answered(_call(row), status=201)


def _call(row: ReturnCall) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _CALL_COLUMNS}
