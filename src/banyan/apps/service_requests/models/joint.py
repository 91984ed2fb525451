"""Work of several parties on one request, what others have to decide on, and who keeps watch."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from banyan.apps.service_requests.models.requests import ServiceRequest
from banyan.kit.rows import TownRow


class Part(TownRow):
    """What one party was summoned to do for a request, with its own clock, evidence and verification."""

    service_request = models.ForeignKey(ServiceRequest, on_delete=models.PROTECT, related_name="parts")
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+", db_index=False)
    is_lead = models.BooleanField(default=False)
    task = models.CharField(max_length=500)
    status = models.CharField(max_length=12)
    handler_account_id = models.UUIDField(null=True)
    summoned_by_account_id = models.UUIDField(null=True)
    summoned_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    arrived_m = models.PositiveIntegerField(null=True)
    """Metres between the phone and the request on arrival; the phone's own position is not kept."""
    done_at = models.DateTimeField(null=True)
    target_min = models.PositiveIntegerField(null=True)
    deadline_at = models.DateTimeField(null=True)
    remedy = models.TextField(blank=True)
    reason = models.CharField(max_length=300, blank=True)
    """Why it was declined or called off."""
    resolved_by_account_id = models.UUIDField(null=True)
    verified_by_account_id = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()

    service_request_id: UUID
    party_id: UUID

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["service_request", "party"],
                condition=~Q(status__in=["declined", "cancelled"]),
                name="a_party_is_summoned_once_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["service_request"],
                condition=Q(is_lead=True) & ~Q(status__in=["declined", "cancelled"]),
                name="joint_work_has_one_lead",
            ),
            models.CheckConstraint(
                condition=~Q(verified_by_account_id=F("resolved_by_account_id"))
                | Q(verified_by_account_id__isnull=True)
                | Q(resolved_by_account_id__isnull=True),
                name="who_does_a_part_does_not_verify_it",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["town", "party", "status"], name="parts_by_party"),
        ]


class Ruling(TownRow):
    """A question that somebody else decides: more time, or who has to do it."""

    service_request = models.ForeignKey(ServiceRequest, on_delete=models.PROTECT, related_name="rulings")
    part = models.ForeignKey(Part, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=12)
    """extension or arbitration"""
    status = models.CharField(max_length=12, default="open")
    """open, granted, refused or withdrawn"""
    reason = models.TextField()
    minutes = models.PositiveIntegerField(null=True)
    """Working minutes asked for."""
    asked_by_account_id = models.UUIDField(null=True)
    asked_by_party = models.ForeignKey(
        "parties.Party", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    asked_at = models.DateTimeField()
    decided_by_account_id = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    decision = models.TextField(blank=True)
    decided_party = models.ForeignKey(
        "parties.Party", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    decided_minutes = models.PositiveIntegerField(null=True)

    service_request_id: UUID
    part_id: UUID | None
    asked_by_party_id: UUID | None
    decided_party_id: UUID | None

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["service_request", "kind"],
                condition=Q(status="open", part__isnull=True),
                name="one_question_of_a_kind_is_open",
            ),
            models.UniqueConstraint(
                fields=["part", "kind"],
                condition=Q(status="open", part__isnull=False),
                name="one_question_of_a_kind_is_open_for_a_part",
            ),
            models.CheckConstraint(
                condition=~Q(decided_by_account_id=F("asked_by_account_id"))
                | Q(decided_by_account_id__isnull=True)
                | Q(asked_by_account_id__isnull=True)
                | Q(status="withdrawn"),
                name="who_asks_does_not_decide",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["town", "status", "asked_at"], name="rulings_open"),
        ]


class Supervision(TownRow):
    """A supervision ticket: a rung of the ladder was reached, or a superior asks; somebody has to answer."""

    service_request = models.ForeignKey(ServiceRequest, on_delete=models.PROTECT, related_name="supervisions")
    key = models.CharField(max_length=120)
    """What makes it one and the same: the clock, its start and the rung, or an identifier for a ticket by hand."""
    rung = models.CharField(max_length=40, blank=True)
    clock = models.CharField(max_length=10, blank=True)
    share = models.FloatField(null=True)
    """Share of the target that had passed; above 1 after the breach."""
    role = models.CharField(max_length=20)
    """Role whose holders were told."""
    takes_over = models.BooleanField(default=False)
    words = models.TextField(blank=True)
    raised_by_account_id = models.UUIDField(null=True)
    """None where the ladder raised it."""
    raised_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    answered_by_account_id = models.UUIDField(null=True)
    answered_at = models.DateTimeField(null=True)

    service_request_id: UUID

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["service_request", "key"], name="a_rung_is_climbed_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["town", "-raised_at", "-id"], name="supervisions_newest"),
        ]


class ReturnCall(TownRow):
    """A call to the reporter after the work: were they reached, is it settled, how satisfied are they."""

    service_request = models.ForeignKey(ServiceRequest, on_delete=models.PROTECT, related_name="return_calls")
    account_id = models.UUIDField(null=True)
    at = models.DateTimeField()
    outcome = models.CharField(max_length=12)
    """reached, unreachable or declined"""
    is_settled = models.BooleanField(null=True)
    satisfaction = models.PositiveSmallIntegerField(null=True)
    """1 to 5"""
    words = models.TextField(blank=True)

    service_request_id: UUID

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(satisfaction__isnull=True) | Q(satisfaction__range=(1, 5)),
                name="a_satisfaction_is_1_to_5",
            ),
        ]
