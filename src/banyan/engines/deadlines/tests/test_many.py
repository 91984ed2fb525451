"""Very many deadlines at once are the same deadlines."""

from __future__ import annotations

import doctest
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.base.calendar import ALWAYS, Calendar
from banyan.base.errors import InvalidInput
from banyan.engines.deadlines import add_minutes, add_minutes_to_many, many
from banyan.engines.deadlines.tests.towns import CHINA, NIGHT_SHIFT, calendars, instants, near_the_clock_changes

cases = st.lists(st.tuples(st.one_of(instants, near_the_clock_changes()), st.integers(0, 30_000)), max_size=30)


def _at_once(calendar: Calendar, pairs: list[tuple[datetime, int]]) -> list[datetime]:
    starts = np.array([at.replace(tzinfo=None) for at, _ in pairs], dtype="datetime64[us]")
    found = add_minutes_to_many(calendar, starts, minutes=np.array([n for _, n in pairs], dtype=np.int64))
    return [at.replace(tzinfo=UTC) for at in found.tolist()]


@given(calendars, cases)
def test_many_at_once_are_the_same_as_one_by_one(calendar: Calendar, pairs: list[tuple[datetime, int]]) -> None:
    assert _at_once(calendar, pairs) == [add_minutes(calendar, at, minutes=n) for at, n in pairs]


def test_a_hundred_years_in_one_row_are_the_same_as_one_by_one() -> None:
    rng = np.random.default_rng(5)
    first = datetime(1980, 1, 1, tzinfo=UTC)
    pairs = [
        (first + timedelta(minutes=int(at), microseconds=int(part)), int(n))
        for at, part, n in zip(
            rng.integers(0, 115 * 525_960, 400),
            rng.integers(0, 60_000_000, 400),
            rng.integers(0, 100_000, 400),
            strict=True,
        )
    ]
    for calendar in (CHINA, NIGHT_SHIFT, ALWAYS):
        assert _at_once(calendar, pairs) == [add_minutes(calendar, at, minutes=n) for at, n in pairs]


def test_no_minutes_are_due_at_once_even_on_a_day_off() -> None:
    start = datetime(2026, 3, 7, 3, 4, 5, 678, tzinfo=UTC)
    assert _at_once(CHINA, [(start, 0), (start, 0)]) == [start, start]
    assert _at_once(CHINA, [(start, 0), (start, 1)])[0] == start
    assert _at_once(CHINA, []) == []


def test_a_target_that_no_calendar_reaches_is_refused() -> None:
    for calendar, minutes in ((CHINA, 10**7), (ALWAYS, 10**15)):
        with pytest.raises(InvalidInput):
            _at_once(calendar, [(datetime(2090, 1, 1, tzinfo=UTC), minutes)])


def _row(*days: str) -> Any:
    return np.array(days, dtype="datetime64[us]")


@pytest.mark.parametrize(
    ("starts", "minutes", "where"),
    [
        (_row("2026-01-01"), np.array([1, 2]), {"minutes"}),
        (np.array([["2026-01-01"]], dtype="datetime64[us]"), np.array([[1]]), {"minutes"}),
        (np.array([1.0]), np.array([1.5]), {"starts", "minutes"}),
        (_row("NaT"), np.array([-1]), {"starts", "minutes"}),
        (_row("1979-12-31"), np.array([1]), {"starts"}),
        (_row("2101-01-01"), np.array([1]), {"starts"}),
        (_row("2026-01-01"), np.array([True]), {"minutes"}),
    ],
)
def test_rows_that_cannot_be_are_refused_with_every_problem(starts: Any, minutes: Any, where: set[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        add_minutes_to_many(CHINA, starts, minutes=minutes)
    assert {one.where for one in refused.value.problems} == where


def test_the_example_in_the_words_of_the_function_holds() -> None:
    assert doctest.testmod(many, extraglobs={"np": np}).failed == 0
