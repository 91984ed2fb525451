"""The calendar of a town: which hours a day has, and which instants they are."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from banyan.base.calendar.hours import DAY_MIN, OFFICE_WEEK, WEEKDAYS, Hours, Override, Period, date_of, length_min
from banyan.base.calendar.problems import calendar_problems
from banyan.base.calendar.public_days import MOVE_DAYS_BY_YEARLY_NOTICE, last_year_with_moved_days, public_days
from banyan.base.calendar.reading import read_fields, read_object
from banyan.base.errors import InvalidInput, Problem, mark
from banyan.base.instants import in_utc


class Kind(StrEnum):
    """Why a day has the hours it has."""

    WEEKLY = "weekly"
    HOLIDAY = "holiday"
    MAKE_UP = "make_up"
    OVERRIDE = "override"


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a calendar.  `reason` names the holiday in its country's language or repeats the override's reason."""

    on: date
    kind: Kind
    hours: Hours
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The working time of a town.

    Parameters
    ----------
    timezone
        Name in the IANA time zone database.
    week
        Hours of Monday to Sunday, seven entries.
    country, subdivision
        Whose public holidays are free, as ISO 3166 codes (``"CN"``; ``"US"`` and ``"MA"``); None: no holidays.  A
        make-up working day has the hours of the longest day of the week, the earliest of equals.
    overrides
        Single days on which the town decides otherwise; kept in order of date.
    entered_years
        Years whose moved working days the town entered as overrides itself.

    Raises
    ------
    InvalidInput
        Lists every problem of `calendar_problems`.

    Source
    ------
    Holidays: the `holidays` package, which for China follows the yearly notices of the General Office of the State
    Council under the Regulation on Public Holidays (State Council Order 795 of 2024).
    """

    timezone: str = "Asia/Shanghai"
    week: tuple[Hours, ...] = OFFICE_WEEK
    country: str | None = "CN"
    subdivision: str | None = None
    overrides: tuple[Override, ...] = ()
    entered_years: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        problems = calendar_problems(
            timezone=self.timezone,
            week=self.week,
            country=self.country,
            subdivision=self.subdivision,
            overrides=self.overrides,
            entered_years=self.entered_years,
        )
        if problems:
            raise InvalidInput(mark("The calendar"), problems)
        object.__setattr__(self, "overrides", tuple(sorted(self.overrides, key=date_of)))
        object.__setattr__(self, "entered_years", tuple(sorted(set(self.entered_years))))

    def __hash__(self) -> int:
        # Calendars are keys of caches asked for every deadline: hash little, compare all.
        return hash((self.timezone, self.country, self.subdivision, len(self.overrides)))

    def day(self, on: date) -> Day:
        """Say which hours are worked on a day of the town, and why."""
        override = self._override(on)
        if override is not None:
            return Day(on, Kind.OVERRIDE, override.hours, override.reason)
        if self.country is not None:
            free, moved = public_days(self.country, self.subdivision, year=on.year)
            if on in moved:
                return Day(on, Kind.MAKE_UP, max(self.week, key=length_min))
            if on in free:
                return Day(on, Kind.HOLIDAY, (), free[on])
        return Day(on, Kind.WEEKLY, self.week[on.weekday()])

    def holiday_name(self, on: date, *, language: str) -> str:
        """Name the holiday of a day in a language such as ``en_US``, else in its country's; "" where there is none."""
        if self.country is None:
            return ""
        return public_days(self.country, self.subdivision, year=on.year, language=language)[0].get(on, "")

    def is_working(self, at: datetime) -> bool:
        """Tell whether an aware instant falls into working time."""
        local = in_utc(at).astimezone(ZoneInfo(self.timezone))
        return _covers(self.day(local.date()).hours, local)

    def working_spans(self, on: date) -> tuple[tuple[datetime, datetime], ...]:
        """List the working time of a day of the town as pairs of UTC instants, from and up to, in order.

        On a day of changing clocks an hour that is skipped does not count and an hour that is repeated counts twice,
        so one period of hours may become two spans.
        """
        hours = self.day(on).hours
        if not hours:
            return ()
        offset = _steady_offset(self.timezone, on)
        if offset is None:
            return _spans_minute_by_minute(ZoneInfo(self.timezone), on, hours)
        midnight = datetime(on.year, on.month, on.day, tzinfo=UTC) - offset
        return tuple((midnight + timedelta(minutes=a), midnight + timedelta(minutes=b)) for a, b in hours)

    def announced(self, year: int) -> bool:
        """Tell whether the moved working days of a year are known; where False, deadlines in it are provisional.

        Always True for countries that move no days by yearly notice and for years the town entered itself.
        """
        if self.country not in MOVE_DAYS_BY_YEARLY_NOTICE or year in self.entered_years:
            return True
        return year <= last_year_with_moved_days(self.country)

    def to_json(self) -> dict[str, Any]:
        """Write the calendar as a JSON object; `from_json` reads it back to an equal calendar."""
        return {
            "timezone": self.timezone,
            "week": {name: [str(period) for period in hours] for name, hours in zip(WEEKDAYS, self.week, strict=True)},
            "country": self.country,
            "subdivision": self.subdivision,
            "overrides": [
                {"on": o.on.isoformat(), "hours": [str(period) for period in o.hours], "reason": o.reason}
                for o in self.overrides
            ],
            "entered_years": list(self.entered_years),
        }

    @classmethod
    def from_json(cls, source: str | bytes | Mapping[str, Any]) -> Calendar:
        """Read a calendar from JSON text or from the object it holds.

        `timezone`, `week` and `country` must be there, a day missing in `week` is free; nothing unknown may be there::

            {"timezone": "Asia/Shanghai", "country": "CN", "subdivision": null,
             "week": {"mon": ["09:00-12:00", "13:00-17:30"]},
             "overrides": [{"on": "2027-02-13", "hours": ["09:00-12:00"], "reason": "make-up day"}],
             "entered_years": [2027]}

        Raises
        ------
        InvalidInput
            Lists every problem, each with the path of the field.
        """
        problems: list[Problem] = []
        fields = read_fields(read_object(source), problems)
        try:
            calendar = cls(**fields)
        except InvalidInput as refusal:
            problems.extend(refusal.problems)
        if problems:
            raise InvalidInput(mark("The calendar"), problems)
        return calendar

    def _override(self, on: date) -> Override | None:
        place = bisect_left(self.overrides, on, key=date_of)
        found = place < len(self.overrides) and self.overrides[place].on == on
        return self.overrides[place] if found else None


