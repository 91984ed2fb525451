"""The town's answers: giving one, and the two lists that everybody reads."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.api import shown
from banyan.apps.service_requests.api.reading import whole_request
from banyan.apps.service_requests.api.same_schemas import AnswerIn, ItemsOut
from banyan.apps.service_requests.queries import lists
from banyan.apps.service_requests.schemas import RequestWholeOut
from banyan.apps.territory import queries as territory
from banyan.base.errors import InvalidInput, Problem, mark
from banyan.kit.api import TEXT_PATTERN, Cursor, Limit, answered, paged
from banyan.kit.asking import TownRequest

router = Router(tags=["service_requests"])


class ListName(StrEnum):
    """Livelihood needs, or suggestions."""

    NEEDS = "needs"
    SUGGESTIONS = "suggestions"


class ItemState(StrEnum):
    """Whether an item waits for an answer, has one, or is done."""

    WAITING = "waiting"
    ANSWERED = "answered"
    DONE = "done"


class WantedItems(Schema):
    """What of a list is wanted; what is left out does not filter."""

    state: ItemState | None = None
    group: Annotated[str, Field(max_length=40, pattern=TEXT_PATTERN)] = ""
    place: Annotated[str, Field(max_length=40, pattern=TEXT_PATTERN)] = ""


@router.put(
    "/service_requests/{uuid:service_request_id}/answer",
    response=RequestWholeOut,
    operation_id="answer_request",
    summary="Answer a request in words that everybody reads",
)
def answer(request: TownRequest, service_request_id: UUID, body: AnswerIn) -> HttpResponse:
    found = actions.answer(
        actor=request.actor,
        town=request.town,
        service_request_id=service_request_id,
        text=body.text,
        version=body.version,
        at=timezone.now(),
    )
    return answered(whole_request(request, found))


@router.get("/lists/{name}", response=ItemsOut, operation_id="read_list", summary="Needs or suggestions, with answers")
def read_list(
    request: TownRequest, name: ListName, wanted: Query[WantedItems], limit: Limit = 50, cursor: Cursor = ""
) -> HttpResponse:
    tree = territory.tree(request.town)
    place = tree.by_code.get(wanted.place)
    if wanted.place and place is None:
        value = {"code": wanted.place[:40]}
        problem = Problem("place", "unknown", mark("There is no place {code}."), value)
        raise InvalidInput(mark("The list"), [problem])
    asked = lists.Asked(wanted.group, place.path if place else "", str(wanted.state or ""))
    page = lists.list_page(str(name), asked, town=request.town, size=limit, cursor=cursor)
    return paged(request, page, items=[_item(one, request) for one in page.rows])


def _item(one: lists.Item, request: TownRequest) -> dict[str, object]:
    town = request.town
    register, places = parties.register(town).by_id, territory.tree(town).by_id
    columns = (*("id", "kind", "status", "requested_at", "words", "answer", "answered_at", "n_merged", "n_followers"),)
    return {name: getattr(one, name) for name in columns} | {
        "service": shown.service_named(queries.catalogue(town).by_id[one.service_id]),
        "place": shown.place_named(places.get(one.place_id)) if one.place_id else None,
        "party": shown.party_named(register.get(one.party_id)) if one.party_id else None,
    }
