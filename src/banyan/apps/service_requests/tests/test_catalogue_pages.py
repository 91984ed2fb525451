"""The service catalogue in the town office: versions, edits, files in and out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.models import Service, ServiceRequest
from tests.contexts import client as _client
from tests.contexts import let_contexts_be_seen
from tests.towns import NOW, SmallTown


@pytest.fixture(autouse=True)
def contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    let_contexts_be_seen(monkeypatch)


def _at(town: SmallTown, path: str) -> str:
    return f"/t/{town.town.slug}/{path}"


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
