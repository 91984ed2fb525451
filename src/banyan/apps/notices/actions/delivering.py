"""What goes out now, and what became of it.

A message is claimed in a transaction of its own, sent outside any, and settled in another.  A task that is delivered
again finds nothing left to claim.  Where a worker dies between claim and settlement nobody knows whether the message
arrived: it is sent again, under the same number, only to receivers that can tell a repeat (`rules.TELLS_REPEATS`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.db.models import F

from banyan.apps.accounts import queries as accounts
from banyan.apps.notices.actions.planning import chosen_of, hours_of
from banyan.apps.notices.models import Channel, Delivery
from banyan.apps.notices.queries.inbox import NoticeView
from banyan.apps.notices.rules import (
    LOST_AFTER_MIN,
    TELLS_REPEATS,
    TRIED,
    Hours,
    Mode,
    Way,
    mode_of,
    next_try,
    quiet_end,
)
from banyan.kit import scopes

#: Notices in one message.
MOST_IN_ONE: Final = 30


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes out in one message to one channel.  `batch` is its number, the same at every try."""

    batch: UUID
    channel_id: UUID
    account_id: UUID
    way: Way
    sealed: str
    address_hash: str
    n_tries: int
    notices: tuple[NoticeView, ...]
    kinds: tuple[str, ...]
    """What each of them is to its reader (`rules.Kind`)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How sending ended: ``sent``, ``retry``, ``failed`` (trying again is no use), ``gone`` or ``unknown``."""

    end: str
    problem: str = ""
    wait_s: int = 0


def due_channels(*, at: datetime, limit: int) -> list[UUID]:
    """Return channels that something is due for, the longest waiting first."""
    rows = Delivery.objects.filter(status="waiting", next_try_at__lte=at).order_by("next_try_at")
    return list(dict.fromkeys(rows.values_list("channel_id", flat=True)[: limit * MOST_IN_ONE]))[:limit]


def claim(channel_id: UUID, *, at: datetime, zone: ZoneInfo) -> Parcel | None:
    """Claim what is due for a channel as one message, or None where nothing is or somebody else has it.

    What is not wanted any more is dropped, what is not urgent waits for the end of the quiet hours.
    """
    with scopes.action_transaction():
        channel: Channel = Channel.objects.select_for_update().get(id=channel_id)
        due = Delivery.objects.filter(channel=channel, status="waiting", next_try_at__lte=at).select_related("notice")
        rows = _wanted(channel, list(due.order_by("made_at", "id")[: 4 * MOST_IN_ONE]))
        rows = _awake(channel, rows, at=at, zone=zone)
        if not rows:
            return None
        repeated = next((row.batch for row in rows if row.batch is not None), None)
        rows = [row for row in rows if row.batch == repeated][:MOST_IN_ONE]
        batch = repeated or uuid4()
        claimed = Delivery.objects.filter(id__in=[row.id for row in rows], status="waiting")
        claimed.update(status="sending", batch=batch, claimed_at=at, n_tries=F("n_tries") + 1, next_try_at=None)
        return Parcel(
            batch=batch,
            channel_id=channel.id,
            account_id=channel.account_id,
            way=Way(channel.kind),
            sealed=channel.sealed,
            address_hash=channel.address_hash,
            n_tries=rows[0].n_tries + 1,
            notices=tuple(_view(row) for row in rows),
            kinds=tuple(row.notice.kind for row in rows),
        )


def _view(row: Delivery) -> NoticeView:
    return NoticeView(**{name: getattr(row.notice, name) for name in NoticeView.__slots__})


def _wanted(channel: Channel, rows: Sequence[Delivery]) -> list[Delivery]:
    is_live = channel.ended_at is None and channel.confirmed_at is not None and not channel.stopped_for
    is_live = is_live and accounts.language_of(channel.account_id) is not None
    chosen = chosen_of({channel.account_id: [channel]}).get(channel.id, {})
    kept = [
        row
        for row in rows
        if is_live and (row.notice.verb == TRIED or mode_of(row.notice.kind, chosen) is not Mode.OFF)
    ]
    dropped = [row.id for row in rows if row not in kept]
    if dropped:
        Delivery.objects.filter(id__in=dropped).update(status="dropped", next_try_at=None)
    return kept


def _awake(channel: Channel, rows: Sequence[Delivery], *, at: datetime, zone: ZoneInfo) -> list[Delivery]:
    hours = hours_of({channel.account_id: None}).get(channel.account_id, Hours())
    until = quiet_end(hours, at=at, zone=zone)
    if until is None:
        return list(rows)
    kept = [row for row in rows if row.notice.is_urgent or row.notice.verb == TRIED]
    held = [row.id for row in rows if row not in kept]
    if held:
        Delivery.objects.filter(id__in=held).update(next_try_at=until)
    return kept


def settle(parcel: Parcel, outcome: Outcome, *, at: datetime) -> None:
    """Write down how sending ended.  What failed for now waits, and the rest of its channel waits with it."""
    with scopes.action_transaction():
        rows = Delivery.objects.filter(batch=parcel.batch, channel_id=parcel.channel_id, status="sending")
        if outcome.end == "sent":
            rows.update(status="sent", sent_at=at, problem="", claimed_at=None)
            return
        due = next_try(parcel.n_tries, at=at, wait_s=outcome.wait_s) if outcome.end == "retry" else None
        status = "waiting" if due else {"unknown": "unknown"}.get(outcome.end, "failed")
        rows.update(status=status, problem=outcome.problem, next_try_at=due, claimed_at=None)
        if due:
            others = Delivery.objects.filter(channel_id=parcel.channel_id, status="waiting", next_try_at__lt=due)
            others.exclude(batch=parcel.batch).update(next_try_at=due)
        if outcome.end == "gone":
            Channel.objects.filter(id=parcel.channel_id).update(stopped_for=outcome.problem)


def rescue(*, at: datetime) -> int:
    """Take up what was claimed and never settled, because its worker died; return how many notices.

    Receivers that can tell a repeat get it again; for the others it stays unknown whether it arrived.
    """
    with scopes.action_transaction():
        lost = Delivery.objects.filter(status="sending", claimed_at__lt=at - timedelta(minutes=LOST_AFTER_MIN))
        known = lost.filter(channel__kind__in=[str(way) for way in TELLS_REPEATS])
        again = Delivery.objects.filter(id__in=list(known.values_list("id", flat=True)))
        n_again: int = again.update(status="waiting", next_try_at=at, claimed_at=None, problem="worker_died")
        others = Delivery.objects.filter(id__in=list(lost.values_list("id", flat=True)))
        n_others: int = others.update(status="unknown", claimed_at=None, problem="worker_died")
    return n_again + n_others
