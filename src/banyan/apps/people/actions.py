"""Entering people where they are needed, and noting who looked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models.fields.reverse_related import ForeignObjectRel

from banyan.apps.audit import actions as audit
from banyan.apps.people.models import Look, Person
from banyan.apps.people.rules import Contact, contact_problems
from banyan.base.errors import InvalidInput, NotFound, Problem, SignInNeeded, mark
from banyan.kit import scopes
from banyan.kit.guard import Actor

__all__ = ["Contact", "ContactView", "change_own", "contact_problems", "enter", "forget", "look"]


@dataclass(frozen=True, slots=True)
class ContactView:
    """The personal fields of one person, in the clear."""

    person_id: UUID
    name: str
    phone: str
    email: str


def enter(*, actor: Actor, contact: Contact, account_id: UUID | None, at: datetime) -> UUID:
    """Enter a person, or find the one that an account is in this town; return the identifier.

    The caller has authorised its own act, of which this is a part.

    Raises
    ------
    InvalidInput
        Lists every problem of the contact.
    """
    if problems := contact_problems(name=contact.name, phone=contact.phone, email=contact.email):
        raise InvalidInput(mark("The contact"), problems)
    with scopes.action_transaction():
        held: Person | None = Person.objects.filter(account_id=account_id).only("id").first() if account_id else None
        if held is not None:
            return held.id
        person: Person = Person.objects.create(
            account_id=account_id,
            name=contact.name,
            phone=contact.phone,
            email=contact.email,
            language=contact.language,
            created_at=at,
        )
        personal = {name: value for name in ("name", "phone", "email") if (value := getattr(contact, name))}
        audit.record(
            actor=actor,
            verb="people.entered",
            subject=("person", person.id),
            at=at,
            personal=personal,
            person_id=person.id,
            is_first=True,
        )
    return person.id


def change_own(*, actor: Actor, contact: Contact, at: datetime) -> UUID:
    """Let somebody who is signed in say how the town can reach them; empty fields take back what was there.

    Raises
    ------
    SignInNeeded
        The actor is unknown.
    InvalidInput
        Lists every problem of the contact.
    """
    if actor.account_id is None:
        raise SignInNeeded()
    if problems := contact_problems(name=contact.name, phone=contact.phone, email=contact.email):
        raise InvalidInput(mark("The contact"), problems)
    with scopes.action_transaction():
        person: Person | None = Person.objects.select_for_update().filter(account_id=actor.account_id).first()
        if person is None:
            return enter(actor=actor, contact=contact, account_id=actor.account_id, at=at)
        changed = [name for name in ("name", "phone", "email") if getattr(person, name) != getattr(contact, name)]
        if changed:
            for name in changed:
                setattr(person, name, getattr(contact, name))
            person.save(update_fields=changed)
            audit.record(
                actor=actor,
                verb="people.changed",
                subject=("person", person.id),
                at=at,
                facts={"fields": changed},
                personal={name: value for name in changed if (value := getattr(contact, name))},
                person_id=person.id,
            )
    return person.id


def look(
    *,
    actor: Actor,
    person_id: UUID,
    fields: Sequence[str],
    purpose: str,
    at: datetime,
    reason: str = "",
    is_outside_area: bool = False,
) -> ContactView:
    """Return personal fields in the clear and note that the actor looked.  The caller has authorised the read.

    The person looking at their own fields leaves no note.

    Raises
    ------
    InvalidInput
        The look is from outside the actor's area and has no reason.
    NotFound
        There is no such person in this town.
    """
    if is_outside_area and not reason.strip():
        raise InvalidInput(
            mark("The look"), [Problem("reason", "required", mark("Say why: this lies outside your area."))]
        )
    with scopes.action_transaction():
        person: Person | None = Person.objects.filter(id=person_id).first()
        if person is None:
            raise NotFound("person")
        if actor.account_id is None or person.account_id != actor.account_id:
            Look.objects.create(
                person=person,
                looker_account_id=actor.account_id,
                role=",".join(sorted(actor.roles)),
                at=at,
                fields=sorted(fields),
                purpose=purpose,
                reason=reason[:300],
                is_outside_area=is_outside_area,
            )
    shown = {name: getattr(person, name) if name in fields else "" for name in ("name", "phone", "email")}
    return ContactView(person_id=person.id, **shown)


def forget(*, actor: Actor, person_id: UUID, at: datetime) -> bool:
    """Forget how a person is reached and their words in history, where nothing else needs it; say whether it was done.

    Somebody with an account keeps their contact under My data, and somebody whom another record refers to keeps it for
    that record.  Who looked stays, about nobody any more.  The caller has authorised the forgetting.
    """
    with scopes.action_transaction():
        person: Person | None = Person.objects.select_for_update(of=("self",)).filter(id=person_id).first()
        if person is None or person.account_id is not None or _is_referred_to(person):
            return False
        person.name = person.phone = person.email = person.language = ""
        person.save(update_fields=["name", "phone", "email", "language"])
        audit.erase_words(actor=actor, person_id=person_id, at=at)
    return True


def _is_referred_to(person: Person) -> bool:
    """Say whether any record beside the looks refers to a person."""
    for relation in Person._meta.get_fields(include_hidden=True):
        if not isinstance(relation, ForeignObjectRel) or relation.related_model is Look:
            continue
        if relation.related_model._default_manager.filter(**{relation.field.name: person}).exists():
            return True
    return False
