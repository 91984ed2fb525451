"""One's own account in a town: name, language, tokens, password, becoming a resident."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone

from banyan.apps.accounts import actions, queries
from banyan.apps.accounts.models import Account, ApiToken, Membership
from tests.statements import at_most
from tests.towns import PASSWORD, SmallTown


def _client(town: SmallTown, key: str = "resident") -> Client:
    client = Client(headers={"Accept-Language": "en"})
    if key:
        client.force_login(Account.objects.get(id=town.accounts[key]))
    return client


def _at(town: SmallTown, path: str = "account/") -> str:
    return f"/t/{town.town.slug}/{path}"


@pytest.mark.parametrize("path", ["account/", "account/password/"])
def test_a_stranger_is_asked_to_sign_in_first(small_town: SmallTown, path: str):
    answer = _client(small_town, "").get(_at(small_town, path))

    assert (answer.status_code, "sign-in" in answer["Location"]) == (302, True)


def test_name_and_language_are_changed_together(small_town: SmallTown):
    client = _client(small_town)

    client.post(_at(small_town), {"display_name": " 小林 ", "language": "zh-hans"})

    account = Account.objects.get(id=small_town.accounts["resident"])
    assert (account.display_name, account.language) == ("小林", "zh-hans")
    assert client.cookies["banyan_language"].value == "zh-hans"


def test_a_name_and_language_that_are_wrong_are_both_named(small_town: SmallTown):
    page = _client(small_town).post(_at(small_town), {"display_name": "x" * 81, "language": "tlh"})

    assert page.status_code == 422
    assert set(re.findall(r'<a href="#f-(\w+)">', page.content.decode())) == {"display_name", "language"}
    assert Account.objects.get(id=small_town.accounts["resident"]).display_name == "Resident"


def test_the_secret_of_a_token_is_shown_once_and_works(small_town: SmallTown):
    client = _client(small_town)

    page = client.post(_at(small_town, "account/tokens/"), {"token_name": "calendar", "token_days": "30"})
    found = re.search(r"bny_[\w-]+", page.content.decode())
    again = client.get(_at(small_town)).content.decode()

    assert found is not None
    owner = queries.account_of_token(found[0], town_id=small_town.town.id, at=timezone.now())
    assert owner == small_town.accounts["resident"]
    assert "bny_" not in again
    assert "calendar" in again


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "calendar\0"])
def test_a_token_with_a_name_that_is_none_is_not_issued(small_town: SmallTown, name: str):
    answer = _client(small_town, "resident").post(_at(small_town, "account/tokens/"), {"token_name": name})

    assert answer.status_code == 422
    assert not ApiToken.objects.exists()


def test_a_revoked_token_is_shut_out(small_town: SmallTown):
    with small_town.scope():
        secret = actions.issue_token(
            actor=small_town.actor("resident"), town=small_town.town, name="calendar", at=timezone.now()
        )
    token = ApiToken.objects.get()

    stranger = _client(small_town, "neighbour").post(_at(small_town, f"account/tokens/{token.id}/revoke/"))
    held = queries.account_of_token(secret, town_id=small_town.town.id, at=timezone.now())
    _client(small_town).post(_at(small_town, f"account/tokens/{token.id}/revoke/"))

    assert stranger.status_code == 404
    assert held is not None
    assert queries.account_of_token(secret, town_id=small_town.town.id, at=timezone.now()) is None


def test_a_token_needs_a_name(small_town: SmallTown):
    page = _client(small_town).post(_at(small_town, "account/tokens/"), {"token_name": " "})

    assert page.status_code == 422
    assert 'href="#f-token_name"' in page.content.decode()


def test_whoever_lives_here_joins_with_one_press(small_town: SmallTown):
    guest = actions.register(phone="+8613900000000")
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(guest)

    offered = "I live here" in client.get(_at(small_town, "")).content.decode()
    for _ in range(2):
        client.post(_at(small_town, "join/"))

    assert offered
    assert [m.role for m in Membership.objects.filter(account=guest)] == ["resident"]
    assert "I live here" not in client.get(_at(small_town, "")).content.decode()


def test_a_new_password_keeps_this_session_and_ends_the_old_password(small_town: SmallTown):
    account = Account.objects.get(id=small_town.accounts["coordinator"])
    account.set_password(PASSWORD)
    account.save()
    client = _client(small_town, "coordinator")
    fresh = {"new_password1": "nine quiet herons", "new_password2": "nine quiet herons"}

    wrong = client.post(_at(small_town, "account/password/"), {"old_password": "no", **fresh})
    client.post(_at(small_town, "account/password/"), {"old_password": PASSWORD, **fresh})

    account.refresh_from_db()
    assert wrong.status_code == 422
    assert account.check_password("nine quiet herons")
    assert client.get(_at(small_town)).status_code == 200


def test_the_page_of_the_account_costs_few_queries(small_town: SmallTown):
    client = _client(small_town)
    client.get(_at(small_town))

    with at_most(7):
        client.get(_at(small_town))
