"""Changing accounts, roles and tokens."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID

from banyan.apps.accounts import rules
from banyan.apps.accounts.models import Account, ApiToken, Membership
from banyan.apps.accounts.queries import hash_of
from banyan.apps.audit import actions as audit
from banyan.apps.territory import queries as territory
from banyan.apps.territory.models import Town
from banyan.base.errors import InvalidInput, NotFound, Problem, mark
from banyan.kit import guard, scopes
from banyan.kit.guard import Actor, Role


def grant(
    *,
    actor: Actor,
    town: Town,
    account_id: UUID,
    role: str,
    at: datetime,
    place_code: str = "",
    party_id: UUID | None = None,
) -> Membership:
    """Give an account a role in the town in scope; a role that is held already stays as it is.

    Raises
    ------
    InvalidInput
        Lists an unknown role, place or a party that is missing.
    """
    guard.authorise(actor, "accounts.edit_roles", subject=guard.Subject())
    problems = rules.role_problems(role=role, party_id=party_id)
    place = territory.tree(town).by_code.get(place_code) if place_code else None
    if place_code and place is None:
        problems.append(Problem("place_code", "unknown", mark("There is no place {code}."), {"code": place_code[:40]}))
    if problems:
        raise InvalidInput(mark("The role"), problems)
    with scopes.action_transaction():
        return _granted(actor, town, account_id=account_id, role=Role(role), place=place, party_id=party_id, at=at)


def join_as_resident(*, actor: Actor, town: Town, at: datetime) -> Membership:
    """Let an account take part in a town as a resident: whoever lives here does, registered here or not."""
    guard.authorise(actor, "territory.read")
    if actor.account_id is None:
        raise guard.SignInNeeded()
    with scopes.action_transaction():
        return _granted(actor, town, account_id=actor.account_id, role=Role.RESIDENT, place=None, party_id=None, at=at)


def _granted(
    actor: Actor,
    town: Town,
    *,
    account_id: UUID,
    role: Role,
    place: territory.PlaceView | None,
    party_id: UUID | None,
    at: datetime,
) -> Membership:
    place_id = place.id if place else None
    held = Membership.objects.filter(
        account_id=account_id, town=town, role=role, place_id=place_id, party_id=party_id, ended_at__isnull=True
    ).first()
    if held is not None:
        return held
    made = Membership.objects.create(
        account_id=account_id,
        town=town,
        role=role,
        place_id=place_id,
        place_path=place.path if place else "",
        party_id=party_id,
        granted_at=at,
    )
    facts = {"role": str(role), "place": place.code if place else "", "party": str(party_id) if party_id else None}
    audit.record(actor=actor, verb="accounts.role_granted", subject=("account", account_id), at=at, facts=facts)
    return made


def end_role(*, actor: Actor, membership_id: UUID, at: datetime) -> None:
    """End a role: the next request of its holder is without it."""
    guard.authorise(actor, "accounts.edit_roles", subject=guard.Subject())
    with scopes.action_transaction():
        row = Membership.objects.filter(id=membership_id, town_id=scopes.current_town(), ended_at__isnull=True)
        held = row.select_for_update().first()
        if held is None:
            raise NotFound("role")
        held.ended_at = at
        held.save(update_fields=["ended_at"])
        audit.record(
            actor=actor,
            verb="accounts.role_ended",
            subject=("account", held.account_id),
            at=at,
            facts={"role": held.role, "membership": str(held.id)},
        )


def issue_token(*, actor: Actor, town: Town, name: str, at: datetime, expires_at: datetime | None = None) -> str:
    """Issue an API token for the actor's own account in this town and return its secret, which is shown only once."""
    if actor.account_id is None:
        raise guard.SignInNeeded()
    if not 1 <= len(name.strip()) <= 80:
        raise InvalidInput(mark("The token"), [Problem("name", "required", mark("Name what the token is for."))])
    secret = f"bny_{secrets.token_urlsafe(32)}"
    with scopes.action_transaction():
        token = ApiToken.objects.create(
            account_id=actor.account_id,
            town=town,
            name=name.strip(),
            secret_hash=hash_of(secret),
            created_at=at,
            expires_at=expires_at,
        )
        audit.record(
            actor=actor,
            verb="accounts.token_issued",
            subject=("account", actor.account_id),
            at=at,
            facts={"token": str(token.id), "name": token.name},
        )
    return secret


def revoke_token(*, actor: Actor, token_id: UUID, at: datetime) -> None:
    """Revoke one of the actor's own tokens at once."""
    with scopes.action_transaction():
        own = ApiToken.objects.filter(id=token_id, account_id=actor.account_id, town_id=scopes.current_town())
        if actor.account_id is None or not own.filter(revoked_at__isnull=True).update(revoked_at=at):
            raise NotFound("token")
        audit.record(
            actor=actor,
            verb="accounts.token_revoked",
            subject=("account", actor.account_id),
            at=at,
            facts={"token": str(token_id)},
        )


def register(*, email: str = "", phone: str = "", password: str | None = None, display_name: str = "", language: str = "") -> Account:
    """Make an account for the command line, the demonstration and the tests; pages sign up through allauth."""
    return Account.objects.create_user(
        email=email, phone=phone, password=password, display_name=display_name, language=language, is_phone_verified=bool(phone)
    )
