"""What the town announces to everybody: policies, planned cuts, events, warnings."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models

from banyan.kit.rows import TownRow


class Announcement(TownRow):
    """One announcement, in both languages, for a place and all below it."""

    kind = models.CharField(max_length=20)
    status = models.CharField(max_length=10, default="draft")
    place = models.ForeignKey("territory.Place", null=True, on_delete=models.PROTECT, related_name="+")
    """None: the whole town."""
    place_path = models.CharField(max_length=400, blank=True)
    title_zh = models.CharField(max_length=120)
    title_en = models.CharField(max_length=200)
    text_zh = models.TextField()
    text_en = models.TextField()
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True)
    link = models.CharField(max_length=400, blank=True)
    photo_id = models.UUIDField(null=True)
    """Name of the file of its photo."""
    photo_width = models.PositiveSmallIntegerField(default=0)
    photo_height = models.PositiveSmallIntegerField(default=0)
    photo_zh = models.CharField(max_length=200, blank=True)
    photo_en = models.CharField(max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1)
    sequence = models.PositiveIntegerField(default=0)
    """Revision as calendars count it (RFC 5545, 3.8.7.4)."""
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_zh = models.CharField(max_length=300, blank=True)
    withdrawn_en = models.CharField(max_length=300, blank=True)

    place_id: UUID | None

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(until_at__isnull=True) | models.Q(until_at__gt=models.F("from_at")),
                name="an_announcement_ends_after_it_begins",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["town", "status", "published_at"], name="notices_announcement_published"),
            models.Index(fields=["town", "status", "until_at"], name="notices_announcement_until"),
        ]


class ReadCount(TownRow):
    """How many browsers opened an announcement.  Nobody is named, here or anywhere.

    Beside the announcement, so that a reader who is counted never waits for somebody who edits it.
    """

    announcement = models.ForeignKey(Announcement, on_delete=models.CASCADE, related_name="+")
    n_reads = models.PositiveIntegerField(default=0)
