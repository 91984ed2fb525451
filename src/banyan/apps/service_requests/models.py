"""The service catalogue and the requests made under it."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Q

from banyan.kit.rows import TownRow


class Service(TownRow):
    """One version of a service of the catalogue.  An edit makes a new version; open requests keep theirs."""

    code = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    is_current = models.BooleanField(default=True)
    is_active = models.BooleanField(default=True)
    kind = models.CharField(max_length=20)
    group = models.CharField(max_length=40)
    group_zh = models.CharField(max_length=80)
    group_en = models.CharField(max_length=80)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120)
    description_zh = models.TextField(blank=True)
    description_en = models.TextField(blank=True)
    keywords_zh = models.CharField(max_length=300, blank=True)
    keywords_en = models.CharField(max_length=300, blank=True)
    default_urgency = models.CharField(max_length=10, default="normal")
    is_clock_always_on = models.BooleanField(default=False)
    targets = models.JSONField(default=dict)
    """Minutes by urgency and clock: ``{"normal": {"triage": 60, ..., "whole": 1440}}``."""
    responsible_kinds = models.JSONField(default=list)
    """Kinds of party that answer for it, first match by area."""
    needs_place = models.BooleanField(default=True)
    advises_photo = models.BooleanField(default=True)
    source = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["town", "code", "version"], name="a_service_has_each_version_once"),
            models.UniqueConstraint(
                fields=["town", "code"], condition=Q(is_current=True), name="a_service_has_one_current_version"
            ),
        ]


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
    remedy = models.TextField(blank=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
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
    handler_account_id = models.UUIDField(null=True)
    resolved_by_account_id = models.UUIDField(null=True)
    verified_by_account_id = models.UUIDField(null=True)
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
            models.Index(fields=["town", "place", "-requested_at"], name="requests_by_place"),
            models.Index(fields=["town", "party", "-requested_at"], name="requests_by_party"),
            models.Index(fields=["town", "reporter_account_id"], name="requests_by_reporter"),
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
    moment = models.CharField(max_length=10)
    """report, during or after"""
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    n_bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    account_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    service_request_id: UUID
