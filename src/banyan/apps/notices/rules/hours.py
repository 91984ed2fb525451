"""Quiet hours, the hour of the digest, and when something that failed is tried again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from banyan.base.errors import Problem, mark

#: Minutes to wait after the first, second, ... failed try; after the last one nothing more is tried.
WAITS_MIN: Final = (1, 5, 30, 120, 480)
#: Minutes after which a message that was being sent is taken for lost: longer than any task may run.
LOST_AFTER_MIN: Final = 15
_DAY_MIN: Final = 24 * 60
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Hours:
    """When a person is left alone and when the digest comes, in minutes after midnight of the town's clocks.

    Quiet hours may run over midnight; both ends None, or equal, is never quiet.
    """

    quiet_from_min: int | None = 22 * 60
    quiet_until_min: int | None = 7 * 60
    digest_at_min: int = 18 * 60


def quiet_end(hours: Hours, *, at: datetime, zone: ZoneInfo) -> datetime | None:
    """Return when the quiet hours end in which an instant lies, or None where it lies in none."""
    begin, end = hours.quiet_from_min, hours.quiet_until_min
    if begin is None or end is None or begin == end:
        return None
    local = at.astimezone(zone)
    now = local.hour * 60 + local.minute
    if begin < end:
        return _instant(local.date(), end, zone) if begin <= now < end else None
    if now >= begin:
        return _instant(local.date() + timedelta(days=1), end, zone)
    return _instant(local.date(), end, zone) if now < end else None


def next_digest(hours: Hours, *, at: datetime, zone: ZoneInfo) -> datetime:
    """Return the next instant after `at` at which the digest goes out."""
    today = at.astimezone(zone).date()
    due = _instant(today, hours.digest_at_min, zone)
    return due if due > at else _instant(today + timedelta(days=1), hours.digest_at_min, zone)


def next_try(n_tries: int, *, at: datetime, wait_s: int = 0) -> datetime | None:
    """Return when to try again after `n_tries` tries have failed, or None where it is enough.

    `wait_s` is what the receiver asked for; it is heeded up to the longest wait of ours.
    """
    if n_tries > len(WAITS_MIN):
        return None
    own = timedelta(minutes=WAITS_MIN[n_tries - 1])
    return at + max(own, timedelta(seconds=min(wait_s, WAITS_MIN[-1] * 60)))


def _instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(minute // 60, minute % 60), tzinfo=zone).astimezone(UTC)


def read_clock(text: str) -> int | None:
    """Read ``22:30`` as minutes after midnight; None where it is no time of day."""
    found = _CLOCK.fullmatch(text.strip()[:8])
    return int(found[1]) * 60 + int(found[2]) if found else None


def clock(minute: int | None) -> str:
    """Write minutes after midnight as ``22:30``, None as ""."""
    return "" if minute is None else f"{minute // 60:02d}:{minute % 60:02d}"


def hours_problems(typed: Mapping[str, str]) -> list[Problem]:
    """Return every problem of the times of day that were typed: both ends of the quiet hours or neither, the digest."""
    sentence = mark("This is not a time of day. Write it as 22:30.")
    problems = [Problem(name, "pattern", sentence) for name, text in typed.items() if text and read_clock(text) is None]
    if bool(typed.get("quiet_from")) != bool(typed.get("quiet_until")):
        missing = "quiet_until" if typed.get("quiet_from") else "quiet_from"
        problems.append(Problem(missing, "required", mark("Quiet hours need a beginning and an end.")))
    if not typed.get("digest_at"):
        problems.append(Problem("digest_at", "required", mark("Say when the daily summary should come.")))
    return problems
