"""The API of parties: who works in the town and answers for what."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Router

from banyan.apps.parties import queries
from banyan.apps.parties.rules import PartyKind
from banyan.apps.parties.schemas import PartiesOut, PartyOut
from banyan.apps.territory import queries as territory
from banyan.base.errors import NotFound
from banyan.kit import guard
from banyan.kit.api import answered, whole
from banyan.kit.asking import TownRequest

router = Router(tags=["parties"])


@router.get("/parties", response=PartiesOut, operation_id="list_parties", summary="Parties of the town")
def list_parties(request: TownRequest, kind: PartyKind | None = None) -> HttpResponse:
    guard.authorise(request.actor, "parties.read")
    shown = _shown(request)
    return whole([party for party in shown.values() if kind in (None, party["kind"])])


@router.get("/parties/{uuid:party_id}", response=PartyOut, operation_id="read_party", summary="One party")
def read_party(request: TownRequest, party_id: UUID) -> HttpResponse:
    guard.authorise(request.actor, "parties.read")
    shown = _shown(request).get(party_id)
    if shown is None:
        raise NotFound("party")
    return answered(shown)


def _shown(request: TownRequest) -> dict[UUID, dict[str, Any]]:
    register, tree = queries.register(request.town), territory.tree(request.town)
    shown: dict[UUID, dict[str, Any]] = {
        party.id: {
            "id": party.id,
            "code": party.code,
            "kind": party.kind,
            "name_zh": party.name_zh,
            "name_en": party.name_en,
            "public_phone": party.public_phone,
            "duties": [],
        }
        for party in register.by_id.values()
    }
    for place_id, duties in register.duties.items():
        place = tree.by_id.get(place_id)
        for topic, party_id in duties if place else ():
            shown[party_id]["duties"].append({"place_code": place.code if place else "", "topic": topic})
    return shown
