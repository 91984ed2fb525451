"""The staff's part of one request: steps, notes, contact, proof.  Plain forms, as without scripts."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from banyan.apps.audit import queries as audit
from banyan.apps.people.models import Look
from banyan.apps.service_requests.models import Comment, Photo, ServiceRequest
from tests.contexts import client as _client
from tests.contexts import let_contexts_be_seen
from tests.towns import SmallTown


@pytest.fixture(autouse=True)
def contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    let_contexts_be_seen(monkeypatch)


def _at(town: SmallTown, path: str) -> str:
    return f"/t/{town.town.slug}/{path}"


def _staff(town: SmallTown, request_id: Any, path: str) -> str:
    return _at(town, f"requests/{request_id}/staff/{path}")


def _now(town: SmallTown, request_id: Any) -> ServiceRequest:
    with town.scope():
        return ServiceRequest.objects.get(id=request_id)


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

    assert offered == {"worker": ["accept", "return"], "coordinator": ["accept", "return", "park"], "auditor": []}


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
