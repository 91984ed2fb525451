"""Opening matters."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from banyan.apps.matters.models import Matter


def open_matter(*, origin: tuple[str, UUID], place_id: UUID | None, at: datetime) -> UUID:
    """Open the matter of a record that is being made; the record's own history entry tells of it."""
    matter = Matter(origin_type=origin[0], origin_id=origin[1], place_id=place_id, opened_at=at)
    matter.save(force_insert=True)
    return matter.id
