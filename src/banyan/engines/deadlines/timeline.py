"""Working time laid end to end, so that counting and adding are two searches instead of a walk.

Instants are ticks: microseconds since 1970, as whole numbers, because sums of them stay exact.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

from banyan.base.calendar import FIRST_YEAR, LAST_YEAR, Calendar
from banyan.base.errors import InvalidInput, Problem, mark
from banyan.base.instants import in_utc

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)
MINUTE: Final = 60_000_000  # ticks


@dataclass(frozen=True, slots=True)
class _Year:
    """The spans of working time of one UTC year, in order, and the working time passed at the end of each."""

    starts: array[int]
    ends: array[int]
    passed: array[int]

    @property
    def total(self) -> int:
        return self.passed[-1] if self.passed else 0

    def worked(self, tick: int) -> int:
        """Working time from the beginning of the year to a tick of it."""
        place = bisect_right(self.starts, tick) - 1
        if place < 0:
            return 0
        return self.passed[place] - max(0, self.ends[place] - tick)

    def first(self, worked: int) -> int:
        """First tick at which so much is worked, 0 < worked <= total."""
        place = bisect_left(self.passed, worked)
        return self.ends[place] - (self.passed[place] - worked)

    def last(self, worked: int) -> int:
        """Last tick at which no more than so much is worked, 0 <= worked < total."""
        place = bisect_right(self.passed, worked)
        return self.ends[place] - (self.passed[place] - worked)


# 12 kB for a year of office hours: 1,024 of them are what a server with hundreds of different calendars needs at once.
@lru_cache(maxsize=1024)
def _year(calendar: Calendar, year: int) -> _Year:
    first, after = _tick(datetime(year, 1, 1, tzinfo=UTC)), _tick(datetime(year + 1, 1, 1, tzinfo=UTC))
    starts, ends, passed, total = array("q"), array("q"), array("q"), 0
    for start, end in _spans(calendar, year):
        opens, closes = max(first, _tick(start)), min(after, _tick(end))
        if opens < closes:
            total += closes - opens
            starts.append(opens)
            ends.append(closes)
            passed.append(total)
    return _Year(starts, ends, passed)


def _spans(calendar: Calendar, year: int) -> Iterator[tuple[datetime, datetime]]:
    # A UTC year holds parts of the local days on either side of it.
    day = date(year - 1, 12, 31)
    while day <= date(year + 1, 1, 1):
        yield from calendar.working_spans(day)
        day += timedelta(days=1)


def _tick(at: datetime) -> int:
    return (at - _EPOCH) // _TICK


def _instant(tick: int) -> datetime:
    return _EPOCH + timedelta(microseconds=tick)


def checked(at: datetime, *, where: str) -> datetime:
    """Express a time in UTC.

    Raises
    ------
    InvalidInput
        It has no time zone or lies outside the years of calendars.
    """
    instant = in_utc(at, where=where)
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        sentence = mark("The time lies outside the years {first} to {last}.")
        raise InvalidInput(
            mark("The time"), [Problem(where, "range", sentence, {"first": FIRST_YEAR, "last": LAST_YEAR})]
        )
    return instant


def worked_between(calendar: Calendar, start: datetime, *, end: datetime) -> int:
    """Working time between two UTC instants in order, in ticks."""
    before, until = (_year(calendar, at.year).worked(_tick(at)) for at in (start, end))
    return until - before + sum(_year(calendar, year).total for year in range(start.year, end.year))


def after_work(calendar: Calendar, start: datetime, *, ticks: int) -> datetime:
    """First UTC instant by which so much working time has passed; `start` itself for none.

    Raises
    ------
    InvalidInput
        That is after the last year of calendars.
    """
    if ticks == 0:
        return start
    year = start.year
    wanted = _year(calendar, year).worked(_tick(start)) + ticks
    while wanted > (total := _year(calendar, year).total):
        wanted, year = wanted - total, year + 1
        refuse_beyond(year)
    return _instant(_year(calendar, year).first(wanted))


def before_work(calendar: Calendar, end: datetime, *, ticks: int) -> datetime:
    """Last UTC instant from which so much working time remains until `end`; `end` itself for none.

    Raises
    ------
    InvalidInput
        That is before the first year of calendars.
    """
    if ticks == 0:
        return end
    year = end.year
    left = _year(calendar, year).worked(_tick(end)) - ticks
    while left < 0:
        year -= 1
        refuse_beyond(year)
        left += _year(calendar, year).total
    return _instant(_year(calendar, year).last(left))


def spans_of_year(calendar: Calendar, year: int) -> tuple[array[int], array[int]]:
    """Starts and ends of the spans of working time of one UTC year, in order, in ticks."""
    held = _year(calendar, year)
    return held.starts, held.ends


def refuse_beyond(year: int) -> None:
    """Refuse a year that no calendar knows.

    Raises
    ------
    InvalidInput
        It lies outside the years of calendars.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        sentence = mark("So many minutes lead outside the years {first} to {last}.")
        raise InvalidInput(
            "deadline", [Problem("minutes", "range", sentence, {"first": FIRST_YEAR, "last": LAST_YEAR})]
        )
