"""The one home of personal data, and who looked at it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from banyan.kit.rows import TownRow


class Person(TownRow):
    """Somebody whom the town has to be able to reach.  Made only where it is needed."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=80, blank=True)
    phone = models.CharField(max_length=24, blank=True)
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=10, blank=True)
    created_at = models.DateTimeField()

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["town", "account"],
                condition=models.Q(account__isnull=False),
                name="an_account_is_one_person_in_a_town",
            )
        ]


class Look(TownRow):
    """Somebody on the staff looked at personal fields of a person, when, from where and why.  The person sees it."""

    append_only = True

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="looks")
    looker_account_id = models.UUIDField(null=True)
    role = models.CharField(max_length=20, blank=True)
    at = models.DateTimeField()
    fields = models.JSONField(default=list)
    purpose = models.CharField(max_length=60)
    reason = models.CharField(max_length=300, blank=True)
    is_outside_area = models.BooleanField(default=False)

    class Meta(TownRow.Meta):
        indexes: ClassVar = [models.Index(fields=["town", "person", "at"], name="people_look_by_person")]
