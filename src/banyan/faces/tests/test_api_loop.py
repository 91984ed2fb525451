"""The first loop through the API: report, triage, dispatch, handle, verify, rate, read on."""

from __future__ import annotations

import pytest

from tests.programs import REPORT, Program, codes_of, problem_of
from tests.towns import SmallTown

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_lamp_is_reported_handled_verified_and_rated_by_four_programs(small_town: SmallTown) -> None:
    resident, coordinator = Program(small_town, "resident"), Program(small_town, "coordinator")
    worker = Program(small_town, "worker")
    lamp = resident.report(contact_name="王一", contact_phone="13800000000")["id"]

    for program, step, words in (
        (coordinator, "triage", {"is_text_public": True}),
        (coordinator, "dispatch", {}),
        (worker, "accept", {}),
        (worker, "start", {}),
        (worker, "pause", {"reason": "等零件"}),
        (worker, "resume", {}),
        (worker, "resolve", {"remedy": "换了灯泡"}),
        (coordinator, "verify", {}),
    ):
        assert program.step(lamp, step, **words).status_code == 200, step
    version = resident.get(f"/service_requests/{lamp}").json()["version"]
    rated = resident.post(f"/service_requests/{lamp}/rating", {"rating": 5, "version": version, "words": "谢谢"})

    assert rated.status_code == 200
    assert rated.json()["status"] == "verified"
    assert rated.json()["rating"] == 5
    verbs = [
        entry["verb"].partition(".")[2] for entry in resident.get(f"/service_requests/{lamp}/timeline").json()["items"]
    ]
    assert verbs == [
        "received",
        "triage",
        "dispatch",
        "accept",
        "start",
        "pause",
        "resume",
        "resolve",
        "verify",
        "rated",
    ]


def test_whoever_handled_a_request_does_not_verify_it(small_town: SmallTown) -> None:
    lamp = Program(small_town, "resident").report()["id"]
    small_town.walk(lamp, until="in_progress")
    property_manager = Program(small_town, "property_manager")

    resolved = property_manager.step(lamp, "resolve", remedy="换了灯泡")
    refused = property_manager.step(lamp, "verify")
    verified = Program(small_town, "coordinator").step(lamp, "verify")

    assert resolved.status_code == 200
    assert "verify" not in resolved.json()["steps"]
    assert problem_of(refused, status=403)["code"] == "service_requests.handler_may_not_verify"
    assert verified.status_code == 200


def test_a_step_that_the_table_lacks_is_a_conflict_and_changes_nothing(small_town: SmallTown) -> None:
    lamp = Program(small_town, "resident").report()["id"]
    coordinator = Program(small_town, "coordinator")
    before = coordinator.get(f"/service_requests/{lamp}").json()

    refused = coordinator.step(lamp, "close")
    allowed = coordinator.step(lamp, "triage")

    assert problem_of(refused, status=409)["code"] == "service_requests.illegal_step"
    assert before["version"] == 1
    assert allowed.json()["version"] == 2


def test_a_stale_version_is_a_conflict(small_town: SmallTown) -> None:
    lamp = Program(small_town, "resident").report()["id"]
    coordinator = Program(small_town, "coordinator")
    assert coordinator.step(lamp, "triage", version=1).status_code == 200

    refused = coordinator.step(lamp, "dispatch", version=1)
    allowed = coordinator.step(lamp, "dispatch", version=2)

    assert problem_of(refused, status=409)["code"] == "banyan.stale_version"
    assert allowed.status_code == 200


def test_a_step_without_the_version_that_was_read_is_refused(small_town: SmallTown) -> None:
    lamp = Program(small_town, "resident").report()["id"]

    refused = Program(small_town, "coordinator").post(f"/service_requests/{lamp}/steps", {"step": "triage"})

    assert codes_of(refused) == {("version", "required")}


def test_words_that_a_step_does_not_take_are_refused_one_by_one(small_town: SmallTown) -> None:
    lamp = Program(small_town, "resident").report()["id"]
    coordinator = Program(small_town, "coordinator")

    refused = coordinator.step(lamp, "triage", remedy="换了灯泡", party_id=str(small_town.parties["great_property"]))

    assert codes_of(refused) == {("remedy", "not_taken"), ("party_id", "not_taken")}
    assert coordinator.get(f"/service_requests/{lamp}").json()["status"] == "received"


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("coordinator", 200),
        ("manager", 200),
        ("other_coordinator", 404),
        ("worker", 404),
        ("neighbour", 404),
        ("resident", 403),
        ("", 404),
    ],
)
def test_only_the_coordination_of_the_area_triages(small_town: SmallTown, key: str, status: int) -> None:
    lamp = Program(small_town, "resident").report()["id"]

    response = Program(small_town, key).step(lamp, "triage")

    assert response.status_code == status
    assert status == 200 or problem_of(response, status=status)


