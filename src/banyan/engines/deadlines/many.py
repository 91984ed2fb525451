"""Deadlines of very many cases at once: the same searches as in `timeline`, over arrays."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from banyan.base.calendar import FIRST_YEAR, LAST_YEAR, Calendar
from banyan.base.errors import InvalidInput, Problem, mark
from banyan.engines.deadlines.timeline import MINUTE, refuse_beyond, spans_of_year

Instants = NDArray[np.datetime64]
Whole = NDArray[np.int64]
_FIRST: Final = np.datetime64(f"{FIRST_YEAR:04d}-01-01", "us")
_AFTER: Final = np.datetime64(f"{LAST_YEAR + 1:04d}-01-01", "us")


def add_minutes_to_many(calendar: Calendar, starts: Instants, *, minutes: Whole) -> Instants:
    """Find the deadlines of many cases: for each the first instant by which so many working minutes have passed.

    The same answers as `add_minutes` one by one, to the microsecond, in a thousandth of the time.

    Parameters
    ----------
    calendar
        When the town works.
    starts
        Shape (n,), ``datetime64`` in UTC of any unit down to microseconds, from 1980 to 2100.
    minutes
        Shape (n,), whole numbers, 0 or more; with 0 the answer is the start.

    Returns
    -------
    numpy.ndarray
        Shape (n,), ``datetime64[us]`` in UTC.

    Raises
    ------
    InvalidInput
        Shapes or kinds do not fit, a time is missing or out of range, minutes are negative, or an answer lies after
        2100.  Lists every problem.

    Examples
    --------
    >>> from banyan.base.calendar import Calendar
    >>> friday = np.array(["2026-02-13T09:00"], dtype="datetime64[us]")
    >>> add_minutes_to_many(Calendar(), friday, minutes=np.array([480]))
    array(['2026-02-14T09:30:00.000000'], dtype='datetime64[us]')
    """
    if problems := _problems(starts, minutes):
        raise InvalidInput(mark("The deadlines"), problems)
    if not minutes.any():
        return starts.astype("datetime64[us]")
    ticks = starts.astype("datetime64[us]").astype(np.int64)
    time = _WorkingTime(calendar, int(starts.min().astype("datetime64[Y]").astype(int)) + 1970)
    time.reach_tick(int(ticks.max()))
    wanted = time.worked(ticks) + minutes.astype(np.int64) * MINUTE
    time.reach_work(int(wanted.max()))
    found = np.where(minutes == 0, ticks, time.first(wanted))
    return found.astype("datetime64[us]")


class _WorkingTime:
    """The spans of working time from a year on, in order, with the working time passed at the end of each."""

    def __init__(self, calendar: Calendar, year: int) -> None:
        self._calendar, self._next = calendar, year
        self._starts = self._ends = self._passed = np.empty(0, dtype=np.int64)
        self._grow()

    def _grow(self) -> None:
        starts, ends = (np.array(part, dtype=np.int64) for part in spans_of_year(self._calendar, self._next))
        total = int(self._passed[-1]) if self._passed.size else 0
        self._passed = np.concatenate([self._passed, total + np.cumsum(ends - starts)])
        self._starts, self._ends = np.concatenate([self._starts, starts]), np.concatenate([self._ends, ends])
        self._next += 1

    def reach_tick(self, tick: int) -> None:
        """Let the spans begin no later than they have to for a tick."""
        while np.int64(tick) >= np.datetime64(f"{self._next:04d}-01-01", "us").astype(np.int64):
            self._grow()

    def reach_work(self, worked: int) -> None:
        """Let the spans hold so much working time; `InvalidInput` where no calendar does."""
        while not self._passed.size or worked > self._passed[-1]:
            refuse_beyond(self._next)
            self._grow()

    def worked(self, ticks: Whole) -> Whole:
        """Return the working time from the beginning to each tick."""
        places = np.searchsorted(self._starts, ticks, side="right") - 1
        if not self._starts.size:
            return np.zeros_like(ticks)
        inside = self._passed[places] - np.maximum(0, self._ends[places] - ticks)
        return np.where(places < 0, 0, inside)

    def first(self, worked: Whole) -> Whole:
        """Return the first tick at which so much is worked; of none worked, any."""
        places = np.searchsorted(self._passed, worked, side="left")
        found: Whole = self._ends[places] - (self._passed[places] - worked)
        return found


def _problems(starts: Instants, minutes: Whole) -> list[Problem]:
    if starts.ndim != 1 or starts.shape != minutes.shape:
        return [Problem("minutes", "shape", mark("Two rows of the same length are needed."))]
    found = []
    if not np.issubdtype(starts.dtype, np.datetime64):
        found.append(Problem("starts", "type", mark("Instants are needed.")))
    elif starts.size and not (np.all(starts >= _FIRST) and np.all(starts < _AFTER)):
        years = {"first": FIRST_YEAR, "last": LAST_YEAR}
        found.append(Problem("starts", "range", mark("The time lies outside the years {first} to {last}."), years))
    if not np.issubdtype(minutes.dtype, np.integer):
        found.append(Problem("minutes", "type", mark("A whole number is needed.")))
    elif minutes.size and int(minutes.min()) < 0:
        value = {"value": int(minutes.min())}
        found.append(Problem("minutes", "range", mark("This is {value} and has to be 0 or more."), value))
    elif minutes.size and int(minutes.max()) > _MOST_MINUTES:
        refuse_beyond(LAST_YEAR + 1)
    return found


#: More minutes than all calendars have.
_MOST_MINUTES: Final = (LAST_YEAR - FIRST_YEAR + 2) * 366 * 1440
