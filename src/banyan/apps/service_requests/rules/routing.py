"""Routing: an ordered list of rules says who gets a report, the first one that fits; each report can ask why.

A rule fits where every condition that it has holds; of the values of one condition any will do, and services and groups
of services are one condition.  Times are those of the town's clocks; working hours are those of its calendar.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from banyan.apps.service_requests.rules.documents import Reader
from banyan.apps.service_requests.rules.states import Kind, Urgency
from banyan.base.calendar import WEEKDAYS, Calendar
from banyan.base.errors import Problem, mark

if TYPE_CHECKING:
    from banyan.apps.service_requests.rules.rulesets import Known

#: The party of a rule that leaves it to the register of parties who answers for the service at the place.
RESPONSIBLE: Final = "responsible"
_HOURS: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]|24):([0-5]\d)", re.ASCII)
_ENTRY: Final = ("code", "name_zh", "name_en", "is_active", "when", "then")
_WHEN: Final = (
    *("services", "groups", "kinds", "urgencies", "places", "weekdays", "hours"),
    *("is_working_time", "from_on", "until_on", "words"),
)
_THEN: Final = ("party", "way", "handler_account_id", "urgency", "is_automatic")


class Way(StrEnum):
    """How a request finds the one who handles it."""

    ASSIGN = "assign"
    """A named handler gets it."""
    GRAB = "grab"
    """Anybody of the party takes it, first come first served."""
    ROUND_ROBIN = "round_robin"
    """Whoever of the party's workers was given something longest ago gets it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules look at.  `at` is aware; `place_path` is the codes from the town down, "" without a place."""

    service_code: str
    group: str
    kind: str
    urgency: str
    place_path: str
    at: datetime
    words: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the first rule that fits wants: `party` is a code or `RESPONSIBLE`."""

    rule: str
    name_zh: str
    name_en: str
    party: str
    way: Way
    handler_account_id: str
    urgency: str
    is_automatic: bool


class Outcome(StrEnum):
    """What became of a rule."""

    MATCHED = "matched"
    FAILED = "failed"
    SWITCHED_OFF = "switched_off"
    NOT_REACHED = "not_reached"


@dataclass(frozen=True, slots=True)
class Traced:
    """One rule of the trace; of one that failed the first condition, what it wants and what was there."""

    rule: str
    name_zh: str
    name_en: str
    outcome: Outcome
    condition: str = ""
    wanted: tuple[str, ...] = ()
    had: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision, None where no rule fits, and why: one line for each rule, in their order."""

    decision: Decision | None
    trace: tuple[Traced, ...]


class _Seen:
    """Facts as the conditions ask for them; what takes time is worked out once, and only where a rule asks."""

    def __init__(self, facts: Facts, rules: Compiled) -> None:
        self.facts, self._rules = facts, rules

    @cached_property
    def local(self) -> datetime:
        return self.facts.at.astimezone(self._rules.zone)

    @cached_property
    def weekday(self) -> str:
        return WEEKDAYS[self.local.weekday()]

    @cached_property
    def is_working_time(self) -> bool:
        return self._rules.calendar.is_working(self.facts.at)

    @cached_property
    def words(self) -> str:
        return self.facts.words.casefold()


@dataclass(frozen=True, slots=True)
class _Condition:
    name: str
    wanted: tuple[str, ...]
    holds: Callable[[_Seen], bool]
    had: Callable[[_Seen], str]


