"""The API of people: who looked at what is held about me."""

from __future__ import annotations

from django.http import HttpResponse
from ninja import Router

from banyan.apps.people import queries
from banyan.apps.people.schemas import LooksOut
from banyan.base.errors import SignInNeeded
from banyan.kit.api import whole
from banyan.kit.asking import TownRequest

router = Router(tags=["people"])


@router.get("/me/looks", response=LooksOut, operation_id="list_looks", summary="Who looked at my personal fields")
def list_looks(request: TownRequest) -> HttpResponse:
    if request.actor.account_id is None:
        raise SignInNeeded()
    return whole(queries.looks_at(request.actor.account_id))
