"""What holds for channels, hours, addresses and announcements, without a database or a framework."""

from __future__ import annotations

from banyan.apps.notices.rules.addresses import PUSH_SCHEMAS, Address, read_address
from banyan.apps.notices.rules.announcing import (
    Sort,
    State,
    Words,
    concerns,
    in_force_between,
    is_urgent,
    told_count,
    words_problems,
)
from banyan.apps.notices.rules.hours import (
    LOST_AFTER_MIN,
    WAITS_MIN,
    Hours,
    clock,
    hours_problems,
    next_digest,
    next_try,
    quiet_end,
    read_clock,
)
from banyan.apps.notices.rules.kinds import MOST_CHANNELS, TELLS_REPEATS, TRIED, UNCHOSEN, Kind, Mode, Way, mode_of

__all__ = [
    "LOST_AFTER_MIN",
    "MOST_CHANNELS",
    "PUSH_SCHEMAS",
    "TELLS_REPEATS",
    "TRIED",
    "UNCHOSEN",
    "WAITS_MIN",
    "Address",
    "Hours",
    "Kind",
    "Mode",
    "Sort",
    "State",
    "Way",
    "Words",
    "clock",
    "concerns",
    "hours_problems",
    "in_force_between",
    "is_urgent",
    "mode_of",
    "next_digest",
    "next_try",
    "quiet_end",
    "read_address",
    "read_clock",
    "told_count",
    "words_problems",
]
