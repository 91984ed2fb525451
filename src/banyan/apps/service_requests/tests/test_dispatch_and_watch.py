"""Dispatch by rule and in bulk, the ladder climbed, supervision answered, silence taken for what it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from banyan.apps.accounts import actions as accounts
from banyan.apps.accounts.models import Membership
from banyan.apps.audit import queries as audit
from banyan.apps.service_requests import actions, events, queries
from banyan.apps.service_requests.actions import watching
from banyan.apps.service_requests.errors import NotYoursToVerify
from banyan.apps.service_requests.models import Ruleset, ServiceRequest, Supervision
from banyan.apps.service_requests.queries import supervision
from banyan.apps.service_requests.rules import Step
from banyan.base.errors import Forbidden, InvalidInput, NotFound, StaleVersion
from tests.statements import UNCOUNTED
from tests.towns import FOUNDER, NOW, SmallTown

pytestmark = pytest.mark.django_db(transaction=True)


def publish(town: SmallTown, subject: str, body: dict[str, Any], **words: Any) -> Ruleset:
    with town.scope():
        return actions.publish_rules(
            actor=town.actor("manager"), town=town.town, subject=subject, body=body, at=NOW, **words
        )


def rule(code: str, *, when: dict[str, Any] | None = None, **then: Any) -> dict[str, Any]:
    effect = {"party": "responsible", "way": "grab", **then}
    return {"code": code, "name_zh": code, "name_en": code, "when": when or {}, "then": effect}


def now(town: SmallTown, request_id: UUID) -> ServiceRequest:
    with town.scope():
        return ServiceRequest.objects.get(id=request_id)


def by_rule(town: SmallTown, request_id: UUID, *, at: datetime = NOW) -> Any:
    with town.scope():
        return actions.dispatch_by_rule(town=town.town, service_request_id=request_id, at=at)


def verbs(town: SmallTown, request_id: UUID) -> list[str]:
    with town.scope():
        return [one.verb.removeprefix("service_requests.") for one in audit.timeline(("service_request", request_id))]


def second_worker(town: SmallTown, key: str = "second", *, party: str = "great_property") -> UUID:
    with town.scope():
        account = accounts.register(email=f"{key}@{town.town.slug}.example.org", display_name=key)
        accounts.grant(
            actor=FOUNDER, town=town.town, account_id=account.id, role="worker", party_id=town.parties[party], at=NOW
        )
    return account.id


# --- routing ---------------------------------------------------------------------------------------------------------


def test_a_rule_suggests_the_party_and_the_register_does_where_none_fits(small_town: SmallTown):
    publish(small_town, "routing", {"rules": [rule("lamps", when={"services": ["lamp"]}, party="lift_company")]})

    lamp, leak = small_town.report(), small_town.report(service_code="leak")

    assert lamp.request.suggested_party_id == small_town.parties["lift_company"]
    assert leak.request.suggested_party_id == small_town.parties["great_property"]
    with small_town.scope():
        first = audit.timeline(("service_request", lamp.id))[0]
        assert first.facts["rule"] == "lamps"
        assert "rule" not in audit.timeline(("service_request", leak.id))[0].facts


def _n_statements(town: SmallTown) -> int:
    town.report()  # what is kept of the town is read now
    with CaptureQueriesContext(connection) as captured:
        town.report()
    return sum(not one["sql"].startswith(UNCOUNTED) for one in captured.captured_queries)


def test_a_report_asks_the_rules_without_another_statement(small_town: SmallTown):
    before = _n_statements(small_town)
    publish(small_town, "routing", {"rules": [rule("all", when={"is_working_time": True, "words": ["灯"]})]})
    small_town.town.refresh_from_db()

    assert _n_statements(small_town) == before


def test_an_automatic_rule_triages_and_dispatches_once_and_history_says_which(small_town: SmallTown):
    effect = {"party": "great_property", "urgency": "high", "is_automatic": True}
    publish(small_town, "routing", {"rules": [rule("lamps", when={"groups": ["lighting"]}, **effect)]})
    made = small_town.report()

    done = by_rule(small_town, made.id)
    again = by_rule(small_town, made.id, at=NOW + timedelta(minutes=5))

    assert done.status == "dispatched" and again is None
    found = now(small_town, made.id)
    assert (found.urgency, found.party_id, found.handler_account_id) == (
        "high",
        small_town.parties["great_property"],
        None,
    )
    assert found.responded_at == NOW
    assert verbs(small_town, made.id) == ["received", "triage", "dispatch"]
    with small_town.scope():
        told = audit.timeline(("service_request", made.id))[1:]
    assert {one.facts["rule"] for one in told} == {"lamps"} and {one.account_id for one in told} == {None}


def test_a_suggestion_and_what_staff_looked_at_already_are_left_to_people(small_town: SmallTown):
    publish(small_town, "routing", {"rules": [rule("only", party="lift_company")]})
    suggested = small_town.report()
    publish(small_town, "routing", {"rules": [rule("auto", is_automatic=True)]})
    seen = small_town.report()
    small_town.step(seen.id, "triage", "coordinator")

    assert by_rule(small_town, seen.id) is None and now(small_town, seen.id).status == "triaged"
    assert now(small_town, suggested.id).status == "received"


def test_the_listener_of_new_reports_dispatches_them(small_town: SmallTown):
    publish(small_town, "routing", {"rules": [rule("auto", is_automatic=True)]})
    made = small_town.report()

    with small_town.scope():
        for _ in range(2):
            watching.dispatch_by_rule(events.ServiceRequestReceived(made.id, made.id))

    assert verbs(small_town, made.id) == ["received", "triage", "dispatch"]


def test_a_handler_who_has_left_does_not_keep_a_report_waiting(small_town: SmallTown):
    handler = second_worker(small_town)
    body = {
        "rules": [
            rule("named", party="great_property", way="assign", handler_account_id=str(handler), is_automatic=True)
        ]
    }
    publish(small_town, "routing", body)
    named = small_town.report()
    by_rule(small_town, named.id)
    with small_town.scope():
        Membership.objects.filter(account_id=handler).update(ended_at=NOW)
    left = small_town.report()
    by_rule(small_town, left.id)

    assert now(small_town, named.id).handler_account_id == handler
    found = now(small_town, left.id)
    assert (found.status, found.handler_account_id) == ("dispatched", None)


def test_in_turn_the_one_who_was_given_something_longest_ago_gets_it(small_town: SmallTown):
    second = second_worker(small_town)
    workers = {small_town.accounts["worker"], second}
    publish(
        small_town, "routing", {"rules": [rule("turns", party="great_property", way="round_robin", is_automatic=True)]}
    )

    got = []
    for i in range(4):
        at = NOW + timedelta(minutes=i)
        made = small_town.report(at=at)
        got.append(by_rule(small_town, made.id, at=at).handler_account_id)

    assert set(got[:2]) == workers and got[2:] == got[:2]


def test_a_coordinator_may_let_them_take_turns_and_a_party_without_workers_has_none(small_town: SmallTown):
    made = small_town.report()
    small_town.step(made.id, "triage", "coordinator")

    with pytest.raises(InvalidInput) as refused:
        small_town.step(
            made.id, "dispatch", "coordinator", party_id=small_town.parties["south_property"], way="round_robin"
        )
    done = small_town.step(
        made.id, "dispatch", "coordinator", party_id=small_town.parties["great_property"], way="round_robin"
    )

    assert [one.where for one in refused.value.problems] == ["way"]
    assert done.handler_account_id == small_town.accounts["worker"]


def test_what_would_happen_to_past_requests_is_counted_by_rule_and_party(small_town: SmallTown):
    small_town.report()
    small_town.report(service_code="leak")
    small_town.report(service_code="idea", lon=None, lat=None)
    draft = {"rules": [rule("lamps", when={"services": ["lamp"]}, party="lift_company", is_automatic=True)]}

    with small_town.scope():
        before = queries.over_past(small_town.town)
        then = queries.over_past(small_town.town, rules=queries.compiled_for(small_town.town, draft))

    assert (before.n, before.n_unmatched, before.n_nobody, before.n_automatic) == (3, 3, 1, 0)
    assert (then.n_unmatched, then.n_nobody, then.n_automatic) == (2, 1, 1)
    assert then.by_rule == {"lamps": 1} and then.by_party == {"lift_company": 1, "great_property": 1}


def test_rules_are_published_whole_by_managers_and_nobody_overwrites_another(small_town: SmallTown):
    body = {"rules": [rule("one")]}
    with pytest.raises(InvalidInput) as refused:
        publish(small_town, "routing", {"rules": [rule("one", party="nobody"), rule("one")]})
    assert {one.code for one in refused.value.problems} == {"unknown", "taken"}
    assert publish(small_town, "routing", body, version=0).version == 1
    with pytest.raises(StaleVersion):
        publish(small_town, "routing", {"rules": []}, version=0)
    with small_town.scope(), pytest.raises(Forbidden):
        actions.publish_rules(
            actor=small_town.actor("coordinator"), town=small_town.town, subject="routing", body=body, at=NOW
        )
    with small_town.scope():
        assert queries.rules_now("routing").version == 1


# --- bulk ------------------------------------------------------------------------------------------------------------


def test_many_are_dispatched_in_one_go_and_each_refusal_has_its_reason(small_town: SmallTown):
    fresh, stale, elsewhere = small_town.report(), small_town.report(), small_town.report(lat=23.02)
    small_town.step(stale.id, "triage", "coordinator")
    chosen = [actions.Chosen(one.id, 1) for one in (fresh, stale, elsewhere, fresh)]

    with small_town.scope():
        deeds = actions.take_steps(
            actor=small_town.actor("coordinator"), town=small_town.town, chosen=chosen, step=Step.DISPATCH, at=NOW
        )

    assert [deed.request is not None for deed in deeds] == [True, False, False]
    assert isinstance(deeds[1].refusal, StaleVersion) and isinstance(deeds[2].refusal, NotFound)
    assert [now(small_town, one.id).status for one in (fresh, stale, elsewhere)] == [
        "dispatched",
        "triaged",
        "received",
    ]


def test_what_cannot_be_dispatched_is_not_triaged_either(small_town: SmallTown):
    made = small_town.report()
    wanted = actions.Wanted(party_id=small_town.parties["south_property"], way="round_robin")

    with small_town.scope():
        deeds = actions.take_steps(
            actor=small_town.actor("coordinator"),
            town=small_town.town,
            chosen=[actions.Chosen(made.id, 1)],
            step=Step.DISPATCH,
            wanted=wanted,
            at=NOW,
        )

    assert isinstance(deeds[0].refusal, InvalidInput)
    assert now(small_town, made.id).status == "received" and verbs(small_town, made.id) == ["received"]


@pytest.mark.parametrize("step", [Step.RESOLVE, Step.WITHDRAW])
def test_steps_that_need_words_of_their_own_are_not_taken_in_bulk(small_town: SmallTown, step: Step):
    with small_town.scope(), pytest.raises(InvalidInput):
        actions.take_steps(actor=small_town.actor("coordinator"), town=small_town.town, chosen=[], step=step, at=NOW)


# --- the ladder ------------------------------------------------------------------------------------------------------

RUNGS = {
    "rungs": [
        {"code": "half", "name_zh": "过半", "name_en": "Half", "clock": "whole", "share": 0.5, "role": "worker"},
        {
            "code": "breach",
            "name_zh": "超时",
            "name_en": "Overdue",
            "clock": "whole",
            "share": 1.0,
            "role": "coordinator",
            "takes_over": True,
        },
    ]
}


@pytest.fixture
def laddered(small_town: SmallTown) -> Iterator[SmallTown]:
    publish(small_town, "ladder", RUNGS)
    yield small_town


def climb(town: SmallTown, *, at: datetime) -> actions.Climbed:
    with town.scope():
        return actions.climb(town=town.town, at=at)


def test_a_rung_is_climbed_once_and_the_next_one_waits_for_its_time(laddered: SmallTown):
    made = laddered.report()
    laddered.walk(made.id, until="in_progress")
    first_at = now(laddered, made.id).next_rung_at
    assert first_at is not None

    early = climb(laddered, at=first_at - timedelta(minutes=1))
    due = climb(laddered, at=first_at + timedelta(minutes=4))
    again = climb(laddered, at=first_at + timedelta(minutes=9))

    assert (early.n_raised, due.n_raised, again.n_raised) == (0, 1, 0)
    found = now(laddered, made.id)
    assert found.next_rung_at == found.deadline_at
    with laddered.scope():
        ticket = Supervision.objects.get(service_request_id=made.id)
    assert (ticket.rung, ticket.role, ticket.takes_over, ticket.share) == ("half", "worker", False, 0.5)
    assert verbs(laddered, made.id)[-1] == "escalated"


def test_a_rung_that_takes_over_clears_the_handler_and_shows_the_work_above(laddered: SmallTown):
    made = laddered.report()
    laddered.walk(made.id, until="in_progress")
    held = now(laddered, made.id)
    assert held.handler_account_id is not None and held.deadline_at is not None

    climbed = climb(laddered, at=held.deadline_at + timedelta(hours=1))

    found = now(laddered, made.id)
    assert climbed.n_raised == 1, "the job was away: the highest rung says all that the lower one would"
    assert found.handler_account_id is None and found.version == held.version + 1 and found.next_rung_at is None
    with laddered.scope():
        taken = {
            key: len(supervision.supervisions(laddered.actor(key), town=laddered.town, view="taken").rows)
            for key in ("coordinator", "other_coordinator", "worker")
        }
        ticket = Supervision.objects.get(service_request_id=made.id)
        told = audit.timeline(("service_request", made.id))[-1].facts
    assert taken == {"coordinator": 1, "other_coordinator": 0, "worker": 0}
    assert (ticket.rung, ticket.takes_over) == (told["rung"], True)
    assert [one["rung"] for one in told["passed"]] == ["half"] and "due_at" in told["passed"][0]


def test_a_paused_clock_is_not_climbed_and_goes_on_where_it_stood(laddered: SmallTown):
    made = laddered.report()
    laddered.walk(made.id, until="in_progress")
    before = now(laddered, made.id).next_rung_at
    laddered.step(made.id, "pause", "worker", at=NOW + timedelta(minutes=10), reason="等零件")
    paused = now(laddered, made.id).next_rung_at
    laddered.step(made.id, "resume", "worker", at=NOW + timedelta(minutes=40))
    resumed = now(laddered, made.id).next_rung_at

    assert before is not None and paused is None and resumed is not None
    assert resumed > before
    laddered.step(made.id, "resolve", "worker", at=NOW + timedelta(minutes=50), remedy="好了")
    assert now(laddered, made.id).next_rung_at is None


def test_another_ladder_reckons_the_open_requests_anew_in_batches(laddered: SmallTown):
    made = [laddered.report() for _ in range(3)]
    laddered.step(made[2].id, "withdraw", "resident")
    publish(laddered, "ladder", {"rungs": [RUNGS["rungs"][1]]})

    with laddered.scope():
        after, n_batches = None, 0
        while True:
            n_batches += 1
            after = actions.reckon_rungs(town=laddered.town, at=NOW, after=after, limit=1)
            if after is None:
                break

    found = [now(laddered, one.id) for one in made]
    assert [one.next_rung_at == one.deadline_at for one in found[:2]] == [True, True]
    assert found[2].next_rung_at is None and n_batches == 3


def test_the_job_of_every_five_minutes_climbs_in_every_town(laddered: SmallTown):
    made = laddered.report()
    due = now(laddered, made.id).next_rung_at
    assert due is not None

    watching.look_after(laddered.town.id, at=due)

    with laddered.scope():
        assert Supervision.objects.filter(service_request_id=made.id).count() == 1


# --- verification ----------------------------------------------------------------------------------------------------


def policy(town: SmallTown, name: str, **words: Any) -> None:
    one = {"code": "all", "name_zh": "全部", "name_en": "All", "policy": name, "days": 3, **words}
    publish(town, "verification", {"policies": [one]})


def resolved(town: SmallTown) -> ServiceRequest:
    made = town.report()
    town.walk(made.id, until="resolved")
    return now(town, made.id)


def settle(town: SmallTown, *, days: int) -> int:
    with town.scope():
        return actions.settle_silence(town=town.town, at=NOW + timedelta(days=days))


def test_without_a_policy_whoever_comes_first_looks(small_town: SmallTown):
    found = resolved(small_town)

    assert (found.verification, found.verify_by_at, found.resolved_at) == ("", None, NOW)
    assert small_town.step(found.id, "verify", "resident").verified_how == "resident"


def test_the_reporter_alone_looks_until_the_days_have_passed(small_town: SmallTown):
    policy(small_town, "resident")
    found = resolved(small_town)

    with pytest.raises(NotYoursToVerify):
        small_town.step(found.id, "verify", "coordinator")
    with small_town.scope():
        offered = queries.steps_for(small_town.actor("coordinator"), found, town=small_town.town)
    assert Step.VERIFY not in offered and Step.REFUTE in offered
    assert settle(small_town, days=2) == 0 and settle(small_town, days=4) == 1 and settle(small_town, days=5) == 0
    assert now(small_town, found.id).status == "resolved"
    assert small_town.step(found.id, "verify", "coordinator").verified_how == "staff"


def test_where_the_staff_look_the_reporter_may_still_refute(small_town: SmallTown):
    policy(small_town, "staff")
    found = resolved(small_town)

    with pytest.raises(NotYoursToVerify):
        small_town.step(found.id, "verify", "resident")
    again = small_town.step(found.id, "refute", "resident", reason="还是不亮")

    assert (again.status, again.verification, again.resolved_at) == ("reopened", "", None)


def test_silence_counts_as_done_and_says_that_nobody_looked(small_town: SmallTown):
    policy(small_town, "silence")
    found = resolved(small_town)

    assert settle(small_town, days=2) == 0 and settle(small_town, days=3) == 1 and settle(small_town, days=9) == 0

    found = now(small_town, found.id)
    assert (found.status, found.verified_how, found.verified_by_account_id) == ("verified", "silence", None)


def test_who_speaks_up_in_time_stops_the_silence(small_town: SmallTown):
    policy(small_town, "silence")
    found = resolved(small_town)
    small_town.step(found.id, "refute", "resident", reason="没修好")

    assert settle(small_town, days=9) == 0 and now(small_town, found.id).status == "reopened"


@pytest.mark.parametrize(("share", "status", "how"), [(1.0, "resolved", ""), (0.0, "closed", "unsampled")])
def test_a_sample_is_looked_at_and_the_rest_closed_as_unsampled(
    small_town: SmallTown, share: float, status: str, how: str
):
    policy(small_town, "sample", share=share)
    found = resolved(small_town)

    settle(small_town, days=9)

    found = now(small_town, found.id)
    assert (found.status, found.verified_how) == (status, how)
    if status == "resolved":
        assert small_town.step(found.id, "verify", "coordinator").verified_how == "staff"


def test_the_first_response_is_kept_with_the_target_it_had(small_town: SmallTown):
    made = small_town.report()
    later = NOW + timedelta(minutes=20)
    small_town.step(made.id, "triage", "coordinator", at=later)
    small_town.step(made.id, "dispatch", "coordinator", at=later + timedelta(minutes=5))

    found = now(small_town, made.id)
    assert (found.response_due_at, found.responded_at) == (NOW + timedelta(minutes=60), later)
