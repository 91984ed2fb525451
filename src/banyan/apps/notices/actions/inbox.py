"""Telling accounts the news, once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from banyan.apps.notices.models import Channel, Notice
from banyan.apps.notices.rules import Kind
from banyan.kit import jobs, scopes
from banyan.kit.guard import Actor

_AT_A_TIME: Final = 500


def tell(
    account_ids: Iterable[UUID],
    *,
    subject: tuple[str, UUID],
    verb: str,
    cause_id: UUID,
    at: datetime,
    facts: Mapping[str, Any] | None = None,
    kind: Kind = Kind.FOLLOWED,
    is_urgent: bool = False,
) -> None:
    """Put one piece of news into the inbox of each account and on its way to their channels.

    Telling it again changes nothing.  `kind` is what the news is to these accounts; what is urgent heeds no quiet
    hours.
    """
    hearers = sorted(set(account_ids))
    with scopes.action_transaction():
        for begin in range(0, len(hearers), _AT_A_TIME):
            some = hearers[begin : begin + _AT_A_TIME]
            Notice.objects.bulk_create(
                [
                    Notice(
                        account_id=account_id,
                        subject_type=subject[0],
                        subject_id=subject[1],
                        verb=verb,
                        cause_id=cause_id,
                        facts=dict(facts or {}),
                        kind=kind,
                        is_urgent=is_urgent,
                        at=at,
                    )
                    for account_id in some
                ],
                ignore_conflicts=True,
            )
        # Whoever has no channel hears of it in the inbox alone: no task for them.
        if Channel.objects.filter(ended_at__isnull=True, account_id__in=hearers[:_AT_A_TIME]).exists() or (
            len(hearers) > _AT_A_TIME and Channel.objects.filter(ended_at__isnull=True).exists()
        ):
            town_id = scopes.current_town()
            jobs.enqueue("banyan.apps.notices.tasks.plan", town_id=town_id, cause_id=str(cause_id), at=at.isoformat())


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
