"""The one history: entries that are appended and never changed, what may be erased beside them, and their seals."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models

from banyan.kit.rows import TownRow


class Entry(TownRow):
    """What happened to one subject, hash-chained to the entry before it on the same subject."""

    append_only = True

    subject_type = models.CharField(max_length=60)
    subject_id = models.UUIDField()
    sequence = models.PositiveIntegerField()
    verb = models.CharField(max_length=60)
    at = models.DateTimeField()
    account_id = models.UUIDField(null=True)
    role = models.CharField(max_length=20, blank=True)
    channel = models.CharField(max_length=10)
    facts = models.JSONField(default=dict)
    commitments = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["town", "subject_type", "subject_id", "sequence"], name="one_entry_has_one_place_in_its_chain"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["town", "at", "id"], name="audit_entry_by_time")]


class Disclosure(TownRow):
    """The personal words behind a commitment, with the salt; erased when the person asks, the chain stays whole."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="disclosures")
    person_id = models.UUIDField(null=True, db_index=True)
    field = models.CharField(max_length=60)
    value = models.TextField(null=True)
    salt = models.CharField(max_length=64, null=True)
    erased_at = models.DateTimeField(null=True)

    entry_id: UUID

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["town", "entry", "field"], name="one_disclosure_for_each_field_of_an_entry")
        ]


class Checkpoint(TownRow):
    """The seal over a town's entries up to a length: Merkle root and head, chained to the checkpoint before it."""

    append_only = True

    number = models.PositiveIntegerField()
    length = models.PositiveBigIntegerField()
    merkle_root = models.CharField(max_length=64)
    peaks = models.JSONField(default=list)
    """The right edge of the Merkle tree at this length, from which the next checkpoint grows."""
    head = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["town", "number"], name="checkpoints_of_a_town_are_numbered_once")
        ]


class Seal(TownRow):
    """The place of one committed entry in its town's sealed order."""

    append_only = True

    entry_id = models.UUIDField()
    """No foreign key: a seal speaks of its entry also when the entry has been made away with."""
    position = models.PositiveBigIntegerField()
    entry_hash = models.CharField(max_length=64)
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="seals")

    checkpoint_id: UUID

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["town", "position"], name="one_entry_at_each_sealed_position"),
            models.UniqueConstraint(fields=["town", "entry_id"], name="an_entry_is_sealed_once"),
        ]
