"""Counting and adding working minutes."""

from __future__ import annotations

from datetime import datetime

from banyan.base.calendar import Calendar
from banyan.base.errors import InvalidInput, Problem, mark
from banyan.engines.deadlines.timeline import MINUTE, after_work, before_work, checked, worked_between


def working_minutes(calendar: Calendar, start: datetime, *, end: datetime) -> int:
    """Count the whole working minutes from one instant to a later one.

    Parameters
    ----------
    calendar
        When the town works.
    start, end
        Aware, in any zone, from 1980 to 2100; `end` not before `start`.

    Raises
    ------
    InvalidInput
        A time has no zone or is out of range, or `end` lies before `start`.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from banyan.base.calendar import Calendar
    >>> friday, monday = datetime(2026, 2, 13, 9, tzinfo=UTC), datetime(2026, 2, 16, 9, tzinfo=UTC)
    >>> working_minutes(Calendar(), friday, end=monday)  # half an hour of Friday and a make-up Saturday
    480
    """
    first, last = checked(start, where="start"), checked(end, where="end")
    if last < first:
        raise InvalidInput(mark("The span of time"), [Problem("end", "order", mark("The end lies before the start."))])
    return worked_between(calendar, first, end=last) // MINUTE


def add_minutes(calendar: Calendar, start: datetime, *, minutes: int) -> datetime:
    """Find the deadline: the first instant by which so many working minutes have passed since the start.

    Parameters
    ----------
    calendar
        When the town works.
    start
        Aware, in any zone, from 1980 to 2100; need not be in working time.
    minutes
        0 or more; with 0 the answer is `start`.

    Returns
    -------
    datetime
        In UTC.

    Raises
    ------
    InvalidInput
        `start` has no zone or is out of range, `minutes` is no whole number or negative, or the answer lies after 2100.
    """
    return after_work(calendar, checked(start, where="start"), ticks=_whole(minutes) * MINUTE)


def subtract_minutes(calendar: Calendar, end: datetime, *, minutes: int) -> datetime:
    """Find the last instant at which so many working minutes were still left before the end.

    When to start, or to warn, for a promise that is due at `end`.  Otherwise like `add_minutes`.
    """
    return before_work(calendar, checked(end, where="end"), ticks=_whole(minutes) * MINUTE)


def _whole(minutes: int) -> int:
    if isinstance(minutes, bool) or not isinstance(minutes, int):
        raise InvalidInput(mark("The minutes"), [Problem("minutes", "type", mark("A whole number is needed."))])
    if minutes < 0:
        sentence = mark("This is {value} and has to be 0 or more.")
        raise InvalidInput(mark("The minutes"), [Problem("minutes", "range", sentence, {"value": minutes})])
    return minutes
