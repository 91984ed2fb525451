"""Changing accounts, roles and tokens."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from banyan.apps.accounts import rules
from banyan.apps.accounts.errors import KeyUsedOtherwise, LastManager
from banyan.apps.accounts.models import Account, ApiToken, Membership, StoredAnswer
from banyan.apps.accounts.queries import hash_of
from banyan.apps.audit import actions as audit
from banyan.apps.parties import queries as parties
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import InvalidInput, NotFound, Problem, SignInNeeded, mark
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
        Lists an unknown account, role, place or party, and a party that is missing.
    """
    guard.authorise(actor, "accounts.edit_roles", subject=guard.Subject())
    problems = rules.role_problems(role=role, party_id=party_id)
    place = territory.tree(town).by_code.get(place_code) if place_code else None
    if place_code and place is None:
        problems.append(Problem("place_code", "unknown", mark("There is no place {code}."), {"code": place_code[:40]}))
    if party_id is not None and party_id not in parties.register(town).by_id:
        problems.append(Problem("party_id", "unknown", mark("There is no such party.")))
    if not Account.objects.filter(id=account_id).exists():
        problems.append(Problem("account_id", "unknown", mark("There is no such account.")))
    if problems:
        raise InvalidInput(mark("The role"), problems)
    with scopes.action_transaction():
        return _granted(actor, town, account_id=account_id, role=Role(role), place=place, party_id=party_id, at=at)


def join_as_resident(*, actor: Actor, town: Town, at: datetime) -> Membership:
    """Let an account take part in a town as a resident: whoever lives here does, registered here or not."""
    guard.authorise(actor, "territory.read")
    if actor.account_id is None:
        raise SignInNeeded()
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
    Account.objects.select_for_update().filter(id=account_id).values_list("id").first()  # one grant after the other
    place_id = place.id if place else None
    same: dict[str, Any] = {"account_id": account_id, "role": role, "place_id": place_id, "party_id": party_id}
    held = Membership.objects.filter(town=town, ended_at__isnull=True, **same).first()
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
    """End a role: the next request of its holder is without it.

    Raises
    ------
    NotFound
        Nobody holds it now.
    LastManager
        Nobody else manages the whole town.
    """
    guard.authorise(actor, "accounts.edit_roles", subject=guard.Subject())
    with scopes.action_transaction():
        held_now = Membership.objects.filter(town_id=scopes.current_town(), ended_at__isnull=True).select_for_update()
        managers = held_now.filter(role=Role.MANAGER, place__isnull=True, party__isnull=True).order_by("id")
        manager_ids = list(managers.values_list("id", flat=True))
        held = held_now.filter(id=membership_id).first()
        if held is None:
            raise NotFound("role")
        if manager_ids == [held.id]:
            raise LastManager()
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
        raise SignInNeeded()
    if problems := rules.token_problems(name):
        raise InvalidInput(mark("The token"), problems)
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
            facts={"token": str(token.id)},
            personal={"name": token.name},
        )
    return secret


def revoke_token(*, actor: Actor, token_id: UUID, at: datetime) -> None:
    """Revoke one of the actor's own tokens at once."""
    with scopes.action_transaction():
        if actor.account_id is None:
            raise SignInNeeded()
        own = ApiToken.objects.filter(id=token_id, account_id=actor.account_id, town_id=scopes.current_town())
        if not own.filter(revoked_at__isnull=True).update(revoked_at=at):
            raise NotFound("token")
        audit.record(
            actor=actor,
            verb="accounts.token_revoked",
            subject=("account", actor.account_id),
            at=at,
            facts={"token": str(token_id)},
        )


def register(
    *, email: str = "", phone: str = "", password: str | None = None, display_name: str = "", language: str = ""
) -> Account:
    """Make an account for the command line, the demonstration and the tests; pages sign up through allauth."""
    return Account.objects.create_user(
        email=email,
        phone=rules.read_phone(phone) if phone else "",
        password=password,
        display_name=display_name,
        language=language,
        is_phone_verified=bool(phone),
    )


def change_profile(*, account_id: UUID, display_name: str, language: str) -> None:
    """Change what an account says of itself.  The caller has authorised it: nobody changes another's.

    Raises
    ------
    InvalidInput
        Lists every problem; nothing is changed.
    """
    spoken = dict(settings.LANGUAGES)
    if problems := rules.profile_problems(display_name=display_name, language=language, languages=spoken):
        raise InvalidInput(mark("The account"), problems)
    Account.objects.filter(id=account_id).update(display_name=display_name.strip(), language=language)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that was given to a write and is given again when the same write is repeated."""

    status: int
    body: str
    location: str = ""


def claim_answer(*, asker: str, key: str, body_hash: str, at: datetime) -> Answer | None:
    """Claim an idempotency key for a write, or return the answer that the same write was given before.

    Inside the transaction of the write, before its effect: a second writer with the same key waits at the unique place
    of the first until it has ended.  A write that is refused rolls its claim back with everything else.

    Parameters
    ----------
    asker
        Whose key it is, at most 64 characters: keys of different askers do not meet.
    key
        At most 80 characters, made by the client.
    body_hash
        SHA-256 of method, path and body, in hexadecimal digits.

    Raises
    ------
    KeyUsedOtherwise
        The key was used by this asker for something else.
    """
    claim = StoredAnswer(asker=asker, key=key, body_hash=body_hash, at=at)
    StoredAnswer.objects.bulk_create([claim], ignore_conflicts=True)
    held = StoredAnswer.objects.get(asker=asker, key=key)
    if held.id == claim.id:
        return None
    if held.body_hash != body_hash:
        raise KeyUsedOtherwise()
    body, location = held.body
    return Answer(status=held.status, body=body, location=location)


def keep_answer(*, asker: str, key: str, answer: Answer) -> None:
    """Keep the answer to a write under the key that was claimed for it, in the same transaction."""
    StoredAnswer.objects.filter(asker=asker, key=key).update(status=answer.status, body=[answer.body, answer.location])


def release_key(*, asker: str, key: str) -> None:
    """Let go of a key whose answer may not be kept, because it holds what has one home elsewhere."""
    StoredAnswer.objects.filter(asker=asker, key=key).delete()


def forget_answers(*, before: datetime) -> int:
    """Forget the answers of the town in scope that are older than an instant; return how many."""
    with scopes.action_transaction():
        return StoredAnswer.objects.filter(at__lt=before).delete()[0]
