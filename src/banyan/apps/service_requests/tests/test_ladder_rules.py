"""The escalation ladder: when which rung is due, in the working minutes of a town with holidays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.apps.service_requests.rules import Clocks, ladder
from banyan.apps.service_requests.rules.ladder import Rung, Running
from banyan.apps.service_requests.rules.rulesets import Known
from banyan.base.calendar import ALWAYS, Calendar
from banyan.engines import deadlines

OFFICE = Calendar(timezone="Asia/Shanghai")
#: Friday before the Spring Festival of 2026, ten in the morning in Shanghai.
FRIDAY = datetime(2026, 2, 13, 2, tzinfo=UTC)


def rung(code: str, share: float | None = None, **words: Any) -> Rung:
    told = {"name_zh": code, "name_en": code, "clock": "whole", "after_min": None, "role": "coordinator"}
    return Rung(code=code, share=share, **{**told, **words})


def started(target: int = 480, *, at: datetime = FRIDAY, calendar: Calendar = OFFICE) -> Running:
    clocks = Clocks(
        target_min=target,
        deadline_at=deadlines.add_minutes(calendar, at, minutes=target),
        stage="triage",
        stage_started_at=at,
        stage_deadline_at=deadlines.add_minutes(calendar, at, minutes=60),
    )
    return Running(clocks, {"normal": {"whole": target, "triage": 60}}, "normal", "lamp", "lighting", at)


def test_half_the_target_is_counted_in_working_minutes_over_the_holidays():
    # 480 minutes from Friday ten: 7 h 30 of Friday less one hour, the make-up Saturday, then the festival is over it
    found = ladder.next_rung([rung("half", 0.5), rung("late", 1.5)], started(), calendar=OFFICE)
    late = ladder.next_rung([rung("late", 1.5)], started(), calendar=OFFICE)

    assert found is not None and found.rung.code == "half"
    assert deadlines.working_minutes(OFFICE, FRIDAY, end=found.at) == 240
    assert late is not None and deadlines.working_minutes(OFFICE, FRIDAY, end=late.at) == 720
    assert late.at.date() == datetime(2026, 2, 14).date()  # the Saturday works instead of a day of the festival


def test_minutes_after_the_breach_run_in_working_time():
    found = ladder.next_rung([rung("after", after_min=450)], started(), calendar=OFFICE)

    assert found is not None and found.at > datetime(2026, 2, 14, tzinfo=UTC)
    deadline = started().clocks.deadline_at
    assert deadline is not None and deadlines.working_minutes(OFFICE, deadline, end=found.at) == 450


@pytest.mark.parametrize(
    ("changes", "clock"),
    [
        ({"deadline_at": None, "target_min": None}, "whole"),
        ({"stopped_at": FRIDAY, "remaining_min": 30}, "whole"),
        ({"remaining_min": 30}, "whole"),
        ({"stage": "dispatch"}, "triage"),
        ({"stage_remaining_min": 20}, "triage"),
        ({"stage_deadline_at": None}, "triage"),
    ],
)
def test_a_clock_that_does_not_run_has_no_rungs(changes: dict[str, Any], clock: str):
    seen = started()
    standing = replace(seen, clocks=replace(seen.clocks, **changes))
    one = [rung("one", 1.0, clock=clock)]

    assert ladder.next_rung(one, seen, calendar=OFFICE) is not None
    assert ladder.next_rung(one, standing, calendar=OFFICE) is None


def test_a_rung_concerns_only_the_urgency_and_the_services_it_names():
    one = rung("one", 1.0, urgencies=frozenset({"emergency"}), groups=frozenset({"lighting"}))

    assert ladder.next_rung([one], started(), calendar=OFFICE) is None
    assert ladder.next_rung([one], replace(started(), urgency="emergency"), calendar=OFFICE) is not None
    other = replace(started(), urgency="emergency", group="water")
    assert ladder.next_rung([one], other, calendar=OFFICE) is None


@given(
    st.lists(st.floats(0.05, 20, allow_nan=False), min_size=2, max_size=6, unique=True),
    st.integers(1, 5000),
    st.sampled_from([OFFICE, ALWAYS]),
)
def test_a_larger_share_is_never_due_earlier(shares: list[float], target: int, calendar: Calendar):
    seen = started(target, calendar=calendar)
    instants = [ladder.next_rung([rung("r", share)], seen, calendar=calendar) for share in sorted(shares)]

    ats = [found.at for found in instants if found is not None]
    assert len(ats) == len(shares) and ats == sorted(ats)


@given(st.lists(st.floats(0.05, 3), min_size=1, max_size=5, unique=True), st.integers(10, 2000))
def test_climbing_from_rung_to_rung_meets_each_one_once_in_order(shares: list[float], target: int):
    rungs = [rung(str(i), share) for i, share in enumerate(shares)]
    seen, after, met = started(target), None, []
    while (found := ladder.next_rung(rungs, seen, calendar=OFFICE, after=after)) is not None:
        window = ladder.due_rungs(rungs, seen, calendar=OFFICE, first=found.at, last=found.at)
        met += [due.key for due in window]
        after = found.at

    assert len(met) == len(set(met)) == len(rungs)


def test_a_rung_that_was_due_and_not_climbed_stays_due_when_somebody_takes_a_step():
    rungs, seen = [rung("half", 0.5), rung("breach", 1.0)], started()
    half = ladder.next_rung(rungs, seen, calendar=OFFICE)
    assert half is not None
    later = half.at + timedelta(minutes=3)

    kept = ladder.next_after_change(rungs, (seen.clocks, half.at), seen, calendar=OFFICE, at=later)
    gone = ladder.next_after_change(rungs, (seen.clocks, seen.clocks.deadline_at), seen, calendar=OFFICE, at=later)

    assert kept == half.at and gone == seen.clocks.deadline_at


def test_a_deadline_that_came_nearer_makes_missed_rungs_due_at_once():
    rungs, seen, at = [rung("half", 0.5), rung("breach", 1.0)], started(480), FRIDAY + timedelta(hours=1)
    shorter = replace(seen, clocks=started(60).clocks)

    found = ladder.next_after_change(rungs, (seen.clocks, None), shorter, calendar=OFFICE, at=at)

    assert found is not None and found < at


def test_a_rung_needs_a_share_or_minutes_and_a_role_that_can_take_over():
    body = {
        "rungs": [
            {"code": "a", "name_zh": "甲", "name_en": "A", "clock": "whole", "role": "worker", "takes_over": True},
            {"code": "b", "name_zh": "乙", "name_en": "B", "clock": "noon", "share": 30, "role": "mayor"},
            {"code": "c", "name_zh": "丙", "name_en": "C", "clock": "whole", "after_min": 1.5, "role": "manager"},
        ]
    }

    found = {(problem.where, problem.code) for problem in ladder.problems(body, Known())}

    assert found == {
        ("rungs[0].share", "required"),
        ("rungs[0].takes_over", "role"),
        ("rungs[1].clock", "unknown"),
        ("rungs[1].share", "range"),
        ("rungs[1].role", "unknown"),
        ("rungs[2].after_min", "range"),
    }
    assert ladder.problems(ladder.DEFAULT, Known()) == []


def due(code: str, minute: int, **words: Any) -> ladder.Due:
    one = rung(code, 0.5, **words)
    return ladder.Due(FRIDAY.replace(minute=minute), one, f"{one.clock}:{code}")


def test_of_each_clock_the_highest_rung_is_raised_and_names_those_that_were_passed():
    ahead = [due("soon", 1), due("triage", 2, clock="triage"), due("breach", 3, takes_over=True), due("long", 4)]

    whole, triage = ladder.climbs(ahead, ())

    assert (whole.due.rung.code, [one.rung.code for one in whole.passed]) == ("long", ["soon", "breach"])
    assert whole.takes_over, "who should have lost the work by a rung below has lost it"
    assert (triage.due.rung.code, triage.passed, triage.takes_over) == ("triage", (), False)


def test_what_lies_below_a_rung_that_was_raised_is_not_raised_after_it():
    ahead = [due("soon", 1), due("breach", 3), due("long", 4)]

    assert ladder.climbs(ahead, {"whole:long"}) == []
    assert [one.due.rung.code for one in ladder.climbs(ahead, {"whole:breach"})] == ["long"]
    assert ladder.climbs([], ()) == []
