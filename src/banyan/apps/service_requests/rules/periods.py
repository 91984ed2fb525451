"""Stretches of days on a town's clocks, the stretch before each, and the slices in which a trend is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from banyan.base.errors import InvalidInput, Problem, mark

#: The longest period that is counted at once, in days: two years.
LONGEST_DAYS: Final = 732
#: A trend has at most this many slices.
_BY_DAY, _BY_WEEK = 14, 98
#: The earliest and the latest day that can be asked for: clocks of towns know these years.
FIRST_ON: Final = date(1980, 1, 1)
LAST_ON: Final = date(2099, 12, 31)


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days of a town, both ends included.

    Raises
    ------
    InvalidInput
        The end lies before the start, or there are more than `LONGEST_DAYS`.
    """

    from_on: date
    until_on: date

    def __post_init__(self) -> None:
        problems = []
        if self.until_on < self.from_on:
            problems.append(Problem("until", "order", mark("The last day lies before the first.")))
        if self.n_days > LONGEST_DAYS:
            limit = {"limit": LONGEST_DAYS}
            problems.append(Problem("from", "too_long", mark("A period has at most {limit} days."), limit))
        if problems:
            raise InvalidInput(mark("The period"), problems)

    @property
    def n_days(self) -> int:
        """Return the number of days."""
        return (self.until_on - self.from_on).days + 1

    def instants(self, zone: str) -> tuple[datetime, datetime]:
        """Return the first instant of the first day and the first after the last day, on the clocks of a zone."""
        return midnight(self.from_on, zone=zone), midnight(self.until_on + timedelta(days=1), zone=zone)

    def before(self) -> Period:
        """Return as many days directly before; a whole month is compared with the whole month before it."""
        ends_on = self.from_on - timedelta(days=1)
        if self.from_on.day == 1 and (self.until_on + timedelta(days=1)).day == 1:
            n_months = 12 * (self.until_on.year - self.from_on.year) + self.until_on.month - self.from_on.month + 1
            return Period(months_before(self.from_on, n_months), ends_on)
        return Period(self.from_on - timedelta(days=self.n_days), ends_on)

    def slices(self) -> tuple[Period, ...]:
        """Return the slices of a trend in order: days up to two weeks, weeks up to fourteen, months beyond."""
        found, first = [], self.from_on
        while first <= self.until_on:
            last = min(self._end_of_slice(first), self.until_on)
            found.append(Period(first, last))
            first = last + timedelta(days=1)
        return tuple(found)

    def _end_of_slice(self, first: date) -> date:
        if self.n_days <= _BY_DAY:
            return first
        if self.n_days <= _BY_WEEK:
            return first + timedelta(days=6 - first.weekday())
        return months_before(first.replace(day=1), -1) - timedelta(days=1)


def read(from_text: str, until_text: str) -> Period:
    """Read a period from two days as forms and addresses write them (ISO 8601).

    Raises
    ------
    InvalidInput
        Lists each day that cannot be read or lies outside 1980 to 2099, a wrong order, a period that is too long.
    """
    days, problems = [], []
    for name, text in (("from", from_text), ("until", until_text)):
        try:
            days.append(date.fromisoformat(text.strip()))
        except ValueError:
            problems.append(Problem(name, "date", mark("A day is written like 2026-03-18.")))
            continue
        if not FIRST_ON <= days[-1] <= LAST_ON:
            problems.append(Problem(name, "range", mark("Choose days from 1980 to 2099.")))
    if problems:
        raise InvalidInput(mark("The period"), problems)
    return Period(*days)


#: Name of a period that is offered -> how it is reckoned from today (`named`).
NAMES: Final = ("days_30", "days_90", "last_month", "quarter", "year")


def named(name: str, today_on: date) -> Period:
    """Return a period by its name: the last 30 or 90 days, or the last 1, 3 or 12 whole months; 90 days for others."""
    n_months = {"last_month": 1, "quarter": 3, "year": 12}.get(name)
    if n_months is None:
        return Period(today_on - timedelta(days=29 if name == "days_30" else 89), today_on)
    this_month_on = today_on.replace(day=1)
    return Period(months_before(this_month_on, n_months), this_month_on - timedelta(days=1))


def midnight(on: date, *, zone: str) -> datetime:
    """Return the instant at which a day begins on the clocks of a zone."""
    return datetime(on.year, on.month, on.day, tzinfo=ZoneInfo(zone))


def months_before(first_on: date, n_months: int) -> date:
    """Return the first day of the month that lies so many months before the month of a first day (negative: after)."""
    year, month = divmod(12 * first_on.year + first_on.month - 1 - n_months, 12)
    return date(year, month + 1, 1)
