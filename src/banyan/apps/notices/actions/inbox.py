"""Telling accounts the news, once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from banyan.apps.notices.models import Notice
from banyan.kit import scopes
from banyan.kit.guard import Actor


def tell(
    account_ids: Iterable[UUID],
    *,
    subject: tuple[str, UUID],
    verb: str,
    cause_id: UUID,
    at: datetime,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Put one piece of news into the inbox of each account; telling it again changes nothing."""
    with scopes.action_transaction():
        Notice.objects.bulk_create(
            [
                Notice(
                    account_id=account_id,
                    subject_type=subject[0],
                    subject_id=subject[1],
                    verb=verb,
                    cause_id=cause_id,
                    facts=dict(facts or {}),
                    at=at,
                )
                for account_id in sorted(set(account_ids))
            ],
            ignore_conflicts=True,
        )


def read_all(*, actor: Actor, at: datetime) -> int:
    """Mark everything in the actor's own inbox as read; return how many were unread."""
    with scopes.action_transaction():
        return Notice.objects.filter(account_id=actor.account_id, read_at__isnull=True).update(read_at=at)


def read_of(*, actor: Actor, subject: tuple[str, UUID], at: datetime) -> None:
    """Mark the actor's own news about one record as read, because they opened it."""
    unread = Notice.objects.filter(
        account_id=actor.account_id, subject_type=subject[0], subject_id=subject[1], read_at__isnull=True
    )
    if not unread.exists():  # most pages are opened without news: no write lock for them
        return
    with scopes.action_transaction():
        unread.update(read_at=at)
