"""Clocks: promises with pauses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from banyan.base.calendar import Calendar
from banyan.base.errors import InvalidInput
from banyan.engines.deadlines import (
    Clock,
    Pause,
    State,
    add_minutes,
    deadline,
    elapsed_min,
    read,
    remaining_min,
    share,
    state,
    working_minutes,
)
from banyan.engines.deadlines.tests.towns import CHINA, calendars, clocks, instants, local

MONDAY = local(CHINA, "2026-03-02 09:00")
TICK = timedelta(microseconds=1)
waits = st.timedeltas(timedelta(0), timedelta(days=20))


def _at(text: str) -> datetime:
    return local(CHINA, f"2026-03-{text}")


def _pause(began: str, ended: str | None) -> Pause:
    return Pause(_at(began), _at(ended) if ended else None, "waits for a part")


DAY = Clock(450, MONDAY)  # one working day
WAITED = replace(DAY, pauses=(_pause("02 11:00", "02 14:00"),))  # two working hours: 11 to 12 and 13 to 14
WAITING = replace(DAY, pauses=(_pause("02 11:00", None),))


@pytest.mark.parametrize(
    ("clock", "at", "expected", "due", "used"),
    [
        (DAY, "01 12:00", State.WAITING, "02 17:30", 0),
        (DAY, "02 09:00", State.RUNNING, "02 17:30", 0),
        (DAY, "02 12:30", State.RUNNING, "02 17:30", 180),
        (DAY, "02 17:30", State.RUNNING, "02 17:30", 450),
        (DAY, "02 17:31", State.BREACHED, "02 17:30", 450),  # the town sleeps, the deadline has passed all the same
        (DAY, "03 09:10", State.BREACHED, "02 17:30", 460),
        (WAITED, "02 10:00", State.RUNNING, "02 17:30", 60),  # as it was known then
        (WAITED, "02 11:00", State.PAUSED, None, 120),
        (WAITED, "02 13:59", State.PAUSED, None, 120),
        (WAITED, "02 14:00", State.RUNNING, "03 11:00", 120),
        (WAITED, "03 11:00", State.RUNNING, "03 11:00", 450),
        (WAITED, "03 11:01", State.BREACHED, "03 11:00", 451),
        (WAITING, "09 11:00", State.PAUSED, None, 120),
        (replace(DAY, stopped_at=_at("02 17:30")), "05 09:00", State.MET, "02 17:30", 450),
        (replace(DAY, stopped_at=_at("02 18:00")), "05 09:00", State.BREACHED, "02 17:30", 450),
        (replace(DAY, stopped_at=_at("02 10:00")), "02 10:00", State.MET, "02 17:30", 60),
        (replace(DAY, stopped_at=_at("02 10:00")), "02 09:30", State.RUNNING, "02 17:30", 30),
        (replace(WAITED, stopped_at=_at("03 10:00")), "05 09:00", State.MET, "03 11:00", 390),
        (replace(WAITING, stopped_at=_at("03 10:00")), "05 09:00", State.MET, "03 16:30", 120),  # stopped in a pause
        (
            replace(DAY, pauses=(_pause("03 10:00", None),)),
            "04 09:00",
            State.BREACHED,
            "02 17:30",
            510,
        ),  # paused too late
        (
            replace(DAY, pauses=(_pause("02 12:00", "02 13:00"),)),
            "02 14:00",
            State.RUNNING,
            "02 17:30",
            240,
        ),  # at lunch
    ],
)
def test_a_clock_shows_what_the_town_would_say(
    clock: Clock, at: str, expected: State, due: str | None, used: int
) -> None:
    shown = read(CHINA, clock, at=_at(at))

    assert shown.state is expected
    assert shown.deadline == (_at(due) if due else None)
    assert (shown.elapsed_min, shown.remaining_min) == (used, 450 - used)
    assert shown.share == pytest.approx(used / 450)


@given(calendars, clocks(), st.timedeltas(timedelta(0), timedelta(days=60)))
def test_each_question_alone_has_the_answer_of_the_whole_reading(
    calendar: Calendar, clock: Clock, later: timedelta
) -> None:
    at = clock.started_at + later

    shown = read(calendar, clock, at=at)

    assert shown.state is state(calendar, clock, at=at)
    assert shown.deadline == deadline(calendar, clock, at=at)
    assert shown.elapsed_min == elapsed_min(calendar, clock, at=at)
    assert shown.remaining_min == remaining_min(calendar, clock, at=at) == clock.target_min - shown.elapsed_min
    assert shown.share == share(calendar, clock, at=at)


@given(calendars, instants, st.integers(1, 4_000), waits, waits)
def test_a_pause_moves_the_deadline_by_its_working_minutes(
    calendar: Calendar, started_at: datetime, target: int, until_pause: timedelta, length: timedelta
) -> None:
    began = (started_at + until_pause).replace(second=0, microsecond=0) + timedelta(minutes=1)
    ended = began + timedelta(minutes=length // timedelta(minutes=1))
    plain = Clock(target, started_at)
    paused = replace(plain, pauses=(Pause(began, ended, "waits for a part"),))
    due = add_minutes(calendar, started_at, minutes=target)

    moved = deadline(calendar, paused, at=ended)

    if began >= due:
        assert moved == due
    else:
        assert moved == add_minutes(calendar, due, minutes=working_minutes(calendar, began, end=ended))


@given(
    calendars, clocks(), st.timedeltas(timedelta(0), timedelta(days=80)), st.timedeltas(timedelta(0), timedelta(days=9))
)
def test_time_only_uses_a_clock_up(calendar: Calendar, clock: Clock, first: timedelta, then: timedelta) -> None:
    before, after = (read(calendar, clock, at=clock.started_at + wait) for wait in (first, first + then))

    assert before.elapsed_min <= after.elapsed_min
    assert before.share <= after.share
    if before.state is State.BREACHED:
        assert after.state is State.BREACHED
        assert after.deadline == before.deadline


@given(calendars, instants, st.integers(1, 4_000), waits, waits)
def test_nothing_is_used_while_a_clock_is_paused(
    calendar: Calendar, started_at: datetime, target: int, until_pause: timedelta, since: timedelta
) -> None:
    began = started_at + until_pause
    clock = Clock(target, started_at, pauses=(Pause(began, None, "waits for a part"),))
    due = add_minutes(calendar, started_at, minutes=target)

    shown = read(calendar, clock, at=began + since)

    assert shown.state is (State.BREACHED if due <= began and due < began + since else State.PAUSED)
    assert shown.deadline == (due if due <= began else None)
    assert shown.remaining_min == target - working_minutes(calendar, started_at, end=began)


@given(calendars, clocks(open_end=False))
def test_a_clock_is_breached_from_the_first_tick_after_its_deadline(calendar: Calendar, clock: Clock) -> None:
    running = replace(clock, stopped_at=None)
    last = max([running.started_at, *(pause.ended_at or pause.began_at for pause in running.pauses)])
    due = deadline(calendar, running, at=last)
    assert due is not None
    assume(due >= last)

    assert state(calendar, running, at=due) is State.RUNNING
    assert state(calendar, running, at=due + TICK) is State.BREACHED
    assert elapsed_min(calendar, running, at=due) == running.target_min
    assert state(calendar, replace(running, stopped_at=due), at=due + TICK) is State.MET


@given(calendars, clocks(), st.timedeltas(timedelta(0), timedelta(days=60)))
def test_what_happens_later_does_not_change_what_was_known(calendar: Calendar, clock: Clock, later: timedelta) -> None:
    at = clock.started_at + later
    known_pauses = tuple(
        replace(pause, ended_at=pause.ended_at if pause.ended_at and pause.ended_at <= at else None)
        for pause in clock.pauses
        if pause.began_at <= at
    )
    known_stop = clock.stopped_at if clock.stopped_at and clock.stopped_at <= at else None

    assert read(calendar, clock, at=at) == read(
        calendar, replace(clock, pauses=known_pauses, stopped_at=known_stop), at=at
    )


def test_a_stage_and_the_whole_case_are_the_same_kind_of_clock() -> None:
    whole, stage = Clock(900, MONDAY), Clock(120, _at("02 15:00"))

    assert deadline(CHINA, whole, at=MONDAY) == _at("03 17:30")
    assert deadline(CHINA, stage, at=MONDAY) == _at("02 17:00")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"target_min": 0}, [("target_min", "range")]),
        ({"started_at": datetime(2026, 3, 2, 9)}, [("started_at", "naive")]),
        ({"stopped_at": MONDAY - TICK}, [("stopped_at", "order")]),
        ({"pauses": (_pause("01 09:00", "01 10:00"),)}, [("pauses[0].began_at", "order")]),
        ({"pauses": (_pause("03 09:00", "02 10:00"),)}, [("pauses[0].ended_at", "order")]),
        ({"pauses": (Pause(_at("03 09:00"), None, " "),)}, [("pauses[0].reason", "empty")]),
        ({"pauses": (_pause("03 09:00", "03 11:00"), _pause("03 10:00", None))}, [("pauses[1].began_at", "order")]),
        ({"pauses": (_pause("03 09:00", None), _pause("03 10:00", None))}, [("pauses[0].ended_at", "open")]),
        (
            {
                "target_min": -5,
                "stopped_at": _at("04 09:00"),
                "pauses": (_pause("03 09:00", None), _pause("05 10:00", "05 09:00")),
            },
            [
                ("target_min", "range"),
                ("pauses[1].ended_at", "order"),
                ("stopped_at", "order"),
                ("pauses[0].ended_at", "open"),
            ],
        ),
    ],
)  # fmt: skip
def test_a_clock_that_cannot_be_lists_every_problem(change: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        replace(DAY, **change)

    assert [(problem.where, problem.code) for problem in refusal.value.problems] == expected


def test_a_clock_is_not_read_at_a_time_without_a_zone() -> None:
    with pytest.raises(InvalidInput) as refusal:
        read(CHINA, DAY, at=datetime(2026, 3, 2, 9))
    assert refusal.value.problems[0].where == "at"

    assert read(CHINA, DAY, at=datetime(2026, 3, 2, 4, tzinfo=UTC)).elapsed_min == 180
