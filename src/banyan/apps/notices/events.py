"""What the town announced."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AnnouncementTold:
    """An announcement was published, changed in time or place, or withdrawn (`verb` of the notice says which)."""

    announcement_id: UUID
    entry_id: UUID
    verb: str
