"""What goes and what stays when the time of a request is over, and how the daily task finds what is due."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.models import Merge, RateExclusion, ReturnCall, SearchWord, ServiceRequest
from banyan.apps.service_requests.queries import Filter
from banyan.kit.guard import ANYONE, Actor, Channel
from tests.towns import NOW, SmallTown

HOUSE = Actor(channel=Channel.TASK)
LATER = NOW + timedelta(days=40)


def row(town: SmallTown, request_id: UUID) -> ServiceRequest:
    with town.scope():
        return ServiceRequest.objects.get(id=request_id)


def change(town: SmallTown, request_id: UUID, **columns: object) -> None:
    with town.scope():
        ServiceRequest.objects.filter(id=request_id).update(**columns)


def forget(town: SmallTown, request_id: UUID) -> None:
    with town.scope():
        assert actions.forget(actor=HOUSE, town=town.town, service_request_id=request_id, at=NOW)


def answer(town: SmallTown, request_id: UUID, text: str) -> None:
    with town.scope():
        who = town.actor("coordinator")
        actions.answer(actor=who, town=town.town, service_request_id=request_id, text=text, at=NOW)


def merge(town: SmallTown, child: UUID, into: UUID, *, reason: str = "") -> None:
    with town.scope():
        who = town.actor("coordinator")
        words = {"service_request_id": child, "into_id": into, "reason": reason}
        actions.merge(actor=who, town=town.town, at=LATER, **words)


def test_the_town_keeps_its_own_answer_without_the_number_and_the_name_it_quotes(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="closed")
    answer(small_town, made.id, "已联系报修人王秘密先生，电话13912345678，路灯已更换。")

    forget(small_town, made.id)

    left = row(small_town, made.id).answer
    assert "路灯已更换" in left and "13912345678" not in left and "王秘密" not in left


def test_what_a_resident_said_and_what_the_service_asked_for_go_and_numbers_stay(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="closed")
    change(small_town, made.id, rating=2, rating_words="王婆婆等了一夜", attributes={"who": "王婆婆"})
    with small_town.scope():
        request = ServiceRequest.objects.get(id=made.id)
        ReturnCall.objects.create(service_request=request, at=NOW, outcome="reached", satisfaction=3, words="王婆婆说")
        RateExclusion.objects.create(service_request=request, at=NOW, reason="停电，致电13912345678确认")

    forget(small_town, made.id)

    left = row(small_town, made.id)
    assert (left.rating, left.rating_words, left.attributes) == (2, "", {})
    with small_town.scope():
        call, excluded = ReturnCall.objects.get(), RateExclusion.objects.get()
    assert (call.outcome, call.satisfaction, call.words) == ("reached", 3, "")
    assert "停电" in excluded.reason and "13912345678" not in excluded.reason


def test_a_merge_forgets_why_and_what_the_report_waited_for(small_town: SmallTown):
    child, root = small_town.report(), small_town.report("neighbour")
    for step, key, words in (
        ("triage", "coordinator", {}),
        ("dispatch", "coordinator", {}),
        ("accept", "worker", {}),
        ("start", "worker", {}),
        ("pause", "worker", {"reason": "等王婆婆开门"}),
    ):
        small_town.step(child.id, step, key, **words)
    merge(small_town, child.id, root.id, reason="王婆婆报了两次")

    forget(small_town, child.id)

    with small_town.scope():
        held = Merge.objects.get()
        who = small_town.actor("coordinator")
        back = actions.unmerge(actor=who, town=small_town.town, service_request_id=child.id, at=LATER)
    assert held.reason == "" and "王婆婆" not in str(held.before)
    assert (back.status, back.pause_reason, back.retain_until) == ("paused", "", None)


def test_a_merged_report_is_kept_from_its_end_and_gets_its_day_back_when_separated(small_town: SmallTown):
    child, root = small_town.report(privacy="anonymous"), small_town.report("neighbour")
    day = child.request.retain_until
    assert day == NOW.date() + timedelta(days=365)

    merge(small_town, child.id, root.id)
    merged = row(small_town, child.id).retain_until
    with small_town.scope():
        who = small_town.actor("coordinator")
        actions.unmerge(actor=who, town=small_town.town, service_request_id=child.id, at=LATER)

    assert merged == LATER.date() + timedelta(days=365)
    assert row(small_town, child.id).retain_until == day


def test_everybody_finds_a_request_by_the_words_of_its_answer_also_of_the_second_one(small_town: SmallTown):
    made = small_town.report()
    answer(small_town, made.id, "施工队周二到场")
    assert found(small_town, "施工") == [made.id]

    answer(small_town, made.id, "改在周五更换电缆")

    assert found(small_town, "电缆") == [made.id] and found(small_town, "施工") == []
    with small_town.scope():
        assert SearchWord.objects.get(service_request_id=made.id, word="电缆").is_public


def test_one_answer_to_many_lets_each_of_them_be_found_by_it(small_town: SmallTown):
    made = [small_town.report(), small_town.report("neighbour")]
    incident = actions.NewIncident("停电", "Power cut", "n1", starts_at=NOW)
    with small_town.scope():
        who, town = small_town.actor("coordinator"), small_town.town
        held = actions.open_incident(actor=who, town=town, incident=incident, at=NOW)
        ids = [one.id for one in made]
        actions.attach(actor=who, town=town, incident_id=held.id, service_request_ids=ids, at=NOW)
        words = {"text_zh": "变压器已更换", "text_en": "The transformer was replaced"}
        actions.answer_all(actor=who, town=town, incident_id=held.id, at=NOW, **words)

    assert sorted(found(small_town, "变压")) == sorted(ids) == sorted(found(small_town, "transformer"))


def found(town: SmallTown, words: str) -> list[UUID]:
    with town.scope():
        page = queries.listed(ANYONE, Filter(words=words), town=town.town, at=NOW, verb="service_requests.read_public")
    return [one.id for one in page.rows]


@pytest.mark.django_db(transaction=True)
def test_the_daily_task_begins_in_an_index_with_what_is_due(small_town: SmallTown):
    for _ in range(4):
        small_town.report()
    with small_town.scope(), CaptureQueriesContext(connection) as captured:
        actions.due_for_forgetting(town=small_town.town, at=NOW, limit=5)
    (sql,) = [one["sql"] for one in captured.captured_queries if "service_requests_servicerequest" in one["sql"]]

    with small_town.scope(), connection.cursor() as asked:
        if connection.vendor == "postgresql":
            asked.execute("SET LOCAL enable_seqscan = off")
            asked.execute("SET LOCAL enable_bitmapscan = off")
        asked.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{sql}")
        plan = "\n".join(str(one[-1]) for one in asked.fetchall())

    bound = "retain_until<?" if connection.vendor == "sqlite" else "retain_until < "
    assert "requests_by_retention" in plan and bound in plan, plan


def test_what_was_due_longest_is_forgotten_first(small_town: SmallTown):
    made = [small_town.report() for _ in range(3)]
    for one, day in zip(made, (3, 1, 2), strict=True):
        small_town.walk(one.id, until="closed")
        change(small_town, one.id, retain_until=date(2020, 1, day))

    with small_town.scope():
        due = actions.due_for_forgetting(town=small_town.town, at=NOW, limit=2)

    assert due == [made[1].id, made[2].id]
