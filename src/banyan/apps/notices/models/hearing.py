"""How a person hears of news outside the inbox: channels, choices, habits, and what became of each sending."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models

from banyan.apps.notices.models.inbox import Notice
from banyan.kit.rows import TownRow


class Channel(TownRow):
    """A way to an account outside the inbox.  The address of an e-mail channel lives with the person, in `people`."""

    account_id = models.UUIDField()
    kind = models.CharField(max_length=20)
    label = models.CharField(max_length=80, blank=True)
    sealed = models.TextField(blank=True)
    """Address and secrets, encrypted (`kit.sealed`); "" for e-mail."""
    hint = models.CharField(max_length=80, blank=True)
    """What may be shown of the address."""
    address_hash = models.CharField(max_length=64)
    confirmed_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    stopped_for = models.CharField(max_length=40, blank=True)
    """Why nothing is sent any more though it has not ended: the receiver is gone, the address cannot be read."""

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["town", "account_id", "address_hash"],
                condition=models.Q(ended_at__isnull=True),
                name="an_address_is_one_channel_of_its_account",
            )
        ]


class Choice(TownRow):
    """Which kind of news goes to which channel, and when."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="choices")
    kind = models.CharField(max_length=20)
    mode = models.CharField(max_length=10)

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["town", "channel", "kind"], name="a_kind_of_news_is_chosen_once_per_channel"
            )
        ]


class Habits(TownRow):
    """When a person wants to be left alone, when the digest comes, and which place is theirs."""

    account_id = models.UUIDField()
    place = models.ForeignKey("territory.Place", null=True, on_delete=models.PROTECT, related_name="+")
    place_path = models.CharField(max_length=400, blank=True)
    quiet_from_min = models.PositiveSmallIntegerField(null=True)
    """Minutes after midnight in the town's time zone; None: never quiet."""
    quiet_until_min = models.PositiveSmallIntegerField(null=True)
    digest_at_min = models.PositiveSmallIntegerField()
    changed_at = models.DateTimeField()

    place_id: UUID | None

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["town", "account_id"], name="an_account_has_its_habits_once")
        ]
        indexes: ClassVar = [models.Index(fields=["town", "place_path"], name="notices_habits_by_place")]


class Delivery(TownRow):
    """One notice on its way to one channel."""

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="deliveries")
    status = models.CharField(max_length=12, default="waiting")
    n_tries = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=40, blank=True)
    next_try_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    batch = models.UUIDField(null=True)
    """Message in which it goes out; the same at every try, so that a receiver can tell a repeat."""
    made_at = models.DateTimeField()

    notice_id: UUID
    channel_id: UUID

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["town", "notice", "channel"], name="a_notice_goes_once_to_a_channel")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["town", "next_try_at"], condition=models.Q(status="waiting"), name="notices_delivery_due"
            ),
            models.Index(fields=["town", "channel", "made_at"], name="notices_delivery_of_channel"),
            models.Index(fields=["town", "made_at"], name="notices_delivery_by_time"),
        ]
