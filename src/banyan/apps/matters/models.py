"""A matter: the thread on which everything hangs that a person asks or decides."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from banyan.kit.rows import TownRow


class Matter(TownRow):
    """A thread.  A need can become a meeting item, a vote, a budget line, a project, a case: all on one matter."""

    opened_at = models.DateTimeField()
    origin_type = models.CharField(max_length=60)
    origin_id = models.UUIDField()
    place = models.ForeignKey("territory.Place", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["town", "origin_type", "origin_id"], name="a_record_opens_one_matter")
        ]


class Strand(TownRow):
    """A record that hangs on a matter beside its origin."""

    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="strands")
    subject_type = models.CharField(max_length=60)
    subject_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["town", "subject_type", "subject_id", "matter"], name="a_record_hangs_once_on_a_matter"
            )
        ]
