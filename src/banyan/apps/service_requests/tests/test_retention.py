"""How long words are kept, and what is left of a request when they are forgotten."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection

from banyan.apps.audit import queries as audit
from banyan.apps.audit.models import Disclosure
from banyan.apps.people.models import Person
from banyan.apps.service_requests import actions
from banyan.apps.service_requests.models import Comment, Photo, SearchWord, ServiceRequest
from banyan.apps.service_requests.rules.privacy import DEFAULT_RETENTION, kept_until, retention_problems
from banyan.apps.service_requests.rules.rulesets import Known
from banyan.apps.service_requests.tests.test_pages_of_residents import _photo
from banyan.base.errors import InvalidInput
from banyan.kit import files
from banyan.kit.guard import Actor, Channel
from banyan.kit.walls import town_tables
from tests.contexts import client
from tests.towns import FOUNDER, NOW, SmallTown

HOUSE = Actor(channel=Channel.TASK)
WORDS = ("穿红衣服的人", "榕树下第三家", "王秘密", "13912345678", "再来看看吧")


def _row(town: SmallTown, made: actions.Received) -> ServiceRequest:
    with town.scope():
        return ServiceRequest.objects.get(id=made.id)


@pytest.mark.parametrize(("way", "days"), [("named", 1095), ("anonymous", 365), ("confidential", 1095)])
def test_the_day_is_set_when_it_is_reported_and_moves_when_it_ends(small_town: SmallTown, way: str, days: int):
    made = small_town.report(privacy=way)
    assert made.request.retain_until == NOW.date() + timedelta(days=days)
    small_town.walk(made.id, until="closed", at=NOW + timedelta(days=20))
    assert _row(small_town, made).retain_until == NOW.date() + timedelta(days=20 + days)


def test_a_town_says_for_itself_how_long_by_way_and_by_kind(small_town: SmallTown):
    body = {"days": {"named": 30, "anonymous": 10, "confidential": 90}, "by_kind": {"repair": 20}, "reason": "因为"}
    with small_town.scope():
        actions.publish_rules(actor=FOUNDER, town=small_town.town, subject="retention", body=body, at=NOW)
    kept = {way: small_town.report(privacy=way).request.retain_until for way in body["days"]}
    assert kept == {
        "named": date(2026, 4, 7),  # the kind is sooner
        "anonymous": date(2026, 3, 28),
        "confidential": date(2026, 4, 7),
    }


@pytest.mark.parametrize(
    ("broken", "wheres"),
    [
        ({}, {"days", "reason"}),
        ({"days": {"named": 1}}, {"days"}),
        (
            {"days": {"named": 0, "anonymous": True, "confidential": 1.5}},
            {f"days.{w}" for w in DEFAULT_RETENTION["days"]},
        ),
        ({"by_kind": {"gossip": 3}}, {"by_kind"}),
        ({"by_kind": {"praise": 99999}}, {"by_kind.praise"}),
        ({"reason": " "}, {"reason"}),
        ({"forever": 1}, {"forever"}),
    ],
)
def test_every_problem_of_the_rules_is_named(broken: dict[str, Any], wheres: set[str]):
    body = {**DEFAULT_RETENTION, **broken} if broken else {}
    assert {problem.where for problem in retention_problems(body, Known())} == wheres
    assert not retention_problems(DEFAULT_RETENTION, Known())
    assert kept_until(DEFAULT_RETENTION, privacy="named", kind="praise", on=date(2026, 1, 1)) == date(2027, 1, 1)


def _everything(town: SmallTown) -> str:
    """Return every text that any table of the town holds."""
    found = []
    with town.scope(), connection.cursor() as cursor:
        for model in town_tables():
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
            found += [str(value) for row in cursor.fetchall() for value in row]
    return "\n".join(found)


def _ended(town: SmallTown) -> actions.Received:
    words, address, name, phone, note = WORDS
    draft = actions.Draft(
        "lamp",
        f"路灯不亮，{words}",
        address=address,
        lon=113.31234,
        lat=23.06234,
        intake="phone",
        contact_name=name,
        contact_phone=phone,
    )
    with town.scope():
        made = actions.report(
            actor=town.actor("coordinator"), town=town.town, draft=draft, at=NOW, photos=[_photo().read()]
        )
        actions.comment(actor=town.actor("coordinator"), town=town.town, service_request_id=made.id, text=note, at=NOW)
    town.walk(made.id, until="closed")
    return made


def test_words_photos_and_contact_are_forgotten_and_history_keeps_what_happened(small_town: SmallTown):
    made = _ended(small_town)
    small_town.report(description="另一盏灯", contact_name="李", contact_phone="13700000000")
    with small_town.scope():
        photo = Photo.objects.get(service_request_id=made.id)
    paths = [files.path_of(small_town.town.id, photo.id, suffix=suffix) for suffix in ("jpg", "thumb.jpg")]
    assert all(path.exists() for path in paths) and all(word in _everything(small_town) for word in WORDS)
    with small_town.scope():
        town, day = small_town.town, made.request.retain_until
        assert day is not None
        last = NOW + timedelta(days=(day - NOW.date()).days)
        assert actions.due_for_forgetting(town=town, at=last, limit=10) == []
        after = last + timedelta(days=1)
        assert actions.due_for_forgetting(town=town, at=after, limit=10) == [made.id], "an open one waits"
        assert actions.forget(actor=HOUSE, town=town, service_request_id=made.id, at=after)
        assert not actions.forget(actor=HOUSE, town=town, service_request_id=made.id, at=after)
        assert actions.due_for_forgetting(town=town, at=after, limit=10) == []
    left = _everything(small_town)
    assert not [word for word in WORDS if word in left]
    assert "另一盏灯" in left and "13700000000" in left, "others keep theirs"
    assert not any(path.exists() for path in paths)
    row = _row(small_town, made)
    assert (row.status, row.description, row.address, row.reporter_id) == ("closed", "", "", None)
    assert (row.lon, row.lat) == (113.312, 23.062)
    with small_town.scope():
        verbs = [one.verb for one in audit.timeline(("service_request", made.id))]
        assert "service_requests.received" in verbs and verbs[-1] == "service_requests.forgotten"
        assert not Disclosure.objects.filter(entry__subject_id=made.id, value__isnull=False).exists()
        assert not Comment.objects.filter(service_request_id=made.id).exists()
        assert not SearchWord.objects.filter(service_request_id=made.id, word__in=("红衣", "树下")).exists()
        assert SearchWord.objects.filter(service_request_id=made.id, word="路灯").exists(), "its service is no secret"
        assert Person.objects.filter(phone="13700000000").exists()
    page = client(small_town, "coordinator").get(f"/t/{small_town.town.slug}/requests/{made.id}/").content.decode()
    assert "have been forgotten" in page


def test_somebody_with_an_account_keeps_the_contact_that_is_their_own(small_town: SmallTown):
    made = small_town.report("resident", contact_name="王", contact_phone="13912345678")
    small_town.walk(made.id, until="closed")
    with small_town.scope():
        assert actions.forget(actor=HOUSE, town=small_town.town, service_request_id=made.id, at=NOW)
        assert Person.objects.filter(phone="13912345678").exists()
        assert ServiceRequest.objects.get(id=made.id).reporter_account_id is None


def test_a_contact_that_another_request_needs_stays(small_town: SmallTown):
    made = _ended(small_town)
    other = small_town.report("coordinator", intake="phone")
    with small_town.scope():
        ServiceRequest.objects.filter(id=other.id).update(reporter_id=made.request.reporter_id)
        assert actions.forget(actor=HOUSE, town=small_town.town, service_request_id=made.id, at=NOW)
        assert Person.objects.filter(phone="13912345678").exists()


def test_the_daily_task_forgets_in_every_town_what_is_due_and_nothing_else(small_town: SmallTown):
    from banyan.apps.service_requests import tasks

    made, younger = _ended(small_town), _ended(small_town)
    with small_town.scope():
        ServiceRequest.objects.filter(id=made.id).update(retain_until=date(2020, 1, 1))
        ServiceRequest.objects.filter(id=younger.id).update(retain_until=date(2999, 1, 1))
    tasks.forget_words()
    assert _row(small_town, made).description == "" and _row(small_town, younger).description


def test_the_reporter_reads_until_when_the_words_are_kept(small_town: SmallTown):
    made = small_town.report("resident")
    page = client(small_town, "resident").get(f"/t/{small_town.town.slug}/requests/{made.id}/").content.decode()
    assert "Your words are kept until" in page and "2029" in page


def test_the_words_for_everybody_are_bounded_like_all_words(small_town: SmallTown):
    made = small_town.report()
    with small_town.scope(), pytest.raises(InvalidInput) as refused:
        actions.redact(
            actor=small_town.actor("coordinator"),
            town=small_town.town,
            service_request_id=made.id,
            text="x" * 4001,
            at=NOW,
        )
    assert [problem.code for problem in refused.value.problems] == ["too_long"]


def test_what_was_opened_again_since_the_task_looked_is_not_forgotten(small_town: SmallTown):
    made = _ended(small_town)
    small_town.step(made.id, "reopen", "coordinator", reason="又坏了")
    with small_town.scope():
        later = NOW + timedelta(days=9999)
        is_gone = actions.forget(
            actor=HOUSE, town=small_town.town, service_request_id=made.id, at=later, only_if_due=True
        )
        kept = ServiceRequest.objects.get(id=made.id).description

    assert (is_gone, bool(kept)) == (False, True)
