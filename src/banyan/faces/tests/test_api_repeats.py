"""A write that is repeated with its key has one effect and one answer, also when two come at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.http import HttpResponse
from django.utils import timezone

from banyan.apps.accounts import tasks
from banyan.apps.accounts.models import StoredAnswer
from banyan.base.ids import uuid7
from tests.programs import REPORT, Program, codes_of, fresh_key, problem_of
from tests.towns import SmallTown

pytestmark = pytest.mark.django_db(transaction=True)


def n_requests(small_town: SmallTown) -> int:
    n: int = Program(small_town).get("/counts").json()["n"]
    return n


@pytest.mark.parametrize("key", ["resident", ""])
def test_the_same_key_and_body_get_the_same_answer_and_one_effect(small_town: SmallTown, key: str) -> None:
    program, once = Program(small_town, key), fresh_key()

    first = program.post("/service_requests", REPORT, Idempotency_Key=once)
    second = program.post("/service_requests", REPORT, Idempotency_Key=once)
    other = program.post("/service_requests", REPORT, Idempotency_Key=fresh_key())

    assert first.status_code == second.status_code == other.status_code == 201
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.content == first.content != other.content
    assert second.headers["Location"] == first.headers["Location"]
    assert n_requests(small_town) == 2


def test_the_same_key_with_another_body_is_a_conflict(small_town: SmallTown) -> None:
    program, once = Program(small_town, "resident"), fresh_key()
    lamp = program.post("/service_requests", REPORT, Idempotency_Key=once).json()["id"]

    refused = program.post("/service_requests", REPORT | {"description": "另一盏灯"}, Idempotency_Key=once)
    elsewhere = program.post(f"/service_requests/{lamp}/comments", {"text": "x"}, Idempotency_Key=once)

    assert problem_of(refused, status=409)["code"] == "accounts.key_used_otherwise"
    assert problem_of(elsewhere, status=409)["code"] == "accounts.key_used_otherwise"
    assert n_requests(small_town) == 1


def test_keys_of_different_askers_never_meet(small_town: SmallTown) -> None:
    once = fresh_key()
    programs = [Program(small_town, "resident"), Program(small_town, "neighbour"), Program(small_town)]

    numbers = {
        program.post("/service_requests", REPORT, Idempotency_Key=once).json()["tracking_number"]
        for program in programs
    }

    assert len(numbers) == n_requests(small_town) == 3


def test_a_refusal_leaves_no_trace_of_its_key(small_town: SmallTown) -> None:
    program, once = Program(small_town, "resident"), fresh_key()

    refused = program.post("/service_requests", REPORT | {"service_code": "cake"}, Idempotency_Key=once)
    again = program.post("/service_requests", REPORT | {"service_code": "cake"}, Idempotency_Key=once)
    corrected = program.post("/service_requests", REPORT, Idempotency_Key=once)

    assert codes_of(refused) == codes_of(again) == {("service_code", "unknown")}
    assert corrected.status_code == 201
    assert n_requests(small_town) == 1


@pytest.mark.parametrize("key", ["short", "x" * 81, "with spaces inside it", "表" * 20])
def test_a_key_has_the_form_of_one(small_town: SmallTown, key: str) -> None:
    sent = key if key.isascii() else key.encode().decode("latin-1")

    refused = Program(small_town, "resident").post("/service_requests", REPORT, Idempotency_Key=sent)

    assert codes_of(refused) == {("Idempotency-Key", "pattern")}
    assert n_requests(small_town) == 0


def test_every_kind_of_write_is_done_once(small_town: SmallTown) -> None:
    resident, coordinator, manager = (Program(small_town, key) for key in ("resident", "coordinator", "manager"))
    lamp = resident.report()["id"]
    role = {"account_id": str(small_town.accounts["neighbour"]), "role": "auditor"}
    Program(small_town, "resident")
    token = resident.get("/me/tokens").json()["items"][0]["id"]

    def writes(step_key: str, keys: list[str]) -> list[HttpResponse]:
        answers = [
            coordinator.post(
                f"/service_requests/{lamp}/steps", {"step": "triage", "version": 1}, Idempotency_Key=step_key
            ),
            resident.post(f"/service_requests/{lamp}/comments", {"text": "还是黑的"}, Idempotency_Key=keys[0]),
            manager.post("/roles", role, Idempotency_Key=keys[1]),
            resident.post("/me/inbox/read", Idempotency_Key=keys[2]),
            resident.delete(f"/me/tokens/{token}", Idempotency_Key=keys[3]),
        ]
        held = answers[2].json()["id"]
        return [*answers, manager.delete(f"/roles/{held}", Idempotency_Key=keys[4])]

    step_key, keys = fresh_key(), [fresh_key() for _ in range(5)]
    first = writes(step_key, keys)
    second = writes(step_key, keys)

    assert [answer.status_code for answer in first] == [200, 201, 201, 200, 204, 204]
    assert [answer.status_code for answer in second] == [200, 201, 201, 200, 204, 204]
    assert [answer.content for answer in first] == [answer.content for answer in second]
    assert all(answer.headers["Idempotency-Replayed"] == "true" for answer in second)
    assert len(resident.get(f"/service_requests/{lamp}/comments").json()["items"]) == 1


def test_photos_are_the_same_however_they_are_packed(small_town: SmallTown) -> None:
    import io

    from django.core.files.uploadedfile import SimpleUploadedFile
    from PIL import Image

    def shot(colour: str) -> SimpleUploadedFile:
        picture = io.BytesIO()
        Image.new("RGB", (64, 48), colour).save(picture, "PNG")
        return SimpleUploadedFile("lamp.png", picture.getvalue(), content_type="image/png")

    resident, once = Program(small_town, "resident"), fresh_key()
    path = f"/service_requests/{resident.report()['id']}/photos"

    first = resident.upload(path, {"photos": shot("orange"), "moment": "report"}, Idempotency_Key=once)
    second = resident.upload(path, {"moment": "report", "photos": shot("orange")}, Idempotency_Key=once)
    other = resident.upload(path, {"moment": "report", "photos": shot("purple")}, Idempotency_Key=once)

    assert first.status_code == 201
    assert second.content == first.content
    assert problem_of(other, status=409)["code"] == "accounts.key_used_otherwise"


def test_a_contact_is_stored_nowhere_else_and_each_look_is_noted(small_town: SmallTown) -> None:
    resident, coordinator, once = Program(small_town, "resident"), Program(small_town, "coordinator"), fresh_key()
    path = f"/service_requests/{resident.report(contact_name='王一', contact_phone='13800000000')['id']}/contact"

    seen = [coordinator.post(path, {"reason": "上门"}, Idempotency_Key=once) for _ in range(2)]

    assert [answer.json()["phone"] for answer in seen] == ["13800000000"] * 2
    assert len(resident.get("/me/looks").json()["items"]) == 2
    with small_town.scope():
        assert not StoredAnswer.objects.filter(key=once).exists()


def test_answers_are_forgotten_after_three_days_and_their_keys_are_free_again(small_town: SmallTown) -> None:
    program, old, young = Program(small_town, "resident"), fresh_key(), fresh_key()
    for key, days in ((old, 4), (young, 2)):
        program.post("/service_requests", REPORT, Idempotency_Key=key)
        with small_town.scope():
            StoredAnswer.objects.filter(key=key).update(at=timezone.now() - timedelta(days=days))

    tasks.forget_answers()
    again = {key: program.post("/service_requests", REPORT, Idempotency_Key=key) for key in (old, young)}

    assert "Idempotency-Replayed" not in again[old].headers
    assert again[young].headers["Idempotency-Replayed"] == "true"
    assert n_requests(small_town) == 3


def _at_once(n: int, program: Program, body: dict[str, Any], **headers: str) -> list[HttpResponse]:
    def send(_: int) -> HttpResponse:
        try:
            return program.post("/service_requests", body, **headers)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(n) as threads:
        return list(threads.map(send, range(n)))


def test_duplicates_at_the_same_moment_have_one_effect(small_town: SmallTown) -> None:
    program = Program(small_town, "resident")
    program.get("/service_requests")

    answers = _at_once(8, program, REPORT, Idempotency_Key=fresh_key())

    assert [answer.status_code for answer in answers] == [201] * 8
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert n_requests(small_town) == 1, connection.vendor


def test_one_identifier_at_the_same_moment_makes_one_request(small_town: SmallTown) -> None:
    program = Program(small_town, "resident")
    program.get("/service_requests")

    answers = _at_once(6, program, REPORT | {"id": str(uuid7())})

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    assert n_requests(small_town) == 1
