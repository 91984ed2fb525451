"""History as people read it: what happened to one record, or to all that hang on one thread."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from banyan.apps.audit.models import Disclosure, Entry


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of a timeline, with the personal words that are still there."""

    id: UUID
    sequence: int
    verb: str
    at: datetime
    account_id: UUID | None
    role: str
    channel: str
    facts: Mapping[str, Any]
    words: Mapping[str, str | None]
    subject: tuple[str, UUID]


def timeline(subject: tuple[str, UUID]) -> list[Moment]:
    """Return the history of one subject, oldest first; erased words are None.  The caller has authorised the read."""
    return _moments(_of(subject), order=("sequence",))


def timelines(subjects: Iterable[tuple[str, UUID]]) -> list[Moment]:
    """Return the histories of several subjects as one thread, oldest first, in two SQL statements.

    The caller has authorised the read of each of them.
    """
    wanted = Q(pk__in=[])
    for subject in subjects:
        wanted |= _of(subject)
    return _moments(wanted, order=("at", "id"))


@dataclass(frozen=True, slots=True)
class Passage:
    """One entry as everybody may hear it: what happened when, none of the words that belong to a person."""

    id: UUID
    subject_id: UUID
    verb: str
    at: datetime
    facts: Mapping[str, Any]


def passages(
    subject_type: str,
    *,
    verbs: Collection[str],
    subject_ids: Collection[UUID] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
) -> list[Passage]:
    """Return the entries of some verbs about many subjects, oldest first, in one SQL statement.

    Between two instants, both included, about some subjects only, at most `limit`; what is None does not narrow.  The
    caller has authorised the read.
    """
    given = {"subject_id__in": subject_ids, "at__gte": since, "at__lte": until}
    narrowed = {name: value for name, value in given.items() if value is not None}
    rows = Entry.objects.filter(subject_type=subject_type, verb__in=verbs, **narrowed).order_by("at", "id")
    return [Passage(*row) for row in rows.values_list(*Passage.__slots__)[:limit]]


def continued(subject_type: str, subject_ids: Collection[UUID]) -> set[UUID]:
    """Return those of many subjects about which more was written than their first entry."""
    rows = Entry.objects.filter(subject_type=subject_type, subject_id__in=list(subject_ids), sequence__gt=1)
    return set(rows.values_list("subject_id", flat=True).distinct())


def _of(subject: tuple[str, UUID]) -> Q:
    return Q(subject_type=subject[0], subject_id=subject[1])


def _moments(wanted: Q, *, order: tuple[str, ...]) -> list[Moment]:
    entries = list(Entry.objects.filter(wanted).order_by(*order))
    words: dict[UUID, dict[str, str | None]] = {entry.id: {} for entry in entries}
    # An entry without commitments has no words: most timelines ask only once.
    for row in Disclosure.objects.filter(entry__in=[entry.id for entry in entries if entry.commitments]):
        words[row.entry_id][row.field] = row.value
    return [
        Moment(
            id=entry.id,
            sequence=entry.sequence,
            verb=entry.verb,
            at=entry.at,
            account_id=entry.account_id,
            role=entry.role,
            channel=entry.channel,
            facts=entry.facts,
            words=words[entry.id],
            subject=(entry.subject_type, entry.subject_id),
        )
        for entry in entries
    ]


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of a chain as it is hashed, without personal words."""

    sequence: int
    verb: str
    at: datetime
    account_id: UUID | None
    role: str
    channel: str
    facts: Mapping[str, Any]
    previous_hash: str
    hash: str


def chain(subject: tuple[str, UUID]) -> list[Link]:
    """Return the chain of one subject with its hashes, oldest first.  The caller has authorised the read."""
    rows = Entry.objects.filter(_of(subject)).order_by("sequence")
    return [Link(*row) for row in rows.values_list(*Link.__slots__)]
