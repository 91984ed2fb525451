"""Appending to history, and erasing the personal words that stand beside it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from banyan.apps.audit import rules
from banyan.apps.audit.models import Disclosure, Entry
from banyan.apps.audit.rules import GENESIS, Written, commitment, key_of
from banyan.base.ids import uuid7
from banyan.kit import scopes
from banyan.kit.guard import Actor
from banyan.kit.rows import Stencil, insert_many


def record(
    *,
    actor: Actor,
    verb: str,
    subject: tuple[str, UUID],
    at: datetime,
    role: str = "",
    facts: Mapping[str, Any] | None = None,
    personal: Mapping[str, str] | None = None,
    person_id: UUID | None = None,
    is_first: bool = False,
) -> Entry:
    """Append one entry to the chain of a subject.

    Parameters
    ----------
    actor, role
        Who acted, and in which of their roles.
    verb
        What was done, as one word of the app.
    subject
        Type (``"service_request"``) and identifier.  The caller holds the row lock of the subject, so that no second
        writer appends at the same time; the unique place in the chain refuses what slips through.
    at
        Instant of the act, aware.
    facts
        Plain JSON without personal words; numbers are finite.
    personal
        Personal words by field name: only salted commitments enter the chain, the words stand beside it, erasable.
    person_id
        Whom the personal words are about.
    is_first
        The subject was made in this transaction, so the chain is known to be empty and is not read.
    """
    salts = {name: secrets.token_hex(32) for name in personal or {}}
    sequence, previous_hash = (0, GENESIS) if is_first else _last(subject)
    written = Written(
        id=uuid7(),
        town_id=scopes.current_town(),
        subject_type=subject[0],
        subject_id=subject[1],
        sequence=sequence + 1,
        verb=verb,
        at=at,
        account_id=actor.account_id,
        role=role or _one_role(actor),
        channel=str(actor.channel),
        facts=dict(facts or {}),
        commitments={
            name: commitment(value, salt=salts[name], person_id=person_id) for name, value in (personal or {}).items()
        },
        previous_hash=previous_hash,
    )
    entry = _stored(written)
    Disclosure.objects.bulk_create(
        [
            Disclosure(
                id=key_of("disclosure", holder_id=entry.id, name=name),
                entry=entry,
                person_id=person_id,
                field=name,
                value=value,
                salt=salts[name],
            )
            for name, value in (personal or {}).items()
        ]
    )
    return entry


@dataclass(frozen=True, slots=True)
class First:
    """The first entry of a subject that was made in this transaction, without personal words."""

    actor: Actor
    verb: str
    subject: tuple[str, UUID]
    at: datetime
    facts: Mapping[str, Any]


def record_first(firsts: Sequence[First]) -> None:
    """Append the first entries of many new subjects in one statement: for imports of whole batches."""
    town_id = scopes.current_town()
    written = [
        Written(
            id=uuid7(),
            town_id=town_id,
            subject_type=first.subject[0],
            subject_id=first.subject[1],
            sequence=1,
            verb=first.verb,
            at=first.at,
            account_id=first.actor.account_id,
            role=_one_role(first.actor),
            channel=str(first.actor.channel),
            facts=dict(first.facts),
            commitments={},
            previous_hash=GENESIS,
        )
        for first in firsts
    ]
    new = Stencil(Entry).row
    insert_many(Entry, [new(**_columns(words)) for words in written])


def _last(subject: tuple[str, UUID]) -> tuple[int, str]:
    """Return the sequence and the hash of the last entry of a chain, 0 and the genesis of an empty one."""
    chain = Entry.objects.filter(subject_type=subject[0], subject_id=subject[1]).order_by("-sequence")
    for sequence, entry_hash in chain.values_list("sequence", "hash")[:1]:
        return sequence, entry_hash
    return 0, GENESIS


def _stored(written: Written) -> Entry:
    entry = _row(written)
    entry.save(force_insert=True)
    return entry


def _row(written: Written) -> Entry:
    return Entry(**_columns(written))


def _columns(written: Written) -> dict[str, Any]:
    return {"hash": written.hash(), **{name: getattr(written, name) for name in written.__slots__}}


def _one_role(actor: Actor) -> str:
    """Name the only role of an actor; an actor of several roles says which one they act in."""
    roles = {str(role) for role in actor.roles}
    return roles.pop() if len(roles) == 1 else ""


def erase_words(
    *, actor: Actor, at: datetime, person_id: UUID | None = None, subject: tuple[str, UUID] | None = None
) -> int:
    """Erase every personal word about a person, or beside one subject, from the history of the town in scope.

    Returns how many words were erased.

    The value, its salt and whom it was about are destroyed: the commitment in the chain tells nothing any more, and the
    chain stays whole.  That words were erased, of which entries and when, is itself written into history.  The caller
    has authorised the erasure and knows what must stay by law.
    """
    with scopes.action_transaction():
        about: dict[str, Any] = {"person_id": person_id}
        if subject is not None:
            about = {"entry__subject_type": subject[0], "entry__subject_id": subject[1]}
        held = Disclosure.objects.select_for_update(of=("self",)).filter(**about, value__isnull=False)
        fields: dict[UUID, list[str]] = {}
        for row in held.order_by("entry_id", "field"):
            fields.setdefault(row.entry_id, []).append(row.field)
        for entry_id, names in fields.items():
            erased = Disclosure.objects.filter(entry_id=entry_id, field__in=names)
            erased.update(value=None, salt=None, person_id=None, erased_at=at)
            record(
                actor=actor,
                verb=rules.ERASED_VERB,
                subject=(rules.ERASED_SUBJECT, entry_id),
                at=at,
                facts={"fields": names},
            )
    return sum(len(names) for names in fields.values())
