"""The inbox as the API shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from ninja import Schema


class NoticeOut(Schema):
    """One piece of news: what happened (`verb`) to which record."""

    id: UUID
    subject_type: str
    subject_id: UUID
    verb: str
    facts: dict[str, Any]
    at: datetime
    read_at: datetime | None


class InboxOut(Schema):
    """One page of the asker's inbox, newest first."""

    items: list[NoticeOut]
    next: str | None
    previous: str | None


class ReadOut(Schema):
    """How many notices were unread."""

    n_read: int
