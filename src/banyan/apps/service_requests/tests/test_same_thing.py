"""Reports of the same thing: merged, separated, followed, and what many voices do to the urgency."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django_q.models import OrmQ
from hypothesis import given, settings
from hypothesis import strategies as st

from banyan.apps.audit import queries as audit
from banyan.apps.notices.models import Notice
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.errors import IllegalStep
from banyan.apps.service_requests.models import Follow, Merge, ServiceRequest
from banyan.apps.service_requests.rules import Status, Urgency, clocks
from banyan.apps.service_requests.rules.rulesets import Known
from banyan.apps.service_requests.rules.same import (
    REPEATS_DEFAULT,
    Mergeable,
    Repeat,
    come_back,
    merge_problems,
    repeats,
    repeats_problems,
)
from banyan.apps.territory import queries as territory
from banyan.base.calendar import Calendar
from banyan.base.errors import Forbidden, InvalidInput, NotFound, SignInNeeded, StaleVersion
from banyan.kit.guard import ANYONE
from tests.towns import FOUNDER, NOW, TARGETS, SmallTown

LATER = NOW + timedelta(days=1)
#: What merging may change and separating has to bring back: every column but these.
_MOVING = {"version", "updated_at", "_state"}
_ALL_TARGETS = dict.fromkeys(("emergency", "high", "normal", "low"), TARGETS)


def held(request_id: UUID) -> dict[str, Any]:
    row = ServiceRequest.objects.get(id=request_id)
    return {name: value for name, value in vars(row).items() if name not in _MOVING}


def followers(request_id: UUID) -> set[tuple[UUID, UUID | None]]:
    return set(Follow.objects.filter(service_request=request_id).values_list("account_id", "merge_id"))


def merge(
    town: SmallTown, child: UUID, into: UUID, *, by: str = "coordinator", at: datetime = NOW, **words: Any
) -> Merge:
    with town.scope():
        return actions.merge(
            actor=town.actor(by), town=town.town, service_request_id=child, into_id=into, at=at, **words
        )


def separate(
    town: SmallTown, child: UUID, *, by: str = "coordinator", at: datetime = NOW, **words: Any
) -> ServiceRequest:
    with town.scope():
        return actions.unmerge(actor=town.actor(by), town=town.town, service_request_id=child, at=at, **words)


def follow(town: SmallTown, request_id: UUID, key: str, *, at: datetime = NOW) -> ServiceRequest:
    with town.scope():
        return actions.follow(actor=town.actor(key), town=town.town, service_request_id=request_id, at=at)


def deliver() -> None:
    """Work off the queue as a worker does."""
    for row in OrmQ.objects.order_by("pk"):
        module, _, function = row.task["func"].rpartition(".")
        getattr(import_module(module), function)(*row.task["args"], **row.task["kwargs"])
        row.delete()


def verbs(request_id: UUID) -> list[str]:
    return [moment.verb.removeprefix("service_requests.") for moment in audit.timeline(("service_request", request_id))]


# --- merging and separating ------------------------------------------------------------------------------------------


def test_a_merged_report_stands_still_and_is_counted_at_the_one_that_is_handled(small_town: SmallTown) -> None:
    parent, child = small_town.report("neighbour"), small_town.report("resident")

    merge(small_town, child.id, parent.id, reason="同一盏灯")

    with small_town.scope():
        row = ServiceRequest.objects.get(id=child.id)
        root = ServiceRequest.objects.get(id=parent.id)
        assert (row.status, row.merged_into_id) == (Status.MERGED, parent.id)
        assert row.stopped_at == NOW
        assert (root.n_merged, root.n_followers) == (1, 1)
        assert {account for account, _ in followers(parent.id)} == {small_town.accounts["resident"]}
        assert verbs(child.id)[-1] == "merge"
        assert verbs(parent.id)[-1] == "took_in"


@pytest.mark.parametrize("until", ["", "triaged", "dispatched", "accepted", "in_progress"])
def test_separating_at_once_brings_back_every_column_in_every_state(small_town: SmallTown, until: str) -> None:
    parent, child = small_town.report("neighbour"), small_town.report("resident")
    if until:
        small_town.walk(child.id, until=until)
    with small_town.scope():
        before, root = held(child.id), held(parent.id)

    merge(small_town, child.id, parent.id)
    separate(small_town, child.id)

    with small_town.scope():
        assert held(child.id) == before
        assert held(parent.id) == root
        assert followers(parent.id) == set()


def test_the_time_it_stood_as_merged_does_not_count(small_town: SmallTown) -> None:
    parent, child = small_town.report("neighbour"), small_town.report("resident")
    with small_town.scope():
        before = ServiceRequest.objects.get(id=child.id)
        calendar = territory.calendar(small_town.town)
    left = clocks.left_min(calendar, before.deadline_at, NOW)  # type: ignore[arg-type]

    merge(small_town, child.id, parent.id)
    separate(small_town, child.id, at=LATER)

    with small_town.scope():
        row = ServiceRequest.objects.get(id=child.id)
        assert row.deadline_at is not None
        assert clocks.left_min(calendar, row.deadline_at, LATER) == left
        assert row.remaining_min is None
        assert row.stopped_at is None


def test_a_report_is_separated_after_the_other_one_was_closed(small_town: SmallTown) -> None:
    parent, child = small_town.report("neighbour"), small_town.report("resident")
    merge(small_town, child.id, parent.id)
    small_town.walk(parent.id, until="closed")

    separate(small_town, child.id, at=LATER)

    with small_town.scope():
        assert ServiceRequest.objects.get(id=child.id).status == Status.RECEIVED
        assert ServiceRequest.objects.get(id=parent.id).n_merged == 0
    small_town.walk(child.id, until="closed", at=LATER)


def test_what_was_merged_into_a_report_comes_along_and_goes_back_with_it(small_town: SmallTown) -> None:
    parent, child, grandchild = (small_town.report(key) for key in ("neighbour", "resident", "worker"))
    merge(small_town, grandchild.id, child.id)
    with small_town.scope():
        before = [held(one.id) for one in (parent, child, grandchild)]
        followed = followers(child.id)

    merge(small_town, child.id, parent.id)
    with small_town.scope():
        rows = ServiceRequest.objects.in_bulk([parent.id, child.id, grandchild.id])
        assert rows[grandchild.id].merged_into_id == parent.id
        assert (rows[parent.id].n_merged, rows[child.id].n_merged) == (2, 0)
    separate(small_town, child.id)

    with small_town.scope():
        assert [held(one.id) for one in (parent, child, grandchild)] == before
        assert followers(child.id) == followed


def test_a_report_that_came_along_can_be_separated_by_itself(small_town: SmallTown) -> None:
    parent, child, grandchild = (small_town.report(key) for key in ("neighbour", "resident", "worker"))
    merge(small_town, grandchild.id, child.id)
    merge(small_town, child.id, parent.id)

    separate(small_town, grandchild.id)

    with small_town.scope():
        assert {account for account, _ in followers(parent.id)} == {small_town.accounts["resident"]}
        assert ServiceRequest.objects.get(id=parent.id).n_merged == 1
    separate(small_town, child.id)
    with small_town.scope():
        assert ServiceRequest.objects.get(id=child.id).n_merged == 0
        assert ServiceRequest.objects.get(id=grandchild.id).merged_into_id is None


def test_merging_into_a_merged_report_leads_to_the_one_that_is_handled(small_town: SmallTown) -> None:
    parent, middle, last = (small_town.report(key) for key in ("neighbour", "resident", "worker"))
    merge(small_town, middle.id, parent.id)

    merge(small_town, last.id, middle.id)

    with small_town.scope():
        assert ServiceRequest.objects.get(id=last.id).merged_into_id == parent.id


def test_a_report_is_never_merged_into_itself_nor_into_what_it_took_in(small_town: SmallTown) -> None:
    parent, child = small_town.report("neighbour"), small_town.report("resident")
    with pytest.raises(InvalidInput):
        merge(small_town, parent.id, parent.id)
    merge(small_town, child.id, parent.id)
    with pytest.raises(InvalidInput) as refused:
        merge(small_town, parent.id, child.id)
    assert [problem.code for problem in refused.value.problems] == ["same"]


def test_what_has_ended_takes_nothing_in_and_every_reason_is_told(small_town: SmallTown) -> None:
    parent, child = small_town.report("neighbour"), small_town.report("resident")
    for one in (parent, child):
        small_town.walk(one.id, until="closed")

    with pytest.raises(InvalidInput) as refused:
        merge(small_town, child.id, parent.id)

    assert [problem.code for problem in refused.value.problems] == ["state", "ended"]


def test_who_coordinates_another_community_merges_nothing_here(small_town: SmallTown) -> None:
    parent, child = small_town.report("neighbour"), small_town.report("resident")
    with pytest.raises(NotFound):
        merge(small_town, child.id, parent.id, by="other_coordinator")
    with pytest.raises(Forbidden):
        merge(small_town, child.id, parent.id, by="auditor")
    with pytest.raises(StaleVersion):
        merge(small_town, child.id, parent.id, version=7)
    with pytest.raises(IllegalStep):
        separate(small_town, child.id)
    with pytest.raises(NotFound):
        merge(small_town, child.id, UUID(int=7))


def test_the_reporters_of_merged_reports_hear_what_happens_to_the_one_that_is_handled(small_town: SmallTown) -> None:
    parent, child = small_town.report("neighbour"), small_town.report("resident")
    merge(small_town, child.id, parent.id)
    small_town.walk(parent.id, until="verified")
    with small_town.scope():
        actions.answer(
            actor=small_town.actor("coordinator"),
            town=small_town.town,
            service_request_id=parent.id,
            text="好了",
            at=NOW,
        )
    deliver()
    with small_town.scope():
        mine = Notice.objects.filter(account_id=small_town.accounts["resident"])
        heard = set(mine.filter(subject_id=parent.id).values_list("verb", flat=True))
        assert set(mine.filter(subject_id=child.id).values_list("verb", flat=True)) == {"merge"}
    assert {"dispatch", "resolve", "verify", "answered"} <= heard


@pytest.mark.django_db(transaction=True)
def test_two_merges_crosswise_at_the_same_moment_end_with_one_root() -> None:
    from tests.towns import small_town as found

    town = found()
    one, other = town.report("neighbour"), town.report("resident")
    start, refused = threading.Barrier(2), []

    def go(child: UUID, into: UUID) -> None:
        try:
            start.wait(timeout=20)
            merge(town, child, into)
        except (InvalidInput, NotFound) as error:
            refused.append(error)
        except Exception as error:  # noqa: BLE001 - told by the assertion below
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=pair) for pair in ((one.id, other.id), (other.id, one.id))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    with town.scope():
        roots = ServiceRequest.objects.filter(merged_into__isnull=True).count()
        assert Merge.objects.filter(undone_at__isnull=True).count() == 1
    assert roots == 1
    assert [type(error).__name__ for error in refused] in (["InvalidInput"], ["MovedMeanwhile"])


# --- following -------------------------------------------------------------------------------------------------------


def test_a_neighbour_follows_a_request_hears_of_it_and_stops(small_town: SmallTown) -> None:
    received = small_town.report("resident")
    follow(small_town, received.id, "neighbour")
    follow(small_town, received.id, "neighbour")
    small_town.walk(received.id, until="dispatched")
    deliver()

    with small_town.scope():
        assert ServiceRequest.objects.get(id=received.id).n_followers == 1
        told = Notice.objects.filter(account_id=small_town.accounts["neighbour"], subject_id=received.id)
        assert "dispatch" in set(told.values_list("verb", flat=True))
        n_told = told.count()
        actions.unfollow(
            actor=small_town.actor("neighbour"), town=small_town.town, service_request_id=received.id, at=NOW
        )
        assert ServiceRequest.objects.get(id=received.id).n_followers == 0
    for step, words in (("accept", {}), ("start", {}), ("resolve", {"remedy": "换了灯泡"})):
        small_town.step(received.id, step, "worker", **words)
    deliver()
    with small_town.scope():
        assert told.count() == n_told


def test_nobody_follows_their_own_or_what_has_ended_and_only_who_signed_in_follows(small_town: SmallTown) -> None:
    received = small_town.report("resident")
    with pytest.raises(InvalidInput):
        follow(small_town, received.id, "resident")
    with small_town.scope(), pytest.raises(SignInNeeded):
        actions.follow(actor=ANYONE, town=small_town.town, service_request_id=received.id, at=NOW)
    small_town.walk(received.id, until="closed")
    with pytest.raises(InvalidInput):
        follow(small_town, received.id, "neighbour")
    with small_town.scope():
        ServiceRequest.objects.filter(id=received.id).update(privacy="confidential", status="received")
    with pytest.raises(NotFound):
        follow(small_town, received.id, "neighbour")


# --- repeats ---------------------------------------------------------------------------------------------------------


def set_repeats(town: SmallTown, **words: Any) -> None:
    rule = {"name": "many", "threshold": 2, "within_days": 7, **words}
    with town.scope():
        actions.publish_rules(actor=FOUNDER, town=town.town, subject="repeats", body={"rules": [rule]}, at=NOW)


def test_repeated_reports_raise_the_urgency_once_by_the_name_of_the_rule(small_town: SmallTown) -> None:
    set_repeats(small_town)
    parent, child = small_town.report("neighbour"), small_town.report("resident")
    merge(small_town, child.id, parent.id)
    with small_town.scope():
        assert ServiceRequest.objects.get(id=parent.id).urgency == "normal"

    for key in ("worker", "auditor"):
        follow(small_town, parent.id, key)

    with small_town.scope():
        assert ServiceRequest.objects.get(id=parent.id).urgency == "high"
        moments = audit.timeline(("service_request", parent.id))
        assert [m.facts["rule"] for m in moments if m.verb == "service_requests.raised"] == ["many"]


def test_voices_of_long_ago_do_not_raise_the_urgency(small_town: SmallTown) -> None:
    set_repeats(small_town)
    received = small_town.report("resident")
    follow(small_town, received.id, "neighbour", at=NOW - timedelta(days=8))
    follow(small_town, received.id, "worker")
    with small_town.scope():
        assert ServiceRequest.objects.get(id=received.id).urgency == "normal"


def test_what_is_raised_never_passes_the_limit_of_its_rule() -> None:
    rule = Repeat("many", threshold=2, within_days=7)
    assert rule.raised("low") == "normal"
    assert rule.raised("normal") == "high"
    assert rule.raised("high") is None
    assert replace(rule, at_most=Urgency.EMERGENCY).raised("high") == "emergency"


def test_the_document_on_repeats_is_checked_whole() -> None:
    known = Known(service_codes=frozenset({"lamp"}))
    assert repeats_problems(REPEATS_DEFAULT, known) == []
    bad = {
        "rules": [
            {"name": "", "threshold": 0, "within_days": True, "at_most": "now", "service_codes": ["x"], "y": 1},
            3,
        ]
    }
    where = {problem.where for problem in repeats_problems(bad, known)}
    assert where == {
        *("rules[0].name", "rules[0].threshold", "rules[0].within_days", "rules[0].at_most"),
        *("rules[0].service_codes", "rules[0].y", "rules[1]"),
    }
    assert [problem.where for problem in repeats_problems({"rule": []}, known)] == ["rules"]
    body = {"rules": [{"name": "a", "threshold": 2, "within_days": 3, "service_codes": ["lamp"]}]}
    assert repeats(body, service_code="leak") == []


# --- laws ------------------------------------------------------------------------------------------------------------

INSTANTS = st.datetimes(datetime(2026, 3, 2), datetime(2026, 5, 29)).map(lambda at: at.replace(tzinfo=UTC))
OFFICE = Calendar()


@given(st.sampled_from(sorted(set(Status) - {Status.MERGED})), INSTANTS, st.integers(0, 30_000))
def test_clocks_that_come_back_at_once_are_as_they_were(status: Status, at: datetime, later_min: int) -> None:
    started = clocks.started(_ALL_TARGETS, urgency="normal", calendar=OFFICE, at=at)
    merged_at = at + timedelta(minutes=later_min)
    before = clocks.moved(
        started, status, targets=_ALL_TARGETS, urgency="normal", calendar=OFFICE, at=merged_at, since=at
    )

    assert come_back(before, calendar=OFFICE, merged_at=merged_at, at=merged_at) == before


@given(INSTANTS, st.integers(0, 3_000), st.integers(0, 60_000))
def test_a_clock_has_left_what_it_had_left_when_it_was_merged(at: datetime, later_min: int, stood_min: int) -> None:
    before = clocks.started(_ALL_TARGETS, urgency="normal", calendar=OFFICE, at=at)
    merged_at = at + timedelta(minutes=later_min)
    back_at = merged_at + timedelta(minutes=stood_min)

    after = come_back(before, calendar=OFFICE, merged_at=merged_at, at=back_at)

    assert before.deadline_at is not None and after.deadline_at is not None
    had = clocks.left_min(OFFICE, before.deadline_at, merged_at)
    if had > 0:
        assert abs(clocks.left_min(OFFICE, after.deadline_at, back_at) - had) <= 1
    else:
        assert after.deadline_at == before.deadline_at


@given(st.sampled_from(Status), st.sampled_from(Status), st.booleans(), st.booleans())
def test_only_what_waits_is_merged_and_only_into_what_is_open(
    child: Status, parent: Status, confidential: bool, has_parts: bool
) -> None:
    problems = merge_problems(
        Mergeable(child, has_parts=has_parts), Mergeable(parent, is_confidential=confidential), is_same=False
    )
    codes = {problem.code for problem in problems}
    assert ("ended" in codes) == (parent in queries.ENDED)
    assert ("joint_work" in codes) == has_parts
    assert ("confidential" in codes) == confidential
    assert ("state" in codes) == (child in {*queries.ENDED, Status.RESOLVED, Status.VERIFIED})


@settings(max_examples=12, deadline=None)
@given(data=st.data())
@pytest.mark.django_db
def test_any_row_of_merges_undone_in_any_order_leaves_everything_as_it_was(data: st.DataObject) -> None:
    from django.db import transaction

    from tests.towns import small_town as found

    with transaction.atomic():
        town = found()
        with town.scope():  # many voices raise the urgency, which nothing lowers again
            actions.publish_rules(actor=FOUNDER, town=town.town, subject="repeats", body={"rules": []}, at=NOW)
        keys = ("neighbour", "resident", "worker", "coordinator")
        ids = [town.report(key).id for key in keys]
        for key in ("auditor", "operator"):
            follow(town, data.draw(st.sampled_from(ids)), key)
        with town.scope():
            before = {one: (held(one), followers(one)) for one in ids}
        for child, into in data.draw(st.lists(st.tuples(st.sampled_from(ids), st.sampled_from(ids)), max_size=6)):
            with _refusal_is_fine():
                merge(town, child, into)
            _counts_agree(town, ids)
        with town.scope():
            merged = [one for one in ids if ServiceRequest.objects.get(id=one).status == Status.MERGED]
        for one in data.draw(st.permutations(merged)):
            separate(town, one)
            _counts_agree(town, ids)
        with town.scope():
            assert {one: (held(one), followers(one)) for one in ids} == before
        transaction.set_rollback(True)


@contextmanager
def _refusal_is_fine() -> Iterator[None]:
    with suppress(InvalidInput):
        yield


def _counts_agree(town: SmallTown, ids: list[UUID]) -> None:
    with town.scope():
        rows = ServiceRequest.objects.in_bulk(ids)
        for row in rows.values():
            assert row.n_merged == sum(1 for other in rows.values() if other.merged_into_id == row.id)
            assert row.n_followers == len(followers(row.id))
            assert (row.status == Status.MERGED) == (row.merged_into_id is not None)
            assert row.merged_into_id is None or rows[row.merged_into_id].merged_into_id is None
