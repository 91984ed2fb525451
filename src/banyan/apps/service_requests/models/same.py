"""Reports of the same thing: who follows along, what was merged, what one incident explains."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Q

from banyan.apps.service_requests.models.requests import ServiceRequest
from banyan.kit.rows import TownRow


class Follow(TownRow):
    """An account that wants the news of a request it did not make, or made as a report merged into it."""

    service_request = models.ForeignKey(ServiceRequest, on_delete=models.PROTECT, related_name="follows")
    account_id = models.UUIDField()
    at = models.DateTimeField()
    merge = models.ForeignKey("service_requests.Merge", null=True, on_delete=models.PROTECT, related_name="+")
    """The merge that brought the follower along; undone with it."""

    service_request_id: UUID

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["service_request", "account_id"], name="an_account_follows_a_request_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["town", "account_id"], name="follows_by_account"),
        ]


class Merge(TownRow):
    """A report that somebody of the staff merged into another one, with all that is needed to undo it."""

    service_request = models.ForeignKey(ServiceRequest, on_delete=models.PROTECT, related_name="merges")
    into = models.ForeignKey(ServiceRequest, on_delete=models.PROTECT, related_name="+")
    before = models.JSONField()
    """State, clocks and queue of the report before it was merged."""
    account_id = models.UUIDField(null=True)
    at = models.DateTimeField()
    reason = models.CharField(max_length=300, blank=True)
    undone_at = models.DateTimeField(null=True)
    undone_by_account_id = models.UUIDField(null=True)

    service_request_id: UUID
    into_id: UUID

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["service_request"], condition=Q(undone_at__isnull=True), name="a_report_is_merged_once"
            ),
        ]


class Incident(TownRow):
    """Something that befell an area, such as a power cut: one answer for every report about it."""

    title_zh = models.CharField(max_length=120)
    title_en = models.CharField(max_length=120)
    words_zh = models.TextField(blank=True)
    words_en = models.TextField(blank=True)
    service_codes = models.JSONField(default=list)
    place = models.ForeignKey("territory.Place", on_delete=models.PROTECT, related_name="+", db_index=False)
    starts_at = models.DateTimeField()
    expected_end_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    opened_by_account_id = models.UUIDField(null=True)
    opened_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    place_id: UUID

    class Meta(TownRow.Meta):
        indexes: ClassVar = [
            models.Index(fields=["town", "-starts_at", "-id"], name="incidents_newest"),
        ]
