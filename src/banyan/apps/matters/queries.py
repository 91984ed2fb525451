"""Reading the thread of a matter from either end."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from banyan.apps.matters.models import Matter, Strand
from banyan.base.errors import NotFound


@dataclass(frozen=True, slots=True)
class Thread:
    """A matter and the records that hang on it, its origin first."""

    matter_id: UUID
    subjects: tuple[tuple[str, UUID], ...]


def thread(matter_id: UUID) -> Thread:
    """Return the thread of a matter; `NotFound` where this town has none.  The caller has authorised the read."""
    matter = Matter.objects.filter(id=matter_id).first()
    if matter is None:
        raise NotFound("matter")
    strands = Strand.objects.filter(matter=matter).order_by("at", "id").values_list("subject_type", "subject_id")
    return Thread(matter.id, ((matter.origin_type, matter.origin_id), *strands))


def with_strands(matter_ids: Collection[UUID]) -> set[UUID]:
    """Return those of many matters on which a record hangs beside their origin."""
    rows = Strand.objects.filter(matter_id__in=list(matter_ids))
    return set(rows.values_list("matter_id", flat=True).distinct())
