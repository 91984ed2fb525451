"""The coordinators' board and the workers' tasks.  Plain links and forms, as without scripts."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from banyan.apps.service_requests.models import ServiceRequest
from tests.contexts import client as _client
from tests.contexts import let_contexts_be_seen
from tests.towns import NOW, SmallTown

#: Statements that find the town, the reader and the reader's roles, and set the scope: not the page's own.
_OF_THE_HOUSE = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "SELECT set_config")
_OF_SIGNING_IN = ("django_session", "accounts_account", "accounts_membership", "territory_town")


@pytest.fixture(autouse=True)
def contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    let_contexts_be_seen(monkeypatch)


def _at(town: SmallTown, path: str) -> str:
    return f"/t/{town.town.slug}/{path}"


def _staff(town: SmallTown, request_id: Any, path: str) -> str:
    return _at(town, f"requests/{request_id}/staff/{path}")


def _now(town: SmallTown, request_id: Any) -> ServiceRequest:
    with town.scope():
        return ServiceRequest.objects.get(id=request_id)


def _own_statements(town: SmallTown, client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    sql = [one["sql"] for one in captured.captured_queries if not one["sql"].startswith(_OF_THE_HOUSE)]
    signing_in = [one for one in sql if any(f'FROM "{table}"' in one for table in _OF_SIGNING_IN) and "IN (" not in one]
    return len(sql) - len(signing_in)


# --- the board -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("coordinator", 200),
        ("manager", 200),
        ("auditor", 200),
        ("property_manager", 200),
        ("worker", 403),
        ("resident", 403),
        ("operator", 403),
    ],
)
def test_the_board_opens_to_those_who_coordinate_and_oversee(small_town: SmallTown, key: str, status: int):
    for path in ("board/", "board/points.json", "board/requests.csv"):
        assert _client(small_town, key).get(_at(small_town, path)).status_code == status, path


def test_a_stranger_is_sent_to_sign_in(small_town: SmallTown):
    answer = _client(small_town).get(_at(small_town, "board/"))

    assert answer.status_code == 302 and "next=" in answer["Location"]


def test_a_coordinator_sees_the_own_area_and_no_other(small_town: SmallTown):
    north = small_town.report()
    south = small_town.report(lat=23.02)

    found = {key: _board_ids(small_town, key) for key in ("coordinator", "other_coordinator", "manager")}

    assert found["coordinator"] == {str(north.id)}
    assert found["other_coordinator"] == {str(south.id)}
    assert found["manager"] == {str(north.id), str(south.id)}


def _board_ids(town: SmallTown, key: str, query: str = "queue=open") -> set[str]:
    page = _client(town, key).get(_at(town, f"board/?{query}")).content.decode()
    points = _client(town, key).get(_at(town, f"board/points.json?{query}")).json()
    table = _client(town, key).get(_at(town, f"board/requests.csv?{query}")).content.decode("utf-8-sig")
    of_table = {row["id"] for row in csv.DictReader(io.StringIO(table))}
    of_points = {one["properties"]["href"].split("/")[-2] for one in points["features"]}
    of_page = {one for one in of_table | of_points if f'id="r-{one}"' in page}
    assert of_table == of_points == of_page
    return of_table


@pytest.mark.parametrize(
    ("query", "n"),
    [
        ("queue=triage", 1),
        ("queue=dispatch", 1),
        ("queue=parties", 1),
        ("queue=verify", 1),
        ("queue=ended", 1),
        ("queue=open", 4),
        ("queue=open&place=n2", 1),
        ("queue=open&place=south", 0),
        ("queue=open&service=lift", 1),
        ("queue=open&service=group:lighting", 3),
        ("queue=open&urgency=high", 2),
        ("queue=open&kind=praise", 0),
        ("queue=open&q=电梯", 1),
        ("queue=open&mine=1", 0),
        ("queue=open&place=nowhere&service=nothing&urgency=soon&party=x", 4),
    ],
)
def test_queues_and_filters_show_what_they_say(small_town: SmallTown, query: str, n: int):
    small_town.report()
    triaged = small_town.report(lon=113.36, urgency="high")
    small_town.walk(triaged.id, until="triaged")
    lift = small_town.report(service_code="lift", description="电梯不动")
    small_town.step(lift.id, "triage", "coordinator")
    small_town.step(lift.id, "dispatch", "coordinator")
    small_town.walk(small_town.report().id, until="resolved")
    small_town.walk(small_town.report().id, until="closed")

    assert len(_board_ids(small_town, "coordinator", query)) == n


def test_the_board_costs_the_same_at_any_length(small_town: SmallTown):
    client = _client(small_town, "coordinator")
    small_town.report()
    few = _own_statements(small_town, client, _at(small_town, "board/?queue=open"))
    for n in range(50):
        made = small_town.report(at=NOW + timedelta(seconds=n))
        if n % 5 == 0:
            small_town.walk(made.id, until="accepted")

    many = _own_statements(small_town, client, _at(small_town, "board/?queue=open"))

    assert few <= many <= 5 <= 8


def test_paging_leads_there_and_back_again(small_town: SmallTown):
    for n in range(45):
        small_town.report(description=f"第{n}盏", at=NOW + timedelta(seconds=n))
    client = _client(small_town, "coordinator")
    first = client.get(_at(small_town, "board/?queue=triage"))

    second = client.get(first.context["older"])
    back = client.get(second.context["newer"])

    ids = [[line.entry.id for line in page.context["lines"]] for page in (first, second, back)]
    assert (len(ids[0]), len(ids[1])) == (40, 5) and not set(ids[0]) & set(ids[1])
    assert ids[2] == ids[0]


def test_a_cursor_that_is_none_of_ours_is_refused(small_town: SmallTown):
    assert _client(small_town, "coordinator").get(_at(small_town, "board/?cursor=%F0%9F")).status_code == 422


def test_one_tap_sends_a_fresh_report_to_whoever_answers_for_it(small_town: SmallTown):
    made = small_town.report()
    client = _client(small_town, "coordinator")
    back = _at(small_town, "board/?queue=triage")

    answer = client.post(
        _staff(small_town, made.id, "quick/"), {"step": "dispatch", "version": "1", "next": back}, follow=True
    )

    found = _now(small_town, made.id)
    assert (found.status, found.party_id) == ("dispatched", small_town.parties["great_property"])
    assert answer.redirect_chain == [(back, 302)] and "Sent to Great Banyan Property." in answer.content.decode()


def test_a_tap_that_comes_too_late_changes_nothing_and_says_so(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="dispatched")

    answer = _client(small_town, "coordinator").post(
        _staff(small_town, made.id, "quick/"), {"step": "dispatch", "version": "1"}, follow=True
    )

    assert _now(small_town, made.id).version == 3
    assert "Someone changed this since you opened it" in answer.content.decode()


@pytest.mark.parametrize(("key", "status"), [("other_coordinator", 404), ("worker", 404), ("resident", 302), ("", 404)])
def test_a_tap_needs_the_right(small_town: SmallTown, key: str, status: int):
    made = small_town.report()

    answer = _client(small_town, key).post(_staff(small_town, made.id, "quick/"), {"step": "triage", "version": "1"})

    assert answer.status_code == status
    assert _now(small_town, made.id).status == "received"


def test_a_tap_leads_on_only_inside_the_town(small_town: SmallTown):
    made = small_town.report()
    words = {"step": "triage", "version": "1", "next": "https://elsewhere.example/t/x/"}

    answer = _client(small_town, "coordinator").post(_staff(small_town, made.id, "quick/"), words)

    assert answer["Location"] == _at(small_town, f"requests/{made.id}/")


def test_what_a_step_has_done_is_told_to_scripts_in_a_header(small_town: SmallTown):
    made = small_town.report()
    client = _client(small_town, "coordinator")
    client.post(_staff(small_town, made.id, "quick/"), {"step": "triage", "version": "1"})

    answer = client.get(_at(small_town, "board/"), headers={"HX-Request": "true"})

    assert json.loads(answer["HX-Trigger"]) == {"banyan:say": {"value": "Triaged."}}


def test_an_exported_cell_is_never_a_formula(small_town: SmallTown):
    for words in ('=HYPERLINK("x")', "+86", "-1", "@SUM(A1)", "＝1"):
        small_town.report(description=words)

    table = _client(small_town, "coordinator").get(_at(small_town, "board/requests.csv?queue=open"))

    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert len(rows) == 5 and all(row["description"].startswith("'") for row in rows)
    assert {row["lon"] for row in rows} == {"113.31"}


# --- tasks -----------------------------------------------------------------------------------------------------------


def test_a_worker_sees_what_the_own_party_has_in_hand(small_town: SmallTown):
    mine, theirs = small_town.report(), small_town.report(service_code="lift")
    for made in (mine, theirs):
        small_town.step(made.id, "triage", "coordinator")
        small_town.step(made.id, "dispatch", "coordinator")
    small_town.report()

    page = _client(small_town, "worker").get(_at(small_town, "tasks/"))

    assert [task.line.entry.id for task in page.context["tasks"]] == [mine.id]
    assert [task.next for task in page.context["tasks"]] == ["accept"]


@pytest.mark.parametrize(("key", "status"), [("coordinator", 403), ("resident", 403), ("manager", 403), ("", 302)])
def test_tasks_are_for_workers(small_town: SmallTown, key: str, status: int):
    assert _client(small_town, key).get(_at(small_town, "tasks/")).status_code == status


def test_one_big_button_after_the_other_leads_to_done(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="dispatched")
    client = _client(small_town, "worker")
    for words in ({}, {}, {"remedy": "换了灯泡"}):
        task = client.get(_at(small_town, "tasks/")).context["tasks"][0]
        sent = {"step": str(task.next), "version": str(task.line.entry.row.version), **words}
        assert client.post(_at(small_town, f"tasks/{made.id}/"), sent).status_code == 302

    assert _now(small_town, made.id).status == "resolved"
    assert client.get(_at(small_town, "tasks/")).context["tasks"] == []


def test_a_task_without_its_remedy_comes_back_open(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="in_progress")

    answer = _client(small_town, "worker").post(
        _at(small_town, f"tasks/{made.id}/"), {"step": "resolve", "version": "5", "remedy": ""}
    )

    assert answer.status_code == 422 and "This is needed for the step." in answer.content.decode()
    assert _now(small_town, made.id).status == "in_progress"


def test_the_task_with_the_nearest_deadline_comes_first_and_a_standing_one_last(small_town: SmallTown):
    later, sooner, paused = (small_town.report(at=NOW + timedelta(minutes=n)) for n in (40, 0, 20))
    for made in (later, sooner, paused):
        small_town.walk(made.id, until="in_progress", at=NOW + timedelta(minutes=50))
    small_town.step(paused.id, "pause", "worker", at=NOW + timedelta(minutes=55), reason="等零件")

    page = _client(small_town, "worker").get(_at(small_town, "tasks/"))

    assert [task.line.entry.id for task in page.context["tasks"]] == [sooner.id, later.id, paused.id]
