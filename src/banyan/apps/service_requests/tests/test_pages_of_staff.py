"""The pages of the staff: board, steps of one request, tasks, catalogue.  Plain links and forms, as without scripts."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from banyan.apps.accounts.models import Account
from banyan.apps.audit import queries as audit
from banyan.apps.people.models import Look
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.models import Comment, Photo, Service, ServiceRequest
from tests.contexts import let_contexts_be_seen
from tests.towns import NOW, SmallTown

#: Statements that find the town, the reader and the reader's roles, and set the scope: not the page's own.
_OF_THE_HOUSE = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "SELECT set_config")
_OF_SIGNING_IN = ("django_session", "accounts_account", "accounts_membership", "territory_town")


@pytest.fixture(autouse=True)
def contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    let_contexts_be_seen(monkeypatch)


def _client(town: SmallTown, key: str = "", language: str = "en") -> Client:
    client = Client(headers={"Accept-Language": language})
    if key:
        client.force_login(Account.objects.get(id=town.accounts[key]))
    return client


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


# --- one request -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["resident", "neighbour", "other_worker", "other_coordinator", "operator", ""])
def test_who_has_nothing_to_do_with_a_request_finds_no_staff_page(small_town: SmallTown, key: str):
    made = small_town.report("neighbour" if key != "neighbour" else "resident")
    small_town.walk(made.id, until="dispatched")

    for path in ("steps/return/", "proof/"):
        assert _client(small_town, key).get(_staff(small_town, made.id, path)).status_code == 404, path
    answer = _client(small_town, key).post(
        _staff(small_town, made.id, "steps/return/"), {"version": "3", "reason": "不归我们管"}
    )
    assert answer.status_code == 404 and _now(small_town, made.id).status == "dispatched"


def test_the_whole_loop_goes_through_plain_forms(small_town: SmallTown):
    made = small_town.report()
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), (20, 90, 40)).save(picture, "JPEG")
    after = SimpleUploadedFile("after.jpg", picture.getvalue(), content_type="image/jpeg")
    way: list[tuple[str, str, dict[str, Any], str]] = [
        ("coordinator", "triage", {"urgency": "high", "service_code": "lamp", "is_text_public": "on"}, "triaged"),
        ("coordinator", "dispatch", {"party_id": str(small_town.parties["great_property"])}, "dispatched"),
        ("worker", "accept", {}, "accepted"),
        ("worker", "start", {}, "in_progress"),
        ("worker", "pause", {"reason": "等零件"}, "paused"),
        ("worker", "resume", {}, "in_progress"),
        ("worker", "resolve", {"remedy": "换了灯泡", "photos": after}, "resolved"),
        ("coordinator", "verify", {}, "verified"),
        ("coordinator", "close", {}, "closed"),
        ("coordinator", "reopen", {"reason": "又坏了"}, "reopened"),
    ]
    for key, step, words, status in way:
        client, path = _client(small_town, key), _staff(small_town, made.id, f"steps/{step}/")
        assert client.get(path).status_code == 200
        answer = client.post(path, {"version": str(_now(small_town, made.id).version), **words})
        assert (answer.status_code, _now(small_town, made.id).status) == (302, status), step

    found = _now(small_town, made.id)
    assert (found.urgency, found.is_text_public, found.remedy) == ("high", True, "换了灯泡")
    with small_town.scope():
        assert [photo.moment for photo in Photo.objects.all()] == ["after"]


def test_the_one_page_offers_the_staff_only_the_steps_they_may_take(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="dispatched")
    path = _at(small_town, f"requests/{made.id}/")

    offered = {
        key: [str(step) for step in _client(small_town, key).get(path).context["staff"].steps]
        for key in ("worker", "coordinator", "auditor")
    }

    assert offered == {"worker": ["accept", "return"], "coordinator": ["accept", "return"], "auditor": []}


def test_a_refused_form_comes_back_with_its_words_and_every_problem(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="in_progress")

    answer = _client(small_town, "worker").post(
        _staff(small_town, made.id, "steps/resolve/"), {"version": "5", "remedy": "换" * 4001}
    )

    assert answer.status_code == 422
    assert "At most 4000 characters." in answer.content.decode() and "换" * 4001 in answer.content.decode()
    assert _now(small_town, made.id).status == "in_progress"


def test_a_hostile_photo_stops_the_step_with_it(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="in_progress")
    photo = SimpleUploadedFile("after.jpg", b"<svg onload=alert(1)>", content_type="image/jpeg")

    answer = _client(small_town, "worker").post(
        _staff(small_town, made.id, "steps/resolve/"), {"version": "5", "remedy": "换了灯泡", "photos": photo}
    )

    assert answer.status_code == 422
    assert _now(small_town, made.id).status == "in_progress"


def test_who_comes_too_late_reads_what_happened_and_keeps_the_words(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="triaged")
    small_town.step(made.id, "reject", "manager", reason="重复上报")

    answer = _client(small_town, "coordinator").post(
        _staff(small_town, made.id, "steps/reject/"), {"version": "2", "reason": "我写的理由"}
    )

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "The request was rejected" in page and "Manager" in page and "重复上报" in page
    assert "我写的理由" in page
    assert _now(small_town, made.id).version == 3


def test_a_form_without_its_version_is_never_the_newest(small_town: SmallTown):
    made = small_town.report()

    answer = _client(small_town, "coordinator").post(_staff(small_town, made.id, "steps/triage/"), {})

    assert answer.status_code == 409 and _now(small_town, made.id).status == "received"


def test_who_handled_it_is_not_offered_to_verify_it(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="in_progress")
    small_town.step(made.id, "resolve", "property_manager", remedy="换了灯泡")

    answer = _client(small_town, "property_manager").post(
        _staff(small_town, made.id, "steps/verify/"), {"version": "6"}
    )

    assert answer.status_code == 403 and _now(small_town, made.id).status == "resolved"


def test_the_form_says_why_a_party_is_suggested(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="triaged")

    page = _client(small_town, "coordinator").get(_staff(small_town, made.id, "steps/dispatch/"))

    suggestion = page.context["staff"].suggestion
    assert (suggestion.party.code, suggestion.place.code, suggestion.topic) == ("great_property", "north", "")
    assert page.context["staff"].parties[0].code == "great_property"
    assert "answers for its kind of work in North" in page.content.decode()


def test_an_internal_note_stays_among_the_staff(small_town: SmallTown):
    made = small_town.report()
    path, words = _at(small_town, f"requests/{made.id}/"), "同一回路还有两盏"
    client = _client(small_town, "coordinator")
    client.post(_staff(small_town, made.id, "note/"), {"note": words, "readers": "staff"})
    client.post(_staff(small_town, made.id, "note/"), {"note": "师傅明天来", "readers": "everyone"})

    readers = ("resident", "coordinator", "neighbour")
    seen = {key: _client(small_town, key).get(path).content.decode() for key in readers}

    assert words in seen["coordinator"]
    assert words not in seen["resident"] and "师傅明天来" in seen["resident"]
    assert words not in seen["neighbour"] and "师傅明天来" not in seen["neighbour"]
    with small_town.scope():
        assert Comment.objects.filter(is_internal=True).count() == 1


def test_an_empty_note_is_refused_beside_its_field(small_town: SmallTown):
    made = small_town.report()

    answer = _client(small_town, "coordinator").post(_staff(small_town, made.id, "note/"), {"note": " "})

    assert answer.status_code == 422 and "Write something first." in answer.content.decode()


def test_a_contact_is_masked_until_somebody_looks_and_the_look_is_noted(small_town: SmallTown):
    made = small_town.report(contact_name="林小榕", contact_phone="13812345678")
    client = _client(small_town, "coordinator")

    before = client.get(_at(small_town, f"requests/{made.id}/")).content.decode()
    after = client.post(_staff(small_town, made.id, "contact/"), {"why": "约时间上门"})

    assert "13812345678" not in before and "林小榕" not in before
    assert "13812345678" in after.content.decode() and "no-store" in after["Cache-Control"]
    with small_town.scope():
        look = Look.objects.get()
    assert (look.looker_account_id, look.reason) == (small_town.accounts["coordinator"], "约时间上门")


@pytest.mark.parametrize("key", ["auditor", "other_coordinator", "other_worker", "neighbour", ""])
def test_a_contact_is_not_shown_to_others(small_town: SmallTown, key: str):
    made = small_town.report(contact_name="林小榕", contact_phone="13812345678")

    answer = _client(small_town, key).post(_staff(small_town, made.id, "contact/"), {"why": "好奇"})

    assert answer.status_code in (302, 403, 404) and "13812345678" not in answer.content.decode()
    with small_town.scope():
        assert not Look.objects.exists()


def test_the_proof_shows_the_chain_as_it_is_hashed(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="dispatched")

    page = _client(small_town, "auditor").get(_staff(small_town, made.id, "proof/")).content.decode()

    with small_town.scope():
        links = audit.chain(("service_request", made.id))
    assert len(links) == 3 and all(link.hash in page and link.previous_hash in page for link in links)


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


# --- the catalogue ---------------------------------------------------------------------------------------------------


def _lamp_words(client: Client, town: SmallTown) -> dict[str, Any]:
    typed = client.get(_at(town, "office/catalogue/service/lamp/")).context["typed"]
    return {name: value for name, value in typed.items() if value != ""}


def test_an_edit_makes_a_new_version_and_open_requests_keep_theirs(small_town: SmallTown):
    made = small_town.report()
    client = _client(small_town, "manager")
    words = {**_lamp_words(client, small_town), "name_en": "Dark lamp", "target_normal_whole_min": "480"}

    answer = client.post(_at(small_town, "office/catalogue/service/lamp/"), words)

    assert answer.status_code == 302
    with small_town.scope():
        small_town.town.refresh_from_db()
        now = queries.catalogue(small_town.town).offered["lamp"]
        held = queries.catalogue(small_town.town).by_id[ServiceRequest.objects.get(id=made.id).service_id]
    assert (now.version, now.name_en, now.targets["normal"]["whole"]) == (2, "Dark lamp", 480)
    assert (held.version, held.name_en) == (1, "Street lamp out")


def test_an_edit_without_a_difference_makes_no_version(small_town: SmallTown):
    client = _client(small_town, "manager")
    client.post(_at(small_town, "office/catalogue/service/lamp/"), _lamp_words(client, small_town))

    with small_town.scope():
        assert Service.objects.filter(code="lamp").count() == 1


def test_a_bad_edit_names_every_problem_and_changes_nothing(small_town: SmallTown):
    client = _client(small_town, "manager")
    words = {**_lamp_words(client, small_town), "name_zh": "", "kind": "wish", "target_low_whole_min": "soon"}

    answer = client.post(_at(small_town, "office/catalogue/service/lamp/"), words)

    assert answer.status_code == 422
    assert {one["where"] for one in answer.context["problems"]} >= {"target_low_whole_min"}
    with small_town.scope():
        assert Service.objects.filter(code="lamp").count() == 1


@pytest.mark.parametrize("form", ["json", "csv"])
def test_an_exported_catalogue_comes_back_unchanged(small_town: SmallTown, form: str):
    client = _client(small_town, "manager")
    exported = client.get(_at(small_town, f"office/catalogue/export.{form}")).content

    with small_town.scope():
        services = actions.read_catalogue(exported, form=form)
        n = actions.publish_catalogue(
            actor=small_town.actor("manager"), town=small_town.town, services=services, at=NOW
        )

    assert len(services) == len({one.code for one in services}) > 1
    assert n == 0


def test_a_bad_catalogue_file_names_every_problem_and_changes_nothing(small_town: SmallTown):
    file = {
        "services": [
            {"code": "lamp", "kind": "repair", "group": "g", "name_zh": "灯", "name_en": 7, "targets": {"normal": 3}},
            {"code": "lamp", "kind": "dream", "group": "g", "name_zh": "", "name_en": "", "colour": "red"},
            {"code": "x", "kind": "repair", "name_zh": "一", "name_en": "One", "responsible_kinds": ["circus"]},
        ]
    }
    sent = SimpleUploadedFile("c.json", json.dumps(file).encode(), content_type="application/json")

    answer = _client(small_town, "manager").post(_at(small_town, "office/catalogue/exchange/"), {"file": sent})

    found = {(one["where"], one["code"]) for one in answer.context["problems"]}
    assert answer.status_code == 422
    assert found >= {
        ("services[0].name_en", "type"),
        ("services[0].targets", "type"),
        ("services[1].code", "doubled"),
        ("services[1].kind", "unknown"),
        ("services[1].colour", "unknown"),
        ("services[1].name", "required"),
        ("services[2].responsible_kinds", "unknown"),
    }
    with small_town.scope():
        assert Service.objects.filter(code="lamp").count() == 1


@pytest.mark.parametrize("content", [b"", b"{", b"[[[[", b"\xff\xfe", b"null", b'{"services": 3}', b"a\0b"])
def test_a_broken_file_is_refused_in_words(small_town: SmallTown, content: bytes):
    for name in ("c.json", "c.csv"):
        sent = SimpleUploadedFile(name, content)
        answer = _client(small_town, "manager").post(_at(small_town, "office/catalogue/exchange/"), {"file": sent})
        assert answer.status_code == 422 and answer.context["problems"], name


@pytest.mark.parametrize(
    ("key", "reads", "writes"), [("manager", 200, 302), ("auditor", 200, 403), ("coordinator", 403, 403)]
)
def test_the_catalogue_is_edited_by_managers_and_read_by_auditors(
    small_town: SmallTown, key: str, reads: int, writes: int
):
    words = _lamp_words(_client(small_town, "manager"), small_town)
    client, path = _client(small_town, key), _at(small_town, "office/catalogue/service/lamp/")

    assert client.get(path).status_code == reads
    assert client.post(path, words).status_code == writes