@dataclass(frozen=True, slots=True)
class _Rule:
    decision: Decision
    is_active: bool
    conditions: tuple[_Condition, ...]
    plain: Mapping[Outcome, Traced]
    """Its line of the trace for each outcome that says all by itself."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """Rules made ready for one edition of a town, its calendar and its places."""

    rules: tuple[_Rule, ...]
    calendar: Calendar
    zone: ZoneInfo


def decide(rules: Compiled, facts: Facts) -> Verdict:
    """Return what the first rule that fits wants, and for every rule what became of it."""
    seen, decision = _Seen(facts, rules), None
    trace = []
    for rule in rules.rules:
        if decision is not None:
            trace.append(rule.plain[Outcome.NOT_REACHED])
        elif not rule.is_active:
            trace.append(rule.plain[Outcome.SWITCHED_OFF])
        elif failed := next((one for one in rule.conditions if not one.holds(seen)), None):
            trace.append(_failed(rule.decision, failed, seen))
        else:
            decision = rule.decision
            trace.append(rule.plain[Outcome.MATCHED])
    return Verdict(decision, tuple(trace))


def _failed(one: Decision, failed: _Condition, seen: _Seen) -> Traced:
    return Traced(one.rule, one.name_zh, one.name_en, Outcome.FAILED, failed.name, failed.wanted, failed.had(seen))


# --- making ready ----------------------------------------------------------------------------------------------------


def compiled(body: Mapping[str, Any], *, calendar: Calendar, time_zone: str, paths: Mapping[str, str]) -> Compiled:
    """Make a checked document ready.

    Parameters
    ----------
    time_zone
        Zone of the town's clocks.
    paths
        Path of each place by its code; a place that is gone takes nothing in.
    """
    rules = tuple(_rule(one, paths) for one in body.get("rules", ()))
    return Compiled(rules, calendar, ZoneInfo(time_zone))


def _rule(one: Mapping[str, Any], paths: Mapping[str, str]) -> _Rule:
    then = one.get("then", {})
    decision = Decision(
        rule=one["code"],
        name_zh=one["name_zh"],
        name_en=one["name_en"],
        party=then.get("party", RESPONSIBLE),
        way=Way(then.get("way") or Way.GRAB),
        handler_account_id=then.get("handler_account_id") or "",
        urgency=then.get("urgency") or "",
        is_automatic=bool(then.get("is_automatic", False)),
    )
    plain = {outcome: Traced(decision.rule, decision.name_zh, decision.name_en, outcome) for outcome in Outcome}
    conditions = tuple(_conditions(one.get("when", {}), paths))
    return _Rule(decision, bool(one.get("is_active", True)), conditions, plain)


def _conditions(when: Mapping[str, Any], paths: Mapping[str, str]) -> list[_Condition]:
    makers: Sequence[Callable[[], _Condition | None]] = (
        lambda: _service(when.get("services") or (), when.get("groups") or ()),
        lambda: _one_of("kinds", when.get("kinds"), lambda seen: seen.facts.kind),
        lambda: _one_of("urgencies", when.get("urgencies"), lambda seen: seen.facts.urgency),
        lambda: _within("places", when.get("places") or (), paths),
        lambda: _one_of("weekdays", when.get("weekdays"), lambda seen: seen.weekday),
        lambda: _hours(when.get("hours") or ()),
        lambda: _working(when.get("is_working_time")),
        lambda: _dates(when.get("from_on") or "", when.get("until_on") or ""),
        lambda: _words(when.get("words") or ()),
    )
    return [condition for make in makers if (condition := make()) is not None]


def _service(services: Sequence[str], groups: Sequence[str]) -> _Condition | None:
    if not services and not groups:
        return None
    codes, held = frozenset(services), frozenset(groups)
    return _Condition(
        "services",
        (*services, *groups),
        lambda seen: seen.facts.service_code in codes or seen.facts.group in held,
        lambda seen: seen.facts.service_code,
    )


def _one_of(name: str, values: Sequence[str] | None, of: Callable[[_Seen], str]) -> _Condition | None:
    if not values:
        return None
    wanted = frozenset(values)
    return _Condition(name, tuple(values), lambda seen: of(seen) in wanted, of)


def _within(name: str, codes: Sequence[str], paths: Mapping[str, str]) -> _Condition | None:
    if not codes:
        return None
    below = tuple(paths[code] for code in codes if code in paths)
    return _Condition(
        name,
        tuple(codes),
        lambda seen: seen.facts.place_path.startswith(below) if below else False,
        lambda seen: seen.facts.place_path.rstrip("/").rpartition("/")[2],
    )


def _hours(texts: Sequence[str]) -> _Condition | None:
    if not texts:
        return None
    periods = [_period(text) for text in texts]

    def holds(seen: _Seen) -> bool:
        now = seen.local.hour * 60 + seen.local.minute
        return any(a <= now < b if a < b else (now >= a or now < b) for a, b in periods)

    return _Condition("hours", tuple(texts), holds, lambda seen: f"{seen.local:%H:%M}")


def _period(text: str) -> tuple[int, int]:
    """Return minutes after midnight; where the end is not after the beginning, the period runs over midnight."""
    first, last = (time_text.split(":") for time_text in text.split("-"))
    return int(first[0]) * 60 + int(first[1]), int(last[0]) * 60 + int(last[1])


def _working(wanted: bool | None) -> _Condition | None:
    if wanted is None:
        return None
    words = ("no", "yes")
    return _Condition(
        "is_working_time",
        (words[wanted],),
        lambda seen: seen.is_working_time is wanted,
        lambda seen: words[seen.is_working_time],
    )


def _dates(first: str, last: str) -> _Condition | None:
    if not first and not last:
        return None
    begin = date.fromisoformat(first) if first else date.min
    end = date.fromisoformat(last) if last else date.max
    return _Condition(
        "dates",
        (first, last),
        lambda seen: begin <= seen.local.date() <= end,
        lambda seen: seen.local.date().isoformat(),
    )


def _words(texts: Sequence[str]) -> _Condition | None:
    if not texts:
        return None
    folded = tuple(text.casefold() for text in texts)
    return _Condition("words", tuple(texts), lambda seen: any(text in seen.words for text in folded), lambda _: "")


# --- what can be wrong -----------------------------------------------------------------------------------------------


def problems(body: Mapping[str, Any], known: Known) -> list[Problem]:
    """Return every problem of a document of routing rules; `known` holds the codes of the town."""
    reader = Reader()
    entries = reader.entries(body, "rules")
    reader.codes(entries)
    for where, one in entries:
        reader.names(where, one, _ENTRY)
        reader.line(where, one, "name_zh")
        reader.line(where, one, "name_en")
        reader.flag(where, one, "is_active")
        for name, check in (("when", _check_when), ("then", _check_then)):
            part = one.get(name, {})
            if isinstance(part, Mapping):
                check(reader, f"{where}.{name}", part, known)
            else:
                reader.note(f"{where}.{name}", "type", mark("An object is needed."))
    return reader.problems


def _check_when(reader: Reader, where: str, when: Mapping[str, Any], known: Known) -> None:
    reader.names(where, when, _WHEN)
    codes: Mapping[str, Collection[str] | None] = {
        "services": known.service_codes,
        "groups": known.groups,
        "kinds": {str(one) for one in Kind},
        "urgencies": {str(one) for one in Urgency},
        "places": known.place_codes,
        "weekdays": WEEKDAYS,
        "words": None,
    }
    for name, allowed in codes.items():
        reader.texts(where, when, name, known=allowed)
    for i, text in enumerate(reader.texts(where, when, "hours")):
        if not _is_period(text):
            reader.note(f"{where}.hours[{i}]", "hours", mark("Hours such as 22:00-06:00 are needed."))
    if when.get("is_working_time") is not None:
        reader.flag(where, when, "is_working_time")
    first, last = reader.day(where, when, "from_on"), reader.day(where, when, "until_on")
    if first and last and last < first:
        reader.note(f"{where}.until_on", "order", mark("The last day lies before the first."))


def _is_period(text: str) -> bool:
    if not _HOURS.fullmatch(text):
        return False
    first, last = _period(text)
    return first != last and last <= 24 * 60


def _check_then(reader: Reader, where: str, then: Mapping[str, Any], known: Known) -> None:
    reader.names(where, then, _THEN)
    party = reader.choice(where, then, "party", known={*known.party_codes, RESPONSIBLE})
    way = reader.choice(where, then, "way", known={str(one) for one in Way}, required=False)
    reader.choice(where, then, "urgency", known={str(one) for one in Urgency}, required=False)
    reader.flag(where, then, "is_automatic")
    handler = then.get("handler_account_id") or ""
    if way != Way.ASSIGN:
        if handler:
            reader.note(f"{where}.handler_account_id", "not_taken", mark("Only “assign” names a handler."))
        return
    if party == RESPONSIBLE:
        sentence = mark("A named handler needs a named party: the register may name another one at each place.")
        reader.note(f"{where}.party", "handler", sentence)
    elif party and handler not in known.workers.get(party, ()):
        sentence = mark("The handler does not work for this party.")
        reader.note(f"{where}.handler_account_id", "unknown", sentence)
