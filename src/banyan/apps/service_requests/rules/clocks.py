"""Two clocks for each request: the whole clock and the clock of the stage it is in, in the town's working minutes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from banyan.apps.service_requests.rules.states import STAGE, STOPPED, Status, target_min
from banyan.base.calendar import Calendar
from banyan.engines import deadlines

Targets = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clock columns of a request.

    A standing clock (paused, or stopped because the work is done) has `remaining_min`; a running one has a deadline
    that counts.  Minutes are working minutes of `calendar`; instants are aware.
    """

    target_min: int | None = None
    deadline_at: datetime | None = None
    stopped_at: datetime | None = None
    remaining_min: int | None = None
    stage: str = ""
    stage_started_at: datetime | None = None
    stage_deadline_at: datetime | None = None
    stage_remaining_min: int | None = None

    def columns(self) -> dict[str, Any]:
        """Return the columns by name."""
        return {name: getattr(self, name) for name in self.__slots__}


def started(targets: Targets, *, urgency: str, calendar: Calendar, at: datetime) -> Clocks:
    """Return the clocks of a request received at an instant."""
    whole = target_min(targets, urgency=urgency, clock="whole")
    clocks = Clocks(target_min=whole, deadline_at=_deadline(calendar, at, whole))
    return _staged(clocks, Status.RECEIVED, targets=targets, urgency=urgency, calendar=calendar, at=at)


def moved(
    clocks: Clocks, to: Status, *, targets: Targets, urgency: str, calendar: Calendar, at: datetime, since: datetime
) -> Clocks:
    """Return the clocks after a step to the state `to`.

    `targets` and `urgency` are those that hold after the step: where triage changed them, the whole clock keeps the
    minutes spent (counted from `since` where it had no target before) and gets the new target.
    """
    whole = target_min(targets, urgency=urgency, clock="whole")
    if whole != clocks.target_min:
        clocks = _retargeted(clocks, whole, calendar=calendar, at=at, since=since)
    clocks = _standing(clocks, calendar, at) if _stands(to) else _running(clocks, calendar, at)
    return _staged(clocks, to, targets=targets, urgency=urgency, calendar=calendar, at=at)


def extended(clocks: Clocks, *, minutes: int, calendar: Calendar) -> Clocks:
    """Return the clocks with working minutes more: the whole clock and the clock of the stage it is in.

    The target stays what was promised; a paused clock has the minutes left beside, a breached one may run again.
    """
    return replace(
        clocks,
        deadline_at=_later(calendar, clocks.deadline_at, minutes),
        remaining_min=None if clocks.remaining_min is None else clocks.remaining_min + minutes,
        stage_deadline_at=_later(calendar, clocks.stage_deadline_at, minutes),
        stage_remaining_min=None if clocks.stage_remaining_min is None else clocks.stage_remaining_min + minutes,
    )


def _later(calendar: Calendar, deadline_at: datetime | None, minutes: int) -> datetime | None:
    return None if deadline_at is None else deadlines.add_minutes(calendar, deadline_at, minutes=minutes)


def left_min(calendar: Calendar, deadline_at: datetime, at: datetime) -> int:
    """Return the working minutes from `at` to a deadline; negative once it has passed."""
    if deadline_at >= at:
        return deadlines.working_minutes(calendar, at, end=deadline_at)
    return -deadlines.working_minutes(calendar, deadline_at, end=at)


def _stands(status: Status) -> bool:
    return status in STOPPED or status in (Status.PAUSED, Status.PARKED)


def _standing(clocks: Clocks, calendar: Calendar, at: datetime) -> Clocks:
    if clocks.deadline_at is None or clocks.remaining_min is not None:
        return clocks
    return replace(clocks, remaining_min=left_min(calendar, clocks.deadline_at, at), stopped_at=at)


def _running(clocks: Clocks, calendar: Calendar, at: datetime) -> Clocks:
    """Let a standing clock run on: what was left is left again; a breach stays where it was."""
    if clocks.remaining_min is None:
        return clocks
    kept = clocks.deadline_at if clocks.remaining_min <= 0 else _deadline(calendar, at, clocks.remaining_min)
    return replace(clocks, deadline_at=kept, remaining_min=None, stopped_at=None)


def _retargeted(clocks: Clocks, whole: int | None, *, calendar: Calendar, at: datetime, since: datetime) -> Clocks:
    if whole is None:
        return replace(clocks, target_min=None, deadline_at=None, remaining_min=None, stopped_at=None)
    if clocks.target_min is None or clocks.deadline_at is None:
        spent = deadlines.working_minutes(calendar, since, end=at)
    else:
        held = clocks.remaining_min
        spent = clocks.target_min - (left_min(calendar, clocks.deadline_at, at) if held is None else held)
    left = whole - spent
    shift = deadlines.add_minutes if left >= 0 else deadlines.subtract_minutes
    deadline_at = shift(calendar, at, minutes=abs(left))
    remaining = None if clocks.remaining_min is None else left
    return replace(clocks, target_min=whole, deadline_at=deadline_at, remaining_min=remaining)


def _staged(clocks: Clocks, to: Status, *, targets: Targets, urgency: str, calendar: Calendar, at: datetime) -> Clocks:
    stage = STAGE.get(to, "")
    if stage == clocks.stage:
        return _stage_paused_or_resumed(clocks, to, calendar=calendar, at=at)
    target = target_min(targets, urgency=urgency, clock=stage) if stage else None
    return replace(
        clocks,
        stage=stage,
        stage_started_at=at if stage else None,
        stage_deadline_at=_deadline(calendar, at, target),
        stage_remaining_min=None,
    )


def _stage_paused_or_resumed(clocks: Clocks, to: Status, *, calendar: Calendar, at: datetime) -> Clocks:
    if clocks.stage_deadline_at is None:
        return clocks
    if to is Status.PAUSED and clocks.stage_remaining_min is None:
        return replace(clocks, stage_remaining_min=left_min(calendar, clocks.stage_deadline_at, at))
    held = clocks.stage_remaining_min
    if to is not Status.PAUSED and held is not None:
        kept = clocks.stage_deadline_at if held <= 0 else _deadline(calendar, at, held)
        return replace(clocks, stage_deadline_at=kept, stage_remaining_min=None)
    return clocks


def _deadline(calendar: Calendar, at: datetime, minutes: int | None) -> datetime | None:
    return None if minutes is None else deadlines.add_minutes(calendar, at, minutes=minutes)