def _covers(hours: Hours, local: datetime) -> bool:
    minute = local.hour * 60 + local.minute
    return any(period.opens_min <= minute < period.closes_min for period in hours)


def _steady_offset(timezone: str, on: date) -> timedelta | None:
    """Offset of the zone on a day, or None where the clocks change on it."""
    zone, midnight = ZoneInfo(timezone), datetime(on.year, on.month, on.day)
    first, last = (edge.replace(tzinfo=zone).utcoffset() for edge in (midnight, midnight + timedelta(days=1)))
    return first if first == last else None


def _spans_minute_by_minute(zone: ZoneInfo, on: date, hours: Hours) -> tuple[tuple[datetime, datetime], ...]:
    # Twice a year; walking all minutes near the day needs no cases for gaps, folds and days a zone skips: 14 hours
    # ahead of UTC to 12 behind.
    first = datetime(on.year, on.month, on.day, tzinfo=UTC) - timedelta(hours=14)
    worked = []
    for minute in range(50 * 60):
        instant = first + timedelta(minutes=minute)
        local = instant.astimezone(zone)
        if local.date() == on and _covers(hours, local):
            worked.append(instant)
    return tuple(_joined(worked))


def _joined(minutes: list[datetime]) -> list[tuple[datetime, datetime]]:
    one = timedelta(minutes=1)
    breaks = [after for before, after in pairwise(minutes) if after - before > one]
    starts = minutes[:1] + breaks
    ends = [before + one for before, after in pairwise(minutes) if after - before > one]
    ends += [last + one for last in minutes[-1:]]
    return list(zip(starts, ends, strict=True))


#: Every minute of every day, for clocks that never rest.
ALWAYS: Final = Calendar(timezone="UTC", week=((Period(0, DAY_MIN),),) * 7, country=None)
