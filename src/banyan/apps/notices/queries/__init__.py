"""Reading the inbox, how people hear of news, what is on its way, and what the town announces."""

from __future__ import annotations

from banyan.apps.notices.queries.announcements import (
    AnnouncementView,
    Wanted,
    audience,
    desk_page,
    for_calendar,
    in_force,
    n_reads,
    one_for_desk,
    one_public,
    public_page,
    shortened,
    subject_of,
)
from banyan.apps.notices.queries.hearing import (
    ChannelView,
    DeliveryView,
    HabitsView,
    Tally,
    channel_kind,
    channels_of,
    email_to_confirm,
    habits_of,
    oldest_waiting,
    own_deliveries,
    tallies,
    troubled_page,
)
from banyan.apps.notices.queries.inbox import NoticeView, inbox_page, n_unread

__all__ = [
    "AnnouncementView",
    "ChannelView",
    "DeliveryView",
    "HabitsView",
    "NoticeView",
    "Tally",
    "Wanted",
    "audience",
    "channel_kind",
    "channels_of",
    "desk_page",
    "email_to_confirm",
    "for_calendar",
    "habits_of",
    "in_force",
    "inbox_page",
    "n_reads",
    "n_unread",
    "oldest_waiting",
    "one_for_desk",
    "one_public",
    "own_deliveries",
    "public_page",
    "shortened",
    "subject_of",
    "tallies",
    "troubled_page",
]
