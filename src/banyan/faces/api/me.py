"""Who asks: account, roles and unread news on one page, put together from several apps."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from ninja import Router, Schema

from banyan.apps.accounts import queries as accounts
from banyan.apps.notices import queries as notices
from banyan.base.errors import SignInNeeded
from banyan.kit.api import answered
from banyan.kit.asking import TownRequest
from banyan.kit.guard import Role

router = Router(tags=["accounts"])


class GrantOut(Schema):
    """A role that the asker holds; `place_path` "" is the whole town."""

    role: Role
    place_path: str
    party_id: UUID | None


class MeOut(Schema):
    """Who asks, in this town."""

    account_id: UUID
    display_name: str
    roles: list[GrantOut]
    n_unread: int


@router.get("/me", response=MeOut, operation_id="read_me", summary="Who I am in this town")
def read_me(request: TownRequest) -> HttpResponse:
    account_id = request.actor.account_id
    if account_id is None:
        raise SignInNeeded()
    return answered(
        {
            "account_id": account_id,
            "display_name": accounts.names([account_id]).get(account_id, ""),
            "roles": request.actor.grants,
            "n_unread": notices.n_unread(account_id),
        }
    )
