"""Counting and adding working minutes: real days, laws, and a slow oracle."""

from __future__ import annotations

import doctest
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banyan.base.calendar import ALWAYS, Calendar
from banyan.base.errors import InvalidInput
from banyan.engines.deadlines import add_minutes, minutes, subtract_minutes, working_minutes
from banyan.engines.deadlines.tests.towns import (
    BOSTON,
    CHINA,
    ISLAND,
    NIGHT_SHIFT,
    calendars,
    instants,
    local,
    near_the_clock_changes,
)

MINUTE = timedelta(minutes=1)
amounts = st.integers(0, 30_000)
few = st.integers(0, 900)


# --- an obvious oracle: walk minute by minute and look at the clock on the wall ---------------------------------------


def _minute_by_minute(calendar: Calendar, start: datetime) -> Iterator[tuple[datetime, datetime, bool]]:
    """Yield pieces of at most one minute, each with whether it is worked."""
    at = start
    while True:
        until = at.replace(second=0, microsecond=0) + MINUTE
        yield at, until, calendar.is_working(at)
        at = until


def _slowly_added(calendar: Calendar, start: datetime, wanted: int) -> datetime:
    left = wanted * MINUTE
    if not left:
        return start
    for at, until, works in _minute_by_minute(calendar, start):
        taken = min(left, until - at) if works else timedelta(0)
        left -= taken
        if not left:
            return at + taken
    raise AssertionError


def _slowly_counted(calendar: Calendar, start: datetime, end: datetime) -> int:
    worked = timedelta(0)
    for at, until, works in _minute_by_minute(calendar, start):
        if at >= end:
            return worked // MINUTE
        if works:
            worked += min(until, end) - at
    raise AssertionError


@settings(max_examples=120)
@given(calendars, st.one_of(near_the_clock_changes(), instants), st.integers(0, 200))
def test_a_deadline_is_where_a_walk_minute_by_minute_arrives(calendar: Calendar, start: datetime, wanted: int) -> None:
    assert add_minutes(calendar, start, minutes=wanted) == _slowly_added(calendar, start, wanted)


@settings(max_examples=120)
@given(
    calendars,
    st.one_of(near_the_clock_changes(), instants),
    st.timedeltas(timedelta(0), timedelta(days=4)),
)
def test_a_count_is_what_a_walk_minute_by_minute_counts(calendar: Calendar, start: datetime, length: timedelta) -> None:
    assert working_minutes(calendar, start, end=start + length) == _slowly_counted(calendar, start, start + length)


# --- real days -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "promised", "due"),
    [
        ("2026-03-02 11:30", 60, "2026-03-02 13:30"),  # over lunch
        ("2026-03-02 12:15", 10, "2026-03-02 13:10"),  # begun at lunch
        ("2026-03-02 17:00", 30, "2026-03-02 17:30"),  # due at closing time, not the next morning
        ("2026-03-02 17:00", 31, "2026-03-03 09:01"),
        ("2026-03-06 17:00", 60, "2026-03-09 09:30"),  # over a weekend
        ("2026-03-02 09:00:30", 10, "2026-03-02 09:10:30"),
        ("2026-02-13 17:00", 60, "2026-02-14 09:30"),  # into a Saturday worked for the Spring Festival
        ("2026-02-14 17:00", 60, "2026-02-24 09:30"),  # over nine free days
        ("2026-02-15 10:00", 1, "2026-02-24 09:01"),  # begun on the first of them, a Sunday
        ("2026-02-27 17:00", 60, "2026-02-28 09:30"),  # the Saturday after
        ("2025-12-31 17:00", 60, "2026-01-04 09:30"),  # over New Year into a Sunday that is worked
        ("2026-01-02 10:00", 1, "2026-01-04 09:01"),
        ("2025-09-28 09:00", 450, "2025-09-28 17:30"),  # a Sunday worked for National Day
        ("2025-09-30 17:00", 60, "2025-10-09 09:30"),  # National Day and Mid-Autumn together
        ("2025-10-10 17:00", 60, "2025-10-11 09:30"),
        ("2024-02-09 17:00", 60, "2024-02-18 09:30"),  # Spring Festival 2024, back on a Sunday
        ("2024-09-30 17:00", 60, "2024-10-08 09:30"),
        ("2024-10-11 17:00", 60, "2024-10-12 09:30"),
        ("2026-01-01 00:00", 248 * 450, "2026-12-31 17:30"),  # the whole of 2026: 261 weekdays, 19 free, 6 moved
    ],
)
def test_a_promise_in_china_falls_due_when_the_town_works(start: str, promised: int, due: str) -> None:
    begun, expected = local(CHINA, start), local(CHINA, due)

    assert add_minutes(CHINA, begun, minutes=promised) == expected
    assert working_minutes(CHINA, begun, end=expected) == promised


