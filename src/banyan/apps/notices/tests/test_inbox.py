"""The inbox: one's own news in sentences, read by reading."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from banyan.apps.accounts.models import Account
from banyan.apps.notices import actions, queries
from banyan.apps.notices.pages import SENTENCES
from banyan.apps.service_requests import events
from banyan.apps.service_requests.rules import Step
from banyan.base.ids import uuid7
from banyan.faces import news
from tests.statements import at_most
from tests.towns import NOW, SmallTown

LAMP = {"name_zh": "路灯不亮", "name_en": "Street lamp out"}


def _client(town: SmallTown, key: str = "resident") -> Client:
    client = Client(headers={"Accept-Language": "en"})
    if key:
        client.force_login(Account.objects.get(id=town.accounts[key]))
    return client


def _at(town: SmallTown, path: str = "news/") -> str:
    return f"/t/{town.town.slug}/{path}"


def _tell(town: SmallTown, key: str, verb: str = "dispatch", *, subject: Any = None, minute: int = 0) -> None:
    with town.scope():
        actions.tell(
            [town.accounts[key]],
            subject=("service_request", subject or uuid4()),
            verb=verb,
            cause_id=uuid7(),
            at=NOW + timedelta(minutes=minute),
            facts=LAMP,
        )


def _n_unread(town: SmallTown, key: str = "resident") -> int:
    with town.scope():
        return queries.n_unread(town.accounts[key])


def test_every_step_has_its_sentence():
    assert {str(step) for step in Step} | {"received", "commented"} <= set(SENTENCES)


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "Street lamp out: handed on to be handled"), ("zh-CN", "路灯不亮：已派单处理")]
)
def test_news_is_told_in_the_language_of_its_reader(small_town: SmallTown, language: str, sentence: str):
    _tell(small_town, "resident")

    page = _client(small_town).get(_at(small_town), headers={"Accept-Language": language})

    assert sentence in page.content.decode()


def test_news_of_others_is_not_mine(small_town: SmallTown):
    _tell(small_town, "neighbour")

    assert "Street lamp out" not in _client(small_town).get(_at(small_town)).content.decode()


def test_a_stranger_has_no_inbox(small_town: SmallTown):
    assert _client(small_town, "").get(_at(small_town)).status_code == 302
    assert _client(small_town, "").post(_at(small_town, "news/read/")).status_code == 401


def test_everything_is_marked_as_read_at_once_and_only_mine(small_town: SmallTown):
    _tell(small_town, "resident")
    _tell(small_town, "neighbour")

    _client(small_town).post(_at(small_town, "news/read/"))

    assert (_n_unread(small_town), _n_unread(small_town, "neighbour")) == (0, 1)


def test_opening_a_request_reads_its_news_and_no_other(small_town: SmallTown):
    made = small_town.report()
    _tell(small_town, "resident", subject=made.id)
    _tell(small_town, "resident")

    _client(small_town).get(_at(small_town, f"requests/{made.id}/"))

    assert _n_unread(small_town) == 1


def test_a_step_becomes_news_with_the_name_of_its_service(small_town: SmallTown):
    made = small_town.report()
    small_town.step(made.id, "triage", "coordinator")
    with small_town.scope():
        news.tell_those_concerned(
            events.ServiceRequestMoved(made.id, uuid7(), "triage", small_town.accounts["coordinator"])
        )

    page = _client(small_town).get(_at(small_town)).content.decode()

    assert "Street lamp out: the town has looked at it" in page
    assert _at(small_town, f"requests/{made.id}/") in page


def test_a_long_inbox_is_turned_page_by_page_at_the_same_cost(small_town: SmallTown):
    for minute in range(35):
        _tell(small_town, "resident", minute=minute)
    client = _client(small_town)
    client.get(_at(small_town))

    with at_most(7):
        page = client.get(_at(small_town)).content.decode()

    assert page.count('class="entry-title"') == 30
    assert 'rel="next"' in page
