"""The law of reports of the same thing: what may be merged into what, how clocks come back, when repeats count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from banyan.apps.service_requests.rules.clocks import Clocks
from banyan.apps.service_requests.rules.states import OPEN, STEPS, Status, Step, Urgency
from banyan.base.calendar import Calendar
from banyan.base.errors import Problem, mark
from banyan.engines import deadlines

if TYPE_CHECKING:
    from banyan.apps.service_requests.rules.rulesets import Known

#: From what can wait to what cannot.
URGENCIES: Final = (Urgency.LOW, Urgency.NORMAL, Urgency.HIGH, Urgency.EMERGENCY)
#: Five voices within a week make a thing one degree more urgent, never an emergency: numbers to start from, which a
#: town sets for itself (subject "repeats").
REPEATS_DEFAULT: Final[Mapping[str, Any]] = {
    "rules": [{"name": "repeated", "threshold": 5, "within_days": 7, "at_most": "high", "service_codes": []}]
}
_REPEAT_WORDS: Final = frozenset({"name", "threshold", "within_days", "at_most", "service_codes"})


@dataclass(frozen=True, slots=True)
class Mergeable:
    """What the rule has to know of a report: its state, and what binds it to others."""

    status: Status
    is_confidential: bool = False
    has_parts: bool = False
    has_rulings: bool = False


def merge_problems(child: Mergeable, parent: Mergeable, *, is_same: bool) -> list[Problem]:
    """Return every reason why a report cannot be merged into another one."""
    found = []
    if is_same:
        return [Problem("into", "same", mark("A report cannot be merged into itself."))]
    if Step.MERGE not in STEPS[child.status]:
        value = {"status": str(child.status)}
        found.append(Problem("status", "state", mark("A report that is “{status}” cannot be merged."), value))
    if child.has_parts:
        sentence = mark("Several parties work on this report: end their parts first, or merge the other way round.")
        found.append(Problem("parts", "joint_work", sentence))
    if child.has_rulings:
        sentence = mark("Somebody has still to decide on a question about this report: merge it after that.")
        found.append(Problem("rulings", "open_question", sentence))
    if parent.status not in OPEN:
        value = {"status": str(parent.status)}
        sentence = mark("The other report is “{status}”: only one that is open or resolved takes others in.")
        found.append(Problem("into", "ended", sentence, value))
    if parent.is_confidential and not child.is_confidential:
        sentence = mark("A confidential report takes no others in: their reporters could not follow it.")
        found.append(Problem("into", "confidential", sentence))
    return found


def come_back(before: Clocks, *, calendar: Calendar, merged_at: datetime, at: datetime) -> Clocks:
    """Return the clocks of a report that is separated again: the working time it stood as merged does not count.

    A clock that ran goes on with what it had left; one that stood, or had passed its deadline, is as it was.
    """
    whole, stage = before.deadline_at, before.stage_deadline_at
    if before.remaining_min is None:
        whole = shifted(whole, calendar=calendar, since=merged_at, at=at)
    if before.stage_remaining_min is None:
        stage = shifted(stage, calendar=calendar, since=merged_at, at=at)
    return replace(before, deadline_at=whole, stage_deadline_at=stage)


def shifted(due_at: datetime | None, *, calendar: Calendar, since: datetime, at: datetime) -> datetime | None:
    """Return an instant moved on by the working minutes from `since` to `at`, unless it had passed by `since`."""
    if due_at is None or due_at <= since or at <= since:
        return due_at
    stood_min = deadlines.working_minutes(calendar, since, end=at)
    return deadlines.add_minutes(calendar, due_at, minutes=stood_min) if stood_min else due_at


@dataclass(frozen=True, slots=True)
class Repeat:
    """One rule on repeated reports: `threshold` voices within `within_days` raise the urgency by one, up to a limit."""

    name: str
    threshold: int
    within_days: int
    at_most: Urgency = Urgency.HIGH
    service_codes: Sequence[str] = ()

    def raised(self, urgency: Urgency | str) -> Urgency | None:
        """Return the urgency one degree up; None where it would pass the limit."""
        place = URGENCIES.index(Urgency(urgency)) + 1
        return URGENCIES[place] if place <= URGENCIES.index(self.at_most) else None


def repeats(body: Mapping[str, Any], *, service_code: str) -> list[Repeat]:
    """Return the rules on repeated reports that hold for a service, in their order."""
    rules = [
        Repeat(
            name=rule["name"],
            threshold=rule["threshold"],
            within_days=rule["within_days"],
            at_most=Urgency(rule.get("at_most", Urgency.HIGH)),
            service_codes=tuple(rule.get("service_codes", ())),
        )
        for rule in body["rules"]
    ]
    return [rule for rule in rules if not rule.service_codes or service_code in rule.service_codes]


def repeats_problems(body: Mapping[str, Any], known: Known) -> list[Problem]:
    """Return every problem of a document on repeated reports."""
    rules = body.get("rules")
    if not isinstance(rules, list) or set(body) - {"rules"}:
        return [Problem("rules", "invalid", mark("The document holds one list named “rules”."))]
    found, seen = [], set[str]()
    for i, rule in enumerate(rules):
        if not isinstance(rule, Mapping):
            found.append(Problem(f"rules[{i}]", "invalid", mark("A rule is a set of named values.")))
            continue
        found += _repeat_problems(rule, known, where=f"rules[{i}]", seen=seen)
    return found


def _repeat_problems(rule: Mapping[str, Any], known: Known, *, where: str, seen: set[str]) -> list[Problem]:
    found = [
        Problem(f"{where}.{name}"[:80], "unknown", mark("Nothing of this name is read here."))
        for name in sorted(map(str, set(rule) - _REPEAT_WORDS))
    ]
    name = rule.get("name")
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= 60:
        found.append(Problem(f"{where}.name", "required", mark("A name of 1 to 60 characters is needed.")))
    elif name in seen:
        found.append(Problem(f"{where}.name", "doubled", mark("The name {name} is used twice."), {"name": name}))
    else:
        seen.add(name)
    for field, most in (("threshold", 1000), ("within_days", 366)):
        if not _is_whole(rule.get(field)) or not 1 <= rule[field] <= most:
            found.append(Problem(f"{where}.{field}", "range", mark("A whole number from 1 to {most}."), {"most": most}))
    if rule.get("at_most", "high") not in set(Urgency):
        value = {"value": str(rule.get("at_most"))[:40]}
        found.append(Problem(f"{where}.at_most", "unknown", mark("There is no urgency “{value}”."), value))
    codes = rule.get("service_codes", [])
    for code in codes if isinstance(codes, list) else [codes]:
        if code not in known.service_codes:
            value = {"value": str(code)[:60]}
            found.append(Problem(f"{where}.service_codes", "unknown", mark("There is no service “{value}”."), value))
    return found


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
