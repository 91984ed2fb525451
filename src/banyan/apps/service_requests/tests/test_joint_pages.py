"""The panels of joint work, decisions and return calls.  Plain forms, as without scripts, in both languages."""

from __future__ import annotations

import re
from typing import Any

import pytest

from banyan.apps.service_requests.models import Part, Photo, ReturnCall, Ruling, ServiceRequest
from banyan.apps.service_requests.queries import joint
from tests.contexts import client as _client
from tests.contexts import let_contexts_be_seen
from tests.towns import SmallTown


@pytest.fixture(autouse=True)
def contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    let_contexts_be_seen(monkeypatch)


def _at(town: SmallTown, path: str) -> str:
    return f"/t/{town.town.slug}/{path}"


def _one(town: SmallTown, request_id: Any, path: str = "") -> str:
    return _at(town, f"requests/{request_id}/{path}")


def _now(town: SmallTown, request_id: Any) -> ServiceRequest:
    with town.scope():
        return ServiceRequest.objects.get(id=request_id)


def _parts(town: SmallTown, request_id: Any) -> list[Part]:
    with town.scope():
        return joint.parts_of(_now(town, request_id))


def _ruling(town: SmallTown) -> Ruling:
    with town.scope():
        return Ruling.objects.get()


def _form(town: SmallTown, request_id: Any, **words: str) -> dict[str, str]:
    return {
        "version": str(_now(town, request_id).version),
        "lead": "1",
        "party-1": str(town.parties["great_property"]),
        "task-1": "关总阀",
        "target-1": "120",
        "party-3": str(town.parties["lift_company"]),
        "task-3": "抽水",
        "target-3": "",
        **words,
    }


def _summoned(town: SmallTown) -> Any:
    made = town.report(service_code="leak")
    town.walk(made.id, until="triaged")
    answer = _client(town, "coordinator").post(_one(town, made.id, "staff/summons/"), _form(town, made.id))
    assert answer.status_code == 302
    return made.id


@pytest.mark.parametrize(("language", "words"), [("en", "Joint work"), ("zh-hans", "联合处置")])
def test_parties_are_called_in_by_a_plain_form_and_each_sees_its_part(small_town: SmallTown, language: str, words: str):
    leak = _summoned(small_town)

    lead, helper = _parts(small_town, leak)
    assert (lead.is_lead, helper.is_lead, helper.target_min, lead.target_min) == (True, False, None, 120)
    for key in ("coordinator", "worker", "other_worker", "auditor"):
        page = _client(small_town, key, language).get(_one(small_town, leak)).content.decode()
        assert words in page and "抽水" in page, key
    # everybody sees which parties work on it and how far each is, and neither tasks nor names of people
    public = _client(small_town, "", language).get(_one(small_town, leak)).content.decode()
    assert ("Lift Company" if language == "en" else "电梯公司") in public
    assert "抽水" not in public and "Other_Worker" not in public


def test_a_refused_summons_comes_back_with_its_words_and_every_problem(small_town: SmallTown):
    made = small_town.report(service_code="leak")
    small_town.walk(made.id, until="triaged")
    form = _form(
        small_town, made.id, **{"party-3": str(small_town.parties["great_property"]), "task-1": "", "lead": ""}
    )

    answer = _client(small_town, "coordinator").post(_one(small_town, made.id, "staff/summons/"), form)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert {one["where"] for one in answer.context["staff"].joint.refused.problems} == {"task-1", "party-3", "party-1"}
    assert "抽水" in page and "This party stands here twice." in page and "Joint work needs a lead" in page
    assert _now(small_town, made.id).status == "triaged" and not _parts(small_town, made.id)


