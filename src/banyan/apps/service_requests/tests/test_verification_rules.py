"""Who may say that it is done, by policy, and which cases are drawn for a sample."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.apps.service_requests.rules import verification
from banyan.apps.service_requests.rules.rulesets import Known
from banyan.apps.service_requests.rules.verification import Policy, Wait

AT = datetime(2026, 3, 18, 2, tzinfo=UTC)
LATER = AT + timedelta(days=7)


@pytest.mark.parametrize(
    ("wait", "reporter", "staff"),
    [
        (Wait(Policy.EITHER, None), True, True),
        (Wait(Policy.RESIDENT, LATER), True, False),
        (Wait(Policy.RESIDENT, None), True, True),
        (Wait(Policy.STAFF, None), False, True),
        (Wait(Policy.SAMPLE, None), False, True),
        (Wait(Policy.SAMPLE, LATER), True, True),
        (Wait(Policy.SILENCE, LATER), True, True),
    ],
)
def test_the_policy_says_who_may_look(wait: Wait, reporter: bool, staff: bool):
    words = {"has_reporter": True}
    assert verification.may_verify(wait, is_reporter=True, is_staff=False, **words) is reporter
    assert verification.may_verify(wait, is_reporter=False, is_staff=True, **words) is staff
    assert verification.may_verify(wait, is_reporter=False, is_staff=False, **words) is False


def test_where_nobody_can_be_asked_the_staff_look():
    wait = Wait(Policy.RESIDENT, LATER)

    assert verification.may_verify(wait, is_reporter=False, is_staff=True, has_reporter=False)


@given(st.uuids(), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_sample_keeps_who_was_drawn(request_id: UUID, one: float, other: float):
    small, large = sorted((one, other))

    assert verification.is_drawn(request_id, share=large) or not verification.is_drawn(request_id, share=small)
    assert verification.is_drawn(request_id, share=small) is verification.is_drawn(request_id, share=small)
    assert not verification.is_drawn(request_id, share=0.0) and verification.is_drawn(request_id, share=1.0)


def test_about_as_many_are_drawn_as_the_share_says():
    ids = [UUID(int=n << 64) for n in range(4000)]

    assert 0.17 < sum(verification.is_drawn(one, share=0.2) for one in ids) / len(ids) < 0.23


def test_the_first_policy_that_fits_the_service_holds_and_none_is_as_before():
    body = {
        "policies": [
            {"code": "off", "policy": "staff", "is_active": False},
            {"code": "lamps", "policy": "silence", "groups": ["lighting"], "days": 3},
            {"code": "leaks", "policy": "sample", "services": ["leak"], "share": 1.0},
        ]
    }

    def wait(service: str, group: str) -> Wait:
        return verification.wait_for(body, request_id=uuid4(), service_code=service, group=group, at=AT)

    assert wait("lamp", "lighting") == Wait(Policy.SILENCE, AT + timedelta(days=3))
    assert wait("leak", "water") == Wait(Policy.SAMPLE, None)
    assert wait("idea", "voice") == Wait(Policy.EITHER, None)


def test_a_label_never_says_that_somebody_looked_where_nobody_did():
    assert "nobody" in verification.label("verified", verification="silence", verified_how="silence").lower()
    assert "nobody" in verification.label("closed", verification="sample", verified_how="unsampled").lower()
    assert verification.label("received", verification="", verified_how="") == ""


def test_a_sample_needs_a_share_and_every_policy_a_name():
    body = {"policies": [{"code": "a", "name_zh": "", "name_en": "A", "policy": "sample", "days": 0}]}

    found = {(problem.where, problem.code) for problem in verification.problems(body, Known())}

    assert found == {
        ("policies[0].name_zh", "required"),
        ("policies[0].days", "range"),
        ("policies[0].share", "required"),
    }
