"""Opening matters."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from banyan.apps.matters.models import Matter
from banyan.kit.rows import Stencil, insert_many


def open_matter(*, origin: tuple[str, UUID], place_id: UUID | None, at: datetime) -> UUID:
    """Open the matter of a record that is being made; the record's own history entry tells of it."""
    matter = Matter(origin_type=origin[0], origin_id=origin[1], place_id=place_id, opened_at=at)
    matter.save(force_insert=True)
    return matter.id


def open_matters(opened: Sequence[tuple[tuple[str, UUID], UUID | None, UUID]], *, at: datetime) -> None:
    """Open many matters at once: each is (origin, place, identifier of the matter)."""
    new = Stencil(Matter).row
    insert_many(
        Matter,
        [
            new(id=matter_id, origin_type=origin[0], origin_id=origin[1], place_id=place_id, opened_at=at)
            for origin, place_id, matter_id in opened
        ],
    )


def take_back_matters(matter_ids: Collection[UUID]) -> None:
    """Take back matters whose origin is taken back: the records of an import that is undone.

    A matter on which anything else hangs stays: `ProtectedError`.
    """
    Matter.objects.filter(id__in=matter_ids).delete()
