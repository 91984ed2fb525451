"""The escalation ladder: when a clock has used so much of its target, somebody above hears of it, or takes over.

A rung belongs to the whole clock or to the clock of one stage.  It is due when a share of the target has passed (1 is
the breach, 1.5 half the target later) or so many working minutes after the breach.  A clock that stands (paused, done)
has no rungs ahead.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from banyan.apps.service_requests.rules.clocks import Clocks, Targets
from banyan.apps.service_requests.rules.documents import Reader
from banyan.apps.service_requests.rules.states import CLOCKS, Urgency, target_min
from banyan.base.calendar import Calendar
from banyan.base.errors import InvalidInput, Problem, mark
from banyan.engines import deadlines

if TYPE_CHECKING:
    from banyan.apps.service_requests.rules.rulesets import Known

#: Whom a rung may tell.
ROLES: Final = ("worker", "coordinator", "manager")
_MOST_SHARE: Final = 20.0
_MOST_MIN: Final = 600_000
_RUNG: Final = (
    *("code", "name_zh", "name_en", "is_active", "clock", "share", "after_min"),
    *("urgencies", "services", "groups", "role", "takes_over"),
)
#: What holds in a town that made none: the handlers are reminded, the coordinators hear of a breach, the managers of a
#: long one; nobody's work is taken away.
DEFAULT: Final[Mapping[str, Any]] = {
    "rungs": [
        {
            "code": "soon",
            "name_zh": "即将超时",
            "name_en": "Nearly due",
            "clock": "whole",
            "share": 0.8,
            "role": "worker",
        },
        {
            "code": "breach",
            "name_zh": "已超时",
            "name_en": "Overdue",
            "clock": "whole",
            "share": 1.0,
            "role": "coordinator",
        },
        {
            "code": "long_overdue",
            "name_zh": "严重超时",
            "name_en": "Long overdue",
            "clock": "whole",
            "share": 1.5,
            "role": "manager",
        },
    ]
}


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung: `share` of the target, or `after_min` working minutes after the breach; one of them is None."""

    code: str
    name_zh: str
    name_en: str
    clock: str
    share: float | None
    after_min: int | None
    role: str
    takes_over: bool = False
    urgencies: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    def concerns(self, *, urgency: str, service_code: str, group: str) -> bool:
        """Say whether the rung is meant for such a request."""
        if self.urgencies and urgency not in self.urgencies:
            return False
        return not (self.services or self.groups) or service_code in self.services or group in self.groups


@dataclass(frozen=True, slots=True)
class Running:
    """A request as the ladder sees it: its clocks, what sets their targets, and when the whole clock began."""

    clocks: Clocks
    targets: Targets
    urgency: str
    service_code: str
    group: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """A rung and the instant (UTC) at which it is due; `key` makes it one and the same for its clock."""

    at: datetime
    rung: Rung
    key: str


def rungs_of(body: Mapping[str, Any]) -> tuple[Rung, ...]:
    """Return the active rungs of a checked document."""
    return tuple(
        Rung(
            code=one["code"],
            name_zh=one["name_zh"],
            name_en=one["name_en"],
            clock=one["clock"],
            share=float(one["share"]) if one.get("share") is not None else None,
            after_min=int(one["after_min"]) if one.get("after_min") is not None else None,
            role=one["role"],
            takes_over=bool(one.get("takes_over", False)),
            **{name: frozenset(one.get(name) or ()) for name in ("urgencies", "services", "groups")},
        )
        for one in body.get("rungs", ())
        if one.get("is_active", True)
    )


def next_rung(
    rungs: Sequence[Rung], running: Running, *, calendar: Calendar, after: datetime | None = None
) -> Due | None:
    """Return the first rung that is due after an instant (None: since the clocks began), or None.

    Source: practice of the 12345 hotlines: reminders before, supervision after the time limit (DB11/T 2021-2022).
    """
    ahead = [due for due in _instants(rungs, running, calendar) if after is None or due.at > after]
    return min(ahead, key=lambda due: (due.at, due.key), default=None)


def due_rungs(
    rungs: Sequence[Rung], running: Running, *, calendar: Calendar, first: datetime, last: datetime
) -> list[Due]:
    """Return the rungs that are due between two instants, both included, in their order."""
    found = [due for due in _instants(rungs, running, calendar) if first <= due.at <= last]
    return sorted(found, key=lambda due: (due.at, due.key))


@dataclass(frozen=True, slots=True)
class Climb:
    """What is raised for one clock: its highest rung, and those that were passed on the way, lowest first."""

    due: Due
    passed: tuple[Due, ...] = ()

    @property
    def takes_over(self) -> bool:
        """Say whether the rung, or one that was passed, takes the work from the handler."""
        return any(one.rung.takes_over for one in (self.due, *self.passed))


