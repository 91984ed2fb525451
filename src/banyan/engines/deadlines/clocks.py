"""Clocks: promises being kept, with pauses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from banyan.base.calendar import Calendar
from banyan.base.errors import InvalidInput, Problem, mark
from banyan.engines.deadlines.timeline import MINUTE, after_work, checked, worked_between


class State(StrEnum):
    """How a clock stands at an instant.

    `breached` holds for a clock that still runs after its deadline and for one that stopped after it;
    `Clock.stopped_at` tells them apart.
    """

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    BREACHED = "breached"
    MET = "met"


@dataclass(frozen=True, slots=True)
class Pause:
    """Time that does not count, from `began_at` up to `ended_at` (None: still going on), and why."""

    began_at: datetime
    ended_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Clock:
    """One promise: so many working minutes from a start, without the pauses.

    Parameters
    ----------
    target_min
        Promised working minutes, 1 or more.
    started_at, stopped_at
        Aware; None: not stopped.  A stop ends a pause that is still open.
    pauses
        In order, apart from each other, none before the start or after the stop; only the last may be open.

    Raises
    ------
    InvalidInput
        Lists every problem.
    """

    target_min: int
    started_at: datetime
    stopped_at: datetime | None = None
    pauses: tuple[Pause, ...] = ()

    def __post_init__(self) -> None:
        problems = [*_naive_times(self)] or [*_target_problems(self), *_order_problems(self)]
        if problems:
            raise InvalidInput(mark("The clock"), problems)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a clock shows at an instant.

    Parameters
    ----------
    state
        See `State`.
    deadline
        In UTC; None while a pause keeps it open.
    elapsed_min
        Whole working minutes used, without pauses.
    remaining_min
        Target less elapsed; negative when late.
    share
        Used part of the target, 0 or more; above 1 when late.
    """

    state: State
    deadline: datetime | None
    elapsed_min: int
    remaining_min: int
    share: float


def read(calendar: Calendar, clock: Clock, *, at: datetime) -> Reading:
    """Read everything a clock shows at an instant, as it was known then.

    Raises
    ------
    InvalidInput
        `at` has no zone, a time is out of range, or the deadline would lie after 2100.
    """
    now = checked(at, where="at")
    run = _run(calendar, clock, now)
    elapsed = run.ticks // MINUTE
    due = _deadline(calendar, clock, run)
    return Reading(
        state=_state(run, due),
        deadline=due,
        elapsed_min=elapsed,
        remaining_min=clock.target_min - elapsed,
        share=run.ticks / (clock.target_min * MINUTE),
    )


def deadline(calendar: Calendar, clock: Clock, *, at: datetime) -> datetime | None:
    """Say when a clock runs out, in UTC; None while a pause keeps that open."""
    return read(calendar, clock, at=at).deadline


def elapsed_min(calendar: Calendar, clock: Clock, *, at: datetime) -> int:
    """Count the working minutes a clock has used, without pauses."""
    return _run(calendar, clock, checked(at, where="at")).ticks // MINUTE


def remaining_min(calendar: Calendar, clock: Clock, *, at: datetime) -> int:
    """Count the working minutes a clock has left; negative when late."""
    return clock.target_min - elapsed_min(calendar, clock, at=at)


def share(calendar: Calendar, clock: Clock, *, at: datetime) -> float:
    """Say which part of its target a clock has used, 0 or more; above 1 when late."""
    return read(calendar, clock, at=at).share


def state(calendar: Calendar, clock: Clock, *, at: datetime) -> State:
    """Say how a clock stands: waiting, running, paused, breached or met."""
    return read(calendar, clock, at=at).state


# --- how -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Run:
    """What happened up to an instant: stretches that count, with the working time in each, and where the clock is."""

    stretches: tuple[tuple[datetime, int], ...]
    ticks: int
    until: datetime
    paused: bool
    stopped: bool
    waiting: bool


def _run(calendar: Calendar, clock: Clock, now: datetime) -> _Run:
    start = checked(clock.started_at, where="started_at")
    stopped = clock.stopped_at is not None and clock.stopped_at <= now
    until = checked(clock.stopped_at, where="stopped_at") if stopped and clock.stopped_at else max(start, now)
    stretches, cursor, paused = [], start, False
    for pause in clock.pauses:
        if pause.began_at > until:
            break
        stretches.append((cursor, checked(pause.began_at, where="pauses")))
        paused = pause.ended_at is None or pause.ended_at > until
        cursor = until if paused or pause.ended_at is None else checked(pause.ended_at, where="pauses")
    stretches.append((cursor, until))
    worked = tuple((begin, worked_between(calendar, begin, end=end)) for begin, end in stretches)
    ticks = sum(amount for _, amount in worked)
    return _Run(worked, ticks, until, paused and not stopped, stopped, now < start)


def _deadline(calendar: Calendar, clock: Clock, run: _Run) -> datetime | None:
    left = clock.target_min * MINUTE
    for start, worked in run.stretches:
        if worked >= left:
            return after_work(calendar, start, ticks=left)
        left -= worked
    return None if run.paused else after_work(calendar, run.until, ticks=left)


def _state(run: _Run, due: datetime | None) -> State:
    if run.waiting:
        return State.WAITING
    if due is not None and run.until > due:
        return State.BREACHED
    if run.stopped:
        return State.MET
    return State.PAUSED if run.paused else State.RUNNING


# --- what can be wrong -----------------------------------------------------------------------------------------------


def _moments(clock: Clock) -> list[tuple[str, datetime]]:
    """Every time of a clock with its name, in the order in which the times have to follow each other."""
    moments: list[tuple[str, datetime | None]] = [("started_at", clock.started_at)]
    for place, pause in enumerate(clock.pauses):
        moments += [(f"pauses[{place}].began_at", pause.began_at), (f"pauses[{place}].ended_at", pause.ended_at)]
    moments.append(("stopped_at", clock.stopped_at))
    return [(where, at) for where, at in moments if at is not None]


def _naive_times(clock: Clock) -> list[Problem]:
    sentence = mark("The time has no time zone.")
    return [Problem(where, "naive", sentence) for where, at in _moments(clock) if at.utcoffset() is None]


def _target_problems(clock: Clock) -> list[Problem]:
    if clock.target_min >= 1:
        return []
    return [
        Problem("target_min", "range", mark("This is {value} and has to be 1 or more."), {"value": clock.target_min})
    ]


def _order_problems(clock: Clock) -> list[Problem]:
    problems = []
    for (earlier, before), (later, after) in pairwise(_moments(clock)):
        if after < before:
            problems.append(Problem(later, "order", mark("This lies before {earlier}."), {"earlier": earlier}))
    for place, pause in enumerate(clock.pauses):
        if not pause.reason.strip():
            problems.append(Problem(f"pauses[{place}].reason", "empty", mark("A reason is needed.")))
        if pause.ended_at is None and place < len(clock.pauses) - 1:
            problems.append(Problem(f"pauses[{place}].ended_at", "open", mark("Only the last pause may be open.")))
    return problems
