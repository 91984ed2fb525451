"""Joint work, questions and return calls through the API."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tests.programs import Program, fresh_key, problem_of
from tests.towns import SmallTown

pytestmark = pytest.mark.django_db(transaction=True)


def _leak(town: SmallTown, *, until: str) -> str:
    made = Program(town, "resident").report(service_code="leak", description="水管爆裂")["id"]
    town.walk(made, until=until)
    return str(made)


def _summons(town: SmallTown) -> list[dict[str, Any]]:
    return [
        {"party_id": str(town.parties["great_property"]), "task": "关总阀", "target_min": 120, "is_lead": True},
        {"party_id": str(town.parties["lift_company"]), "task": "抽水", "target_min": 240},
    ]


def _version(program: Program, leak: str) -> int:
    return int(program.get(f"/service_requests/{leak}").json()["version"])


def test_a_burst_pipe_is_worked_on_together_by_programs(small_town: SmallTown) -> None:
    leak = _leak(small_town, until="triaged")
    coordinator, worker, helper = (Program(small_town, key) for key in ("coordinator", "worker", "other_worker"))
    body = {"version": _version(coordinator, leak), "summons": _summons(small_town)}

    made = coordinator.post(f"/service_requests/{leak}/summons", body)
    assert made.status_code == 201, made.content
    _, part = made.json()["items"]
    path = f"/service_requests/{leak}/parts/{part['id']}"
    assert (part["status"], part["is_lead"], part["steps"]) == ("summoned", False, ["accept", "decline", "cancel"])

    for step, words in (("accept", {}), ("arrive", {"lon": 113.31, "lat": 23.061}), ("finish", {"remedy": "抽干了"})):
        if step == "finish":
            picture = io.BytesIO()
            Image.new("RGB", (40, 30), (20, 90, 40)).save(picture, "JPEG")
            photo = SimpleUploadedFile("after.jpg", picture.getvalue(), content_type="image/jpeg")
            assert helper.upload(f"{path}/photos", {"photos": photo}).status_code == 201
        taken = helper.post(f"{path}/steps", {"step": step, "version": part["version"], **words})
        assert taken.status_code == 200, taken.content
        part = taken.json()
    assert (part["status"], part["arrived_m"], len(part["photos"])) == ("done", 111, 1)

    for step, words in (("accept", {}), ("start", {}), ("resolve", {"remedy": "关了总阀"})):
        assert worker.step(leak, step, **words).status_code == 200, step
    refused = coordinator.step(leak, "verify")
    assert problem_of(refused, status=409)["code"] == "service_requests.parts_not_verified"
    for one in coordinator.get(f"/service_requests/{leak}/parts").json()["items"]:
        seen = {"step": "verify", "version": one["version"]}
        assert coordinator.post(f"/service_requests/{leak}/parts/{one['id']}/steps", seen).status_code == 200
    assert coordinator.step(leak, "verify").json()["status"] == "verified"


def test_a_summons_sent_twice_with_one_key_summons_once(small_town: SmallTown) -> None:
    leak, coordinator, key = _leak(small_town, until="triaged"), Program(small_town, "coordinator"), fresh_key()
    body = {"version": _version(coordinator, leak), "summons": _summons(small_town)}

    first = coordinator.post(f"/service_requests/{leak}/summons", body, Idempotency_Key=key)
    again = coordinator.post(f"/service_requests/{leak}/summons", body, Idempotency_Key=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert len(coordinator.get(f"/service_requests/{leak}/parts").json()["items"]) == 2


def test_a_bad_summons_is_a_problem_document_with_every_problem(small_town: SmallTown) -> None:
    leak, coordinator = _leak(small_town, until="triaged"), Program(small_town, "coordinator")
    summons = [{**one, "is_lead": True} for one in _summons(small_town)] + _summons(small_town)[:1]
    body = {"version": _version(coordinator, leak), "summons": summons}

    refused = coordinator.post(f"/service_requests/{leak}/summons", body)

    found = {(one["where"], one["code"]) for one in problem_of(refused, status=422)["problems"]}
    assert found == {("summons.2.party_id", "twice"), ("summons", "leads")}


def test_time_is_asked_for_listed_and_granted_by_somebody_else(small_town: SmallTown) -> None:
    leak = _leak(small_town, until="in_progress")
    worker, coordinator = Program(small_town, "worker"), Program(small_town, "coordinator")
    asked = worker.post(f"/service_requests/{leak}/rulings", {"kind": "extension", "reason": "等零件", "minutes": 60})
    assert asked.status_code == 201, asked.content

    (listed,) = coordinator.get("/rulings").json()["items"]
    assert listed["id"] == asked.json()["id"] and listed["may_decide"]
    assert worker.get("/rulings").status_code == 403
    own = Program(small_town, "property_manager").post(f"/rulings/{listed['id']}/decision", {"is_granted": True})
    assert problem_of(own, status=403)["code"] == "service_requests.asker_may_not_decide"
    decided = coordinator.post(f"/rulings/{listed['id']}/decision", {"is_granted": True, "minutes": 30})

    assert (decided.json()["status"], decided.json()["decided_minutes"]) == ("granted", 30)
    assert coordinator.get("/rulings").json()["items"] == []


def test_what_is_given_back_with_a_plea_goes_to_arbitration_and_binds(small_town: SmallTown) -> None:
    leak = _leak(small_town, until="dispatched")
    worker, coordinator = Program(small_town, "worker"), Program(small_town, "coordinator")
    assert worker.step(leak, "return", reason="不归我们管", asks_arbitration=True).status_code == 200
    (ruling,) = coordinator.get(f"/service_requests/{leak}/rulings").json()["items"]
    party = str(small_town.parties["lift_company"])

    body = {"is_granted": True, "party_id": party, "decision": "归电梯公司"}
    assert coordinator.post(f"/rulings/{ruling['id']}/decision", body).status_code == 200

    bound = Program(small_town, "other_worker").step(leak, "return", reason="还是不")
    assert problem_of(bound, status=409)["code"] == "service_requests.bound_to_handle"


def test_a_question_is_taken_back_by_who_asked(small_town: SmallTown) -> None:
    leak, worker = _leak(small_town, until="in_progress"), Program(small_town, "worker")
    body = {"kind": "extension", "reason": "等零件", "minutes": 60}
    asked = worker.post(f"/service_requests/{leak}/rulings", body).json()

    assert Program(small_town, "other_worker").post(f"/rulings/{asked['id']}/withdrawal").status_code == 404
    assert worker.post(f"/rulings/{asked['id']}/withdrawal").json()["status"] == "withdrawn"


def test_a_case_is_parked_through_the_api_with_its_day(small_town: SmallTown) -> None:
    leak, coordinator = _leak(small_town, until="triaged"), Program(small_town, "coordinator")

    refused = coordinator.step(leak, "park", reason="等预算", review_on="2020-01-01")
    assert {one["where"] for one in problem_of(refused, status=422)["problems"]} == {"review_on"}
    assert coordinator.step(leak, "park", reason="等预算").status_code == 422


def test_a_return_call_opens_it_again_through_the_api(small_town: SmallTown) -> None:
    leak, coordinator = _leak(small_town, until="closed"), Program(small_town, "coordinator")
    body = {"outcome": "reached", "is_settled": False, "satisfaction": 2, "words": "还在漏", "reopens": True}

    made = coordinator.post(f"/service_requests/{leak}/return_calls", {**body, "version": _version(coordinator, leak)})

    assert made.status_code == 201, made.content
    assert coordinator.get(f"/service_requests/{leak}").json()["status"] == "reopened"
    (call,) = coordinator.get(f"/service_requests/{leak}/return_calls").json()["items"]
    assert (call["outcome"], call["satisfaction"]) == ("reached", 2)


@pytest.mark.parametrize("key", ["", "neighbour", "other_worker", "other_coordinator"])
def test_who_has_nothing_to_do_with_it_finds_nothing_of_it(small_town: SmallTown, key: str) -> None:
    leak, program = _leak(small_town, until="in_progress"), Program(small_town, key)

    for path in ("parts", "rulings", "return_calls"):
        assert program.get(f"/service_requests/{leak}/{path}").status_code in (401, 404), path
    body = {"kind": "extension", "reason": "r", "minutes": 5}
    assert program.post(f"/service_requests/{leak}/rulings", body).status_code in (401, 404)
