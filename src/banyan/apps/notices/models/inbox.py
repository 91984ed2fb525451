"""The inbox of an account in a town."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from banyan.kit.rows import TownRow


class Notice(TownRow):
    """One piece of news for one account.  It names the record and the verb; the words are made when it is read."""

    account_id = models.UUIDField()
    subject_type = models.CharField(max_length=60)
    subject_id = models.UUIDField()
    verb = models.CharField(max_length=60)
    cause_id = models.UUIDField()
    """The history entry behind this notice: the same news is never told twice to the same account."""
    facts = models.JSONField(default=dict)
    kind = models.CharField(max_length=20, default="followed")
    """Kind of news (`rules.Kind`): by it a person chooses how to hear of it."""
    is_urgent = models.BooleanField(default=False)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["town", "account_id", "cause_id"], name="the_same_news_is_told_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["town", "account_id", "read_at", "at"], name="notices_notice_unread"),
            models.Index(fields=["town", "cause_id"], name="notices_notice_by_cause"),
        ]