def climbs(due: Sequence[Due], known: Collection[str]) -> list[Climb]:
    """Return what to raise of rungs that are due, in their order: of each clock the highest one only.

    After a time in which nobody climbed, several rungs of a clock are due at once: the ticket of the highest says all
    that the lower ones would.  `known` holds the keys that were raised before: what lies below them is passed too.
    """
    ahead: dict[str, list[Due]] = {}
    for one in due:
        if one.key in known:
            ahead[one.rung.clock] = []
        else:
            ahead.setdefault(one.rung.clock, []).append(one)
    return [Climb(rungs[-1], tuple(rungs[:-1])) for rungs in ahead.values() if rungs]


def next_after_change(
    rungs: Sequence[Rung],
    before: tuple[Clocks, datetime | None],
    running: Running,
    *,
    calendar: Calendar,
    at: datetime,
) -> datetime | None:
    """Return when the next rung is due after the clocks changed at an instant.

    `before` holds the clocks as they were and the rung that was due.  A rung that was due and has not been climbed yet
    stays due.  Where the deadline came nearer, rungs may lie behind already: they are due at once.  Climbing knows by
    their keys which of them were climbed before.
    """
    old, held = before
    came_nearer = (
        running.clocks.deadline_at is not None
        and old.deadline_at is not None
        and running.clocks.deadline_at < old.deadline_at
    )
    if came_nearer or (old.deadline_at is None and running.clocks.deadline_at is not None):
        found = next_rung(rungs, running, calendar=calendar)
    elif held is not None and held <= at:
        waiting = due_rungs(rungs, running, calendar=calendar, first=held, last=at)
        found = waiting[0] if waiting else next_rung(rungs, running, calendar=calendar, after=at)
    else:
        found = next_rung(rungs, running, calendar=calendar, after=at)
    return found.at if found else None


def _instants(rungs: Sequence[Rung], running: Running, calendar: Calendar) -> Iterator[Due]:
    for rung in rungs:
        clock = _clock(rung.clock, running)
        if clock is None or not rung.concerns(
            urgency=running.urgency, service_code=running.service_code, group=running.group
        ):
            continue
        began, deadline, target = clock
        at = _instant(rung, deadline, target, calendar)
        if at is not None:
            yield Due(at, rung, f"{rung.clock}:{began.isoformat(timespec='seconds')}:{rung.code}")


def _clock(name: str, running: Running) -> tuple[datetime, datetime, int | None] | None:
    """Return (began, deadline, target in working minutes) of a clock that runs."""
    clocks = running.clocks
    if name == "whole":
        if clocks.deadline_at is None or clocks.stopped_at is not None or clocks.remaining_min is not None:
            return None
        return running.since, clocks.deadline_at, clocks.target_min
    if clocks.stage != name or clocks.stage_deadline_at is None or clocks.stage_remaining_min is not None:
        return None
    began = clocks.stage_started_at or running.since
    return began, clocks.stage_deadline_at, target_min(running.targets, urgency=running.urgency, clock=name)


def _instant(rung: Rung, deadline: datetime, target: int | None, calendar: Calendar) -> datetime | None:
    if rung.after_min is not None:
        minutes = rung.after_min
    elif rung.share == 1.0:
        minutes = 0
    elif rung.share is None or target is None:
        return None  # a share of an unknown target: a case of another system that brought its deadline only
    else:
        minutes = round((rung.share - 1) * target)
    try:
        if minutes >= 0:
            return deadlines.add_minutes(calendar, deadline, minutes=minutes)
        return deadlines.subtract_minutes(calendar, deadline, minutes=-minutes)
    except InvalidInput:
        return None  # beyond the years for which calendars count


# --- what can be wrong -----------------------------------------------------------------------------------------------


def problems(body: Mapping[str, Any], known: Known) -> list[Problem]:
    """Return every problem of a document of rungs."""
    reader = Reader()
    entries = reader.entries(body, "rungs")
    reader.codes(entries)
    for where, one in entries:
        reader.names(where, one, _RUNG)
        reader.line(where, one, "name_zh")
        reader.line(where, one, "name_en")
        for name in ("is_active", "takes_over"):
            reader.flag(where, one, name)
        reader.choice(where, one, "clock", known=CLOCKS)
        role = reader.choice(where, one, "role", known=ROLES)
        if one.get("takes_over") is True and role == "worker":
            reader.note(f"{where}.takes_over", "role", mark("Who takes over stands above the handler."))
        reader.texts(where, one, "urgencies", known={str(urgency) for urgency in Urgency})
        reader.texts(where, one, "services", known=known.service_codes)
        reader.texts(where, one, "groups", known=known.groups)
        _check_when(reader, where, one)
    return reader.problems


def _check_when(reader: Reader, where: str, one: Mapping[str, Any]) -> None:
    given = [name for name in ("share", "after_min") if one.get(name) is not None]
    if len(given) != 1:
        sentence = mark("Either a share of the target or minutes after the breach are needed.")
        reader.note(f"{where}.share", "required", sentence)
    reader.number(where, one, "share", low=0.05, high=_MOST_SHARE)
    reader.number(where, one, "after_min", low=0, high=_MOST_MIN, whole=True)
