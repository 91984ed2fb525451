"""Tables of notices: the inbox, how each person hears of it, and what the town announces."""

from __future__ import annotations

from banyan.apps.notices.models.announcements import Announcement, ReadCount
from banyan.apps.notices.models.hearing import Channel, Choice, Delivery, Habits
from banyan.apps.notices.models.inbox import Notice

__all__ = ["Announcement", "Channel", "Choice", "Delivery", "Habits", "Notice", "ReadCount"]
