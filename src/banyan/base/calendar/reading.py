"""Calendars read from JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from banyan.base.calendar.hours import OFFICE_WEEK, WEEKDAYS, Hours, Override, Period
from banyan.base.calendar.problems import exception_problems
from banyan.base.errors import InvalidInput, Problem, mark

_NEEDED: Final = ("timezone", "week", "country")
_KNOWN: Final = (*_NEEDED, "subdivision", "overrides", "entered_years")
_PERIOD: Final = re.compile(r"(\d\d):([0-5]\d)-(\d\d):([0-5]\d)", re.ASCII)


def read_object(source: str | bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the JSON object of a source; `InvalidInput` where it is none."""
    if isinstance(source, str | bytes):
        try:
            source = json.loads(source)
        except (ValueError, RecursionError) as error:
            raise InvalidInput(mark("The calendar"), [Problem("", "json", mark("This is not JSON."))]) from error
    if not isinstance(source, Mapping):
        raise InvalidInput(mark("The calendar"), [Problem("", "type", mark("This is not a JSON object."))])
    return source


def read_fields(found: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """Read what can be read; a field with a problem is left out or holds the readable rest."""
    problems += [Problem(name, "missing", mark("This is missing.")) for name in _NEEDED if name not in found]
    problems += _strangers("", found, _KNOWN)
    fields: dict[str, Any] = {}
    for name in ("timezone", "country", "subdivision"):
        if name not in found:
            continue
        value = found[name]
        if isinstance(value, str) or (value is None and name != "timezone"):
            fields[name] = value
        else:
            problems.append(Problem(name, "type", mark("This is not text.")))
    if "week" in found:
        fields["week"] = _read_week(found["week"], problems)
    overrides = _read_list("overrides", found.get("overrides", []), problems)
    read = [_read_override(f"overrides[{place}]", item, problems) for place, item in enumerate(overrides)]
    fields["overrides"] = tuple(override for override in read if override is not None)
    years = _read_list("entered_years", found.get("entered_years", []), problems)
    strange = [year for year in years if not isinstance(year, int) or isinstance(year, bool)]
    problems += [
        Problem("entered_years", "type", mark("{value} is not a year."), {"value": _short(year)}) for year in strange
    ]
    fields["entered_years"] = tuple(year for year in years if year not in strange)
    return fields


def _strangers(where: str, found: Mapping[str, Any], known: tuple[str, ...]) -> list[Problem]:
    paths = [_short(f"{where}.{name}" if where else name) for name in found if name not in known]
    return [Problem(path, "unknown", mark("This is not known here.")) for path in paths]


def _read_week(found: Any, problems: list[Problem]) -> tuple[Hours, ...]:
    if not isinstance(found, Mapping):
        problems.append(Problem("week", "type", mark("This is not a JSON object.")))
        return OFFICE_WEEK
    problems += _strangers("week", found, WEEKDAYS)
    before = len(problems)
    week = tuple(_read_hours(f"week.{name}", found.get(name, []), problems) for name in WEEKDAYS)
    # A week that lost its only hours to a misspelling is misspelt, not empty: say that once.
    return week if any(week) or len(problems) == before else OFFICE_WEEK


def _read_override(where: str, found: Any, problems: list[Problem]) -> Override | None:
    if not isinstance(found, Mapping):
        problems.append(Problem(where, "type", mark("This is not a JSON object.")))
        return None
    problems += _strangers(where, found, ("on", "hours", "reason"))
    problems += [
        Problem(f"{where}.{n}", "missing", mark("This is missing.")) for n in ("on", "hours") if n not in found
    ]
    hours = _read_hours(f"{where}.hours", found.get("hours", []), problems)
    reason = found.get("reason", "")
    if not isinstance(reason, str):
        problems.append(Problem(f"{where}.reason", "type", mark("This is not text.")))
        reason = "?"
    on = _read_date(found.get("on"))
    if on is not None:
        return Override(on, hours, reason)
    if "on" in found:
        sentence = mark("{value} is not a date such as 2027-02-13.")
        problems.append(Problem(f"{where}.on", "date", sentence, {"value": _short(found["on"])}))
    problems += exception_problems(where, hours, reason=reason)  # nobody else will see an exception without a day
    return None


def _read_date(found: Any) -> date | None:
    try:
        on = date.fromisoformat(found)
    except (TypeError, ValueError):
        return None
    return on if on.isoformat() == found else None


def _read_hours(where: str, found: Any, problems: list[Problem]) -> Hours:
    hours = []
    for text in _read_list(where, found, problems):
        match = _PERIOD.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            sentence = mark("{value} is not written like 09:00-17:30.")
            problems.append(Problem(where, "period", sentence, {"value": _short(text)}))
        else:
            a, b, c, d = map(int, match.groups())
            hours.append(Period(a * 60 + b, c * 60 + d))
    return tuple(hours)


def _read_list(where: str, found: Any, problems: list[Problem]) -> list[Any]:
    if isinstance(found, list | tuple):
        return list(found)
    problems.append(Problem(where, "type", mark("This is not a list.")))
    return []


def _short(found: Any) -> str:
    text = found if isinstance(found, str) else repr(found)
    return text if len(text) <= 40 else text[:39] + "…"
