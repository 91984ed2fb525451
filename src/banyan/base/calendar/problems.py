"""What can be wrong with a calendar."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

from banyan.base.calendar.hours import DAY_MIN, FIRST_YEAR, LAST_YEAR, WEEKDAYS, Hours, Override
from banyan.base.calendar.public_days import is_known
from banyan.base.errors import Problem, mark


def calendar_problems(
    *,
    timezone: str,
    week: tuple[Hours, ...],
    country: str | None,
    subdivision: str | None,
    overrides: tuple[Override, ...],
    entered_years: tuple[int, ...],
) -> list[Problem]:
    """List everything that keeps a calendar from being used.

    Unknown time zone or country, a week without seven days or without any work, hours that overlap or end before they
    begin, two overrides of one day or one without a reason, a year out of range.
    """
    problems = [*_zone_problems(timezone), *_week_problems(week), *_place_problems(country, subdivision)]
    problems += _override_problems(overrides)
    sentence = mark("{value} is no year between 1980 and 2100.")
    strange = [year for year in entered_years if not FIRST_YEAR <= year <= LAST_YEAR]
    return problems + [Problem("entered_years", "range", sentence, {"value": year}) for year in strange]


def _zone_problems(timezone: str) -> list[Problem]:
    try:
        ZoneInfo(timezone)
    except (ValueError, LookupError, OSError):  # malformed, unknown, or the name of a folder of zones
        return [Problem("timezone", "unknown", mark("No time zone is called {value}."), {"value": timezone})]
    return []


def _week_problems(week: tuple[Hours, ...]) -> list[Problem]:
    if len(week) != len(WEEKDAYS):
        return [Problem("week", "length", mark("A week needs seven days, Monday to Sunday."))]
    problems = [
        found for name, hours in zip(WEEKDAYS, week, strict=True) for found in _hours_problems(f"week.{name}", hours)
    ]
    if not any(week):
        problems.append(Problem("week", "empty", mark("The week has no working time at all.")))
    return problems


def _hours_problems(where: str, hours: Hours) -> list[Problem]:
    problems = []
    for period in hours:
        if not (0 <= period.opens_min < DAY_MIN and 0 < period.closes_min <= DAY_MIN):
            problems.append(Problem(where, "range", mark("{value} reaches beyond the day."), {"value": str(period)}))
        elif period.closes_min <= period.opens_min:
            sentence = mark("{value} ends before it begins; write work past midnight as two days.")
            problems.append(Problem(where, "backwards", sentence, {"value": str(period)}))
    for before, after in pairwise(hours):
        if after.opens_min < before.closes_min:
            sentence = mark("{value} begins before the period ahead of it has ended.")
            problems.append(Problem(where, "overlap", sentence, {"value": str(after)}))
    return problems


def _place_problems(country: str | None, subdivision: str | None) -> list[Problem]:
    if country is None:
        sentence = mark("A subdivision needs its country beside it.")
        return [Problem("subdivision", "lonely", sentence)] if subdivision is not None else []
    if not is_known(country, None):
        return [Problem("country", "unknown", mark("No holidays are known for {value}."), {"value": country})]
    if subdivision is not None and not is_known(country, subdivision):
        return [Problem("subdivision", "unknown", mark("No holidays are known for {value}."), {"value": subdivision})]
    return []


def exception_problems(where: str, hours: Hours, *, reason: str) -> list[Problem]:
    """Return what is wrong with the hours of one exceptional day, and with a reason that says nothing."""
    problems = _hours_problems(where, hours)
    return problems if reason.strip() else [*problems, Problem(where, "reason", mark("A reason is needed."))]


def _override_problems(overrides: tuple[Override, ...]) -> list[Problem]:
    problems, seen = [], set[date]()
    for override in overrides:
        where = f"overrides.{override.on.isoformat()}"
        problems += exception_problems(where, override.hours, reason=override.reason)
        if override.on in seen:
            problems.append(Problem(where, "twice", mark("This day has two overrides.")))
        if not FIRST_YEAR <= override.on.year <= LAST_YEAR:
            problems.append(
                Problem(where, "range", mark("{value} is no year between 1980 and 2100."), {"value": override.on.year})
            )
        seen.add(override.on)
    return problems