def test_a_part_goes_its_way_by_plain_forms(small_town: SmallTown):
    import io

    from django.core.files.uploadedfile import SimpleUploadedFile
    from PIL import Image

    leak = _summoned(small_town)
    _, helper = _parts(small_town, leak)
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), (20, 90, 40)).save(picture, "JPEG")
    photo = SimpleUploadedFile("after.jpg", picture.getvalue(), content_type="image/jpeg")
    way: list[tuple[str, str, dict[str, Any], str]] = [
        ("other_worker", "accept", {}, "accepted"),
        ("other_worker", "arrive", {"lon": "113.31", "lat": "23.061"}, "on_site"),
        ("other_worker", "finish", {"remedy": "抽干了", "photos": photo}, "done"),
        ("coordinator", "refute", {"reason": "还有水"}, "accepted"),
        ("other_worker", "finish", {"remedy": "这次抽干了"}, "done"),
        ("coordinator", "verify", {}, "verified"),
    ]
    for key, step, words, status in way:
        version = str(next(part for part in _parts(small_town, leak) if part.id == helper.id).version)
        form = {"version": version} | {f"{helper.id}-{name}": value for name, value in words.items()}
        answer = _client(small_town, key).post(_one(small_town, leak, f"staff/parts/{helper.id}/{step}/"), form)
        found = next(part for part in _parts(small_town, leak) if part.id == helper.id)
        assert (answer.status_code, found.status) == (302, status), step
    with small_town.scope():
        assert Photo.objects.get().part_id == helper.id
    page = _client(small_town, "coordinator").get(_one(small_town, leak)).content.decode()
    assert "111 m" in page and "这次抽干了" in page and "Lift Company has arrived on site" in page


def test_a_part_without_its_words_comes_back_open_with_what_is_wrong(small_town: SmallTown):
    leak = _summoned(small_town)
    _, helper = _parts(small_town, leak)

    answer = _client(small_town, "other_worker").post(
        _one(small_town, leak, f"staff/parts/{helper.id}/decline/"), {"version": "1", f"{helper.id}-reason": " "}
    )

    assert answer.status_code == 422
    assert '<details class="part-step" open>' in answer.content.decode()
    assert "This is needed for the step." in answer.content.decode()


def test_who_comes_too_late_with_a_part_reads_so_and_changes_nothing(small_town: SmallTown):
    leak = _summoned(small_town)
    _, helper = _parts(small_town, leak)
    client, path = _client(small_town, "other_worker"), _one(small_town, leak, f"staff/parts/{helper.id}/accept/")
    client.post(path, {"version": "1"})

    answer = client.post(path, {"version": "1"}, follow=True)

    assert "Someone changed this since you opened it" in answer.content.decode()


def test_the_helpers_tasks_show_its_part_and_not_the_whole(small_town: SmallTown):
    leak = _summoned(small_town)

    page = _client(small_town, "other_worker").get(_at(small_town, "tasks/"))
    leads = _client(small_town, "worker").get(_at(small_town, "tasks/"))

    assert [line.part.task for line, *_ in page.context["called_in"]] == ["抽水"]
    assert page.context["tasks"] == [] and page.context["n_all"] == 0
    assert [task.line.entry.row.id for task in leads.context["tasks"]] == [leak] and not leads.context["called_in"]


def test_no_id_stands_twice_on_the_page_of_joint_work(small_town: SmallTown):
    leak = _summoned(small_town)
    for key in ("coordinator", "worker", "other_worker"):
        page = _client(small_town, key).get(_one(small_town, leak)).content.decode()
        ids = re.findall(r'\bid="([^"]+)"', page)
        assert len(ids) == len(set(ids)), sorted({one for one in ids if ids.count(one) > 1})


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Nothing waits for a decision"), ("zh-hans", "没有待裁定的事项")]
)
def test_the_list_of_questions_has_an_empty_state_and_is_for_those_who_decide(
    small_town: SmallTown, language: str, words: str
):
    path = _at(small_town, "rulings/")
    for key, status in (
        ("coordinator", 200),
        ("manager", 200),
        ("worker", 403),
        ("resident", 403),
        ("auditor", 403),
        ("", 401),
    ):
        answer = _client(small_town, key, language).get(path)
        assert answer.status_code in ((200,) if status == 200 else (status, 302)), key
        assert (words in answer.content.decode()) == (status == 200)


def test_time_is_asked_for_and_granted_by_plain_forms(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="in_progress")
    before = _now(small_town, made.id).deadline_at
    worker, path = _client(small_town, "worker"), _one(small_town, made.id, "staff/rulings/")

    refused = worker.post(path, {"ask-about": "whole", "ask-hours": "", "ask-reason": ""})
    assert refused.status_code == 422
    assert {one["where"] for one in refused.context["staff"].rulings.refused.problems} == {"ask-hours", "ask-reason"}
    assert worker.post(path, {"ask-about": "whole", "ask-hours": "2", "ask-reason": "等零件"}).status_code == 302
    ruling = _ruling(small_town)

    coordinator = _client(small_town, "coordinator")
    assert "等零件" in coordinator.get(_at(small_town, "rulings/")).content.decode()
    decision = _at(small_town, f"rulings/{ruling.id}/decision/")
    empty = coordinator.post(decision, {"from": "list", f"{ruling.id}-is_granted": "no"})
    assert empty.status_code == 422 and "Say why it is decided so." in empty.content.decode()
    granted = coordinator.post(decision, {"from": "list", f"{ruling.id}-is_granted": "yes", f"{ruling.id}-hours": "1"})

    assert granted.status_code == 302 and _ruling(small_town).decided_minutes == 60
    assert _now(small_town, made.id).deadline_at > before


