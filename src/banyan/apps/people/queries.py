"""Reading what is held about people: masked, unless `actions.look` is used; and who looked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from banyan.apps.people.models import Look, Person
from banyan.apps.people.rules import Contact, masked

__all__ = ["Contact", "LookView", "MaskedContact", "looks_at", "masked", "masked_contact", "own_contact", "person_of"]


@dataclass(frozen=True, slots=True)
class MaskedContact:
    """A contact with the middle of each field hidden."""

    person_id: UUID
    name: str
    phone: str
    email: str


@dataclass(frozen=True, slots=True)
class LookView:
    """One look at a person's fields, as that person sees it."""

    at: datetime
    role: str
    fields: Sequence[str]
    purpose: str
    reason: str
    is_outside_area: bool


def masked_contact(person_id: UUID) -> MaskedContact | None:
    """Return a contact with the middle of each field hidden, or None where nobody is held by this identifier."""
    person = Person.objects.filter(id=person_id).first()
    if person is None:
        return None
    return MaskedContact(person.id, masked(person.name), masked(person.phone), masked(person.email))


def own_contact(account_id: UUID) -> Contact | None:
    """Return an account's own contact in this town in the clear, for the account itself; None where it left none."""
    held = Person.objects.filter(account_id=account_id).values_list("name", "phone", "email", "language").first()
    return Contact(*held) if held else None


def looks_at(account_id: UUID) -> list[LookView]:
    """Return who looked at the personal fields of an account's person in this town, newest first."""
    rows = Look.objects.filter(person__account_id=account_id).order_by("-at")
    return [LookView(r.at, r.role, tuple(r.fields), r.purpose, r.reason, r.is_outside_area) for r in rows]


def person_of(account_id: UUID) -> UUID | None:
    """Return the person that an account is in this town, if it is one."""
    return Person.objects.filter(account_id=account_id).values_list("id", flat=True).first()
