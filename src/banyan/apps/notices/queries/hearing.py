"""How somebody hears of news, as they see it themselves; and what is on its way, as the office sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Min

from banyan.apps.notices.models import Channel, Choice, Delivery, Habits
from banyan.apps.notices.queries.inbox import NoticeView
from banyan.apps.notices.rules import Hours, Kind, mode_of
from banyan.kit.paging import Page, page_of


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A channel as its holder sees it: never the address, never a secret."""

    id: UUID
    kind: str
    label: str
    hint: str
    is_confirmed: bool
    stopped_for: str
    made_at: datetime
    modes: Mapping[str, str]
    """Kind of news -> at_once, digest or off; every kind is there."""


@dataclass(frozen=True, slots=True)
class HabitsView:
    """Place and hours of an account in this town; what holds where nobody has chosen otherwise."""

    place_id: UUID | None
    place_path: str
    hours: Hours


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One notice on its way, without a word of it."""

    id: UUID
    way: str
    label: str
    status: str
    n_tries: int
    problem: str
    next_try_at: datetime | None
    sent_at: datetime | None
    made_at: datetime


def channels_of(account_id: UUID) -> list[ChannelView]:
    """Return the channels of an account in this town, oldest first, with what goes there when."""
    rows = list(Channel.objects.filter(account_id=account_id, ended_at__isnull=True).order_by("made_at", "id"))
    chosen: dict[UUID, dict[str, str]] = {row.id: {} for row in rows}
    for channel_id, kind, mode in Choice.objects.filter(channel_id__in=list(chosen)).values_list(
        "channel_id", "kind", "mode"
    ):
        chosen[channel_id][kind] = mode
    return [
        ChannelView(
            id=row.id,
            kind=row.kind,
            label=row.label,
            hint=row.hint,
            is_confirmed=row.confirmed_at is not None,
            stopped_for=row.stopped_for,
            made_at=row.made_at,
            modes={str(kind): str(mode_of(kind, chosen[row.id])) for kind in Kind},
        )
        for row in rows
    ]


def habits_of(account_id: UUID) -> HabitsView:
    """Return place and hours of an account in this town."""
    columns = ("place_id", "place_path", "quiet_from_min", "quiet_until_min", "digest_at_min")
    held = Habits.objects.filter(account_id=account_id).values_list(*columns).first()
    return HabitsView(held[0], held[1], Hours(*held[2:])) if held else HabitsView(None, "", Hours())


def channel_kind(channel_id: UUID) -> str:
    """Return the kind of a channel that has not ended, "" where it has; for whoever holds a link of it."""
    held = Channel.objects.filter(id=channel_id, ended_at__isnull=True).values_list("kind", flat=True).first()
    return held or ""


def email_to_confirm(channel_id: UUID) -> tuple[UUID, str] | None:
    """Return account and address hash of a channel that waits to be confirmed, or None."""
    rows = Channel.objects.filter(id=channel_id, ended_at__isnull=True, confirmed_at__isnull=True)
    held = rows.values_list("account_id", "address_hash").first()
    return (held[0], held[1]) if held else None


def own_deliveries(account_id: UUID, *, most: int) -> list[tuple[DeliveryView, NoticeView]]:
    """Return what was last on its way to the channels of an account, newest first, with the notices."""
    rows = Delivery.objects.filter(channel__account_id=account_id).select_related("channel", "notice")
    return [
        (_view(row), NoticeView(**{name: getattr(row.notice, name) for name in NoticeView.__slots__}))
        for row in rows.order_by("-made_at", "-id")[:most]
    ]


def _view(row: Delivery) -> DeliveryView:
    held = ("id", "status", "n_tries", "problem", "next_try_at", "sent_at", "made_at")
    return DeliveryView(way=row.channel.kind, label=row.channel.label, **{name: getattr(row, name) for name in held})


@dataclass(frozen=True, slots=True)
class Tally:
    """How many deliveries of one way stand in one state."""

    way: str
    status: str
    n: int


def tallies(*, since: datetime) -> list[Tally]:
    """Return how many deliveries since an instant stand where, by way."""
    rows = Delivery.objects.filter(made_at__gte=since).order_by().values_list("channel__kind", "status")
    return [Tally(*row) for row in rows.annotate(n=Count("id")).order_by("channel__kind", "status")]


def oldest_waiting(*, at: datetime) -> timedelta | None:
    """Return how long the longest waiting delivery has been due, or None where nothing is late."""
    held = Delivery.objects.filter(status="waiting", next_try_at__lte=at).aggregate(first=Min("next_try_at"))["first"]
    return at - held if held else None


def troubled_page(*, size: int, cursor: str = "") -> Page[DeliveryView]:
    """Return one page of deliveries that failed, wait for another try, or ended unknown."""
    rows = Delivery.objects.exclude(problem="").exclude(status="sent")
    columns = ("id", "channel__kind", "status", "n_tries", "problem", "next_try_at", "sent_at", "made_at")
    page = page_of(rows, order=("-made_at", "-id"), columns=columns, size=size, cursor=cursor)
    views = [DeliveryView(row[0], row[1], "", *row[2:]) for row in page.rows]
    return Page(views, page.next_cursor, page.previous_cursor)
