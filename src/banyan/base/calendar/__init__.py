"""When a town works: weekly hours, public holidays, make-up working days and the town's own exceptions.

A `Calendar` answers for one day or one instant; `banyan.engines.deadlines` counts minutes with it.  Hours are what the
clock on the wall shows, so a day that loses or repeats an hour (daylight saving) has the minutes it really has.

Holidays come from the `holidays` package, which is imported only when a calendar with a country is made, and then only
that country.  Where a government moves working days to weekends by yearly notice (China's tiaoxiu), `announced` tells
whether the notice for a year is known; until then weekends of that year are taken as free and holidays as their law
says, and a town may enter the days itself as overrides.
"""

from banyan.base.calendar.hours import FIRST_YEAR, LAST_YEAR, OFFICE_WEEK, WEEKDAYS, Hours, Override, Period
from banyan.base.calendar.working import ALWAYS, Calendar, Day, Kind

__all__ = [
    "ALWAYS",
    "FIRST_YEAR",
    "LAST_YEAR",
    "OFFICE_WEEK",
    "WEEKDAYS",
    "Calendar",
    "Day",
    "Hours",
    "Kind",
    "Override",
    "Period",
]