def test_giving_back_with_a_plea_and_deciding_it_on_the_page_of_the_request(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="dispatched")
    form = {"version": "3", "reason": "不归我们管", "asks_arbitration": "on"}
    assert (
        "Ask for arbitration"
        in _client(small_town, "worker").get(_one(small_town, made.id, "staff/steps/return/")).content.decode()
    )
    assert _client(small_town, "worker").post(_one(small_town, made.id, "staff/steps/return/"), form).status_code == 302
    ruling, party = _ruling(small_town), small_town.parties["lift_company"]

    _client(small_town, "coordinator").post(
        _at(small_town, f"rulings/{ruling.id}/decision/"),
        {f"{ruling.id}-party_id": str(party), f"{ruling.id}-decision": "归电梯公司"},
    )

    found = _now(small_town, made.id)
    assert (found.party_id, found.is_binding, _ruling(small_town).status) == (party, True, "granted")
    page = _client(small_town, "other_worker").get(_one(small_town, made.id)).content.decode()
    assert "Arbitration decided that this party has to do it." in page and "steps/return/" not in page


def test_a_question_is_taken_back_by_a_plain_form(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="in_progress")
    worker = _client(small_town, "worker")
    worker.post(
        _one(small_town, made.id, "staff/rulings/"), {"ask-about": "whole", "ask-hours": "2", "ask-reason": "r"}
    )

    answer = worker.post(_at(small_town, f"rulings/{_ruling(small_town).id}/withdrawal/"))

    assert answer.status_code == 302 and _ruling(small_town).status == "withdrawn"


def test_a_case_is_parked_by_its_form_and_found_in_its_queue(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="triaged")
    coordinator, path = _client(small_town, "coordinator"), _one(small_town, made.id, "staff/steps/park/")

    past = coordinator.post(path, {"version": "2", "reason": "等预算", "review_on": "2020-02-30"})
    assert past.status_code == 422 and "等预算" in past.content.decode()
    from datetime import date, timedelta

    day = (date.today() + timedelta(days=30)).isoformat()
    assert coordinator.post(path, {"version": "2", "reason": "等预算", "review_on": day}).status_code == 302

    board = coordinator.get(_at(small_town, "board/?queue=parked"))
    assert [line.entry.row.id for line in board.context["lines"]] == [made.id] and day in board.content.decode()
    assert coordinator.post(_one(small_town, made.id, "staff/steps/unpark/"), {"version": "3"}).status_code == 302
    assert _now(small_town, made.id).status == "triaged"


@pytest.mark.parametrize(("language", "words"), [("en", "Return calls"), ("zh-hans", "回访")])
def test_a_return_call_is_written_down_and_opens_it_again(small_town: SmallTown, language: str, words: str):
    made = small_town.report()
    small_town.walk(made.id, until="closed")
    coordinator, path = _client(small_town, "coordinator", language), _one(small_town, made.id, "staff/calls/")
    assert words in coordinator.get(_one(small_town, made.id)).content.decode()
    version = str(_now(small_town, made.id).version)

    refused = coordinator.post(path, {"version": version, "call-outcome": "unreachable", "call-reopens": "on"})
    assert refused.status_code == 422
    form = {"call-outcome": "reached", "call-is_settled": "no", "call-satisfaction": "2", "call-words": "还是不亮"}
    assert coordinator.post(path, {"version": version, **form, "call-reopens": "on"}).status_code == 302

    with small_town.scope():
        assert ReturnCall.objects.get().satisfaction == 2
    assert _now(small_town, made.id).status == "reopened"
    page = _client(small_town, "coordinator", language).get(_one(small_town, made.id)).content.decode()
    assert "还是不亮" in page
    assert "还是不亮" not in _client(small_town).get(_one(small_town, made.id)).content.decode()


def test_who_handled_is_not_offered_to_call(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="in_progress")
    small_town.step(made.id, "resolve", "property_manager", remedy="好了")

    page = _client(small_town, "property_manager").get(_one(small_town, made.id))

    assert not page.context["staff"].calls.may_call
