"""Putting notices on their way: which channel hears of which notice, and when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from banyan.apps.notices.models import Channel, Choice, Delivery, Habits, Notice
from banyan.apps.notices.rules import TRIED, Hours, Mode, mode_of, next_digest
from banyan.kit import scopes

_AT_A_TIME: Final = 500


def plan(*, cause_id: UUID, at: datetime, zone: ZoneInfo) -> int:
    """Put the notices of one cause on their way to the channels of their accounts; return how many are new.

    Doing it again adds nothing: a notice goes to a channel once.
    """
    n_made = 0
    with scopes.action_transaction():
        after: UUID | None = None
        while rows := _some(cause_id, after):
            n_made += _planned(rows, at=at, zone=zone)
            after = rows[-1].id
    return n_made


def _some(cause_id: UUID, after: UUID | None) -> list[Notice]:
    rows = Notice.objects.filter(cause_id=cause_id).exclude(verb=TRIED).order_by("id")
    return list((rows.filter(id__gt=after) if after else rows)[:_AT_A_TIME])


def _planned(notices: Sequence[Notice], *, at: datetime, zone: ZoneInfo) -> int:
    accounts = {notice.account_id for notice in notices}
    channels: dict[UUID, list[Channel]] = defaultdict(list)
    live = Channel.objects.filter(account_id__in=accounts, ended_at__isnull=True, confirmed_at__isnull=False)
    for channel in live.filter(stopped_for=""):
        channels[channel.account_id].append(channel)
    chosen, hours = chosen_of(channels), hours_of(channels)
    there = set(
        Delivery.objects.filter(notice_id__in=[notice.id for notice in notices]).values_list("notice_id", "channel_id")
    )
    made = []
    for notice in notices:
        for channel in channels.get(notice.account_id, []):
            mode = mode_of(notice.kind, chosen.get(channel.id, {}))
            if mode is Mode.OFF or (notice.id, channel.id) in there:
                continue
            waits = mode is Mode.DIGEST and not notice.is_urgent
            due = next_digest(hours.get(notice.account_id, Hours()), at=at, zone=zone) if waits else at
            made.append(Delivery(notice=notice, channel=channel, next_try_at=due, made_at=at))
    Delivery.objects.bulk_create(made, ignore_conflicts=True)
    return len(made)


def chosen_of(channels: Mapping[UUID, Sequence[Channel]]) -> dict[UUID, dict[str, str]]:
    """Return what was chosen for each of these channels: channel -> kind of news -> mode."""
    ids = [channel.id for held in channels.values() for channel in held]
    found: dict[UUID, dict[str, str]] = defaultdict(dict)
    for channel_id, kind, mode in Choice.objects.filter(channel_id__in=ids).values_list("channel_id", "kind", "mode"):
        found[channel_id][kind] = mode
    return found


def hours_of(accounts: Mapping[UUID, object]) -> dict[UUID, Hours]:
    """Return the hours of those of these accounts that have set any."""
    columns = ("account_id", "quiet_from_min", "quiet_until_min", "digest_at_min")
    rows = Habits.objects.filter(account_id__in=list(accounts)).values_list(*columns)
    return {account_id: Hours(*held) for account_id, *held in rows}
