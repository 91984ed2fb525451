"""Open311: what was added to GeoReport v2 in the wild: attributes, boxes, bulk tables, all towns at one address."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from django.http import HttpResponse
from django.utils import timezone

from banyan.apps.audit import queries as audit
from banyan.apps.service_requests import queries
from banyan.apps.service_requests.models import ExternalUpdate, Photo, ServiceRequest
from banyan.base.ids import uuid7
from banyan.faces.open311.bulk import COLUMNS
from banyan.faces.tests.open311 import Caller, faults_of, read_xml
from banyan.faces.tests.test_open311_writing import picture
from tests.asking import QUESTIONS, let_it_ask
from tests.statements import at_most
from tests.towns import SmallTown
from tests.towns import small_town as found_town

pytestmark = pytest.mark.django_db(transaction=True)
ANSWERED: Final = {
    "attribute[height]": "3.5", "attribute[colour]": "red", "attribute[wastes][]": ["glass", "wood"],
    "attribute[pole]": "RY-17",
}  # fmt: skip


@pytest.fixture
def anyone(small_town: SmallTown) -> Caller:
    return Caller(small_town)


@pytest.fixture
def program(small_town: SmallTown) -> Caller:
    return Caller(small_town, "resident")


def ago(**length: float) -> Any:
    return timezone.now().replace(microsecond=0) - timedelta(**length)


def text(at: Any) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def ids(caller: Caller, /, **query: Any) -> list[str]:
    return [one["service_request_id"] for one in caller.get("v2/requests", **query)]


def change(town: SmallTown, request_id: Any, **columns: Any) -> None:
    with town.scope():
        assert ServiceRequest.objects.filter(id=request_id).update(**columns) == 1


# --- attributes ------------------------------------------------------------------------------------------------------


def test_a_definition_holds_every_question_in_its_order(small_town: SmallTown, anyone: Caller) -> None:
    before = anyone.get("v2/services/lamp")
    let_it_ask(small_town)

    found = anyone.get("v2/services/lamp")
    listed = {one["service_code"]: one["metadata"] for one in anyone.get("v2/services")}

    assert before == {"service_code": "lamp", "attributes": []}
    assert listed == {"lamp": True, "leak": False, "lift": False, "idea": False}
    assert [one["order"] for one in found["attributes"]] == list(range(1, len(QUESTIONS) + 1))
    assert [one["code"] for one in found["attributes"]] == [one["code"] for one in QUESTIONS]
    assert found["attributes"][0] | {"description": ""} == {
        "variable": False, "code": "told", "datatype": "string", "required": False, "datatype_description": None,
        "order": 1, "description": "",
    }  # fmt: skip
    assert found["attributes"][5]["values"] == [{"key": "red", "name": "Red"}, {"key": "green", "name": "Green"}]
    chinese = anyone.client.get(f"{anyone.root}/v2/services/lamp.json", headers={"Accept-Language": "zh-CN"}).json()
    assert chinese["attributes"][5]["values"][0]["name"] == "选red"


@pytest.mark.parametrize("form", ["xml", "json"])
def test_a_report_answers_the_questions(small_town: SmallTown, program: Caller, form: str) -> None:
    let_it_ask(small_town)
    where = {"service_code": "lamp", "lat": "23.06", "long": "113.31"}

    made = program.report(**ANSWERED)
    nothing = program.post("v2/requests", form, **where)
    wrong = program.post(
        "v2/requests", form, **where, **ANSWERED | {"attribute[height]": "tall", "attribute[cake]": "x"}
    )

    with small_town.scope():
        kept = ServiceRequest.objects.get(id=made["service_request_id"]).attributes
    assert kept == {"pole": "RY-17", "height": "3.5", "colour": "red", "wastes": ["glass", "wood"]}
    assert faults_of(nothing, status=400) == [(400, "attribute[height]"), (400, "attribute[colour]")]
    assert faults_of(wrong, status=400) == [(400, "attribute[cake]"), (400, "attribute[height]")]


def test_answers_are_shown_where_the_words_are_published(small_town: SmallTown, program: Caller) -> None:
    let_it_ask(small_town)
    made = program.report(**ANSWERED)["service_request_id"]
    answers = []
    for columns in ({}, {"is_text_public": True}, {"public_text": "路灯〔已隐去〕"}):
        if columns:
            change(small_town, made, **columns)
        (found,) = program.get(f"v2/requests/{made}", extensions="true")
        answers.append({one["code"]: one["name"] for one in found["attributes"]})

    assert answers[0] == {}
    assert answers[1] == {"pole": "RY-17", "height": "3.5", "colour": "Red", "wastes": "Wood"}
    assert answers[2] == {"height": "3.5", "colour": "Red", "wastes": "Wood"}
    assert [one["value"] for one in found["attributes"]] == ["3.5", "red", "glass", "wood"]
    assert set(found["attributes"][0]) == {"label", "name", "value", "code"}
    assert found["description"] == "路灯〔已隐去〕"


def test_extended_attributes_hold_the_channel_the_map_and_the_photos(small_town: SmallTown, program: Caller) -> None:
    made = program.report(media=picture(), lat="23.06712", long="113.31234")["service_request_id"]
    change(small_town, made, is_text_public=True)

    (found,) = program.get(f"v2/requests/{made}", extensions="true")

    assert list(found["extended_attributes"]) == ["channel", "x", "y", "photos"]
    # EPSG:3857 of 113.31234 E, 23.06712 N
    assert (found["extended_attributes"]["x"], found["extended_attributes"]["y"]) == (
        12613872,
        round(math.asinh(math.tan(math.radians(23.06712))) * 6_378_137),
    )
    assert found["media_urls"] == [found["media_url"]]


def test_structured_notes_come_alone(small_town: SmallTown, anyone: Caller) -> None:
    made = small_town.report(at=ago(hours=3))
    small_town.walk(made.id, until="triaged", at=ago(hours=2))

    (found,) = anyone.get(f"v2/requests/{made.id}", x_structured_notes="true")

    assert [set(one) for one in found["notes"]] == [{"datetime", "description", "type"}] * 2
    assert "extended_attributes" not in found


# --- which requests --------------------------------------------------------------------------------------------------


def test_a_box_is_judged_by_the_point_that_everybody_sees(small_town: SmallTown, anyone: Caller) -> None:
    made = small_town.report(at=ago(hours=1), lon=113.3104, lat=23.0604)  # seen at 113.31, 23.06
    box = {"lat_ne": "23.07", "long_ne": "113.32", "lat_sw": "23.06", "long_sw": "113.31"}

    assert ids(anyone, **box) == [str(made.id)]
    assert ids(anyone, **box | {"lat_sw": "23.0602"}) == []
    assert ids(anyone, **box | {"long_sw": "170", "long_ne": "-170"}) == []
    assert ids(anyone, **box | {"long_sw": "113.30", "long_ne": "-170"}) == [str(made.id)]
    change(small_town, made.id, is_text_public=True)
    assert ids(anyone, **box | {"lat_sw": "23.0602"}) == [str(made.id)]
    for form in ("xml", "json"):
        half = anyone.one("v2/requests", form, lat_ne="23.07", long_ne="x", lat_sw="")
        assert faults_of(half, status=400) == [(400, "long_ne"), (400, "lat_sw"), (400, "long_sw")]
        upside_down = anyone.one("v2/requests", form, **box | {"lat_ne": "23.0", "lat_sw": "23.1"})
        assert faults_of(upside_down, status=400) == [(400, "lat_ne")]


def test_who_asks_for_changes_hears_of_old_requests(small_town: SmallTown, anyone: Caller) -> None:
    old, new = small_town.report(at=ago(days=200)), small_town.report(at=ago(days=2))
    change(small_town, old.id, updated_at=ago(hours=1))
    change(small_town, new.id, updated_at=ago(days=1))

    assert ids(anyone) == [str(new.id)]
    assert ids(anyone, updated_after=text(ago(hours=2))) == [str(old.id)]
    assert ids(anyone, updated_after=text(ago(days=3)), updated_before=text(ago(hours=2))) == [str(new.id)]
    assert ids(anyone, updated_after=text(ago(hours=2)), start_date=text(ago(days=3))) == []
    assert ids(anyone, updated_after="", updated_before="") == [str(new.id)]


def test_past_the_last_page_there_is_nothing(small_town: SmallTown, anyone: Caller) -> None:
    made = [str(small_town.report(at=ago(hours=i)).id) for i in range(1, 4)]

    pages = [ids(anyone, page_size="2", page=str(i)) for i in (1, 2, 3, 50)]

    assert pages == [made[:2], made[2:], [], []]


def test_a_confidential_request_is_nowhere(small_town: SmallTown, anyone: Caller, program: Caller) -> None:
    hidden, child = small_town.report(at=ago(hours=1)), small_town.report(at=ago(hours=2))
    small_town.step(hidden.id, "triage", "coordinator", at=ago(minutes=10), is_text_public=True)
    small_town.step(child.id, "triage", "coordinator", at=ago(minutes=5))
    change(small_town, hidden.id, privacy="confidential")
    change(small_town, child.id, status="merged", merged_into_id=hidden.id)

    listed = [anyone.get("v2/requests", extensions="true"), anyone.get("v2/servicerequestupdates")]
    listed.append(anyone.get("v2/requests", service_request_id=f"{hidden.id},{child.id}"))
    table = b"".join(anyone.client.get(f"{anyone.root}/v2/requests.csv").streaming_content).decode()

    assert str(hidden.id) not in str(listed) + table and str(child.id) in str(listed) + table
    for path in (f"v2/requests/{hidden.id}", f"v2/tokens/{hidden.id}"):
        assert faults_of(anyone.one(path, "json"), status=404)
    told = {"service_request_id": str(hidden.id), "description": "?"}
    assert faults_of(program.post("v2/servicerequestupdates", **told), status=404)


def test_a_merged_request_is_closed_and_names_its_parent(small_town: SmallTown, anyone: Caller) -> None:
    parent, child = small_town.report(at=ago(hours=2)), small_town.report(at=ago(hours=1))
    change(small_town, child.id, status="merged", merged_into_id=parent.id)
    (found,) = anyone.get(f"v2/requests/{child.id}")

    assert (found["status"], found["status_notes"].endswith(str(parent.id))) == ("closed", True)
    assert ids(anyone, status="closed") == [str(child.id)]


@pytest.mark.parametrize(
    ("state", "how", "status", "words"),
    [
        ("closed", "staff", "closed", "verified by somebody of the staff"),
        ("closed", "silence", "closed", "nobody spoke up"),
        ("verified", "resident", "open", "verified by a resident"),
        ("closed", "unsampled", "closed", "not in the sample"),
        ("closed", "", "closed", "Closed"),
        ("parked", "", "open", "Put aside"),
    ],
)
def test_the_notes_say_how_it_was_verified(
    small_town: SmallTown, anyone: Caller, state: str, how: str, status: str, words: str
) -> None:
    made = small_town.report(at=ago(hours=2))
    change(small_town, made.id, status=state, verified_how=how)

    (found,) = anyone.get(f"v2/requests/{made.id}")

    assert found["status"] == status and words in found["status_notes"]


# --- tables in bulk --------------------------------------------------------------------------------------------------


def table(response: Any) -> list[dict[str, str]]:
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8" and response.streaming
    content = b"".join(response.streaming_content).decode("utf-8")
    assert content.replace("\r\n", "").count("\n") == content.count("line two") and content.endswith("\r\n")
    rows = list(csv.DictReader(io.StringIO(content, newline=""), strict=True))
    assert all(list(row) == list(COLUMNS) for row in rows)
    return rows


def test_a_table_has_the_columns_of_the_specification(small_town: SmallTown, anyone: Caller) -> None:
    closed_at = ago(hours=1)
    made, other = small_town.report(at=ago(days=2), address="北街3号"), small_town.report("neighbour", at=ago(days=200))
    small_town.walk(made.id, until="closed", at=closed_at)
    change(small_town, made.id, is_text_public=True, description='=cmd("x")\nline two, "quoted"')

    rows = table(anyone.client.get(f"{anyone.root}/v2/requests.csv", headers={"Accept-Language": "en"}))
    whole = table(
        anyone.client.get(
            f"{anyone.root}/v2/requests.csv",
            {"start_date": text(ago(days=300)), "end_date": text(ago())},
            headers={"Accept-Language": "en"},
        )
    )

    (row,) = rows
    assert row["service_request_id"] == str(made.id) and [one["service_request_id"] for one in whole] == [
        str(made.id),
        str(other.id),
    ]
    assert (row["status_description"], row["source"], row["service_name"]) == ("Closed", "web", "Street lamp out")
    assert row["closed_date"] == row["updated_datetime"] == text(closed_at)
    assert row["description"] == '\'=cmd("x")\nline two, "quoted"'
    assert row["address"] == "北街3号, North 1, North, Little Banyan"
    assert (row["lat"], row["long"]) == ("23.06", "113.31")
    assert (whole[1]["closed_date"], whole[1]["description"], whole[1]["address"]) == (
        "",
        "",
        "North 1, North, Little Banyan",
    )


def test_a_table_of_thousands_is_read_piece_by_piece(small_town: SmallTown, anyone: Caller) -> None:
    first = small_town.report(at=ago(hours=1))
    n = 2503
    with small_town.scope():
        held = ServiceRequest.objects.values().get(id=first.id)
        at = ago(hours=2)
        rows = [
            ServiceRequest(
                **held | {"id": uuid7(), "tracking_number": f"A{i}", "requested_at": at - timedelta(minutes=i // 7)}
            )
            for i in range(n - 1)
        ]
        ServiceRequest.objects.bulk_create(rows, batch_size=200)
    response = anyone.client.get(
        f"{anyone.root}/v2/requests.csv", {"page": "2", "page_size": "10", "service_code": "lamp"}
    )
    assert anyone.client.get(f"{anyone.root}/v2/services.json").status_code == 200

    with at_most(20):  # three pieces and the last look, not a statement for each row
        found = table(response)

    assert len({row["service_request_id"] for row in found}) == len(found) == n
    assert [row["requested_datetime"] for row in found] == sorted(
        (row["requested_datetime"] for row in found), reverse=True
    )


def test_what_is_wrong_with_a_table_is_said_as_a_table(anyone: Caller) -> None:
    wrong = anyone.client.get(f"{anyone.root}/v2/requests.csv", {"status": "x", "end_date": "?"})
    posted = anyone.client.post(f"{anyone.root}/v2/requests.csv")
    nowhere = anyone.client.get(f"{anyone.root}/v2/services.csv")

    assert [one.status_code for one in (wrong, posted, nowhere)] == [400, 405, 404]
    for one in (wrong, posted, nowhere):
        assert one.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert one.content.decode().splitlines()[0] == "code,description"
    assert len(wrong.content.decode().splitlines()) == 3


# --- all towns at one address ----------------------------------------------------------------------------------------


def test_at_the_address_of_all_towns_the_jurisdiction_is_needed(small_town: SmallTown, program: Caller) -> None:
    other = found_town()
    made = program.report()["service_request_id"]
    slug = small_town.town.slug
    everywhere = Caller(small_town)
    everywhere.root = "/open311"

    found = everywhere.get("discovery")
    urls = [one["url"] for one in found["endpoints"]]
    assert urls[0] == "http://testserver/open311/v2"
    assert {f"http://testserver/open311/{town.town.slug}/v2" for town in (small_town, other)} <= set(urls)
    assert ids(everywhere, jurisdiction_id=slug) == [made]
    assert ids(everywhere, jurisdiction_id=other.town.slug) == []
    assert {one["service_code"] for one in everywhere.get("v2/services", jurisdiction_id=slug)} >= {"lamp"}
    assert everywhere.get(f"v2/requests/{made}", jurisdiction_id=slug)[0]["service_request_id"] == made
    for form in ("xml", "json"):
        for query, code in (({}, 400), ({"jurisdiction_id": " "}, 400), ({"jurisdiction_id": "atlantis"}, 404)):
            for path in ("v2/services", "v2/services/lamp", "v2/requests", f"v2/tokens/{made}"):
                assert faults_of(everywhere.one(path, form, **query), status=code) == [(code, "jurisdiction_id")]
    written = program.client.post(
        "/open311/v2/requests.json",
        {"jurisdiction_id": slug, "api_key": program.api_key, "service_code": "lamp", "lat": "23.06", "long": "113.31"},
    )
    assert written.status_code == 201
    assert program.client.post("/open311/discovery.json").status_code == 405


def test_a_town_called_like_the_version_keeps_its_own_address() -> None:
    town = Caller(found_town("v2"))

    assert town.get("discovery")["endpoints"][0]["url"] == "http://testserver/open311/v2/v2"
    assert len(town.get("v2/services")) == 4
    assert faults_of(town.one("v2/services", "json", jurisdiction_id="elsewhere"), status=404)


def test_head_says_what_get_would(small_town: SmallTown, anyone: Caller) -> None:
    small_town.report(at=ago(hours=1))
    for path in ("discovery.xml", "v2/discovery.json", "v2/services.json", "v2/requests.xml", "v2/requests.csv"):
        got = anyone.client.get(f"{anyone.root}/{path}")
        head = anyone.client.head(f"{anyone.root}/{path}")
        assert head.status_code == got.status_code == 200
        assert head.headers["Content-Type"] == got.headers["Content-Type"]
        assert not (b"".join(head.streaming_content) if head.streaming else head.content)


# --- updates of other systems ----------------------------------------------------------------------------------------


def told(response: HttpResponse, form: str = "json") -> dict[str, Any]:
    assert response.status_code in (200, 201), response.content
    (found,) = read_xml(response.content) if form == "xml" else json.loads(response.content)
    return dict(found)


def state(town: SmallTown, request_id: Any) -> str:
    with town.scope():
        return str(queries.public(UUID(str(request_id))).status)


def test_the_same_update_again_changes_nothing(small_town: SmallTown, program: Caller) -> None:
    made = program.report()["service_request_id"]
    fields = {"service_request_id": made, "description": "还是不亮", "update_id": "77", "updated_datetime": text(ago())}

    first = program.post("v2/servicerequestupdates", "xml", **fields)
    again = program.post("v2/servicerequestupdates", "json", **fields)
    other = program.post("v2/servicerequestupdates", "json", **fields | {"update_id": "78"})
    mixed_up = program.post(
        "v2/servicerequestupdates", **fields | {"service_request_id": program.report()["service_request_id"]}
    )

    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 201)
    assert told(first, "xml") == told(again) != told(other)
    assert [code for code, _ in faults_of(mixed_up, status=400)] == [409]
    with small_town.scope():
        assert len(queries.comments(queries.public(UUID(made)), with_internal=True)) == 2
        assert sorted(ExternalUpdate.objects.values_list("update_id", flat=True)) == ["77", "78"]


def test_an_identifier_counts_within_its_source(small_town: SmallTown, program: Caller) -> None:
    made = program.report()["service_request_id"]
    fields = {"service_request_id": made, "description": "?", "update_id": "77"}

    answers = [
        Caller(small_town, key).post("v2/servicerequestupdates", **fields) for key in ("resident", "coordinator")
    ]

    assert [one.status_code for one in answers] == [201, 201]


def test_a_contractors_system_handles_a_request_by_its_updates(small_town: SmallTown, program: Caller) -> None:
    made = small_town.report(at=ago(hours=3)).id
    small_town.walk(made, until="dispatched", at=ago(hours=2))
    worker = Caller(small_town, "worker")

    def send(status: str, **fields: Any) -> HttpResponse:
        return worker.post("v2/servicerequestupdates", service_request_id=str(made), status=status, **fields)

    accepted = send("ACTION_SCHEDULED", update_id="1")
    states = [state(small_town, made)]
    send("in progress", update_id="2", description="马上到")
    states.append(state(small_town, made))
    nothing_said = send("FIXED", update_id="3")
    states.append(state(small_town, made))
    fixed = send("FIXED", update_id="3", description="换了灯泡", media=picture())
    states.append(state(small_town, made))
    closed = send("CLOSED", update_id="4", description="完")
    reopened = Caller(small_town, "coordinator").post(
        "v2/servicerequestupdates", service_request_id=str(made), status="REOPEN", description="还是暗"
    )
    states.append(state(small_town, made))

    assert states == ["accepted", "in_progress", "in_progress", "resolved", "reopened"]
    assert faults_of(nothing_said, status=400) == [(400, "description")]
    assert faults_of(closed, status=400) == [(400, "status")]
    assert (accepted.status_code, fixed.status_code, reopened.status_code) == (201, 201, 201)
    with small_town.scope():
        assert ServiceRequest.objects.get(id=made).remedy == "换了灯泡"
        assert [photo.moment for photo in Photo.objects.all()] == ["after"]
        entries = {str(one.id): one.verb for one in audit.timeline(("service_request", made))}
    assert entries[told(accepted)["update_id"]] == "service_requests.accept"
    assert told(accepted)["update_id"] in {one["update_id"] for one in program.get("v2/servicerequestupdates")}


@pytest.mark.parametrize(
    ("status", "words", "after"),
    [
        ("NOT_COUNCILS_RESPONSIBILITY", "不归我们", "returned"), ("FIXED", "好了", "resolved"),
        ("closed", "好了", "resolved"), ("IN_PROGRESS", "", "in_progress"), ("open", "知道了", "dispatched"),
    ],
)  # fmt: skip
def test_a_status_of_another_system_leads_where_it_says(
    small_town: SmallTown, status: str, words: str, after: str
) -> None:
    made = small_town.report(at=ago(hours=3)).id
    small_town.walk(made, until="dispatched", at=ago(hours=2))
    fields = {"service_request_id": str(made), "status": status, "description": words}

    response = Caller(small_town, "worker").post("v2/servicerequestupdates", **fields)

    assert response.status_code == 201, response.content
    assert state(small_town, made) == after


@pytest.mark.parametrize("status", ["DUPLICATE", "CANCELLED", "NO_FURTHER_ACTION", "CAKE"])
def test_a_status_that_nobody_can_bring_about_is_refused(small_town: SmallTown, status: str) -> None:
    made = small_town.report(at=ago(hours=3)).id
    small_town.walk(made, until="resolved", at=ago(hours=2))
    fields = {"service_request_id": str(made), "status": status, "description": "?", "update_id": "9"}

    response = Caller(small_town, "worker").post("v2/servicerequestupdates", **fields)

    assert [code for code, where in faults_of(response, status=400) if where == "status"] == [400]
    with small_town.scope():
        assert not ExternalUpdate.objects.exists()
