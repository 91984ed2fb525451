"""Files of other systems that were brought in."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models

from banyan.kit.rows import TownRow


class ImportRun(TownRow):
    """One file that was brought in: what was read, what became of it, and whether it was taken back."""

    profile = models.CharField(max_length=60)
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    status = models.CharField(max_length=12)
    """running, broken (goes on at the next start), done or undone"""
    account_id = models.UUIDField(null=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    n_read = models.PositiveIntegerField(default=0)
    n_imported = models.PositiveIntegerField(default=0)
    n_there = models.PositiveIntegerField(default=0)
    n_rejected = models.PositiveIntegerField(default=0)
    quirks = models.JSONField(default=dict)
    """Code of what is odd but harmless -> number of rows."""

    class Meta(TownRow.Meta):
        indexes: ClassVar = [
            models.Index(fields=["town", "-started_at", "-id"], name="import_runs_newest"),
        ]


class Rejection(TownRow):
    """A row of a file that could not be believed, with every reason."""

    run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, related_name="rejections")
    row = models.PositiveIntegerField()
    """Number of the row in the file, the header being 1."""
    source_key = models.CharField(max_length=80, blank=True)
    reasons = models.JSONField()
    """``[{"where": ..., "code": ...}, ...]``"""

    run_id: UUID

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "row"], name="a_row_is_rejected_once"),
        ]


class ExternalUpdate(TownRow):
    """An update of another system that was taken: the same one sent again changes nothing."""

    source = models.CharField(max_length=80)
    """The application (API key) that sent it."""
    update_id = models.CharField(max_length=120)
    service_request = models.ForeignKey("service_requests.ServiceRequest", on_delete=models.PROTECT, related_name="+")
    entry_id = models.UUIDField(null=True)
    """The history entry it became."""
    at = models.DateTimeField()

    service_request_id: UUID

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["town", "source", "update_id"], name="an_update_is_taken_once"),
        ]
