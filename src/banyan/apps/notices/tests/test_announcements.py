"""The town announces: written by staff of the place, read by all, told to those concerned, counted without names."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ
from PIL import Image

from banyan.apps.audit.models import Entry
from banyan.apps.notices import actions
from banyan.apps.notices.models import Announcement
from banyan.apps.notices.tests.announced import at, client, lives_at, published, told, words, written
from banyan.apps.notices.tests.post import another_town, email_channel, work
from banyan.apps.notices.tests.receivers import mail_server
from banyan.base.errors import Conflict, Forbidden, InvalidInput, NotFound, SignInNeeded, StaleVersion
from banyan.kit.guard import ANYONE
from tests.towns import NOW, SmallTown

# --- whose announcement ----------------------------------------------------------------------------------------------


def test_those_hear_of_it_whose_place_lies_in_it_or_around_it(small_town: SmallTown):
    lives_at(small_town, "resident", "n1-b1")
    lives_at(small_town, "neighbour", "north")
    lives_at(small_town, "worker", "n2")
    lives_at(small_town, "other_worker", "south")
    published(small_town)

    work()

    assert told(small_town) == {key: ["announced"] for key in ("resident", "neighbour", "coordinator")}


def test_the_whole_town_hears_what_concerns_it(small_town: SmallTown):
    published(small_town, "manager", place_code="")

    work()

    assert set(told(small_town)) == set(small_town.accounts)


def test_the_same_announcement_is_told_once_however_often_the_task_comes(small_town: SmallTown):
    lives_at(small_town, "resident", "n1")
    published(small_town)
    task = OrmQ.objects.get().task
    from banyan.kit import jobs

    for _ in range(3):
        jobs.run(*task["args"], **task["kwargs"])

    assert told(small_town)["resident"] == ["announced"]


def test_another_time_is_told_again_and_another_word_is_not(small_town: SmallTown):
    lives_at(small_town, "resident", "n1")
    row = published(small_town)
    same: dict[str, Any] = {
        "actor": small_town.actor("coordinator"),
        "town": small_town.town,
        "announcement_id": row.id,
        "at": NOW,
    }
    with small_town.scope():
        row = actions.change(words=words(title_en="Water off"), version=row.version, **same)
        actions.change(words=words(title_en="Water off", until_at=NOW + timedelta(days=2)), version=row.version, **same)
    work()

    assert told(small_town)["resident"] == ["announced", "announcement_changed"]


def test_news_of_an_announcement_says_when_and_where_in_a_mail(small_town: SmallTown):
    with mail_server() as box:
        email_channel(small_town)
        lives_at(small_town, "resident", "n1")
        published(small_town)
        work()

    (message,) = box.messages
    assert message["Subject"] == "[Little Banyan] The town announces: Water off in North 1"
    assert "2026-03-19 10:00 – 2026-03-19 16:00 · North 1" in box.text()


# --- who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "place", "outcome"),
    [
        ("coordinator", "n1", "written"),
        ("coordinator", "north", "written"),
        ("coordinator", "s1", Forbidden),
        ("coordinator", "", Forbidden),
        ("property_manager", "n1", "written"),
        ("property_manager", "s1", Forbidden),
        ("manager", "", "written"),
        ("resident", "n1", Forbidden),
        ("worker", "n1", Forbidden),
        ("auditor", "n1", Forbidden),
        ("operator", "n1", Forbidden),
    ],
)
def test_staff_announce_for_their_own_part_of_the_town(small_town: SmallTown, key: str, place: str, outcome: Any):
    if outcome == "written":
        assert written(small_town, key, place_code=place).status == "draft"
        return
    with pytest.raises(outcome):
        written(small_town, key, place_code=place)


def test_nobody_unknown_announces_anything(small_town: SmallTown):
    with small_town.scope(), pytest.raises(SignInNeeded):
        actions.write(actor=ANYONE, town=small_town.town, words=words(), at=NOW)


def test_an_announcement_is_not_moved_into_a_place_of_others(small_town: SmallTown):
    row = written(small_town)
    with small_town.scope(), pytest.raises(Forbidden):
        actions.change(
            actor=small_town.actor("coordinator"),
            town=small_town.town,
            announcement_id=row.id,
            words=words(place_code="s1"),
            version=row.version,
            at=NOW,
        )


def test_a_draft_is_seen_at_the_desk_of_its_place_alone(small_town: SmallTown):
    row = written(small_town)

    seen = {
        key: client(small_town, key).get(at(small_town, f"announcements/desk/{row.id}/")).status_code
        for key in ("coordinator", "manager", "other_coordinator", "resident", "")
    }

    assert seen == {"coordinator": 200, "manager": 200, "other_coordinator": 404, "resident": 404, "": 404}
    assert client(small_town, "manager").get(at(small_town, f"announcements/{row.id}/")).status_code == 404
    assert (
        "Water off"
        not in client(small_town, "other_coordinator").get(at(small_town, "announcements/desk/")).content.decode()
    )
    assert "Water off" in client(small_town, "coordinator").get(at(small_town, "announcements/desk/")).content.decode()


def test_one_town_knows_nothing_of_the_announcements_of_another(small_town: SmallTown):
    other = another_town()
    row = published(small_town, place_code="n1")

    for path in (f"announcements/{row.id}/", f"announcements/desk/{row.id}/"):
        assert client(other, "manager").get(at(other, path)).status_code == 404
    assert "Water off" not in client(other).get(at(other, "announcements/?past=yes")).content.decode()
    assert b"VEVENT" not in client(other).get(at(other, "announcements.ics")).content
    with other.scope(), pytest.raises(NotFound):
        actions.withdraw(
            actor=other.actor("manager"),
            town=other.town,
            announcement_id=row.id,
            version=row.version,
            at=NOW,
            reason=("错", "wrong"),
        )


# --- versions, states, history ---------------------------------------------------------------------------------------


def test_two_who_write_at_once_do_not_lose_each_others_words(small_town: SmallTown):
    row = written(small_town)
    page = at(small_town, f"announcements/desk/{row.id}/edit/")
    typed = typed_form(title_en="First", version=str(row.version))
    first = client(small_town, "coordinator").post(page, typed)
    second = client(small_town, "manager").post(page, {**typed, "title_en": "Second"})

    assert (first.status_code, second.status_code) == (302, 409)
    assert 'value="Second"' in second.content.decode(), "what was typed is still there"
    with small_town.scope():
        assert Announcement.objects.get().title_en == "First"


def typed_form(**other: str) -> dict[str, str]:
    begins = timezone.now() + timedelta(days=1)
    return {
        "kind": "event",
        "place_code": "n1",
        "from_at": begins.strftime("%Y-%m-%dT%H:%M"),
        "until_at": (begins + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M"),
        "title_zh": "社区活动",
        "title_en": "A feast",
        "text_zh": "欢迎参加。",
        "text_en": "All are welcome.",
        **other,
    }


def test_what_was_withdrawn_stays_readable_with_its_reason_and_is_not_changed_any_more(small_town: SmallTown):
    row = published(small_town)
    lives_at(small_town, "resident", "n1")
    same: dict[str, Any] = {
        "actor": small_town.actor("coordinator"),
        "town": small_town.town,
        "announcement_id": row.id,
        "at": NOW,
    }
    with small_town.scope():
        with pytest.raises(StaleVersion):
            actions.withdraw(version=row.version + 1, reason=("取消", "cancelled"), **same)
        with pytest.raises(InvalidInput) as refused:
            actions.withdraw(version=row.version, reason=("", ""), **same)
        assert [problem.where for problem in refused.value.problems] == ["reason_zh", "reason_en"]
        row = actions.withdraw(version=row.version, reason=("检修取消", "The repair is off"), **same)
        with pytest.raises(Conflict):
            actions.change(words=words(), version=row.version, **same)
        verbs = list(Entry.objects.filter(subject_id=row.id).order_by("sequence").values_list("verb", flat=True))
    work()

    page = client(small_town).get(at(small_town, f"announcements/{row.id}/")).content.decode()
    assert "The repair is off" in page
    assert "Water off" not in client(small_town).get(at(small_town)).content.decode()
    assert verbs == ["notices.written", "notices.published", "notices.withdrawn"]
    assert "announcement_withdrawn" in told(small_town)["resident"]


def test_what_is_over_is_not_published(small_town: SmallTown):
    row = written(small_town)
    with small_town.scope(), pytest.raises(InvalidInput):
        actions.publish(
            actor=small_town.actor("coordinator"),
            town=small_town.town,
            announcement_id=row.id,
            version=row.version,
            at=NOW + timedelta(days=9),
        )


def test_a_refused_form_loses_nothing_that_was_typed(small_town: SmallTown):
    page = client(small_town, "coordinator").post(
        at(small_town, "announcements/desk/new/"), typed_form(title_zh="", text_en="Kept words", link="ftp://x")
    )

    text = page.content.decode()
    assert page.status_code == 422
    assert "Kept words" in text and 'id="f-title_zh-wrong-1"' in text and 'id="f-link-wrong-1"' in text
    with small_town.scope():
        assert not Announcement.objects.exists()


def test_from_an_empty_desk_to_the_portal_without_scripts(small_town: SmallTown):
    staff = client(small_town, "coordinator")
    empty = staff.get(at(small_town, "announcements/desk/")).content.decode()
    begins = timezone.now() + timedelta(hours=9)  # the form speaks the town's clocks, eight hours ahead
    typed = typed_form(from_at=begins.strftime("%Y-%m-%dT%H:%M"), until_at="2099-01-01T00:00"[:16])
    typed["until_at"] = (begins + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
    kept = staff.post(at(small_town, "announcements/desk/new/"), {**typed, **photo_form()})
    preview = staff.get(kept["Location"]).content.decode()
    version = re.search(r'name="version" value="(\d+)"', preview)
    assert version is not None
    staff.post(f"{kept['Location']}publish/", {"version": version[1]})

    portal = client(small_town).get(at(small_town)).content.decode()
    home = client(small_town, language="zh-CN").get(at(small_town, "")).content.decode()
    with small_town.scope():
        row = Announcement.objects.get()
    one = client(small_town).get(at(small_town, f"announcements/{row.id}/")).content.decode()
    shot = client(small_town).get(at(small_town, f"announcements/{row.id}/photo.jpg"))

    assert "Nothing is written yet" in empty
    assert "社区活动" in preview and "A feast" in preview, "the preview shows both languages"
    assert "A feast" in portal and "社区活动" in home
    assert "All are welcome." in one and 'alt="A square"' in one
    assert shot["Content-Type"] == "image/jpeg" and b"".join(shot.streaming_content).startswith(b"\xff\xd8")


def photo_form() -> dict[str, Any]:
    out = io.BytesIO()
    Image.new("RGB", (40, 30)).save(out, "PNG")
    out.seek(0)
    out.name = "a.png"
    return {"photo": out, "photo_zh": "一个方块", "photo_en": "A square"}
