"""Reading one's own inbox."""

from __future__ import annotations

from uuid import UUID

from banyan.apps.notices.models import Notice


def inbox(account_id: UUID, *, limit: int = 100) -> list[Notice]:
    """Return the newest notices of an account in this town."""
    return list(Notice.objects.filter(account_id=account_id).order_by("-at", "-id")[:limit])


def n_unread(account_id: UUID) -> int:
    """Return how many notices of an account are unread in this town."""
    return Notice.objects.filter(account_id=account_id, read_at__isnull=True).count()
