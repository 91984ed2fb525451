"""What everybody reads of announcements: the list, the home, the count, the calendar; and what programs do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import icalendar
from django.test import Client
from django.utils import timezone

from banyan.apps.notices import actions, queries
from banyan.apps.notices.models import ReadCount
from banyan.apps.notices.queries import Wanted
from banyan.apps.notices.tests.announced import at, client, lives_at, published, words
from tests.statements import at_most
from tests.towns import NOW, SmallTown

# --- counting, lists, calendar ---------------------------------------------------------------------------------------


def test_a_browser_counts_once_and_small_numbers_are_not_told(small_town: SmallTown):
    row = published(small_town)
    page = at(small_town, f"announcements/{row.id}/")
    browser = client(small_town)
    for _ in range(3):
        browser.get(page)
    browser.head(page)
    with small_town.scope():
        after_one = ReadCount.objects.get().n_reads
        few = queries.n_reads(row.id)
    for _ in range(9):
        client(small_town).get(page)
    with small_town.scope():
        many = queries.n_reads(row.id)

    assert after_one == 1
    assert (few, many) == ((True, 10), (False, 10))
    desk = client(small_town, "coordinator").get(at(small_town, f"announcements/desk/{row.id}/")).content.decode()
    assert "Opened 10 times." in desk


def test_the_count_knows_no_names():
    columns = {field.name for field in ReadCount._meta.concrete_fields}

    assert columns == {"id", "town", "announcement", "n_reads"}


def test_the_list_is_filtered_by_place_kind_and_time(small_town: SmallTown):
    published(small_town, title_en="In north", from_at=NOW - timedelta(days=2), until_at=NOW + timedelta(days=2))
    published(small_town, "other_coordinator", title_en="In south", place_code="south", kind="event")
    published(small_town, "manager", title_en="For all", place_code="", kind="policy", until_at=None)

    def found(**wanted: Any) -> list[str]:
        with small_town.scope():
            page = queries.public_page(Wanted(**wanted), at=NOW, size=50)
            return sorted(view.title_en for view in page.rows)

    assert found() == ["For all", "In north", "In south"]
    assert found(place_path="south/s1/") == ["For all", "In south"]
    assert found(kind="policy") == ["For all"]
    with small_town.scope():
        later = NOW + timedelta(days=30)
        assert [v.title_en for v in queries.public_page(Wanted(), at=later, size=50).rows] == ["For all"]
        assert len(queries.public_page(Wanted(with_past=True), at=later, size=50).rows) == 3
    empty = client(small_town).get(at(small_town, "announcements/?kind=warning")).content.decode()
    assert "Nothing fits this filter" in empty


def test_the_home_shows_what_holds_now_or_begins_within_a_day(small_town: SmallTown):
    published(small_town)

    def stands(hours: float) -> bool:
        with small_town.scope():
            return bool(queries.in_force(at=NOW + timedelta(hours=hours)))

    assert [stands(hours) for hours in (-0.1, 0, 24, 29.9, 30)] == [False, True, True, True, False]


def test_the_home_shows_the_gravest_first_and_what_concerns_the_place_of_its_reader(small_town: SmallTown):
    now = timezone.now()
    until = {"from_at": now, "until_at": now + timedelta(hours=5)}
    published(small_town, "manager", place_code="", kind="event", title_en="A feast", **until)
    published(small_town, "other_coordinator", place_code="south", title_en="Water off in south", **until)
    published(small_town, "manager", place_code="", kind="warning", title_en="Heavy rain", **until)
    lives_at(small_town, "resident", "n1")

    anyone = client(small_town).get(at(small_town, "")).content.decode()
    resident = client(small_town, "resident").get(at(small_town, "")).content.decode()

    assert anyone.index("Heavy rain") < anyone.index("Water off in south")
    assert "A feast" not in anyone and "1 more announcement" in anyone
    assert "Heavy rain" in resident and "A feast" in resident and "Water off in south" not in resident


def test_the_portal_costs_the_same_however_much_is_announced(small_town: SmallTown):
    for _ in range(12):
        published(small_town, until_at=timezone.now() + timedelta(days=100))
    reader = client(small_town)
    reader.get(at(small_town))

    with at_most(3):
        page = reader.get(at(small_town)).content.decode()
    assert page.count('class="entry-title"') == 12


def test_a_calendar_program_hears_of_a_change_and_of_a_withdrawal(small_town: SmallTown):
    begins = timezone.now() + timedelta(days=1)
    row = published(small_town, from_at=begins, until_at=begins + timedelta(hours=6))

    def entry() -> Any:
        feed = client(small_town, language="zh-CN").get(at(small_town, "announcements.ics?language=zh-hans"))
        assert feed["Content-Type"] == "text/calendar; charset=utf-8"
        (event,) = icalendar.Calendar.from_ical(feed.content).walk("VEVENT")
        return event

    first = entry()
    same: dict[str, Any] = {
        "actor": small_town.actor("coordinator"),
        "town": small_town.town,
        "announcement_id": row.id,
        "at": NOW,
    }
    with small_town.scope():
        row = actions.change(
            words=words(from_at=begins, until_at=begins + timedelta(hours=9)), version=row.version, **same
        )
    second = entry()
    with small_town.scope():
        actions.withdraw(version=row.version, reason=("取消", "off"), **same)
    third = entry()

    assert str(first["summary"]) == "北一格停水"
    assert [int(one["sequence"]) for one in (first, second, third)] == [0, 1, 2]
    assert len({str(one["uid"]) for one in (first, second, third)}) == 1
    assert [str(one["status"]) for one in (first, second, third)] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert first["dtstart"].params["TZID"] == "Asia/Shanghai"
    assert second["dtend"].dt - first["dtend"].dt == timedelta(hours=3)


# --- programs --------------------------------------------------------------------------------------------------------


def test_a_program_writes_publishes_and_withdraws(small_town: SmallTown):
    from banyan.apps.accounts import actions as accounts

    with small_town.scope():
        secret = accounts.issue_token(
            actor=small_town.actor("coordinator"), town=small_town.town, name="desk", at=timezone.now()
        )
    program = Client(headers={"Authorization": f"Bearer {secret}", "Accept-Language": "en"})
    base = f"/api/v1/towns/{small_town.town.slug}/announcements"
    begins = timezone.now() + timedelta(days=1)
    body = {
        "kind": "power_cut",
        "place": "n1",
        "title_zh": "停电",
        "title_en": "Power off",
        "text_zh": "检修",
        "text_en": "Repairs",
        "from_at": begins.isoformat(),
        "until_at": (begins + timedelta(hours=2)).isoformat(),
    }
    as_json = {"content_type": "application/json"}

    made = program.post(base, body, **as_json)
    one = f"{base}/{made.json()['id']}"
    hidden = Client().get(one).status_code
    refused = program.post(base, {**body, "place": "nowhere"}, **as_json)
    done = program.post(f"{one}/publish", {"version": made.json()["version"]}, **as_json)
    stale = program.put(one, {**body, "version": made.json()["version"]}, **as_json)
    listed = Client().get(f"{base}?place=n1-b1").json()["items"]
    ended = program.post(
        f"{one}/withdraw", {"version": done.json()["version"], "reason_zh": "取消", "reason_en": "off"}, **as_json
    )

    assert (made.status_code, hidden, done.status_code, stale.status_code) == (201, 404, 200, 409)
    assert (refused.status_code, refused.json()["problems"][0]["where"]) == (422, "place")
    assert [item["title_en"] for item in listed] == ["Power off"]
    assert ended.json()["status"] == "withdrawn"
    assert UUID(made.json()["id"])
