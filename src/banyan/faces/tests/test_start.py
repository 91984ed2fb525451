"""The first pages: choice of a town, home of a town for each reader, language."""

from __future__ import annotations

import pytest
from django.test import Client

from banyan.apps.accounts.models import Account
from tests.statements import at_most
from tests.towns import SmallTown
from tests.towns import small_town as found


def _client(town: SmallTown, key: str = "") -> Client:
    client = Client(headers={"Accept-Language": "en"})
    if key:
        client.force_login(Account.objects.get(id=town.accounts[key]))
    return client


def _home(town: SmallTown) -> str:
    return f"/t/{town.town.slug}/"


def test_the_only_town_is_entered_at_once(small_town: SmallTown):
    assert _client(small_town).get("/")["Location"] == _home(small_town)


def test_where_there_are_several_towns_one_chooses(small_town: SmallTown):
    other = found()

    page = _client(small_town).get("/").content.decode()

    assert _home(small_town) in page
    assert _home(other) in page


def test_a_resident_finds_their_open_requests_and_nobody_elses(small_town: SmallTown):
    small_town.report("resident", description="我的路灯")
    small_town.report("neighbour", description="邻居的路灯")

    page = _client(small_town, "resident").get(_home(small_town)).content.decode()

    assert "我的路灯" in page
    assert "邻居的路灯" not in page
    assert "To triage" not in page


@pytest.mark.parametrize(("key", "n_to_triage"), [("coordinator", 2), ("other_coordinator", 0)])
def test_a_coordinator_sees_what_waits_in_their_own_area(small_town: SmallTown, key: str, n_to_triage: int):
    small_town.report()
    small_town.report()

    page = _client(small_town, key).get(_home(small_town)).content.decode()

    link = f'<a href="{_home(small_town)}board/?queue=triage">'
    assert f'<span class="tile-value">{n_to_triage}</span><span class="tile-label">{link}' in page


def test_a_worker_sees_what_waits_for_their_party(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="dispatched")

    mine = _client(small_town, "worker").get(_home(small_town)).content.decode()
    others = _client(small_town, "other_worker").get(_home(small_town)).content.decode()

    assert '<span class="tile-value">1</span>' in mine
    assert '<span class="tile-value">1</span>' not in others


@pytest.mark.parametrize("key", ["", "resident", "worker", "coordinator", "operator"])
def test_home_costs_few_queries_for_every_reader(small_town: SmallTown, key: str):
    for _ in range(6):
        small_town.report()
    client = _client(small_town, key)
    client.get(_home(small_town))

    with at_most(13):
        client.get(_home(small_town))


@pytest.mark.parametrize(("onward", "led"), [("/health", "/health"), ("https://evil.example/", "/")])
def test_the_language_is_remembered_and_leads_back_inside(small_town: SmallTown, onward: str, led: str):
    client = _client(small_town)

    answer = client.post("/language", {"language": "zh-hans", "next": onward})

    assert answer["Location"] == led
    assert "上报" in client.get(_home(small_town)).content.decode()
