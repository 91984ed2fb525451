"""Browsing history by day, subject and verb, for those who oversee a town."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from banyan.apps.audit.models import Entry
from banyan.kit.paging import Page, page_of


@dataclass(frozen=True, slots=True)
class Deed:
    """One entry in a list of what happened: no personal words, no facts."""

    id: UUID
    subject_type: str
    subject_id: UUID
    sequence: int
    verb: str
    at: datetime
    account_id: UUID | None
    role: str
    channel: str
    hash: str


def deeds(
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    subject_type: str = "",
    subject_id: UUID | None = None,
    verb: str = "",
    size: int = 50,
    cursor: str = "",
) -> Page[Deed]:
    """Return one page of what happened in the town in scope, newest first.  The caller has authorised the read.

    Parameters
    ----------
    since, until
        Instants: from `since` on and before `until`.
    verb
        The beginning of a verb, such as ``accounts.``.

    Raises
    ------
    InvalidInput
        The size is out of range or the cursor is none of ours.
    """
    equal = {"at__gte": since, "at__lt": until, "subject_type": subject_type, "subject_id": subject_id}
    rows = Entry.objects.filter(**{name: value for name, value in equal.items() if value})
    rows = rows.filter(verb__startswith=verb) if verb else rows
    page = page_of(rows, order=("-at", "-id"), columns=tuple(Deed.__slots__), size=size, cursor=cursor)
    return Page([Deed(*row) for row in page.rows], page.next_cursor, page.previous_cursor)
