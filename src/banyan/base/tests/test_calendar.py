"""The working calendar of a town: real years in China, real years in Boston."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banyan.base.calendar import ALWAYS, OFFICE_WEEK, WEEKDAYS, Calendar, Hours, Kind, Override, Period
from banyan.base.errors import InvalidInput

CHINA = Calendar()
BOSTON = Calendar(timezone="America/New_York", country="US", subdivision="MA")
ALL_DAY = (Period(0, 1440),)

# Notices of the General Office of the State Council of 25 October 2023 (year 2024), 12 November 2024 (2025) and
# 4 November 2025 (2026): first and last free day of each holiday, and the weekend days that are worked instead.
NOTICES: dict[int, tuple[list[tuple[str, str]], list[str]]] = {
    2024: (
        [
            ("01-01", "01-01"),
            ("02-10", "02-17"),
            ("04-04", "04-06"),
            ("05-01", "05-05"),
            ("06-10", "06-10"),
            ("09-15", "09-17"),
            ("10-01", "10-07"),
        ],
        ["02-04", "02-18", "04-07", "04-28", "05-11", "09-14", "09-29", "10-12"],
    ),
    2025: (
        [
            ("01-01", "01-01"),
            ("01-28", "02-04"),
            ("04-04", "04-06"),
            ("05-01", "05-05"),
            ("05-31", "06-02"),
            ("10-01", "10-08"),
        ],
        ["01-26", "02-08", "04-27", "09-28", "10-11"],
    ),
    2026: (
        [
            ("01-01", "01-03"),
            ("02-15", "02-23"),
            ("04-04", "04-06"),
            ("05-01", "05-05"),
            ("06-19", "06-21"),
            ("09-25", "09-27"),
            ("10-01", "10-07"),
        ],
        ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"],
    ),
}


def _days(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]


def _by_the_notice(year: int) -> set[date]:
    """Working days, written down from the notice alone."""
    breaks, moved = NOTICES[year]
    free = {
        day
        for first, last in breaks
        for day in _days(year)
        if date.fromisoformat(f"{year}-{first}") <= day <= date.fromisoformat(f"{year}-{last}")
    }
    weekdays = {day for day in _days(year) if day.weekday() < 5}
    return (weekdays - free) | {date.fromisoformat(f"{year}-{day}") for day in moved}


@pytest.mark.parametrize("year", NOTICES)
def test_every_day_in_china_is_worked_as_the_state_council_announced(year: int) -> None:
    worked = {day for day in _days(year) if CHINA.day(day).hours}

    assert worked == _by_the_notice(year)


@pytest.mark.parametrize(
    ("on", "kind"),
    [
        ("2026-02-13", Kind.WEEKLY),
        ("2026-02-14", Kind.MAKE_UP),  # a Saturday, worked for the Friday after the Spring Festival
        ("2026-02-15", Kind.WEEKLY),  # an ordinary free Sunday
        ("2026-02-17", Kind.HOLIDAY),
        ("2026-02-28", Kind.MAKE_UP),
        ("2026-01-04", Kind.MAKE_UP),  # a Sunday
        ("2026-09-20", Kind.MAKE_UP),
        ("2025-10-08", Kind.HOLIDAY),
        ("2025-10-11", Kind.MAKE_UP),
    ],
)
def test_a_day_says_why_it_is_worked_or_free(on: str, kind: Kind) -> None:
    day = CHINA.day(date.fromisoformat(on))

    assert day.kind is kind
    assert bool(day.reason) == (kind is Kind.HOLIDAY)


@pytest.mark.parametrize(
    "holiday",
    [  # General Laws of Massachusetts, chapter 4, section 7, clause 18, in 2026
        "2026-01-01", "2026-01-19", "2026-02-16", "2026-04-20", "2026-05-25", "2026-06-19",
        "2026-09-07", "2026-10-12", "2026-11-11", "2026-11-26", "2026-12-25",
    ],
)  # fmt: skip
def test_boston_rests_on_the_legal_holidays_of_massachusetts(holiday: str) -> None:
    assert BOSTON.day(date.fromisoformat(holiday)).kind is Kind.HOLIDAY


def test_boston_works_250_days_of_2026() -> None:
    assert sum(bool(BOSTON.day(day).hours) for day in _days(2026)) == 261 - 11


def test_years_without_a_notice_are_flagged_until_the_town_enters_them() -> None:
    assert all(CHINA.announced(year) for year in NOTICES)
    assert not CHINA.announced(2030)
    assert Calendar(entered_years=(2030,)).announced(2030)
    assert BOSTON.announced(2030)
    assert ALWAYS.announced(2030)


def test_the_year_after_the_last_notice_of_the_package_is_flagged() -> None:
    import holidays

    last = max(on.year for on in holidays.country_holidays("CN", years=range(2020, 2041)).weekend_workdays)

    assert CHINA.announced(last)
    assert not CHINA.announced(last + 1)


def test_the_town_has_the_last_word_on_a_day() -> None:
    flood, extra = date(2026, 6, 3), date(2026, 10, 4)
    calendar = Calendar(overrides=(Override(extra, (Period(600, 720),), "hotline week"), Override(flood, (), "flood")))

    assert (calendar.day(flood).kind, calendar.day(flood).hours, calendar.day(flood).reason) == (
        Kind.OVERRIDE,
        (),
        "flood",
    )
    assert calendar.day(extra).hours == (Period(600, 720),)
    assert calendar.day(flood + timedelta(days=1)).hours == OFFICE_WEEK[2]


def test_a_make_up_day_is_worked_as_long_as_the_longest_day_of_the_week() -> None:
    short, long = (Period(540, 720),), (Period(540, 1080),)
    calendar = Calendar(week=((), short, long, short, long, (Period(600, 660),), ()))

    assert calendar.day(date(2026, 2, 14)).hours == long


def test_hours_in_china_are_hours_of_the_wall_clock() -> None:
    spans = CHINA.working_spans(date(2026, 3, 2))

    assert [(a.isoformat(), b.isoformat()) for a, b in spans] == [
        ("2026-03-02T01:00:00+00:00", "2026-03-02T04:00:00+00:00"),
        ("2026-03-02T05:00:00+00:00", "2026-03-02T09:30:00+00:00"),
    ]


@pytest.mark.parametrize(
    ("on", "minutes", "opens_utc"),
    [
        ("2026-03-06", 450, "14:00"),  # the Friday before the clocks go forward
        ("2026-03-09", 450, "13:00"),
        ("2026-10-30", 450, "13:00"),
        ("2026-11-02", 450, "14:00"),
    ],
)
def test_boston_opens_at_nine_on_either_side_of_the_change(on: str, minutes: int, opens_utc: str) -> None:
    spans = BOSTON.working_spans(date.fromisoformat(on))

    assert sum((b - a) // timedelta(minutes=1) for a, b in spans) == minutes
    assert spans[0][0].strftime("%H:%M") == opens_utc


@pytest.mark.parametrize(
    ("zone", "on", "hours", "minutes"),
    [
        ("America/New_York", "2026-03-08", ALL_DAY, 1380),
        ("America/New_York", "2026-11-01", ALL_DAY, 1500),
        ("America/New_York", "2026-03-08", (Period(90, 150),), 30),  # 02:00 to 02:30 never comes
        ("America/New_York", "2026-03-08", (Period(130, 170),), 0),
        ("America/New_York", "2026-11-01", (Period(90, 150),), 90),  # 01:30 to 02:00 comes twice
        ("Australia/Lord_Howe", "2026-04-05", ALL_DAY, 1470),  # half an hour
        ("Pacific/Apia", "2011-12-30", ALL_DAY, 0),  # the day Samoa left out
        ("Asia/Shanghai", "1986-05-04", ALL_DAY, 1380),  # China's own summer time
        ("America/Havana", "2026-11-01", ALL_DAY, 1500),  # back at midnight
        ("America/Havana", "2026-10-31", ALL_DAY, 1440),
        ("Africa/Cairo", "2026-04-24", ALL_DAY, 1380),  # forward at midnight
        ("Africa/Cairo", "2026-04-23", ALL_DAY, 1440),
        ("America/Sao_Paulo", "2018-02-17", ALL_DAY, 1500),  # back from midnight to 23:00
        ("America/Sao_Paulo", "2018-02-18", ALL_DAY, 1440),
    ],
)
def test_a_day_of_changing_clocks_has_the_minutes_it_really_has(zone: str, on: str, hours: Hours, minutes: int) -> None:
    calendar = Calendar(timezone=zone, week=(hours,) * 7, country=None)

    spans = calendar.working_spans(date.fromisoformat(on))

    assert sum((b - a) // timedelta(minutes=1) for a, b in spans) == minutes


@settings(max_examples=40)
@given(
    st.sampled_from([CHINA, BOSTON, Calendar("Australia/Lord_Howe", week=(ALL_DAY,) * 7, country=None)]),
    st.dates(date(2024, 1, 1), date(2026, 12, 31)),
)
def test_spans_hold_exactly_the_minutes_that_are_working(calendar: Calendar, on: date) -> None:
    midnight = datetime(on.year, on.month, on.day, tzinfo=ZoneInfo(calendar.timezone)).astimezone(UTC)
    minutes = [midnight + timedelta(minutes=n) for n in range(-60, 1560)]
    spans = calendar.working_spans(on)

    for at in minutes:
        inside = any(a <= at < b for a, b in spans)
        same_day = at.astimezone(ZoneInfo(calendar.timezone)).date() == on
        assert inside == (same_day and calendar.is_working(at))


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(InvalidInput) as refusal:
        CHINA.is_working(datetime(2026, 3, 2, 10))

    assert refusal.value.problems[0].code == "naive"


def test_a_calendar_without_a_country_never_loads_the_holidays() -> None:
    program = "import sys; import banyan.base.calendar as c; c.ALWAYS.announced(2030); print('holidays' in sys.modules)"

    asked = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert asked.stdout.strip() == "False"


# --- stored by the town ----------------------------------------------------------------------------------------------


@st.composite
def hours(draw: st.DrawFn) -> Hours:
    edges = sorted(draw(st.lists(st.integers(0, 1440), max_size=6, unique=True)))
    return tuple(Period(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False))


calendars = st.builds(
    Calendar,
    timezone=st.sampled_from(["Asia/Shanghai", "America/New_York", "UTC", "Asia/Urumqi"]),
    week=st.tuples(*[hours()] * 7).filter(any),
    country=st.sampled_from([None, "CN", "US"]),
    overrides=st.lists(
        st.builds(Override, st.dates(date(2024, 1, 1), date(2027, 12, 31)), hours(), st.just("洪水")),
        max_size=4,
        unique_by=lambda override: override.on,
    ).map(tuple),
    entered_years=st.lists(st.integers(2024, 2030), max_size=3).map(tuple),
)


@given(calendars)
def test_a_stored_calendar_comes_back_equal(calendar: Calendar) -> None:
    text = json.dumps(calendar.to_json())

    assert Calendar.from_json(text) == calendar
    assert Calendar.from_json(text.encode()) == calendar
    assert Calendar.from_json(calendar.to_json()) == calendar
    assert hash(Calendar.from_json(text)) == hash(calendar)
    assert pickle.loads(pickle.dumps(calendar)) == calendar


def test_boston_is_stored_in_words_a_person_can_read() -> None:
    assert BOSTON.to_json() == {
        "timezone": "America/New_York",
        "week": {name: ["09:00-12:00", "13:00-17:30"] if place < 5 else [] for place, name in enumerate(WEEKDAYS)},
        "country": "US",
        "subdivision": "MA",
        "overrides": [],
        "entered_years": [],
    }


WELL: dict[str, Any] = {"timezone": "Asia/Shanghai", "country": "CN", "week": {"mon": ["09:00-24:00"]}}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"timezone": "Asia/Guangzhou"}, [("timezone", "unknown")]),
        ({"timezone": "../etc/passwd"}, [("timezone", "unknown")]),
        ({"timezone": "Asia"}, [("timezone", "unknown")]),
        ({"timezone": ""}, [("timezone", "unknown")]),
        ({"timezone": "a\0b"}, [("timezone", "unknown")]),
        ({"timezone": None}, [("timezone", "type")]),
        ({"country": "XX"}, [("country", "unknown")]),
        ({"country": "CHN"}, [("country", "unknown")]),
        ({"country": "US", "subdivision": "ZZ"}, [("subdivision", "unknown")]),
        ({"country": "US", "subdivision": ""}, [("subdivision", "unknown")]),
        ({"country": None, "subdivision": "MA"}, [("subdivision", "lonely")]),
        ({"country": 86}, [("country", "type")]),
        ({"week": {}}, [("week", "empty")]),
        ({"week": []}, [("week", "type")]),
        ({"week": {"mon": "09:00-17:00"}}, [("week.mon", "type")]),
        ({"week": {"mon": ["9-17", None]}}, [("week.mon", "period"), ("week.mon", "period")]),
        ({"week": {"mon": ["22:00-06:00"]}}, [("week.mon", "backwards")]),
        ({"week": {"mon": ["09:00-25:00"]}}, [("week.mon", "range")]),
        ({"week": {"mon": ["09:00-12:00", "11:00-13:00"]}}, [("week.mon", "overlap")]),
        ({"week": {"mon": ["09:00-12:00"], "Tue": []}}, [("week.Tue", "unknown")]),
        ({"colour": "red"}, [("colour", "unknown")]),
        ({"entered_years": [True, "2027", 1850]}, [("entered_years", c) for c in ("type", "type", "range")]),
        ({"entered_years": 2027}, [("entered_years", "type")]),
        ({"overrides": [7]}, [("overrides[0]", "type")]),
        ({"overrides": [{"hours": []}]}, [("overrides[0].on", "missing"), ("overrides[0]", "reason")]),
        ({"overrides": [{"on": "20270213", "hours": [], "reason": "x"}]}, [("overrides[0].on", "date")]),
        ({"overrides": [{"on": "2027-02-30", "hours": [], "reason": "x"}]}, [("overrides[0].on", "date")]),
        ({"overrides": [{"on": "2027-02-13", "hours": []}]}, [("overrides.2027-02-13", "reason")]),
        ({"overrides": [{"on": "2027-02-13", "hours": [], "reason": 3}]}, [("overrides[0].reason", "type")]),
        ({"overrides": [{"on": "1900-02-13", "hours": [], "reason": "x"}]}, [("overrides.1900-02-13", "range")]),
        ({"overrides": [{"on": "2027-02-13", "hours": [], "reason": "x"}] * 2}, [("overrides.2027-02-13", "twice")]),
    ],
)  # fmt: skip
def test_a_calendar_that_cannot_be_used_says_where_and_why(
    change: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    def problems() -> list[tuple[str, str]]:
        try:
            Calendar.from_json({**WELL, **change})
        except InvalidInput as refusal:
            assert str(refusal)
            return [(problem.where, problem.code) for problem in refusal.problems]
        return []

    assert problems() == expected


def test_every_problem_of_a_calendar_is_listed_at_once() -> None:
    broken = {
        "timezone": "Mars/Olympus",
        "week": {"mon": ["12:00-09:00"], "fri": ["soon"]},
        "overrides": [{"on": "never", "hours": ["09:00-08:00"], "reason": ""}, {"on": "2027-02-13", "hours": []}],
        "entered_years": [1066],
    }

    with pytest.raises(InvalidInput) as refusal:
        Calendar.from_json(broken)

    assert {(problem.where, problem.code) for problem in refusal.value.problems} == {
        ("country", "missing"),
        ("timezone", "unknown"),
        ("week.mon", "backwards"),
        ("week.fri", "period"),
        ("overrides[0].on", "date"),
        ("overrides[0]", "backwards"),
        ("overrides[0]", "reason"),
        ("overrides.2027-02-13", "reason"),
        ("entered_years", "range"),
    }


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.one_of(st.text(), st.binary(), json_values, st.fixed_dictionaries(dict.fromkeys(WELL, json_values))))
def test_no_stored_text_breaks_the_reading(source: Any) -> None:
    try:
        Calendar.from_json(source)
    except InvalidInput as refusal:
        assert refusal.problems


def test_deep_nonsense_is_refused_as_any_other() -> None:
    with pytest.raises(InvalidInput):
        Calendar.from_json("[" * 100_000)


def test_a_holiday_has_its_name_in_the_language_of_its_country_or_of_the_reader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    new_year, calendar = date(2026, 1, 1), Calendar(timezone="Asia/Shanghai", week=OFFICE_WEEK, country="CN")
    monkeypatch.setenv("LANGUAGE", "th")  # what the machine speaks is nobody's wish

    assert calendar.day(new_year).reason == "元旦"
    assert calendar.holiday_name(new_year, language="en_US") == "New Year's Day"
    assert calendar.holiday_name(new_year, language="eo") == "元旦"
    assert calendar.holiday_name(date(2026, 1, 5), language="en_US") == ""