@pytest.mark.parametrize(
    ("calendar", "start", "promised", "due_utc"),
    [
        (BOSTON, "2026-03-06 17:00", 60, "2026-03-09T13:30"),  # clocks go forward on the Sunday between
        (BOSTON, "2026-10-30 17:00", 60, "2026-11-02T14:30"),  # and back
        (BOSTON, "2026-04-17 17:00", 60, "2026-04-21T13:30"),  # Patriots' Day is a holiday in Massachusetts
        (BOSTON, "2026-11-25 17:00", 60, "2026-11-27T14:30"),  # Thanksgiving
        (NIGHT_SHIFT, "2026-03-08 01:30", 60, "2026-03-09T02:30"),  # 02:00 to 02:45 is skipped: 30, then from 22:00
        (NIGHT_SHIFT, "2026-11-01 01:30", 135, "2026-11-01T07:45"),  # 01:00 to 02:00 comes twice
        (ISLAND, "2026-04-04 12:00", 1440, "2026-04-05T01:00"),  # 24 real hours
        (NIGHT_SHIFT, "2025-12-31 23:00", 30, "2026-01-01T04:30"),  # the year ends earlier in UTC
        (NIGHT_SHIFT, "2025-12-31 20:00", 150, "2026-01-01T05:30"),
        (ISLAND, "2026-01-01 00:30", 30, "2025-12-31T14:00"),  # and later in the east
    ],
)
def test_a_promise_is_kept_in_real_minutes_where_clocks_change(
    calendar: Calendar, start: str, promised: int, due_utc: str
) -> None:
    expected = datetime.fromisoformat(due_utc).replace(tzinfo=UTC)

    assert add_minutes(calendar, local(calendar, start), minutes=promised) == expected


def test_a_case_counts_the_same_whichever_zone_its_times_are_written_in() -> None:
    there = timezone(timedelta(hours=8))
    start, end = datetime(2026, 3, 2, 9, tzinfo=there), datetime(2026, 3, 4, 9, tzinfo=there)

    assert working_minutes(CHINA, start, end=end) == 900
    assert working_minutes(CHINA, start.astimezone(UTC), end=end) == 900
    assert add_minutes(CHINA, start, minutes=1).tzinfo is UTC


def test_clocks_that_never_rest_count_real_time_over_leap_days_and_years() -> None:
    start, end = datetime(2023, 12, 31, 23, 59, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)

    assert working_minutes(ALWAYS, start, end=end) == (end - start) // MINUTE
    assert add_minutes(ALWAYS, start, minutes=366 * 1440 + 1) == end


# --- laws ------------------------------------------------------------------------------------------------------------


@given(calendars, instants, amounts, amounts)
def test_two_promises_one_after_the_other_are_one_longer_promise(
    calendar: Calendar, start: datetime, a: int, b: int
) -> None:
    in_two_steps = add_minutes(calendar, add_minutes(calendar, start, minutes=a), minutes=b)

    assert in_two_steps == add_minutes(calendar, start, minutes=a + b)


@given(calendars, instants, amounts)
def test_counting_undoes_adding(calendar: Calendar, start: datetime, promised: int) -> None:
    assert working_minutes(calendar, start, end=add_minutes(calendar, start, minutes=promised)) == promised


