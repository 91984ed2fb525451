"""Local times of another system, which may name an hour that never was, or one that was there twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_ISO: Final = frozenset({"%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"})
_MOST_DAYS: Final = 20_000
#: Days of spreadsheets: 1900-03-01 is day 61 in all of them.
_DAY_ZERO: Final = datetime(1899, 12, 30)
_LAST_SERIAL: Final = 2_958_465


class Skipped(ValueError):
    """The clocks of the town never showed this time: daylight saving skipped it."""


class LocalTimes:
    """Reads local times of one zone.

    Parameters
    ----------
    zone
        Of the clocks on the wall.
    formats
        As `datetime.strptime` reads them, tried in this order.  ISO 8601 is always understood.
    takes_serials
        Whether a bare number is a spreadsheet's number of days since the end of 1899.
    """

    def __init__(self, zone: ZoneInfo, *, formats: tuple[str, ...], takes_serials: bool = False) -> None:
        self.zone = zone
        self._formats = tuple(one for one in formats if one not in _ISO)
        self._takes_serials = takes_serials
        self._offsets: dict[date, timedelta | None] = {}

    def read(self, text: str) -> tuple[datetime, bool]:
        """Return the instant in UTC, and whether the clocks showed that time twice (the first is taken).

        Raises
        ------
        Skipped
            The clocks never showed it.
        ValueError
            It cannot be read.
        """
        local = self._local(text)
        if local.tzinfo is not None:
            return local.astimezone(UTC), False
        offset = self._offset_of(local.date())
        if offset is not None:
            return (local - offset).replace(tzinfo=UTC), False
        at = local.replace(tzinfo=self.zone).astimezone(UTC)
        if at.astimezone(self.zone).replace(tzinfo=None) != local:
            raise Skipped(text)
        second = local.replace(tzinfo=self.zone, fold=1).astimezone(UTC)
        return at, second != at

    def _local(self, text: str) -> datetime:
        if text[:4].isdigit() and text[4:5] == "-":
            return datetime.fromisoformat(text)
        for form in self._formats:
            try:
                return datetime.strptime(text, form)
            except ValueError:
                continue
        if self._takes_serials:
            days = float(text)
            if 1 <= days <= _LAST_SERIAL:
                return _DAY_ZERO + timedelta(seconds=round(days * 86_400))
        raise ValueError(text)

    def _offset_of(self, day: date) -> timedelta | None:
        """Return the offset of a day on which it does not change; None on the few days when it does."""
        if day not in self._offsets:
            if len(self._offsets) > _MOST_DAYS:
                self._offsets.clear()
            start = datetime(day.year, day.month, day.day, tzinfo=self.zone)
            first = start.utcoffset()
            try:
                last = datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=self.zone, fold=1).utcoffset()
                before = (start - timedelta(seconds=1)).utcoffset()
            except OverflowError:
                last = before = None
            self._offsets[day] = first if first == last == before else None
        return self._offsets[day]
