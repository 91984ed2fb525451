"""Organisations, the posts in them and the places they answer for.  No personal affiliation is stored."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from banyan.kit.rows import TownRow


class Party(TownRow):
    """An organisation that works in the town."""

    kind = models.CharField(max_length=30)
    code = models.CharField(max_length=40)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120)
    public_phone = models.CharField(max_length=24, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["town", "code"], name="a_party_code_is_used_once_in_a_town")
        ]


class Duty(TownRow):
    """A party answers for a place and all below it, for one topic ("" = whatever its kind does)."""

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="duties")
    place = models.ForeignKey("territory.Place", on_delete=models.PROTECT, related_name="duties")
    topic = models.CharField(max_length=40, blank=True)

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["town", "party", "place", "topic"], name="a_party_has_a_duty_once")
        ]


class Post(TownRow):
    """A post in a party, held by a person for a time; one person may hold posts in several parties."""

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="posts")
    person = models.ForeignKey("people.Person", null=True, on_delete=models.PROTECT, related_name="posts")
    title_zh = models.CharField(max_length=80)
    title_en = models.CharField(max_length=80)
    from_on = models.DateField()
    until_on = models.DateField(null=True)
