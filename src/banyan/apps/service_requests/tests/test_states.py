"""The state table is whole, and its law holds for every step."""

from __future__ import annotations

from uuid import UUID

import pytest

from banyan.apps.service_requests.errors import HandlerMayNotVerify, IllegalStep
from banyan.apps.service_requests.rules import (
    ENDED,
    NEEDS,
    OPEN,
    STAGE,
    STEPS,
    STOPPED,
    TAKES,
    Status,
    Step,
    Wanted,
    check_separate_hands,
    next_status,
    step_problems,
)
from banyan.kit.policy import MAY


def _reached(start: Status) -> set[Status]:
    seen, ahead = {start}, [start]
    while ahead:
        fresh = set(STEPS[ahead.pop()].values()) - seen
        seen |= fresh
        ahead += fresh
    return seen


def test_every_state_can_be_reached_from_the_first_report():
    assert _reached(Status.RECEIVED) == set(Status)


def test_every_state_can_be_left_again():
    assert all(STEPS[status] for status in Status)


def test_from_every_state_a_request_can_still_be_closed():
    assert all(Status.CLOSED in _reached(status) for status in Status)


def test_every_step_is_taken_somewhere_and_has_a_line_in_the_policy():
    taken = {step for steps in STEPS.values() for step in steps}

    assert taken == set(Step)
    assert all(f"service_requests.{step}" in MAY for step in Step)


def test_open_and_ended_states_are_all_states_and_every_open_one_has_a_stage():
    assert set(Status) == OPEN | ENDED
    assert set(STAGE) == OPEN
    assert ENDED <= STOPPED


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("step", list(Step))
def test_a_step_leads_where_the_table_says_or_is_refused(status: Status, step: Step):
    if step in STEPS[status]:
        assert next_status(status, step) is STEPS[status][step]
    else:
        with pytest.raises(IllegalStep):
            next_status(status, step)


def test_no_way_leads_to_verified_but_the_verification_of_resolved_work():
    ways = {(status, step) for status, steps in STEPS.items() for step, to in steps.items() if to is Status.VERIFIED}

    assert ways == {(Status.RESOLVED, Step.VERIFY)}


@pytest.mark.parametrize("step", [Step.VERIFY, Step.REFUTE])
def test_whoever_handled_does_not_verify(step: Step):
    worker, other = UUID(int=1), UUID(int=2)

    with pytest.raises(HandlerMayNotVerify):
        check_separate_hands(step, actor_account_id=worker, resolved_by=worker)
    check_separate_hands(step, actor_account_id=other, resolved_by=worker)
    check_separate_hands(step, actor_account_id=None, resolved_by=worker, taken_by=other)
    with pytest.raises(HandlerMayNotVerify):
        check_separate_hands(step, actor_account_id=None, resolved_by=worker, taken_by=worker)


@pytest.mark.parametrize(("step", "names"), [(step, names) for step, names in NEEDS.items() if names])
def test_a_step_without_its_words_is_refused_by_name(step: Step, names: tuple[str, ...]):
    assert {problem.where for problem in step_problems(step, Wanted())} == set(names)


def test_every_problem_of_the_words_is_listed_at_once():
    wanted = Wanted(remedy="x" * 4001, urgency="soonish", reason="\x00")

    assert {(p.where, p.code) for p in step_problems(Step.PAUSE, wanted)} == {
        ("remedy", "not_taken"),
        ("urgency", "not_taken"),
        ("remedy", "too_long"),
        ("reason", "not_text"),
        ("urgency", "unknown"),
    }


def test_words_that_a_step_needs_or_takes_are_words_that_exist():
    known = set(Wanted.__slots__)

    assert all(set(names) <= known for table in (NEEDS, TAKES) for names in table.values())
