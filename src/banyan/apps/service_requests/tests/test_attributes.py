"""What a service asks beside the words: its definition, the answers of a report, the pages on which both stand."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from banyan.apps.audit import queries as audit
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.models import Service, ServiceRequest
from banyan.apps.service_requests.rules.attributes import read_attributes, read_values, said
from banyan.base.errors import InvalidInput
from tests.asking import ANSWERS, QUESTIONS, attribute, let_it_ask
from tests.contexts import client as _client
from tests.contexts import let_contexts_be_seen
from tests.programs import Program, codes_of
from tests.towns import SmallTown


@pytest.fixture(autouse=True)
def contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    let_contexts_be_seen(monkeypatch)


def _at(town: SmallTown, path: str) -> str:
    return f"/t/{town.town.slug}/{path}"


def _held(town: SmallTown) -> ServiceRequest:
    with town.scope():
        return ServiceRequest.objects.latest("requested_at")


# --- rules -----------------------------------------------------------------------------------------------------------


def test_a_definition_is_made_whole_and_put_in_its_order() -> None:
    found, problems = read_attributes([attribute("b", order=2), attribute("a", order=1, required=True)])

    assert problems == []
    assert [(one["code"], one["order"], one["required"], one["variable"]) for one in found] == [
        ("a", 1, True, True),
        ("b", 2, False, True),
    ]


@pytest.mark.parametrize(
    ("wrong", "where", "code"),
    [
        ("nothing", "attributes", "type"),
        ([3], "attributes", "type"),
        ([attribute("a")] * 2, "attributes[1].code", "doubled"),
        ([attribute("a", order=1), attribute("b", order=1)], "attributes[1].order", "doubled"),
        ([attribute("a b")], "attributes[0].code", "pattern"),
        ([attribute("a", "date")], "attributes[0].datatype", "unknown"),
        ([attribute("a", ["string"])], "attributes[0].datatype", "unknown"),
        ([attribute("a", "singlevaluelist")], "attributes[0].values", "required"),
        ([attribute("a", choices=("x",))], "attributes[0].values", "not_taken"),
        ([attribute("a", "multivaluelist", choices=("x", "x"))], "attributes[0].values[1].key", "doubled"),
        ([attribute("a", "multivaluelist", choices=("x y",))], "attributes[0].values[0].key", "pattern"),
        ([attribute("a", required="yes")], "attributes[0].required", "type"),
        ([attribute("a", required=True, variable=False)], "attributes[0].required", "invalid"),
        ([attribute("a", order=0)], "attributes[0].order", "range"),
        ([attribute("a", description_zh="")], "attributes[0].description", "required"),
        ([attribute("a", description_en=7)], "attributes[0].description_en", "type"),
        ([attribute("a", description_en="x" * 401)], "attributes[0].description_en", "too_long"),
        ([attribute("a", colour="red")], "attributes[0].colour", "unknown"),
        ([attribute(f"a{i}") for i in range(21)], "attributes", "too_many"),
    ],
)
def test_each_fault_of_a_definition_is_named(wrong: Any, where: str, code: str) -> None:
    _, problems = read_attributes(wrong)

    assert (where, code) in {(one.where, one.code) for one in problems}


@pytest.mark.parametrize(
    ("given", "where", "code"),
    [
        ({"height": "tall"}, "height", "number"), ({"height": "1e9"}, "height", "number"),
        ({"height": ["1", "2"]}, "height", "too_many"), ({"height": ""}, "height", "required"),
        ({"colour": "blue"}, "colour", "unknown"), ({"colour": ["red", "green"]}, "colour", "too_many"),
        ({"wastes": ["glass", "gold"]}, "wastes", "unknown"), ({"since": "yesterday"}, "since", "time"),
        ({"since": "2026-03-18T10:00"}, "since", "time"), ({"pole": "x" * 201}, "pole", "too_long"),
        ({"pole": "a\nb"}, "pole", "invalid"), ({"story": "x" * 4001}, "story", "too_long"),
        ({"story": "a\x00b"}, "story", "not_text"), ({"told": "x"}, "told", "unknown"),
        ({"cake": "x"}, "cake", "unknown"),
    ],
)  # fmt: skip
def test_each_fault_of_an_answer_is_named_and_nothing_is_stored(
    small_town: SmallTown, given: dict[str, Any], where: str, code: str
) -> None:
    let_it_ask(small_town)

    with pytest.raises(InvalidInput) as refused:
        small_town.report(attributes={**ANSWERS, **given})

    assert [(one.where, one.code) for one in refused.value.problems] == [(f"attribute[{where}]", code)]
    with small_town.scope():
        assert not ServiceRequest.objects.exists()


def test_answers_are_kept_in_the_order_of_the_questions_and_plainly() -> None:
    asked, _ = read_attributes(list(QUESTIONS))
    given = {**ANSWERS, "height": " ＋３．５ ", "since": "2026-03-18T10:00:00+08:00", "story": "一\r\n二", "pole": ""}

    found, problems = read_values(given, asked)

    assert problems == []
    assert list(found.items()) == [
        ("height", "3.5"),
        ("since", "2026-03-18T10:00:00+08:00"),
        ("story", "一\n二"),
        ("colour", "red"),
        ("wastes", ["glass", "wood"]),
    ]
    by_code = {one["code"]: one for one in asked}
    assert said(found["wastes"], by_code["wastes"], language="zh") == "选glass、选wood"
    assert (said(found["colour"], by_code["colour"], language="en"), said("x", None, language="en")) == ("Red", "x")


# --- a report --------------------------------------------------------------------------------------------------------


def test_answers_go_with_the_report_into_history(small_town: SmallTown) -> None:
    let_it_ask(small_town)

    made = small_town.report(attributes=ANSWERS)

    assert _held(small_town).attributes == {
        "pole": "RY-17",
        "height": "3.5",
        "colour": "red",
        "wastes": ["glass", "wood"],
    }
    with small_town.scope():
        (entry,) = audit.timeline(("service_request", made.id))
    assert json.loads(entry.words["attributes"] or "") == _held(small_town).attributes
    assert "RY-17" not in str(entry.facts)


def test_an_old_version_keeps_its_questions(small_town: SmallTown) -> None:
    let_it_ask(small_town)
    made = small_town.report(attributes=ANSWERS)
    let_it_ask(small_town, attribute("other"))

    page = _client(small_town, "resident").get(_at(small_town, f"requests/{made.id}/"))

    assert page.context["answers"] == [
        ("Which pole?", "RY-17"),
        ("Which height?", "3.5"),
        ("Which colour?", "Red"),
        ("Which wastes?", "Glass, Wood"),
    ]
    assert _client(small_town).get(_at(small_town, f"requests/{made.id}/")).context["answers"] == ()


def test_the_form_asks_without_scripts_and_keeps_what_was_typed(small_town: SmallTown) -> None:
    let_it_ask(small_town)
    client, path = _client(small_town, "resident"), _at(small_town, "report/about/lamp/")
    words = {"description": "路灯不亮", "lon": "113.31", "lat": "23.06"}
    answers = {
        "attribute[height]": "tall",
        "attribute[wastes]": ["glass", "wood"],
        "attribute[since]": "2026-03-18T10:00",
    }

    empty = client.get(path).content.decode()
    refused = client.post(path, {**words, **answers})
    body = refused.content.decode()

    for one in QUESTIONS[1:]:
        assert f'name="attribute[{one["code"]}]"' in empty
    assert "Which told?" in empty and 'name="attribute[told]"' not in empty
    assert refused.status_code == 422
    assert {one["where"] for one in refused.context["problems"]} == {"attribute[height]", "attribute[colour]"}
    assert 'value="tall"' in body and 'href="#f-attribute[height]"' in body
    assert len(re.findall(r'name="attribute\[wastes\]" value="(?:glass|wood)"[^>]* checked', body)) == 2

    sent = client.post(path, {**words, **answers, "attribute[height]": "3", "attribute[colour]": "green"})

    assert sent.status_code == 302
    assert _held(small_town).attributes == {
        "height": "3",
        "since": "2026-03-18T10:00:00+08:00",
        "colour": "green",
        "wastes": ["glass", "wood"],
    }


def test_the_form_asks_in_both_languages(small_town: SmallTown) -> None:
    let_it_ask(small_town)
    path = _at(small_town, "report/about/lamp/")

    chinese = _client(small_town).get(path, headers={"Accept-Language": "zh-CN"}).content.decode()

    assert "问：pole" in chinese and "选glass" in chinese and "Which pole?" not in chinese


def test_the_api_asks_and_takes_answers(small_town: SmallTown) -> None:
    let_it_ask(small_town)
    program = Program(small_town, "resident")

    asked = program.get("/services/lamp").json()["attributes"]
    made = program.report(attributes=ANSWERS)
    refused = program.post(
        "/service_requests", {"service_code": "lamp", "description": "x", "lon": 113.31, "lat": 23.06}
    )

    assert [one["code"] for one in asked] == [one["code"] for one in QUESTIONS]
    assert program.get(f"/service_requests/{made['id']}").json()["attributes"]["wastes"] == ["glass", "wood"]
    assert Program(small_town).get(f"/service_requests/{made['id']}").json()["attributes"] == {}
    assert codes_of(refused) == {("attribute[height]", "required"), ("attribute[colour]", "required")}


# --- the catalogue ---------------------------------------------------------------------------------------------------


def test_a_catalogue_file_carries_them_and_a_table_leaves_them(small_town: SmallTown) -> None:
    let_it_ask(small_town)
    client = _client(small_town, "manager")

    for form in ("json", "csv"):
        exported = client.get(_at(small_town, f"office/catalogue/export.{form}")).content
        with small_town.scope():
            services = actions.read_catalogue(exported, form=form)
            n = actions.publish_catalogue(
                actor=small_town.actor("manager"), town=small_town.town, services=services, at=_held_at(small_town)
            )
        assert n == 0, form
        assert (b'"attributes"' in exported) == (form == "json")
    with small_town.scope():
        small_town.town.refresh_from_db()
        assert len(queries.catalogue(small_town.town).offered["lamp"].attributes) == len(QUESTIONS)


def _held_at(town: SmallTown) -> Any:
    return Service.objects.latest("created_at").created_at


def test_a_bad_file_names_every_fault_of_its_questions_once(small_town: SmallTown) -> None:
    service = {"code": "lamp", "kind": "repair", "group": "g", "name_zh": "灯", "name_en": "Lamp"}
    service["attributes"] = [attribute("a b"), attribute("c", "list")]
    sent = SimpleUploadedFile("c.json", json.dumps({"services": [service]}).encode())

    answer = _client(small_town, "manager").post(_at(small_town, "office/catalogue/exchange/"), {"file": sent})

    assert [(one["where"], one["code"]) for one in answer.context["problems"]] == [
        ("services[0].attributes[0].code", "pattern"),
        ("services[0].attributes[1].datatype", "unknown"),
    ]


def test_the_office_edits_the_questions_of_a_service(small_town: SmallTown) -> None:
    let_it_ask(small_town)
    client, path = _client(small_town, "manager"), _at(small_town, "office/catalogue/service/lamp/")
    typed = {name: value for name, value in client.get(path).context["typed"].items() if value != ""}
    spare = len(QUESTIONS)
    new = {
        f"a{spare}_code": "floor", f"a{spare}_description_zh": "几楼", f"a{spare}_description_en": "Which floor",
        f"a{spare}_datatype": "singlevaluelist", f"a{spare}_values": "1 | 一楼 | Ground\n2｜二楼｜First\n",
        f"a{spare}_variable": "on", f"a{spare}_required": "on",
    }  # fmt: skip

    same = client.post(path, {**typed, "has_attributes": "1"})
    bad = client.post(path, {**typed, **new, "has_attributes": "1", f"a{spare}_values": "1 | 一楼"})
    good = client.post(path, {**typed, **new, "has_attributes": "1"})

    assert (same.status_code, bad.status_code, good.status_code) == (302, 422, 302)
    assert {one["where"] for one in bad.context["problems"]} == {f"a{spare}_values"}
    assert f'name="a{spare}_code"' in bad.content.decode() and "Which floor" in bad.content.decode()
    with small_town.scope():
        small_town.town.refresh_from_db()
        now = queries.catalogue(small_town.town).offered["lamp"]
    assert now.version == 3 and now.attributes[:-1] == read_attributes(list(QUESTIONS))[0]
    assert now.attributes[-1]["values"] == [
        {"key": "1", "name_zh": "一楼", "name_en": "Ground"},
        {"key": "2", "name_zh": "二楼", "name_en": "First"},
    ]
    client.post(path, {"has_attributes": "1", **{k: v for k, v in typed.items() if not re.match(r"a\d+_", k)}})
    with small_town.scope():
        small_town.town.refresh_from_db()
        assert queries.catalogue(small_town.town).offered["lamp"].attributes == []
