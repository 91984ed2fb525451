"""Looks at personal fields as the person concerned sees them."""

from __future__ import annotations

from datetime import datetime

from ninja import Schema


class LookOut(Schema):
    """Somebody in this role looked at these fields of mine, for this purpose."""

    at: datetime
    role: str
    fields: list[str]
    purpose: str
    reason: str
    is_outside_area: bool


class LooksOut(Schema):
    """Who looked at my personal fields, newest first."""

    items: list[LookOut]
    next: str | None
    previous: str | None
