"""Requests, with the words and the photos that hang on them."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Q

from banyan.apps.service_requests.models.catalogue import Service
from banyan.kit.rows import TownRow


class ServiceRequest(TownRow):
    """Something a person asked the town to do."""

    matter = models.ForeignKey("matters.Matter", on_delete=models.PROTECT, related_name="+")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+")
    tracking_number = models.CharField(max_length=20)
    status = models.CharField(max_length=12)
    urgency = models.CharField(max_length=10)
    kind = models.CharField(max_length=20)
    channel = models.CharField(max_length=20)
    description = models.TextField(blank=True)
    is_text_public = models.BooleanField(default=False)
    public_text = models.TextField(blank=True)
    """What everybody reads in place of the description where personal data had to be hidden."""
    privacy = models.CharField(max_length=12, default="named")
    """named, anonymous (no contact is kept) or confidential (on no public page)"""
    retain_until = models.DateField(null=True)
    """Last day on which the words and the contact are kept, by the rules in force when it was made."""
    attributes = models.JSONField(default=dict)
    """Code of an attribute of the service -> value, or list of values."""
    answer = models.TextField(blank=True)
    """The town's answer that everybody reads, in the lists."""
    answered_at = models.DateTimeField(null=True)
    answered_by_account_id = models.UUIDField(null=True)
    remedy = models.TextField(blank=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    cell = models.BigIntegerField(null=True)
    """The cell of a grid of about 250 m in which the point lies (`rules.likeness.cell`): how near reports are found."""
    address = models.CharField(max_length=200, blank=True)
    place = models.ForeignKey("territory.Place", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    reporter = models.ForeignKey("people.Person", null=True, on_delete=models.PROTECT, related_name="+")
    reporter_account_id = models.UUIDField(null=True)
    taken_by_account_id = models.UUIDField(null=True)
    """The account that wrote it down on behalf of someone; None where the reporter did."""
    building = models.ForeignKey(
        "territory.Place", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    suggested_party = models.ForeignKey(
        "parties.Party", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    """Who answers for this service at this place, by the register of parties, when the request was made."""
    party = models.ForeignKey("parties.Party", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    co_party_ids = models.JSONField(default=list)
    """Identifiers of the parties summoned beside it (`Part`), as text: they read what they help with."""
    is_binding = models.BooleanField(default=False)
    """Dispatched by arbitration: the party may not return it."""
    handler_account_id = models.UUIDField(null=True)
    resolved_by_account_id = models.UUIDField(null=True)
    verified_by_account_id = models.UUIDField(null=True)
    verification = models.CharField(max_length=12, blank=True)
    """Who looks, by the policy of the service: resident, staff, sample or silence."""
    verified_how = models.CharField(max_length=12, blank=True)
    """How it came to be verified: resident, staff, silence (nobody spoke up) or unsampled."""
    verify_by_at = models.DateTimeField(null=True)
    """When silence is taken for consent."""
    requested_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)
    # the whole clock and the clock of the stage it is in (engines.deadlines)
    target_min = models.PositiveIntegerField(null=True)
    deadline_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    remaining_min = models.IntegerField(null=True)
    """Working minutes left when the whole clock was paused or stopped."""
    stage = models.CharField(max_length=10, blank=True)
    stage_started_at = models.DateTimeField(null=True)
    stage_deadline_at = models.DateTimeField(null=True)
    stage_remaining_min = models.IntegerField(null=True)
    pause_reason = models.CharField(max_length=300, blank=True)
    review_on = models.DateField(null=True)
    """When a parked case is looked at again."""
    next_rung_at = models.DateTimeField(null=True)
    """When the next rung of the escalation ladder is due; None while the clocks stand or the ladder is climbed."""
    # what the rates are counted from; history holds the same
    response_due_at = models.DateTimeField(null=True)
    responded_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    n_reopened = models.PositiveSmallIntegerField(default=0)
    n_returned = models.PositiveSmallIntegerField(default=0)
    n_followers = models.PositiveIntegerField(default=0)
    n_merged = models.PositiveIntegerField(default=0)
    """Reports merged into this one, directly or through another."""
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    incident = models.ForeignKey(
        "service_requests.Incident", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    import_run = models.ForeignKey(
        "service_requests.ImportRun", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    rating = models.PositiveSmallIntegerField(null=True)
    rating_words = models.TextField(blank=True)
    rated_at = models.DateTimeField(null=True)
    source_key = models.CharField(max_length=80, null=True)
    """Identifier in the system it was imported from."""

    matter_id: UUID
    service_id: UUID
    place_id: UUID | None
    party_id: UUID | None
    reporter_id: UUID | None

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["town", "tracking_number"], name="a_tracking_number_is_used_once_in_a_town"
            ),
            models.UniqueConstraint(
                fields=["town", "source_key"], condition=Q(source_key__isnull=False), name="an_imported_case_comes_once"
            ),
            models.CheckConstraint(
                condition=Q(rating__isnull=True) | Q(rating__range=(1, 5)), name="a_rating_is_1_to_5"
            ),
            models.CheckConstraint(
                condition=Q(lon__isnull=True, lat__isnull=True) | Q(lon__range=(-180, 180), lat__range=(-90, 90)),
                name="a_point_has_both_coordinates_in_range",
            ),
            models.CheckConstraint(
                condition=~Q(verified_by_account_id=models.F("resolved_by_account_id"))
                | Q(verified_by_account_id__isnull=True)
                | Q(resolved_by_account_id__isnull=True),
                name="who_handles_does_not_verify",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["town", "-requested_at", "-id"], name="requests_newest"),
            models.Index(fields=["town", "status", "-requested_at", "-id"], name="requests_by_status"),
            models.Index(
                fields=["town", "deadline_at", "id"],
                condition=Q(stopped_at__isnull=True),
                name="requests_by_running_clock",
            ),
            models.Index(fields=["town", "kind", "-requested_at", "-id"], name="requests_by_kind"),
            models.Index(
                fields=["town", "cell", "-requested_at"], condition=Q(cell__isnull=False), name="requests_near"
            ),
            models.Index(fields=["town", "place", "-requested_at"], name="requests_by_place"),
            models.Index(fields=["town", "party", "-requested_at"], name="requests_by_party"),
            models.Index(fields=["town", "reporter_account_id"], name="requests_by_reporter"),
            models.Index(
                fields=["town", "merged_into"], condition=Q(merged_into__isnull=False), name="requests_merged_into"
            ),
            models.Index(fields=["town", "incident"], condition=Q(incident__isnull=False), name="requests_of_incident"),
            models.Index(
                fields=["town", "import_run"], condition=Q(import_run__isnull=False), name="requests_of_import"
            ),
            models.Index(
                fields=["town", "next_rung_at"], condition=Q(next_rung_at__isnull=False), name="requests_by_next_rung"
            ),
            models.Index(
                fields=["town", "verify_by_at"], condition=Q(verify_by_at__isnull=False), name="requests_by_silence"
            ),
            models.Index(fields=["town", "review_on"], condition=Q(review_on__isnull=False), name="requests_by_review"),
            models.Index(
                fields=["town", "retain_until", "status", "id"],
                condition=Q(retain_until__isnull=False),
                name="requests_by_retention",
            ),
        ]


class Comment(TownRow):
    """Words added to a request: for everyone who may read it, or internal to the staff."""

    service_request = models.ForeignKey(ServiceRequest, on_delete=models.PROTECT, related_name="comments")
    account_id = models.UUIDField(null=True)
    role = models.CharField(max_length=20, blank=True)
    is_internal = models.BooleanField(default=False)
    text = models.TextField()
    at = models.DateTimeField()

    service_request_id: UUID


class Photo(TownRow):
    """A re-encoded picture of a request; the file stands under BANYAN_HOME, named by this row's id."""

    service_request = models.ForeignKey(ServiceRequest, on_delete=models.PROTECT, related_name="photos")
    part = models.ForeignKey(
        "service_requests.Part", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    """The part of joint work it is evidence of."""
    moment = models.CharField(max_length=10)
    """report, during or after"""
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    n_bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    account_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    service_request_id: UUID
