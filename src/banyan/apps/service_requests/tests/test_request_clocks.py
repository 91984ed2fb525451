"""The clocks of a request run, stand and change their target as the steps say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from banyan.apps.service_requests.rules import STEPS, STOPPED, Status, clocks
from banyan.apps.service_requests.rules.clocks import left_min
from banyan.base.calendar import ALWAYS, OFFICE_WEEK, Calendar

OFFICE = Calendar(timezone="Asia/Shanghai", week=OFFICE_WEEK, country=None)
TARGETS = {
    "normal": {"triage": 60, "dispatch": 60, "accept": 60, "handle": 450, "verify": 450, "whole": 900},
    "high": {"triage": 30, "whole": 300},
}
#: Wednesday 10:00 in Shanghai; an office day has 450 minutes.
NOW = datetime(2026, 3, 18, 2, 0, tzinfo=UTC)


def _started(at: datetime = NOW, *, urgency: str = "normal"):
    return clocks.started(TARGETS, urgency=urgency, calendar=OFFICE, at=at)


def _moved(held, to: Status, at: datetime, *, urgency: str = "normal", since: datetime = NOW):
    return clocks.moved(held, to, targets=TARGETS, urgency=urgency, calendar=OFFICE, at=at, since=since)


def test_a_report_on_wednesday_morning_is_due_two_office_days_later():
    held = _started()

    assert held.deadline_at == datetime(2026, 3, 20, 2, 0, tzinfo=UTC)
    assert held.stage == "triage"
    assert held.stage_deadline_at == NOW + timedelta(minutes=60)


def test_a_pause_moves_both_deadlines_by_its_working_minutes():
    working = _moved(_moved(_started(), Status.TRIAGED, NOW), Status.IN_PROGRESS, NOW)
    paused = _moved(working, Status.PAUSED, NOW + timedelta(minutes=30))

    resumed = _moved(paused, Status.IN_PROGRESS, NOW + timedelta(minutes=90))

    assert paused.remaining_min == 870
    assert left_min(OFFICE, resumed.deadline_at, NOW + timedelta(minutes=90)) == 870
    assert left_min(OFFICE, resumed.stage_deadline_at, NOW + timedelta(minutes=90)) == 420
    assert resumed.remaining_min is None
    assert resumed.stopped_at is None


def test_a_pause_over_the_weekend_costs_nothing():
    friday_evening = datetime(2026, 3, 20, 9, 30, tzinfo=UTC)
    monday_morning = datetime(2026, 3, 23, 1, 0, tzinfo=UTC)
    working = _moved(_started(NOW + timedelta(days=2)), Status.IN_PROGRESS, NOW + timedelta(days=2))

    resumed = _moved(_moved(working, Status.PAUSED, friday_evening), Status.IN_PROGRESS, monday_morning)

    assert resumed.deadline_at == working.deadline_at


def test_triage_to_a_higher_urgency_keeps_the_minutes_already_spent():
    held = _moved(_started(), Status.TRIAGED, NOW + timedelta(minutes=40), urgency="high")

    assert held.target_min == 300
    assert left_min(OFFICE, held.deadline_at, NOW + timedelta(minutes=40)) == 260


def test_a_reopened_request_has_what_was_left_when_it_was_resolved():
    resolved = _moved(_moved(_started(), Status.IN_PROGRESS, NOW), Status.RESOLVED, NOW + timedelta(minutes=100))
    reopened = _moved(resolved, Status.REOPENED, NOW + timedelta(days=7))

    assert resolved.remaining_min == 800
    assert left_min(OFFICE, reopened.deadline_at, NOW + timedelta(days=7)) == 800


def test_a_breach_stays_a_breach_when_the_request_is_reopened():
    late = NOW + timedelta(days=9)
    resolved = _moved(_moved(_started(), Status.IN_PROGRESS, NOW), Status.RESOLVED, late)

    reopened = _moved(resolved, Status.REOPENED, late + timedelta(days=1))

    assert resolved.remaining_min < 0
    assert reopened.deadline_at == _started().deadline_at


def test_a_service_without_targets_has_no_deadline():
    held = clocks.started({}, urgency="normal", calendar=ALWAYS, at=NOW)

    assert held.deadline_at is None
    assert held.stage == "triage"
    assert held.stage_deadline_at is None


def _stands(status: Status) -> bool:
    return status in STOPPED or status in {Status.PAUSED, Status.PARKED}


@given(st.lists(st.tuples(st.integers(0, 10), st.integers(0, 3 * 1440)), max_size=12))
def test_whatever_the_way_the_whole_clock_stands_exactly_where_nobody_can_work(way: list[tuple[int, int]]):
    status, held, at, running_min = Status.RECEIVED, _started(), NOW, 0
    for choice, wait_min in way:
        before, at = at, at + timedelta(minutes=wait_min)
        if not _stands(status):
            running_min += left_min(OFFICE, at, before)
        steps = list(STEPS[status].values())
        status = steps[choice % len(steps)]
        held = _moved(held, status, at)

        stands = _stands(status)
        assert (held.remaining_min is not None) == stands
        if running_min < 900:
            left = held.remaining_min if stands else left_min(OFFICE, held.deadline_at, at)
            assert left == 900 - running_min
