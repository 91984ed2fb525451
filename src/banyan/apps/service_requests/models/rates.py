"""Single requests that are left out of the rates, by whom and why."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from banyan.apps.service_requests.models.requests import ServiceRequest
from banyan.kit.rows import TownRow


class RateExclusion(TownRow):
    """A request that somebody left out of the rates, with the reason that everybody who reads the rates can read."""

    service_request = models.ForeignKey(ServiceRequest, on_delete=models.PROTECT, related_name="rate_exclusions")
    reason = models.CharField(max_length=300)
    account_id = models.UUIDField(null=True)
    at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    lifted_by_account_id = models.UUIDField(null=True)

    service_request_id: UUID

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["service_request"], condition=Q(lifted_at__isnull=True), name="a_request_is_left_out_once"
            ),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True) | Q(lifted_at__gte=F("at")), name="what_is_lifted_was_there"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["town", "-at", "-id"], name="rate_exclusions_newest"),
        ]
