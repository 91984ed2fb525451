"""Who may say that it is done, by policy, and which cases are drawn for a sample."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.apps.service_requests.rules import verification
from banyan.apps.service_requests.rules.rulesets import Known
from banyan.apps.service_requests.rules.verification import Policy, Wait

AT = datetime(2026, 3, 18, 2, tzinfo=UTC)
LATER = AT + timedelta(days=7)
KEY = b"the secret of a town"


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

    def drawn(share: float) -> bool:
        return verification.is_drawn(request_id, share=share, key=KEY)

    assert drawn(large) or not drawn(small)
    assert drawn(small) is drawn(small)
    assert not drawn(0.0) and drawn(1.0)


def test_about_as_many_are_drawn_as_the_share_says():
    ids = [UUID(int=n << 64) for n in range(2000)]

    drawn = [one for one in ids if verification.is_drawn(one, share=0.2, key=KEY)]

    # five standard deviations of 2,000 draws are 0.045; the key is fixed, so the answer is too
    assert 0.155 < len(drawn) / len(ids) < 0.245
    assert drawn == [one for one in ids if verification.is_drawn(one, share=0.2, key=KEY)]


def test_who_knows_the_identifier_alone_cannot_tell_whether_it_is_drawn():
    ids = [UUID(int=n << 64) for n in range(2000)]

    agree = sum(
        verification.is_drawn(one, share=0.5, key=KEY) is verification.is_drawn(one, share=0.5, key=b"another")
        for one in ids
    )

    assert 0.44 < agree / len(ids) < 0.56, "another key is no better than a coin"


def test_the_first_policy_that_fits_the_service_holds_and_none_is_as_before():
    body = {
        "policies": [
            {"code": "off", "policy": "staff", "is_active": False},
            {"code": "lamps", "policy": "silence", "groups": ["lighting"], "days": 3},
            {"code": "leaks", "policy": "sample", "services": ["leak"], "share": 1.0},
        ]
    }

    def wait(service: str, group: str) -> Wait:
        return verification.wait_for(body, request_id=uuid4(), service_code=service, group=group, at=AT, key=KEY)

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


@pytest.mark.parametrize(
    "words",
    [
        {"kind": "hazard"},
        {"urgency": "emergency"},
        {"privacy": "confidential"},
        {"channel": "door_to_door", "has_account": False},
    ],
)
@pytest.mark.parametrize("policy", ["silence", "sample"])
def test_where_silence_proves_nothing_somebody_looks(words: dict[str, Any], policy: str):
    plain = {"kind": "repair", "urgency": "normal", "privacy": "named", "channel": "web", "has_account": True}
    body = {"policies": [{"code": "all", "policy": policy, "share": 0.0, "days": 3}]}

    def wait(**of: Any) -> verification.Wait:
        seen = verification.has_to_be_seen(**of)
        return verification.wait_for(
            body, request_id=uuid4(), service_code="lamp", group="lighting", at=AT, key=KEY, has_to_be_seen=seen
        )

    assert wait(**plain).verify_by_at is not None
    assert (wait(**{**plain, **words}).policy, wait(**{**plain, **words}).verify_by_at) == ("staff", None)