@given(calendars, instants, amounts)
def test_counting_undoes_subtracting(calendar: Calendar, end: datetime, promised: int) -> None:
    assert working_minutes(calendar, subtract_minutes(calendar, end, minutes=promised), end=end) == promised


@given(calendars, instants, amounts)
def test_a_deadline_is_the_first_instant_and_a_latest_start_the_last(
    calendar: Calendar, at: datetime, promised: int
) -> None:
    tick = timedelta(microseconds=1)
    due = add_minutes(calendar, at, minutes=promised + 1)
    latest = subtract_minutes(calendar, at, minutes=promised + 1)

    assert working_minutes(calendar, at, end=due - tick) == promised
    assert working_minutes(calendar, latest + tick, end=at) == promised


@given(calendars, instants, st.timedeltas(timedelta(0), timedelta(days=40)), amounts)
def test_who_asks_later_is_never_promised_an_earlier_end(
    calendar: Calendar, start: datetime, delay: timedelta, promised: int
) -> None:
    sooner, later = (add_minutes(calendar, at, minutes=promised) for at in (start, start + delay))

    assert sooner <= later


@given(calendars, instants, amounts, st.integers(1, 1_000))
def test_a_longer_promise_ends_later(calendar: Calendar, start: datetime, promised: int, more: int) -> None:
    short, long = (add_minutes(calendar, start, minutes=n) for n in (promised, promised + more))

    assert start <= short < long


@given(calendars, instants, st.lists(st.integers(0, 60 * 24 * 20), min_size=2, max_size=5))
def test_parts_of_a_span_add_up_to_the_whole(calendar: Calendar, start: datetime, steps: list[int]) -> None:
    # Whole minutes from a whole minute: every part is exact, so nothing is lost in rounding.
    edges = [start.replace(second=0, microsecond=0) + n * MINUTE for n in accumulate(steps)]

    parts = sum(working_minutes(calendar, a, end=b) for a, b in pairwise(edges))

    assert parts == working_minutes(calendar, edges[0], end=edges[-1])


@given(calendars, instants, amounts)
def test_the_latest_start_for_a_deadline_is_not_before_the_start(
    calendar: Calendar, start: datetime, promised: int
) -> None:
    due = add_minutes(calendar, start, minutes=promised)

    assert start <= subtract_minutes(calendar, due, minutes=promised) <= due


# --- refusals --------------------------------------------------------------------------------------------------------

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ask", "where", "code"),
    [
        (lambda: add_minutes(CHINA, NOON.replace(tzinfo=None), minutes=1), "start", "naive"),
        (lambda: working_minutes(CHINA, NOON, end=NOON.replace(tzinfo=None)), "end", "naive"),
        (lambda: working_minutes(CHINA, NOON, end=NOON - MINUTE), "end", "order"),
        (lambda: add_minutes(CHINA, NOON, minutes=-1), "minutes", "range"),
        (lambda: add_minutes(CHINA, NOON, minutes=1.5), "minutes", "type"),  # type: ignore[arg-type]
        (lambda: add_minutes(CHINA, NOON, minutes=True), "minutes", "type"),
        (lambda: add_minutes(CHINA, NOON.replace(year=1979), minutes=1), "start", "range"),
        (lambda: add_minutes(CHINA, NOON.replace(year=2101), minutes=1), "start", "range"),
        (lambda: add_minutes(ALWAYS, NOON, minutes=75 * 366 * 1440), "minutes", "range"),
        (lambda: add_minutes(ALWAYS, NOON, minutes=10**30), "minutes", "range"),
        (lambda: subtract_minutes(ALWAYS, NOON, minutes=47 * 366 * 1440), "minutes", "range"),
    ],
)
def test_a_question_without_an_answer_is_refused_by_name(ask: Any, where: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        ask()

    assert [(problem.where, problem.code) for problem in refusal.value.problems] == [(where, code)]


def test_the_examples_in_the_documentation_are_true() -> None:
    assert doctest.testmod(minutes).failed == 0
    assert doctest.testmod(minutes).attempted > 0
