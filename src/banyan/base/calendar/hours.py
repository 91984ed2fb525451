"""Hours of a day, and the words in which a calendar is written."""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple, TypeAlias

#: Years for which calendars count.  Before 1980 some zones were off by seconds; after 2100 no holidays are known.
FIRST_YEAR: Final = 1980
LAST_YEAR: Final = 2100
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MIN: Final = 1440


class Period(NamedTuple):
    """Working time on one day, from `opens_min` up to and without `closes_min`: minutes after midnight, 0 to 1440."""

    opens_min: int
    closes_min: int

    def __str__(self) -> str:
        opens, closes = divmod(self.opens_min, 60), divmod(self.closes_min, 60)
        return f"{opens[0]:02}:{opens[1]:02}-{closes[0]:02}:{closes[1]:02}"


Hours: TypeAlias = tuple[Period, ...]

_OFFICE_HOURS: Final[Hours] = (Period(9 * 60, 12 * 60), Period(13 * 60, 17 * 60 + 30))
#: Monday to Friday, 09:00-12:00 and 13:00-17:30.
OFFICE_WEEK: Final[tuple[Hours, ...]] = (_OFFICE_HOURS,) * 5 + ((), ())


class Override(NamedTuple):
    """The town's own word on one day: these hours, or closed when there are none; it beats every other rule."""

    on: date
    hours: Hours
    reason: str


def date_of(override: Override) -> date:
    """Return the day of an override: the key by which overrides are sorted and found."""
    return override.on


def length_min(hours: Hours) -> int:
    """Return the minutes on the wall between opening and closing, all periods together."""
    return sum(period.closes_min - period.opens_min for period in hours)