def test_everything_that_is_wrong_with_a_report_is_said_at_once(small_town: SmallTown) -> None:
    wrong = {
        "service_code": "unheard-of",
        "description": " ",
        "lon": 2.35,
        "lat": 48.85,
        "contact_phone": "no number",
        "requested_at": "2999-01-01T00:00:00Z",
    }
    resident = Program(small_town, "resident")

    refused = resident.post("/service_requests", wrong)

    assert codes_of(refused) == {
        ("service_code", "unknown"),
        ("description", "required"),
        ("requested_at", "future"),
        ("lon", "outside"),
        ("phone", "pattern"),
    }
    assert resident.get("/service_requests").json()["items"] == []


def test_every_field_of_a_wrong_type_is_named(small_town: SmallTown) -> None:
    wrong = {
        "service_code": 7,
        "description": None,
        "lon": "east",
        "urgency": "tomorrow",
        "id": "not one",
        "colour": "red",
    }

    refused = Program(small_town).post("/service_requests", wrong)

    assert codes_of(refused) == {
        ("service_code", "type"),
        ("description", "type"),
        ("lon", "type"),
        ("urgency", "unknown"),
        ("id", "pattern"),
        ("colour", "unknown_field"),
    }


def test_a_point_in_the_system_of_chinese_phones_lands_in_the_right_grid(small_town: SmallTown) -> None:
    from banyan.base.coordinates import LonLat, System, convert

    shifted = convert(LonLat(113.31, 23.06), source=System.WGS84, target=System.GCJ02)
    resident = Program(small_town, "resident")

    lamp = resident.report(lon=shifted.lon, lat=shifted.lat, coordinate_system="gcj02")["id"]

    shown = resident.get(f"/service_requests/{lamp}").json()
    assert shown["place"]["code"] == "n1"
    assert abs(shown["lon"] - 113.31) < 1e-5
    assert abs(shown["lat"] - 23.06) < 1e-5


def test_only_the_staff_reports_on_behalf_of_someone(small_town: SmallTown) -> None:
    body = REPORT | {"channel": "phone", "contact_name": "李奶奶", "contact_phone": "020 8888 8888"}

    allowed = Program(small_town, "coordinator").post("/service_requests", body)
    refused = Program(small_town, "resident").post("/service_requests", body)
    unknown = Program(small_town).post("/service_requests", body)

    assert allowed.status_code == 201
    assert problem_of(refused, status=403)
    assert problem_of(unknown, status=401)


def test_an_identifier_made_by_the_client_is_used_once(small_town: SmallTown) -> None:
    from banyan.base.ids import uuid7

    made, resident = str(uuid7()), Program(small_town, "resident")

    first = resident.report(id=made)
    second = resident.post("/service_requests", REPORT | {"id": made})
    random = resident.post("/service_requests", REPORT | {"id": "c2b1f0de-7f6b-4c1e-9a43-0d9a5a1a2b3c"})

    assert first["id"] == made
    assert problem_of(second, status=409)["code"] == "service_requests.id_taken"
    assert codes_of(random) == {("id", "pattern")}


def test_comments_are_heard_by_those_they_are_for(small_town: SmallTown) -> None:
    resident, coordinator = Program(small_town, "resident"), Program(small_town, "coordinator")
    path = f"/service_requests/{resident.report()['id']}/comments"

    assert resident.post(path, {"text": "今晚还是黑的"}).status_code == 201
    assert coordinator.post(path, {"text": "先问电力", "is_internal": True}).status_code == 201
    refused = resident.post(path, {"text": "内部", "is_internal": True})

    assert problem_of(refused, status=403)
    assert [one["text"] for one in resident.get(path).json()["items"]] == ["今晚还是黑的"]
    assert [one["text"] for one in coordinator.get(path).json()["items"]] == ["今晚还是黑的", "先问电力"]
    assert problem_of(Program(small_town, "neighbour").get(path), status=404)


def test_a_look_at_the_contact_is_noted_and_shown_to_the_reporter(small_town: SmallTown) -> None:
    resident, coordinator = Program(small_town, "resident"), Program(small_town, "coordinator")
    lamp = resident.report(contact_name="王一", contact_phone="13800000000")["id"]
    assert resident.get("/me/looks").json()["items"] == []

    seen = coordinator.post(f"/service_requests/{lamp}/contact", {"reason": "约上门时间"})
    refused = Program(small_town, "neighbour").post(f"/service_requests/{lamp}/contact", {"reason": "好奇"})

    assert seen.json() == {"name": "王一", "phone": "13800000000", "email": ""}
    assert seen.headers["Cache-Control"] == "no-store"
    assert problem_of(refused, status=404)
    looks = resident.get("/me/looks").json()["items"]
    assert [(look["role"], look["reason"]) for look in looks] == [("coordinator", "约上门时间")]
