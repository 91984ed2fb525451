"""Regions, towns, the tree of places of a town, and what lies on its map."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models

from banyan.base.ids import uuid7
from banyan.kit.rows import TownRow


class Region(models.Model):  # noqa: DJ008
    """What lies above towns: country, province, city, district.  Shared by all towns."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    code = models.CharField(max_length=40, unique=True)
    level = models.CharField(max_length=20)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120)


class Town(models.Model):
    """One town: the tenant.  What stands here is public."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    region = models.ForeignKey(Region, null=True, blank=True, on_delete=models.PROTECT, related_name="towns")
    slug = models.SlugField(max_length=40, unique=True)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=60, default="Asia/Shanghai")
    country = models.CharField(max_length=2, default="CN")
    calendar = models.JSONField(default=dict)
    levels = models.JSONField(default=list)
    min_lon = models.FloatField()
    min_lat = models.FloatField()
    max_lon = models.FloatField()
    max_lat = models.FloatField()
    is_synthetic = models.BooleanField(default=False)
    is_open = models.BooleanField(default=True)
    edition = models.PositiveIntegerField(default=1)
    """Grows with every change of territory, parties or catalogue: caches in memory are keyed by it."""

    def __str__(self) -> str:
        return f"{self.name_zh} {self.name_en}"


class Place(TownRow):
    """A node of the tree: community or village, grid, building; the levels are the town's own."""

    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    level = models.CharField(max_length=20)
    code = models.CharField(max_length=40)
    path = models.CharField(max_length=400)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120)
    polygon = models.JSONField(null=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    n_dwellings = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    parent_id: UUID | None

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["town", "code"], name="a_place_code_is_used_once_in_a_town"),
            models.UniqueConstraint(fields=["town", "path"], name="a_place_path_is_used_once_in_a_town"),
        ]
        indexes: ClassVar = [models.Index(fields=["town", "level"], name="territory_place_by_level")]


class Feature(TownRow):
    """Something drawn on the town's map: river, street, green, facility."""

    kind = models.CharField(max_length=30)
    code = models.CharField(max_length=60)
    name_zh = models.CharField(max_length=120, blank=True)
    name_en = models.CharField(max_length=120, blank=True)
    geometry = models.JSONField()
    attributes = models.JSONField(default=dict)

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["town", "kind", "code"], name="a_feature_code_is_used_once_for_its_kind")
        ]
