"""Reading one's own inbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from banyan.apps.notices.models import Notice
from banyan.kit.paging import Page, page_of


@dataclass(frozen=True, slots=True)
class NoticeView:
    """One piece of news: what happened to which record."""

    id: UUID
    subject_type: str
    subject_id: UUID
    verb: str
    facts: Mapping[str, Any]
    at: datetime
    read_at: datetime | None


def n_unread(account_id: UUID) -> int:
    """Return how many notices of an account are unread in this town."""
    return Notice.objects.filter(account_id=account_id, read_at__isnull=True).count()


def inbox_page(account_id: UUID, *, size: int, cursor: str = "") -> Page[NoticeView]:
    """Return one page of the inbox of an account in this town, newest first."""
    rows = Notice.objects.filter(account_id=account_id)
    page = page_of(rows, order=("-at", "-id"), columns=tuple(NoticeView.__slots__), size=size, cursor=cursor)
    return Page([NoticeView(*row) for row in page.rows], page.next_cursor, page.previous_cursor)
