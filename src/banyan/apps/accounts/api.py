"""The API of accounts: who asks, their tokens, and the roles of the town."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router

from banyan.apps.accounts import actions, queries
from banyan.apps.accounts.schemas import GrantedOut, GrantIn, MembersOut, TokensOut
from banyan.base.errors import SignInNeeded
from banyan.kit import guard
from banyan.kit.api import answered, whole
from banyan.kit.asking import TownRequest
from banyan.kit.guard import Role

router = Router(tags=["accounts"])


@router.get("/me/tokens", response=TokensOut, operation_id="list_my_tokens", summary="My tokens in this town")
def list_my_tokens(request: TownRequest) -> HttpResponse:
    return whole(queries.tokens_of(_asker(request), town_id=request.town.id, at=timezone.now()))


@router.delete(
    "/me/tokens/{uuid:token_id}", response={204: None}, operation_id="revoke_my_token", summary="Revoke a token"
)
def revoke_my_token(request: TownRequest, token_id: UUID) -> HttpResponse:
    _asker(request)
    actions.revoke_token(actor=request.actor, token_id=token_id, at=timezone.now())
    return HttpResponse(status=204)


@router.get("/roles", response=MembersOut, operation_id="list_roles", summary="Who holds which role")
def list_roles(request: TownRequest, role: Role | None = None) -> HttpResponse:
    guard.authorise(request.actor, "accounts.read_roles", subject=guard.Subject())
    held = queries.members(town_id=request.town.id, role=role)
    return whole(
        [
            {
                "id": member.membership_id,
                "account_id": member.account_id,
                "display_name": member.display_name,
                "role": member.role,
                "place_path": member.place_path,
                "party_id": member.party_id,
            }
            for member in held
        ]
    )


@router.post("/roles", response={201: GrantedOut}, operation_id="grant_role", summary="Give a role")
def grant_role(request: TownRequest, body: GrantIn) -> HttpResponse:
    held = actions.grant(
        actor=request.actor,
        town=request.town,
        account_id=body.account_id,
        role=body.role,
        place_code=body.place_code,
        party_id=body.party_id,
        at=timezone.now(),
    )
    shown = {
        "id": held.id,
        "account_id": held.account_id,
        "role": held.role,
        "place_path": held.place_path,
        "party_id": held.party_id,
    }
    return answered(shown, status=201)


@router.delete("/roles/{uuid:membership_id}", response={204: None}, operation_id="end_role", summary="End a role")
def end_role(request: TownRequest, membership_id: UUID) -> HttpResponse:
    actions.end_role(actor=request.actor, membership_id=membership_id, at=timezone.now())
    return HttpResponse(status=204)


def _asker(request: TownRequest) -> UUID:
    if request.actor.account_id is None:
        raise SignInNeeded()
    return request.actor.account_id
