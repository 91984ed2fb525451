"""My data: how I am reached, and who looked."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from banyan.apps.accounts.models import Account
from banyan.apps.audit import queries as audit
from banyan.apps.people import queries
from banyan.apps.people.models import Look
from banyan.apps.service_requests import actions as requests
from tests.towns import NOW, SmallTown


def _client(town: SmallTown, key: str = "resident", language: str = "en") -> Client:
    client = Client(headers={"Accept-Language": language})
    if key:
        client.force_login(Account.objects.get(id=town.accounts[key]))
    return client


def _at(town: SmallTown) -> str:
    return f"/t/{town.town.slug}/my-data/"


def test_a_stranger_is_asked_to_sign_in_first(small_town: SmallTown):
    assert _client(small_town, "").get(_at(small_town)).status_code == 302


def test_my_contact_is_entered_changed_and_taken_back(small_town: SmallTown):
    client, account_id = _client(small_town), small_town.accounts["resident"]

    held = []
    for words in ({"name": "王", "phone": "13800001111"}, {"name": "王", "phone": "13900002222"}, {"name": ""}):
        assert client.post(_at(small_town), words).status_code == 302
        with small_town.scope():
            contact = queries.own_contact(account_id)
        assert contact is not None
        held.append((contact.name, contact.phone))

    assert held == [("王", "13800001111"), ("王", "13900002222"), ("", "")]
    with small_town.scope():
        person_id = queries.person_of(account_id)
        assert person_id is not None
        verbs = [moment.verb for moment in audit.timeline(("person", person_id))]
    assert verbs == ["people.entered", "people.changed", "people.changed"]


def test_a_wrong_contact_lists_every_problem_and_changes_nothing(small_town: SmallTown):
    page = _client(small_town).post(_at(small_town), {"name": "x" * 81, "phone": "call me", "email": "nobody"})

    assert page.status_code == 422
    assert set(re.findall(r'<a href="#f-(\w+)">', page.content.decode())) == {"name", "phone", "email"}
    with small_town.scope():
        assert queries.own_contact(small_town.accounts["resident"]) is None


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Coordinator looked at: e-mail address, name, phone number"),
        ("zh-CN", "协调员查看了：邮箱、姓名、手机号"),
    ],
)
def test_i_see_who_looked_in_which_role_and_why(small_town: SmallTown, language: str, sentence: str):
    made = small_town.report(contact_name="王", contact_phone="13800001111")
    with small_town.scope():
        requests.read_contact(
            actor=small_town.actor("coordinator"),
            town=small_town.town,
            service_request_id=made.id,
            at=NOW,
            reason="回电确认",
        )

    mine = _client(small_town, language=language).get(_at(small_town)).content.decode()
    others = _client(small_town, "neighbour", language).get(_at(small_town)).content.decode()

    assert sentence in mine
    assert "回电确认" in mine
    assert "回电确认" not in others


def test_looking_at_my_own_data_leaves_no_note(small_town: SmallTown):
    client = _client(small_town)
    client.post(_at(small_town), {"name": "王", "phone": "13800001111"})

    client.get(_at(small_town))

    with small_town.scope():
        assert Look.objects.count() == 0
