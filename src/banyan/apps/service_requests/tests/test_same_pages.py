"""Pages about reports of the same thing, the two lists, answers and incidents, in both languages."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from banyan.apps.accounts.models import Account
from banyan.apps.service_requests.models import Incident, ServiceRequest
from banyan.apps.service_requests.rules import Status
from tests.towns import SmallTown

HERE = {"lon": "113.31", "lat": "23.06"}


def client_of(town: SmallTown, key: str = "", *, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.cookies["django_language"] = language
    if key:
        client.force_login(Account.objects.get(id=town.accounts[key]))
    return client


def page(client: Client, path: str, *, status: int = 200, data: Any = None, **words: Any) -> str:
    response = client.post(path, data, **words) if data is not None else client.get(path, **words)
    assert response.status_code == status, response.content.decode()[:2000]
    return response.content.decode()


def at(town: SmallTown, path: str) -> str:
    return f"/t/{town.town.slug}/{path}"


def fresh_report(town: SmallTown, key: str = "resident", **words: Any) -> Any:
    from django.utils import timezone

    return town.report(key, at=timezone.now(), **words)


# --- while reporting -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "words"), [("en", "Is it one of these?"), ("zh-hans", "是不是这一件")])
def test_who_reports_the_same_lamp_is_asked_whether_it_is_this_one(
    small_town: SmallTown, language: str, words: str
) -> None:
    received = fresh_report(small_town)
    path = at(small_town, "report/about/lamp/near/")

    shown = page(client_of(small_town, "neighbour", language=language), path, data={**HERE, "description": "路灯坏了"})

    assert words in shown
    assert str(received.id) in shown
    assert "路灯不亮，" not in shown
    assert received.tracking_number not in shown


def test_nothing_is_offered_far_away_or_of_another_kind_or_of_a_confidential_report(small_town: SmallTown) -> None:
    received = fresh_report(small_town)
    client, path = client_of(small_town), at(small_town, "report/about/lamp/near/")
    assert "near_seen" in page(client, path, data={**HERE, "description": "路灯坏了"})
    assert "near_seen" not in page(client, path, data={"lon": "113.314", "lat": "23.06", "description": "路灯坏了"})
    leak = at(small_town, "report/about/leak/near/")
    assert "near_seen" not in page(client, leak, data={**HERE, "description": "水管往外冒水"})
    with small_town.scope():
        ServiceRequest.objects.filter(id=received.id).update(privacy="confidential")
    assert "near_seen" not in page(client, path, data={**HERE, "description": "路灯坏了"})
    assert "near_seen" not in page(client, path, data={"lon": "x", "description": "路灯坏了"})


def test_without_scripts_the_page_asks_once_and_then_sends(small_town: SmallTown) -> None:
    fresh_report(small_town)
    client, path = client_of(small_town), at(small_town, "report/about/lamp/")
    words = {**HERE, "description": "The lamp is out", "without_scripts": "1"}

    asked = page(client, path, data=words)
    assert "Is it one of these?" in asked
    assert "The lamp is out" in asked
    with small_town.scope():
        assert ServiceRequest.objects.count() == 1

    page(client, path, data={**words, "near_seen": "1"}, status=302)
    with small_town.scope():
        assert ServiceRequest.objects.count() == 2


def test_a_neighbour_follows_instead_and_finds_it_under_what_they_follow(small_town: SmallTown) -> None:
    received = fresh_report(small_town)
    client = client_of(small_town, "neighbour")
    page(client, at(small_town, f"requests/{received.id}/follow/"), data={}, status=302)

    mine = page(client, at(small_town, "requests/mine/"))
    assert "I follow" in mine
    assert str(received.id) in mine
    shown = page(client, at(small_town, f"requests/{received.id}/"))
    assert "1 person follows it" in shown
    assert "Follow it no more" in shown
    page(client, at(small_town, f"requests/{received.id}/unfollow/"), data={}, status=302)
    assert "Follow it no more" not in page(client, at(small_town, f"requests/{received.id}/"))


def test_who_has_not_signed_in_is_led_to_the_sign_in(small_town: SmallTown) -> None:
    received = fresh_report(small_town)
    client = client_of(small_town)
    assert "Sign in to follow it" in page(client, at(small_town, f"requests/{received.id}/"))
    response = client.post(at(small_town, f"requests/{received.id}/follow/"))
    assert response.status_code in (302, 401)


# --- the staff -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_coordinator_merges_from_the_panel_and_separates_again(small_town: SmallTown, language: str) -> None:
    parent, child = (
        fresh_report(small_town, "neighbour"),
        fresh_report(small_town, "resident", description="路灯又不亮"),
    )
    client = client_of(small_town, "coordinator", language=language)
    panel = page(client, at(small_town, f"requests/{child.id}/staff/same/"))
    assert at(small_town, f"requests/{child.id}/staff/merge/{parent.id}/") in panel

    preview = page(client, at(small_town, f"requests/{child.id}/staff/merge/{parent.id}/"))
    version = re.search(r'name="version" value="(\d+)"', preview)
    assert version
    words = {"version": version[1], "reason": "同一盏"}
    page(client, at(small_town, f"requests/{child.id}/staff/merge/{parent.id}/"), data=words, status=302)

    assert ("and 1 more report" if language == "en" else "另有 1 件") in page(
        client, at(small_town, f"requests/{parent.id}/")
    )
    assert at(small_town, f"requests/{parent.id}/") in page(client, at(small_town, f"requests/{child.id}/"))
    page(client, at(small_town, f"requests/{child.id}/staff/unmerge/"), data={}, status=302)
    with small_town.scope():
        assert ServiceRequest.objects.get(id=child.id).status == Status.RECEIVED


def test_merging_on_an_old_page_is_refused_and_a_worker_cannot_merge(small_town: SmallTown) -> None:
    parent, child = fresh_report(small_town, "neighbour"), fresh_report(small_town, "resident")
    path = at(small_town, f"requests/{child.id}/staff/merge/{parent.id}/")
    page(client_of(small_town, "coordinator"), path, data={"version": "9"}, status=409)
    page(client_of(small_town, "worker"), path, data={"version": "1"}, status=404)
    page(client_of(small_town, "resident"), at(small_town, f"requests/{child.id}/staff/same/"), status=404)


def test_a_ready_answer_is_put_in_published_and_read_by_everybody(small_town: SmallTown) -> None:
    received = fresh_report(small_town)
    client, path = client_of(small_town, "coordinator"), at(small_town, f"requests/{received.id}/staff/answer/")
    filled = page(client, path, data={"fill": "1", "template": "noted", "answer": "Dear neighbour"})
    assert "Dear neighbour" in filled
    assert "Street lamp out" in filled
    page(client, path, data={"version": "1", "answer": " "}, status=422)
    page(client, path, data={"version": "1", "answer": "We come on Friday. 周五来。"}, status=302)

    anybody = client_of(small_town)
    assert "We come on Friday." in page(anybody, at(small_town, "lists/needs/"))
    assert "We come on Friday." in page(anybody, at(small_town, f"requests/{received.id}/"))
    assert "We come on Friday." not in page(anybody, at(small_town, "lists/needs/?state=waiting"))
    assert "We come on Friday." not in page(anybody, at(small_town, "lists/suggestions/"))


def test_ready_words_go_into_the_form_of_a_step(small_town: SmallTown) -> None:
    received = fresh_report(small_town)
    path = at(small_town, f"requests/{received.id}/staff/steps/reject/")
    shown = page(client_of(small_town, "coordinator"), path, data={"fill": "1", "template": "outside", "version": "1"})
    assert "not within the duties of the town" in shown
    with small_town.scope():
        assert ServiceRequest.objects.get(id=received.id).status == Status.RECEIVED


def test_a_manager_keeps_answers_and_every_problem_is_shown(small_town: SmallTown) -> None:
    client, path = client_of(small_town, "manager"), at(small_town, "office/answers/")
    assert "Ready answers" in page(client, path)
    row = {
        "code_0": "soon",
        "use_0": "answer",
        "title_zh_0": "很快",
        "title_en_0": "Soon",
        "words_zh_0": "{place}很快。",
    }
    wrong = page(client, path, data={"n": "1", "version": "0", **row, "words_en_0": "{who}"}, status=422)
    assert "no blank named" in wrong
    page(client, path, data={"n": "1", "version": "0", **row, "words_en_0": "At {place}, soon."}, status=302)
    page(client, path, data={"n": "1", "version": "0", **row, "words_en_0": "Later."}, status=409)
    page(client_of(small_town, "worker"), path, status=403)


# --- the two lists ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "words"), [("en", "No answer yet."), ("zh-hans", "尚未答复")])
def test_the_lists_are_read_filtered_and_exported(small_town: SmallTown, language: str, words: str) -> None:
    need = fresh_report(small_town)
    idea = fresh_report(small_town, "neighbour", service_code="idea", description="=SUM(1)装长椅")
    with small_town.scope():
        ServiceRequest.objects.filter(id=idea.id).update(is_text_public=True)
    client = client_of(small_town, language=language)

    needs, ideas = page(client, at(small_town, "lists/needs/")), page(client, at(small_town, "lists/suggestions/"))
    assert str(need.id) in needs and str(idea.id) not in needs
    assert str(idea.id) in ideas and "装长椅" in ideas
    assert words in needs
    assert str(need.id) not in page(client, at(small_town, "lists/needs/?group=water"))
    table = page(client, at(small_town, "lists/suggestions.csv"))
    assert "装长椅" in table
    assert ",=SUM" not in table
    assert "路灯不亮，" not in page(client, at(small_town, "lists/needs.csv"))
    page(client, at(small_town, "lists/wishes/"), status=404)


# --- incidents -------------------------------------------------------------------------------------------------------


def opened(town: SmallTown, client: Client) -> Incident:
    words = {
        "title_zh": "停电",
        "title_en": "Power cut",
        "place_code": "north",
        "starts_at": "2026-01-01T08:00",
        "words_zh": "正在抢修",
        "words_en": "Being repaired",
        "service_codes": ["lamp"],
    }
    page(client, at(town, "incidents/new/"), data=words, status=302)
    with town.scope():
        return Incident.objects.get()


def test_an_incident_is_opened_answers_many_and_ends(small_town: SmallTown) -> None:
    ids = [fresh_report(small_town, key).id for key in ("resident", "neighbour")]
    small_town.walk(ids[0], until="in_progress")
    client = client_of(small_town, "coordinator")
    row = opened(small_town, client)
    here = at(small_town, f"incidents/{row.id}/")
    assert "Reports that it may explain" in page(client, here)

    page(client, f"{here}attach/", data={"ids": [str(one) for one in ids]}, status=302)
    page(client, f"{here}answer/", data={"text_zh": "电来了", "text_en": ""}, status=422)
    page(client, f"{here}answer/", data={"text_zh": "电来了", "text_en": "Power is back", "resolves": "on"}, status=302)

    with small_town.scope():
        rows = ServiceRequest.objects.in_bulk(ids)
        assert {one.answer for one in rows.values()} == {"电来了\n\nPower is back"}
        assert [rows[one].status for one in ids] == [Status.RESOLVED, Status.RECEIVED]
    for language in ("en", "zh-hans"):
        anybody = client_of(small_town, language=language)
        shown = page(anybody, here)
        assert "Power is back" in shown
        assert str(ids[0]) not in shown
        assert ("Power cut" if language == "en" else "停电") in page(anybody, at(small_town, "incidents/"))
        near = page(anybody, at(small_town, "report/about/lamp/near/"), data={**HERE, "description": "黑"})
        assert ("Power cut" if language == "en" else "停电") in near
        assert ("Power cut" if language == "en" else "停电") in page(anybody, at(small_town, ""))
    page(client, f"{here}end/", data={}, status=302)
    assert "Power cut" not in page(client_of(small_town), at(small_town, ""))


def test_an_incident_is_changed_by_who_coordinates_its_place_only(small_town: SmallTown) -> None:
    client = client_of(small_town, "coordinator")
    row = opened(small_town, client)
    path = at(small_town, f"incidents/{row.id}/change/")
    assert "Being repaired" in page(client, path)
    words = {"title_zh": "停电", "title_en": "Cut", "place_code": "north", "starts_at": "2026-01-01T08:00"}
    page(client, path, data={**words, "version": "7"}, status=409)
    page(client, path, data={**words, "version": "1", "expected_end_at": "2025-01-01T08:00"}, status=422)
    page(client, path, data={**words, "version": "1"}, status=302)
    page(client_of(small_town, "other_coordinator"), path, status=403)
    page(client_of(small_town, "other_coordinator"), at(small_town, f"incidents/{row.id}/end/"), data={}, status=403)
    page(client, at(small_town, "incidents/new/"), data={"place_code": "nowhere"}, status=422)


def test_requests_are_taken_off_an_incident_again(small_town: SmallTown) -> None:
    received = fresh_report(small_town)
    client = client_of(small_town, "coordinator")
    here = at(small_town, f"incidents/{opened(small_town, client).id}/")
    page(client, f"{here}attach/", data={"ids": [str(received.id)]}, status=302)
    assert "Part of an incident" in page(client_of(small_town), at(small_town, f"requests/{received.id}/"))
    page(client, f"{here}detach/", data={"ids": [str(received.id)]}, status=302)
    page(client, f"{here}attach/", data={}, status=422)
    with small_town.scope():
        assert ServiceRequest.objects.get(id=received.id).incident_id is None
