"""Who asks: accounts, their roles, their tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Count, Q

from banyan.apps.accounts.models import Account, ApiToken, Membership
from banyan.apps.territory.queries import Town
from banyan.kit.guard import Actor, Channel, Grant, Role


def actor_of(account_id: UUID, *, town_id: UUID, channel: Channel) -> Actor:
    """Return an account with the grants it holds in a town right now: an ended role is gone at the next request."""
    held = Membership.objects.filter(account_id=account_id, town_id=town_id, ended_at__isnull=True)
    grants = tuple(
        Grant(Role(role), path, party) for role, path, party in held.values_list("role", "place_path", "party_id")
    )
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
        Town.objects.filter(memberships__account_id=account_id, memberships__ended_at__isnull=True)
        .distinct()
        .order_by("name_en")
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


def n_by_role(*, town_id: UUID) -> dict[str, int]:
    """Return how many accounts hold each role in a town."""
    rows = Membership.objects.filter(town_id=town_id, ended_at__isnull=True).order_by().values_list("role")
    return dict(rows.annotate(n=Count("account_id", distinct=True)))


def names(account_ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Return the display names of accounts, for staff who read a timeline."""
    wanted = {account_id for account_id in account_ids if account_id is not None}
    return dict(Account.objects.filter(id__in=wanted).values_list("id", "display_name")) if wanted else {}


def account_called(name: str) -> UUID | None:
    """Return the account with this e-mail address or phone number, for the command line."""
    return Account.objects.filter(Q(email__iexact=name) | Q(phone=name)).values_list("id", flat=True).first()


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token as its holder sees it; the secret itself is kept nowhere."""

    id: UUID
    name: str
    created_at: datetime
    expires_at: datetime | None


def tokens_of(account_id: UUID, *, town_id: UUID, at: datetime) -> list[TokenView]:
    """Return the tokens of an account in a town that are still good, newest first."""
    good = Q(expires_at__isnull=True) | Q(expires_at__gt=at)
    rows = ApiToken.objects.filter(good, account_id=account_id, town_id=town_id, revoked_at__isnull=True)
    return [TokenView(*row) for row in rows.order_by("-created_at").values_list(*TokenView.__slots__)]


def contact_of(account_id: UUID) -> tuple[str, str, str]:
    """Return display name, phone number and e-mail address of an account, for the account itself; "" if unknown."""
    held = Account.objects.filter(id=account_id).values_list("display_name", "phone", "email").first()
    return (held[0] or "", held[1] or "", held[2] or "") if held else ("", "", "")


def language_of(account_id: UUID) -> str | None:
    """Return the language that an account has chosen, "" where it has not, None where it is closed or unknown."""
    return Account.objects.filter(id=account_id, is_active=True).values_list("language", flat=True).first()


def account_by_phone(phone: str) -> Account | None:
    """Return the account that signs in with a phone number (E.164), or None."""
    return Account.objects.filter(phone=phone).first()


@dataclass(frozen=True, slots=True)
class Player:
    """Somebody of a demonstration town, as the sign-in page offers them."""

    account_id: UUID
    display_name: str
    email: str
    role: str
    town_name_zh: str
    town_name_en: str


def synthetic_cast(*, n_of_each: int = 2) -> list[Player]:
    """Return a few accounts with a password of each role in the synthetic towns; for a demonstration only."""
    rows = Membership.objects.filter(town__is_synthetic=True, ended_at__isnull=True, account__is_active=True)
    rows = rows.exclude(account__password__startswith=UNUSABLE_PASSWORD_PREFIX)
    columns = ("account_id", "account__display_name", "account__email", "role", "town__name_zh", "town__name_en")
    return [
        Player(*row)
        for role in Role
        for row in rows.filter(role=role).order_by("granted_at", "id").values_list(*columns)[:n_of_each]
    ]


def synthetic_account(account_id: UUID) -> Account | None:
    """Return an active account all of whose roles lie in synthetic towns, or None: no real person is ever meant."""
    held = Membership.objects.filter(account_id=account_id)
    if not held.filter(town__is_synthetic=True).exists() or held.exclude(town__is_synthetic=True).exists():
        return None
    return Account.objects.filter(id=account_id, is_active=True).first()
