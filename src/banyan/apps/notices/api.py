"""The API of notices: the asker's own inbox."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router

from banyan.apps.notices import actions, queries
from banyan.apps.notices.schemas import InboxOut, ReadOut
from banyan.base.errors import SignInNeeded
from banyan.kit.api import Cursor, Limit, answered, paged
from banyan.kit.asking import TownRequest

router = Router(tags=["notices"])


@router.get("/me/inbox", response=InboxOut, operation_id="list_inbox", summary="My news")
def list_inbox(request: TownRequest, limit: Limit = 50, cursor: Cursor = "") -> HttpResponse:
    page = queries.inbox_page(_asker(request), size=limit, cursor=cursor)
    return paged(request, page, items=page.rows)


@router.post("/me/inbox/read", response=ReadOut, operation_id="read_inbox", summary="Mark all my news as read")
def read_inbox(request: TownRequest) -> HttpResponse:
    _asker(request)
    return answered({"n_read": actions.read_all(actor=request.actor, at=timezone.now())})


def _asker(request: TownRequest) -> UUID:
    if request.actor.account_id is None:
        raise SignInNeeded()
    return request.actor.account_id
