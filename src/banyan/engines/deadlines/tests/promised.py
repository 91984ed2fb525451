"""The functions of this engine that keep the promises of the house."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from banyan.base.calendar import Calendar, Override, Period
from banyan.engines.deadlines import Clock, Pause, Reading, State, add_minutes, read, subtract_minutes, working_minutes
from banyan.engines.tests.promises import Promised

START = datetime(2026, 2, 13, 8, 30, tzinfo=UTC)
CALENDAR = Calendar(
    overrides=tuple(
        Override(date(2026, 2, 16) + timedelta(days=n), (Period(540, 540 + n),), "flood") for n in range(1, 7)
    )
)
CLOCK = Clock(900, START, pauses=(Pause(START + timedelta(hours=1), START + timedelta(days=11), "waits for a part"),))


def _shuffled(inputs: dict[str, Any], random: Random) -> dict[str, Any]:
    overrides = inputs["calendar"].overrides
    return {
        **inputs,
        "calendar": replace(inputs["calendar"], overrides=tuple(random.sample(overrides, k=len(overrides)))),
    }


ENGINES = (
    Promised(
        "deadlines.working_minutes",
        working_minutes,
        lambda: {"calendar": CALENDAR, "start": START, "end": START + timedelta(days=30)},
        lambda: {"calendar": CALENDAR, "start": START, "end": START},
        0,
        _shuffled,
    ),
    Promised(
        "deadlines.add_minutes",
        add_minutes,
        lambda: {"calendar": CALENDAR, "start": START, "minutes": 1234},
        lambda: {"calendar": CALENDAR, "start": START, "minutes": 0},
        START,
        _shuffled,
    ),
    Promised(
        "deadlines.subtract_minutes",
        subtract_minutes,
        lambda: {"calendar": CALENDAR, "end": START + timedelta(days=30), "minutes": 1234},
        lambda: {"calendar": CALENDAR, "end": START, "minutes": 0},
        START,
        _shuffled,
    ),
    Promised(
        "deadlines.read",
        read,
        lambda: {"calendar": CALENDAR, "clock": CLOCK, "at": START + timedelta(days=12)},
        lambda: {"calendar": CALENDAR, "clock": Clock(1, START), "at": START},
        Reading(State.RUNNING, START + timedelta(minutes=1), 0, 1, 0.0),
        _shuffled,
    ),
)
