"""Finding requests by words: what is found, by whom, in which order, and by which index."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.models import SearchWord, ServiceRequest
from banyan.apps.service_requests.queries import postings
from banyan.apps.service_requests.rules.searching import LONGEST, asked_words, marked, singular, words_of
from banyan.base.errors import InvalidInput
from banyan.kit.guard import ANYONE
from tests.contexts import client
from tests.towns import NOW, SmallTown

PUBLIC = "service_requests.read_public"


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("路灯不亮", ["路灯", "灯不", "不亮"]),
        ("8号楼2单元", ["8", "号楼", "2", "单元"]),
        ("Street Lamps, broken!", ["street", "lamp", "broken"]),
        ("ＬＥＤ灯　坏了", ["led", "灯", "坏了"]),
        ("the resident's cities and boxes", ["resident", "city", "box"]),
        ("", []),
    ],
)
def test_words_are_pairs_of_chinese_characters_and_english_words_without_plural(text: str, words: list[str]):
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("word", "one"), [("lamps", "lamp"), ("glass", "glass"), ("buses", "buse"), ("bus", "bus"), ("rubbish", "rubbish")]
)
def test_words_asked_for_and_words_kept_lose_their_plural_alike(word: str, one: str):
    assert singular(word) == one


@given(st.text(max_size=200))
def test_whatever_is_typed_makes_few_short_words_and_the_marked_piece_is_of_the_text(text: str):
    words = words_of(text)
    assert len(words) == len(set(words)) and all(0 < len(word) <= LONGEST for word in words)
    parts = marked(text, asked_words(text), around=10_000)
    assert "".join(part for part, _ in parts) == text


def test_what_was_asked_for_is_marked_where_it_stands():
    assert marked("北门路灯不亮，Lamps out", ["路灯", "lamp"]) == [
        ("北门", False),
        ("路灯", True),
        ("不亮，", False),
        ("Lamps", True),
        (" out", False),
    ]


# --- what is found ---------------------------------------------------------------------------------------------------


def _found(town: SmallTown, words: str, key: str = "manager", **more: str) -> list[str]:
    with town.scope():
        actor = town.actor(key) if key else ANYONE
        verb = {} if key else {"verb": PUBLIC}
        page = queries.search(actor, words, town=town.town, at=NOW, **verb, **more)
        return [one.row.description for one in page.rows]


@pytest.mark.parametrize(
    "words",
    [
        "路灯",
        "灯柱",
        "歪了",
        "花园路",
        "lamp",
        "LAMPS",
        "post",
        "12",
        "北社区",
        "north",
        "Street",
        "漆 灯柱",
        "灯柱歪了",
    ],
)
def test_a_request_is_found_by_its_words_its_place_and_its_service_in_both_languages(small_town: SmallTown, words: str):
    small_town.report(description="灯柱歪了，掉漆 lamp posts", address="花园路12号")
    small_town.report(description="漏", service_code="leak", lon=113.31, lat=23.01)
    assert _found(small_town, words) == ["灯柱歪了，掉漆 lamp posts"]


@pytest.mark.parametrize("words", ["灯柱 漏水", "柱灯", "xyzzy", "歪", "", "%", "灯柱 13", "'; DROP TABLE"])
def test_every_word_has_to_occur(small_town: SmallTown, words: str):
    small_town.report(description="灯柱歪了", address="花园路12号")
    page_words = words.strip()
    assert _found(small_town, words) == ([] if page_words else ["灯柱歪了"])


def test_the_best_hit_comes_first_and_the_newer_of_equals(small_town: SmallTown):
    small_town.report(description="井盖", address="路灯旁", service_code="leak", at=NOW)
    small_town.report(description="路灯不亮", at=NOW - timedelta(days=3))
    small_town.report(description="路灯不亮啊", at=NOW)
    assert _found(small_town, "路灯") == ["路灯不亮啊", "路灯不亮", "井盖"]


def test_pages_go_through_the_window_and_on_to_older_ones_without_a_gap(
    small_town: SmallTown, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(postings, "WINDOW", 4)
    for i in range(11):
        small_town.report(description=f"路灯{i:02}号", at=NOW - timedelta(minutes=i))
    seen, cursor = [], ""
    with small_town.scope():
        while True:
            page = queries.search(
                small_town.actor("manager"), "路灯", town=small_town.town, at=NOW, size=3, cursor=cursor
            )
            seen += [one.row.description for one in page.rows]
            cursor = page.next_cursor
            if not cursor:
                break
    assert sorted(seen) == [f"路灯{i:02}号" for i in range(11)] and seen[:3] == ["路灯00号", "路灯01号", "路灯02号"]


@pytest.mark.parametrize("cursor", ["x", "1.2.3", "..", "0..-1", "0..9999999", "9" * 80, "1.x.0"])
def test_a_broken_cursor_is_refused(small_town: SmallTown, cursor: str):
    with small_town.scope(), pytest.raises(InvalidInput):
        queries.search(small_town.actor("manager"), "路灯", town=small_town.town, at=NOW, cursor=cursor)


# --- by whom ---------------------------------------------------------------------------------------------------------


def test_everybody_finds_published_words_only_and_staff_find_what_they_reach(small_town: SmallTown):
    kept = small_town.report(description="保密的猫")
    shown = small_town.report(description="公开的猫")
    small_town.step(shown.id, "triage", "coordinator", is_text_public=True)
    assert _found(small_town, "的猫", "") == ["公开的猫"]
    assert sorted(_found(small_town, "的猫", "coordinator")) == ["保密的猫", "公开的猫"]
    assert _found(small_town, "的猫", "other_coordinator") == []
    assert _found(small_town, "的猫", "neighbour") == []
    assert sorted(_found(small_town, "的猫", "resident")) == ["保密的猫", "公开的猫"]
    assert kept.id != shown.id


def test_a_tracking_number_finds_its_request_for_those_who_may_read_it_and_tells_nobody_else(small_town: SmallTown):
    made = small_town.report(description="灯")
    number = made.tracking_number
    assert _found(small_town, number.lower().replace("-", " "), "coordinator") == ["灯"]
    assert _found(small_town, number, "resident") == ["灯"]
    for key in ("", "neighbour", "other_coordinator", "worker", "operator"):
        assert _found(small_town, number, key) == []
    page = client(small_town).get(f"/t/{small_town.town.slug}/requests/?q={number}")
    assert page.status_code == 200 and str(made.id) not in page.content.decode()


def test_the_words_of_a_request_go_with_what_becomes_of_it(small_town: SmallTown):
    made = small_town.report(description="神秘的猫")
    small_town.step(made.id, "triage", "coordinator", is_text_public=True, public_text="一只猫")
    assert _found(small_town, "神秘", "") == [] and _found(small_town, "一只", "") == ["一只猫"]
    assert _found(small_town, "神秘", "coordinator") == ["神秘的猫"]
    with small_town.scope():
        assert actions.unindex([made.id]) > 0
        assert not SearchWord.objects.filter(service_request_id=made.id).exists()
        assert list(actions.reindex_town()) == [1]
    assert _found(small_town, "神秘", "coordinator") == ["神秘的猫"]


# --- on the pages ----------------------------------------------------------------------------------------------------


def test_the_list_and_the_board_have_a_search_box_marked_hits_and_say_what_to_try(small_town: SmallTown):
    made = small_town.report(description="北门的灯柱歪了")
    small_town.step(made.id, "triage", "coordinator", is_text_public=True)
    here = f"/t/{small_town.town.slug}/"
    for key, page in (("", "requests/"), ("coordinator", "board/")):
        found = client(small_town, key).get(f"{here}{page}?q=灯柱&queue=open").content.decode()
        assert "<mark>灯柱</mark>" in found and str(made.id) in found and 'name="q"' in found
        nothing = client(small_town, key).get(f"{here}{page}?q=犀牛&queue=open").content.decode()
        assert "Nothing was found for “犀牛”" in nothing and "fewer" in nothing
    points = client(small_town).get(f"{here}requests/points.json?q=灯柱").json()
    assert len(points["features"]) == 1
    assert client(small_town).get(f"{here}requests/points.json?q=犀牛").json()["features"] == []
    told = client(small_town).get(f"/api/v1/towns/{small_town.town.slug}/service_requests?words=灯柱").json()
    assert [one["id"] for one in told["items"]] == [str(made.id)]


# --- by which index --------------------------------------------------------------------------------------------------


def _fill(town: SmallTown, n: int) -> None:
    """Index many copies of one report under the newest instants."""
    made = town.report(description="小区北门路灯不亮 street lamps")
    columns = [field.attname for field in ServiceRequest._meta.concrete_fields]
    with town.scope():
        for i in range(n):
            row = ServiceRequest(**{name: getattr(made.request, name) for name in columns})
            row.id, row.requested_at = uuid4(), NOW + timedelta(seconds=i)
            _rows.append(row)
        actions.index(_rows)
        _rows.clear()


_rows: list[ServiceRequest] = []


def test_words_are_looked_up_by_index_and_never_by_reading_the_table(small_town: SmallTown):
    _fill(small_town, 3000)
    with (
        small_town.scope(),
        CaptureQueriesContext(
            connection,
        ) as asked,
    ):
        found = postings.window(["路灯", "lamp", "北门"], is_public=False)
    assert len(found.hits) == postings.WINDOW
    for query in asked.captured_queries:
        plan = _plan(small_town, query["sql"])
        assert "Seq Scan" not in plan and "SCAN service_requests_searchword" not in plan, f"{query['sql']}\n{plan}"
    assert len(asked) <= 8


def _plan(town: SmallTown, sql: str) -> str:
    with town.scope(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            return "\n".join(str(row[-1]) for row in cursor.fetchall())
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        return json.dumps(cursor.fetchone()[0])


@pytest.mark.postgres
def test_the_table_of_words_is_behind_row_security_for_the_role_of_the_application(small_town: SmallTown):
    _fill(small_town, 10)
    with small_town.scope(), connection.cursor() as cursor:
        cursor.execute("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = %s", [_TABLE])
        assert cursor.fetchone() == (True, True)
        cursor.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False, False)
        cursor.execute("SELECT set_config('banyan.town', '', true)")
        cursor.execute(f'SELECT count(*) FROM "{_TABLE}"')
        assert cursor.fetchone() == (0,)


_TABLE = SearchWord._meta.db_table


def test_a_report_keeps_its_words_with_one_statement(small_town: SmallTown):
    with CaptureQueriesContext(connection) as asked:
        small_town.report()
    kept = [query["sql"] for query in asked.captured_queries if _TABLE in query["sql"]]
    assert len(kept) == 1
