"""Rules in the office, the trial, bulk on the board and supervision, as plain forms in both languages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from django.core.files.uploadedfile import SimpleUploadedFile

from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.cli import requests as command
from banyan.apps.service_requests.models import ServiceRequest, Supervision
from tests.contexts import client, let_contexts_be_seen
from tests.programs import Program
from tests.towns import NOW, SmallTown

pytestmark = pytest.mark.django_db(transaction=True)
RULE = {
    "name_zh": "路灯",
    "name_en": "Lamps",
    "is_active": "on",
    "services": ["lamp"],
    "party": "great_property",
    "way": "grab",
}


@pytest.fixture(autouse=True)
def contexts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    let_contexts_be_seen(monkeypatch)
    yield


def at(town: SmallTown, path: str) -> str:
    return f"/t/{town.town.slug}/{path}"


def in_force(town: SmallTown, subject: str = "routing") -> queries.RulesView:
    with town.scope():
        return queries.rules_now(subject)


def status_of(town: SmallTown, request_id: UUID) -> str:
    with town.scope():
        return str(ServiceRequest.objects.get(id=request_id).status)


def add(town: SmallTown, code: str, **words: Any) -> Any:
    version = in_force(town).version
    typed = {**RULE, "code": code, "version": version, **words}
    return client(town, "manager").post(at(town, "office/rules/routing/new/"), typed)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(
    "path",
    [
        *("", "routing/", "routing/new/", "routing/rule/one/", "routing/trial/?service=lamp&place=n1&words=x"),
        *("routing/trial/?past=1", "ladder/", "verification/", "routing/versions/", "ladder/exchange/", "ladder.json"),
    ],
)
def test_every_page_of_the_rules_opens_in_both_languages(small_town: SmallTown, language: str, path: str):
    small_town.report()
    assert add(small_town, "one", hours="22:00-06:00", is_working_time="no", weekdays=["sat"]).status_code == 302

    page = client(small_town, "manager", language).get(at(small_town, f"office/rules/{path}"))

    assert page.status_code == 200, path


@pytest.mark.parametrize(("key", "status"), [("coordinator", 200), ("auditor", 200), ("worker", 403), ("", 302)])
def test_staff_read_the_rules_and_managers_alone_change_them(small_town: SmallTown, key: str, status: int):
    add(small_town, "one")
    someone = client(small_town, key)

    found = someone.get(at(small_town, "office/rules/routing/"))
    assert found.status_code in ((status,) if status != 302 else (302, 401))
    refused = someone.post(at(small_town, "office/rules/routing/rule/one/do/"), {"do": "delete", "version": 1})

    assert refused.status_code in (302, 401, 403) and len(in_force(small_town).body["rules"]) == 1


def test_rules_are_added_moved_switched_off_and_deleted_each_as_a_version(small_town: SmallTown):
    manager, do = client(small_town, "manager"), at(small_town, "office/rules/routing/rule/two/do/")
    assert add(small_town, "one").status_code == add(small_town, "two", words="灯、lamp\nbulb").status_code == 302

    for wanted in ("up", "switch", "down", "delete"):
        sent = manager.post(do, {"do": wanted, "version": in_force(small_town).version})
        assert sent.status_code == 302, wanted

    with small_town.scope():
        told = [
            [(one["code"], one.get("is_active")) for one in v.body["rules"]] for v in queries.rule_versions("routing")
        ]
    assert told == [
        [("one", True)],
        [("one", True), ("two", False)],
        [("two", False), ("one", True)],
        [("two", True), ("one", True)],
        [("one", True), ("two", True)],
        [("one", True)],
    ]
    with small_town.scope():
        assert queries.rule_versions("routing")[4].body["rules"][1]["when"]["words"] == ["灯", "lamp", "bulb"]


def test_a_bad_rule_comes_back_with_every_problem_at_its_field(small_town: SmallTown):
    answer = add(small_town, "Bad Code", name_en="", hours="25:00", way="assign", party="responsible")

    assert answer.status_code == 422 and in_force(small_town).version == 0
    assert {one["where"] for one in answer.context["problems"]} == {"code", "name_en", "hours", "party"}
    assert "25:00" in answer.content.decode()


def test_who_changed_older_rules_than_those_in_force_is_told_so(small_town: SmallTown):
    add(small_town, "one")

    late = client(small_town, "manager").post(
        at(small_town, "office/rules/routing/new/"), {**RULE, "code": "two", "version": 0}
    )

    assert late.status_code == 422 and [one["code"] for one in late.context["problems"]] == ["stale"]


def test_a_rule_can_be_tried_on_past_requests_before_it_is_published(small_town: SmallTown):
    small_town.report()
    small_town.report(service_code="leak")

    tried = add(small_town, "one", **{"try": "1"}, is_automatic="on")

    found = tried.context["tried"]
    assert tried.status_code == 200 and in_force(small_town).version == 0
    assert (found.now.n_unmatched, found.then.n_unmatched, found.then.by_rule) == (2, 1, {"one": 1})


def test_the_trial_says_where_a_report_goes_and_why(small_town: SmallTown):
    add(small_town, "night", hours="22:00-06:00", services=[])
    add(small_town, "lamps", is_automatic="on")
    add(small_town, "rest", services=[])

    page = client(small_town, "coordinator").get(
        at(small_town, "office/rules/routing/trial/"),
        {"service": "lamp", "place": "n1", "at": "2026-03-18T10:00", "words": "路灯"},
    )

    fate = page.context["fate"]
    assert fate.party.code == "great_property" and fate.by == "rule" and fate.is_automatic
    assert [(one.rule, str(one.outcome), one.condition) for one in fate.trace] == [
        ("night", "failed", "hours"),
        ("lamps", "matched", ""),
        ("rest", "not_reached", ""),
    ]
    assert "10:00" in page.content.decode()


def test_a_version_is_brought_back_as_the_newest(small_town: SmallTown):
    add(small_town, "one")
    add(small_town, "two")
    path = at(small_town, "office/rules/routing/versions/")

    back = client(small_town, "manager").post(path, {"back": "1", "version": "2"})

    now = in_force(small_town)
    assert back.status_code == 302 and now.version == 3 and [one["code"] for one in now.body["rules"]] == ["one"]
    assert client(small_town, "manager").post(path, {"back": "9", "version": "3"}).status_code == 404


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe{}", b'{"rungs": [1]}', b'{"rungs": [{"code": "a"}]}'])
def test_a_bad_file_of_rules_changes_nothing(small_town: SmallTown, content: bytes):
    file = SimpleUploadedFile("ladder.json", content, content_type="application/json")

    answer = client(small_town, "manager").post(
        at(small_town, "office/rules/ladder/exchange/"), {"version": "0", "file": file, "text": ""}
    )

    assert answer.status_code == 422 and answer.context["problems"] and in_force(small_town, "ladder").version == 0


def test_what_is_exported_can_be_imported_again(small_town: SmallTown):
    manager = client(small_town, "manager")
    exported = manager.get(at(small_town, "office/rules/ladder.json")).content

    answer = manager.post(at(small_town, "office/rules/ladder/exchange/"), {"version": "0", "text": exported.decode()})

    assert answer.status_code == 302 and in_force(small_town, "ladder").body == json.loads(exported)


def _row(i: int, **words: Any) -> dict[str, Any]:
    return {f"r{i}-{name}": value for name, value in words.items()}


def test_a_ladder_is_edited_as_a_table_and_each_problem_stands_at_its_row(small_town: SmallTown):
    manager, path = client(small_town, "manager"), at(small_town, "office/rules/ladder/")
    good = {"code": "half", "name_zh": "过半", "name_en": "Half", "clock": "whole", "share": "0.5", "role": "worker"}
    bad = {"code": "two", "name_zh": "二", "name_en": "Two", "clock": "whole", "share": "many", "role": "worker"}

    refused = manager.post(path, {"version": "0", "rows": "4", **_row(0, **good), **_row(2, **bad)})
    kept = manager.post(
        path, {"version": "0", "rows": "4", **_row(0, **good, is_active="on"), **_row(2, **bad, out="on")}
    )

    assert refused.status_code == 422 and [one["where"] for one in refused.context["problems"]] == ["r1-share"]
    assert kept.status_code == 302
    assert [(one["code"], one["share"]) for one in in_force(small_town, "ladder").body["rungs"]] == [("half", 0.5)]


def test_verification_is_edited_as_a_table(small_town: SmallTown):
    row = {
        "code": "lamps",
        "name_zh": "路灯",
        "name_en": "Lamps",
        "policy": "silence",
        "days": "5",
        "groups": "lighting",
    }

    kept = client(small_town, "manager").post(
        at(small_town, "office/rules/verification/"), {"version": "0", "rows": "1", **_row(0, **row, is_active="on")}
    )

    assert kept.status_code == 302
    assert in_force(small_town, "verification").body["policies"][0]["days"] == 5


# --- bulk ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_what_is_ticked_on_the_board_is_dispatched_in_one_go(small_town: SmallTown, language: str):
    made, gone = [small_town.report() for _ in range(2)], small_town.report()
    small_town.step(gone.id, "withdraw", "resident")
    someone, path = client(small_town, "coordinator", language), at(small_town, "board/bulk/")
    board = someone.get(at(small_town, "board/?queue=open")).content.decode()
    marks = [f"{one.id}:1" for one in (*made, gone)]
    assert f'value="{marks[0]}"' in board and 'form="bulk"' in board

    asked = someone.post(path, {"chosen": marks, "step": "dispatch"})
    done = someone.post(
        path,
        {
            "chosen": marks,
            "step": "dispatch",
            "party_id": str(small_town.parties["great_property"]),
            "handler_account_id": "round_robin",
            "go": "1",
        },
    )

    assert asked.status_code == 200 and len(asked.context["lines"]) == 3
    assert done.status_code == 200 and len(done.context["done"]) == 2 and len(done.context["refused"]) == 1
    assert done.context["refused"][0].refusal
    assert [status_of(small_town, one.id) for one in (*made, gone)] == ["dispatched", "dispatched", "withdrawn"]


def test_nothing_ticked_is_said_and_workers_have_no_bulk(small_town: SmallTown):
    path = at(small_town, "board/bulk/")

    assert client(small_town, "coordinator").post(path, {"step": "close", "go": "1"}).status_code == 422
    assert client(small_town, "coordinator").post(path, {"step": "resolve"}).status_code == 404
    assert client(small_town, "worker").post(path, {"step": "close"}).status_code == 403


# --- supervision -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_ticket_is_raised_and_answered_on_the_page_of_the_request(small_town: SmallTown, language: str):
    made = small_town.report()
    small_town.walk(made.id, until="dispatched")
    staff = at(small_town, f"requests/{made.id}/staff/")
    above, hand = client(small_town, "coordinator", language), client(small_town, "worker", language)

    assert above.post(f"{staff}supervise/", {"words": "为什么还没有人去？"}).status_code == 302
    with small_town.scope():
        ticket = Supervision.objects.get(service_request_id=made.id)
    assert "为什么还没有人去？" in hand.get(at(small_town, f"requests/{made.id}/")).content.decode()
    assert len(hand.get(at(small_town, "supervision/")).context["lines"]) == 1
    refused = hand.post(f"{staff}supervision/{ticket.id}/", {"words": ""})
    answered = hand.post(f"{staff}supervision/{ticket.id}/", {"words": "下午到"})
    late = hand.post(f"{staff}supervision/{ticket.id}/", {"words": "晚上到"})

    assert (refused.status_code, answered.status_code, late.status_code) == (422, 302, 409)
    assert "晚上到" in late.content.decode()
    assert above.get(at(small_town, "supervision/?view=open")).context["lines"] == []
    assert [one.answer for one in above.get(at(small_town, "supervision/?view=answered")).context["lines"]] == [
        "下午到"
    ]
    assert (
        "为什么还没有人去？"
        not in client(small_town, "resident").get(at(small_town, f"requests/{made.id}/")).content.decode()
    )


@pytest.mark.parametrize(("key", "status"), [("resident", 403), ("auditor", 200), ("manager", 200)])
def test_who_handles_or_stands_above_has_the_list_of_tickets(small_town: SmallTown, key: str, status: int):
    assert client(small_town, key).get(at(small_town, "supervision/")).status_code == status


def test_residents_see_that_something_is_later_than_promised(small_town: SmallTown):
    made = small_town.report()  # in March, by the clock of the tests: long overdue
    for path in ("requests/", f"requests/{made.id}/"):
        assert "later than promised" in client(small_town).get(at(small_town, path)).content.decode(), path


def test_the_label_of_verification_stands_on_the_page_for_everybody(small_town: SmallTown):
    body = {"policies": [{"code": "all", "name_zh": "全部", "name_en": "All", "policy": "silence", "days": 1}]}
    with small_town.scope():
        actions.publish_rules(
            actor=small_town.actor("manager"), town=small_town.town, subject="verification", body=body, at=NOW
        )
    made = small_town.report()
    small_town.walk(made.id, until="resolved")
    with small_town.scope():
        actions.settle_silence(town=small_town.town, at=NOW.replace(day=28))

    page = client(small_town).get(at(small_town, f"requests/{made.id}/")).content.decode()

    assert page.count("Nobody spoke up in time: nobody has looked") == 2  # among the details and in the history
    assert "Somebody else has looked" not in page


# --- the API and the command line ------------------------------------------------------------------------------------


def test_rules_are_read_tried_and_published_in_the_api(small_town: SmallTown):
    manager, coordinator = Program(small_town, "manager"), Program(small_town, "coordinator")
    small_town.report()
    body = {"rules": [{"code": "a", "name_zh": "甲", "name_en": "A", "then": {"party": "lift_company", "way": "grab"}}]}

    tried = coordinator.post("/routing/trial", {"service_code": "lamp", "place_code": "n1", "rules": body})
    past = coordinator.post("/routing/trial/past", {"rules": body})
    sent = [
        program.post("/rules/routing", {"version": version, "body": document})
        for program, version, document in (
            (coordinator, 0, body),
            (manager, 0, body),
            (manager, 0, body),
            (manager, 1, {"rules": [{}]}),
        )
    ]

    assert tried.json()["party"]["code"] == "lift_company" and tried.json()["trace"][0]["outcome"] == "matched"
    assert past.json()["by_party"] == {"lift_company": 1}
    assert [answer.status_code for answer in sent] == [403, 200, 409, 422]
    assert coordinator.get("/rules/routing").json()["version"] == 1
    assert Program(small_town, "resident").get("/rules/routing").status_code == 403


def test_supervision_goes_through_the_api(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="dispatched")
    worker, above = Program(small_town, "worker"), Program(small_town, "coordinator")

    raised = above.post(f"/service_requests/{made.id}/supervisions", {"words": "进展？"})
    path = f"/supervisions/{raised.json()['id']}/answer"
    answers = [worker.post(path, {"words": words}).status_code for words in ("明天", "后天")]

    assert (raised.status_code, answers) == (201, [200, 409])
    listed = worker.get("/supervisions?view=answered").json()
    assert [one["answer"] for one in listed["items"]] == ["明天"]
    assert worker.get(f"/service_requests/{made.id}").json()["verification"] == ""


def test_rules_come_and_go_on_the_command_line(small_town: SmallTown, tmp_path: Any):
    small_town.report()
    add(small_town, "one")
    town, manager = ["--town", small_town.town.slug], ["--as", small_town.emails["manager"]]
    run = CliRunner().invoke

    out = run(command, ["rules", "export", "routing", *town])
    file = tmp_path / "routing.json"
    file.write_text(out.output, encoding="utf-8")
    back = run(command, ["rules", "import", "routing", str(file), *town, *manager])
    one = run(command, ["route", *town, "--service", "lamp", "--place", "n1"])
    all_past = run(command, ["route", *town, "--all", "--rules", str(file)])

    assert out.exit_code == 0 and json.loads(out.output)["rules"][0]["code"] == "one"
    assert back.exit_code == 0 and in_force(small_town).version == 2
    assert "great_property" in one.output and "matched" in one.output
    assert "requests 1, no rule fits 0, nobody answers 0" in all_past.output
