"""Who asks: accounts, their roles, their tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from banyan.apps.accounts.models import Account, ApiToken, Membership
from banyan.apps.territory.models import Town
from banyan.kit.guard import Actor, Channel, Grant, Role


def actor_of(account_id: UUID, *, town_id: UUID, channel: Channel) -> Actor:
    """Return an account with the grants it holds in a town right now: an ended role is gone at the next request."""
    held = Membership.objects.filter(account_id=account_id, town_id=town_id, ended_at__isnull=True)
    grants = tuple(Grant(Role(role), path, party) for role, path, party in held.values_list("role", "place_path", "party_id"))
    return Actor(account_id=account_id, grants=grants, channel=channel)


def account_of_token(secret: str, *, town_id: UUID, at: datetime) -> UUID | None:
    """Return the account behind an API token of this town, or None where the token is unknown, expired or revoked."""
    valid = Q(expires_at__isnull=True) | Q(expires_at__gt=at)
    rows = ApiToken.objects.filter(valid, secret_hash=hash_of(secret), town_id=town_id, revoked_at__isnull=True)
    return rows.filter(account__is_active=True).values_list("account_id", flat=True).first()


def hash_of(secret: str) -> str:
    """Return what is kept of a random secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def towns_of(account_id: UUID) -> list[Town]:
    """Return the towns in which an account holds a role."""
    return list(
        Town.objects.filter(memberships__account_id=account_id, memberships__ended_at__isnull=True).distinct().order_by("name_en")
    )


@dataclass(frozen=True, slots=True)
class MemberView:
    """A role held in the town in scope."""

    membership_id: UUID
    account_id: UUID
    display_name: str
    role: str
    place_path: str
    party_id: UUID | None


def members(*, town_id: UUID, role: Role | None = None, party_id: UUID | None = None) -> list[MemberView]:
    """Return who holds a role in a town, all or of one kind or party.  Staff are named by their display name only."""
    rows = Membership.objects.filter(town_id=town_id, ended_at__isnull=True).select_related("account")
    rows = rows.filter(role=role) if role else rows
    rows = rows.filter(party_id=party_id) if party_id else rows
    return [
        MemberView(row.id, row.account_id, row.account.display_name, row.role, row.place_path, row.party_id)
        for row in rows.order_by("role", "account__display_name")
    ]


def names(account_ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Return the display names of accounts, for staff who read a timeline."""
    wanted = {account_id for account_id in account_ids if account_id is not None}
    return dict(Account.objects.filter(id__in=wanted).values_list("id", "display_name")) if wanted else {}


def account_called(name: str) -> UUID | None:
    """Return the account with this e-mail address or phone number, for the command line."""
    return Account.objects.filter(Q(email__iexact=name) | Q(phone=name)).values_list("id", flat=True).first()
