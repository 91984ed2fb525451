"""What a town offers, and the rules by which it handles what is asked."""

from __future__ import annotations

from typing import ClassVar

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
    attributes = models.JSONField(default=list)
    """What is asked beside the words: Open311 GeoReport v2 service definition, one object for each attribute."""
    source = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["town", "code", "version"], name="a_service_has_each_version_once"),
            models.UniqueConstraint(
                fields=["town", "code"], condition=Q(is_current=True), name="a_service_has_one_current_version"
            ),
        ]


class Ruleset(TownRow):
    """One version of the rules of a town on one subject (`rules.rulesets`).  An edit makes a new version."""

    subject = models.CharField(max_length=20)
    version = models.PositiveIntegerField()
    is_current = models.BooleanField(default=True)
    body = models.JSONField()
    created_at = models.DateTimeField()
    account_id = models.UUIDField(null=True)

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["town", "subject", "version"], name="a_ruleset_has_each_version_once"),
            models.UniqueConstraint(
                fields=["town", "subject"], condition=Q(is_current=True), name="a_ruleset_has_one_current_version"
            ),
        ]
