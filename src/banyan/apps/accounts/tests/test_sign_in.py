"""Signing in: by phone and code, by e-mail and password, and what stops those who guess."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from banyan.apps.accounts import actions, rules
from banyan.apps.accounts.models import Account, Membership
from banyan.apps.accounts.pages import codes
from banyan.base.errors import InvalidInput
from tests.towns import PASSWORD, SmallTown

SIGN_IN = "/accounts/sign-in/"
CODE = "/accounts/sign-in/code/"
SENT: list[tuple[str, str]] = []


def outbox(phone: str, words: str) -> str:
    """Take a message as a gateway would."""
    SENT.append((phone, words))
    return ""


@pytest.fixture(autouse=True)
def gateway(settings: Any, db: None) -> None:
    SENT.clear()
    cache.clear()
    settings.SMS_SENDER = f"{__name__}.outbox"


def _client() -> Client:
    return Client(headers={"Accept-Language": "en"})


def _code() -> str:
    found = re.search(r"\d{6}", SENT[-1][1])
    assert found is not None
    return found[0]


def _wrong() -> str:
    return f"{(int(_code()) + 1) % 10**6:06}"


def _is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


# --- phone and code --------------------------------------------------------------------------------------------------


def test_the_first_code_opens_an_account_and_makes_a_resident(small_town: SmallTown):
    client, home = _client(), f"/t/{small_town.town.slug}/"

    client.post(SIGN_IN, {"way": "phone", "phone": "138 0000 1111", "next": home})
    answer = client.post(CODE, {"code": _code(), "next": home})

    account = Account.objects.get(phone="+8613800001111")
    assert (answer.status_code, answer["Location"]) == (302, home)
    assert _is_in(client)
    assert account.is_phone_verified
    assert [m.role for m in Membership.objects.filter(account=account, town=small_town.town)] == ["resident"]


def test_the_second_code_finds_the_same_account():
    for _ in range(2):
        client = _client()
        client.post(SIGN_IN, {"way": "phone", "phone": "+86 138-0000-1111"})
        client.post(CODE, {"code": _code()})
        assert _is_in(client)

    assert Account.objects.filter(phone="+8613800001111").count() == 1


def test_known_and_unknown_numbers_get_the_same_answer():
    actions.register(phone="+8613800001111")

    answers = []
    for phone in ("+8613800001111", "+8613800002222"):
        client = _client()
        sent = client.post(SIGN_IN, {"way": "phone", "phone": phone})
        page = client.get(sent["Location"]).content.decode().replace(phone, "")
        answers.append(
            (sent.status_code, sent["Location"], re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page))
        )

    assert answers[0] == answers[1]
    assert len(SENT) == 2


def test_the_code_itself_is_kept_nowhere():
    client = _client()
    client.post(SIGN_IN, {"way": "phone", "phone": "13800001111"})

    assert _code() not in str(dict(client.session))


def test_a_code_dies_with_the_fifth_wrong_try():
    client = _client()
    client.post(SIGN_IN, {"way": "phone", "phone": "13800001111"})

    for _ in range(codes.MOST_TRIES):
        client.post(CODE, {"code": _wrong()})
    client.post(CODE, {"code": _code()})

    assert not _is_in(client)


def test_a_code_dies_of_old_age(monkeypatch: pytest.MonkeyPatch):
    client = _client()
    client.post(SIGN_IN, {"way": "phone", "phone": "13800001111"})

    now = time.time()
    monkeypatch.setattr(codes.time, "time", lambda: now + codes.LIVES_S + 1)
    client.post(CODE, {"code": _code()})

    assert not _is_in(client)


def test_a_code_opens_one_door_once():
    client = _client()
    client.post(SIGN_IN, {"way": "phone", "phone": "13800001111"})
    client.post(CODE, {"code": _code()})
    client.post("/accounts/sign-out/")

    client.post(CODE, {"code": _code()})

    assert not _is_in(client)


def test_ten_tries_for_a_number_are_all_whatever_the_sessions():
    refused = []
    for _ in range(3):
        client = _client()
        client.post(SIGN_IN, {"way": "phone", "phone": "13800001111"})
        refused += [client.post(CODE, {"code": _wrong()}).status_code for _ in range(4)]

    last = client.post(CODE, {"code": _code()})

    assert refused[:10] == [422] * 10
    assert refused[10:] == [429, 429]
    assert last.status_code == 429
    assert not _is_in(client)


def test_a_number_is_not_flooded_with_messages():
    answers = [_client().post(SIGN_IN, {"way": "phone", "phone": "13800001111"}).status_code for _ in range(6)]

    assert answers == [302] * 5 + [429]
    assert len(SENT) == 5


@pytest.mark.parametrize("typed", ["", "12345", "mother", "+0086", "138000011112", "13800001111; DROP"])
def test_what_is_no_number_is_refused_beside_the_field(typed: str):
    page = _client().post(SIGN_IN, {"way": "phone", "phone": typed})

    assert page.status_code == 422
    assert 'href="#f-phone"' in page.content.decode()
    assert SENT == []


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("13800001111", "+8613800001111"),
        ("138 0000 1111", "+8613800001111"),
        ("１３８００００１１１１", "+8613800001111"),
        ("008613800001111", "+8613800001111"),
        ("+44 20 7946 0018", "+442079460018"),
    ],
)
def test_numbers_are_read_as_people_type_them(typed: str, number: str):
    assert rules.read_phone(typed) == number


def test_a_number_without_its_country_is_not_guessed():
    with pytest.raises(InvalidInput):
        rules.read_phone("020 7946 0018")


# --- e-mail and password ---------------------------------------------------------------------------------------------


def _staff() -> Account:
    return actions.register(email="clerk@example.org", password=PASSWORD)


def test_the_right_password_opens_a_fresh_session():
    _staff()
    client = _client()
    client.get(SIGN_IN)
    client.session.save()
    before = client.session.session_key

    answer = client.post(SIGN_IN, {"way": "email", "email": "Clerk@Example.org", "password": PASSWORD})

    assert answer.status_code == 302
    assert _is_in(client)
    assert client.session.session_key != before


def test_wrong_password_and_unknown_person_get_the_same_answer():
    _staff()

    pages = [
        _client()
        .post(SIGN_IN, {"way": "email", "email": email, "password": "wrong"})
        .content.decode()
        .replace(email, "")
        for email in ("clerk@example.org", "ghost@example.org")
    ]
    known, unknown = (re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page) for page in pages)

    assert known == unknown
    assert "not right" in known


def test_the_eleventh_password_is_not_even_tried():
    _staff()
    words = {"way": "email", "email": "clerk@example.org"}

    tries = [_client().post(SIGN_IN, {**words, "password": f"wrong {n}"}).status_code for n in range(10)]
    right = _client()
    stopped = right.post(SIGN_IN, {**words, "password": PASSWORD})

    assert tries == [422] * 10
    assert stopped.status_code == 429
    assert not _is_in(right)


def test_passwords_are_kept_as_argon2():
    assert _staff().password.startswith("argon2$argon2id$")


def test_a_closed_account_stays_outside():
    account = _staff()
    account.is_active = False
    account.save()
    client = _client()

    client.post(SIGN_IN, {"way": "email", "email": "clerk@example.org", "password": PASSWORD})

    assert not _is_in(client)


@pytest.mark.parametrize(
    "onward", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_signing_in_never_leads_outside(onward: str):
    _staff()

    answer = _client().post(
        SIGN_IN, {"way": "email", "email": "clerk@example.org", "password": PASSWORD, "next": onward}
    )

    assert answer["Location"] == "/"


def test_the_language_of_the_account_follows_its_holder():
    account = _staff()
    Account.objects.filter(id=account.id).update(language="zh-hans")
    client = _client()

    client.post(SIGN_IN, {"way": "email", "email": "clerk@example.org", "password": PASSWORD})

    assert client.cookies["banyan_language"].value == "zh-hans"


def test_signing_out_ends_the_session():
    client = _client()
    client.force_login(_staff())

    assert client.get("/accounts/sign-out/").status_code == 405
    client.post("/accounts/sign-out/")

    assert not _is_in(client)


# --- the demonstration -----------------------------------------------------------------------------------------------


def _synthetic(town: SmallTown, *, is_synthetic: bool) -> str:
    type(town.town).objects.filter(id=town.town.id).update(is_synthetic=is_synthetic)
    Account.objects.filter(id=town.accounts["manager"]).update(password="argon2$kept")
    return str(town.accounts["manager"])


@pytest.mark.parametrize(
    ("demo", "synthetic", "inside"), [(True, True, True), (False, True, False), (True, False, False)]
)
def test_only_the_people_of_a_demonstration_can_be_stepped_into(
    small_town: SmallTown, settings: Any, demo: bool, synthetic: bool, inside: bool
):
    settings.DEMO = demo
    account_id = _synthetic(small_town, is_synthetic=synthetic)
    client = _client()

    listed = account_id in client.get(SIGN_IN).content.decode()
    answer = client.post("/accounts/sign-in/as/", {"account": account_id})

    assert (listed, answer.status_code, _is_in(client)) == (inside, 302 if inside else 404, inside)


def test_somebody_with_a_role_in_a_real_town_is_no_player(small_town: SmallTown, settings: Any):
    from tests.towns import NOW
    from tests.towns import small_town as found

    settings.DEMO = True
    account_id = _synthetic(small_town, is_synthetic=True)
    Membership.objects.create(account_id=account_id, town=found("a-real-town").town, role="resident", granted_at=NOW)
    client = _client()

    answer = client.post("/accounts/sign-in/as/", {"account": account_id})

    assert (answer.status_code, _is_in(client)) == (404, False)


@pytest.mark.parametrize("account", ["", "x", "00000000-0000-0000-0000-000000000000"])
def test_nobody_is_nobody_in_the_demonstration_too(settings: Any, account: str):
    settings.DEMO = True

    assert _client().post("/accounts/sign-in/as/", {"account": account}).status_code == 404


@pytest.mark.parametrize("demo", [True, False])
def test_the_code_stands_on_the_screen_in_the_demonstration_alone(settings: Any, demo: bool):
    settings.DEMO = demo
    settings.SMS_SENDER = "banyan.kit.sms.on_screen"
    client = _client()

    page = client.post(SIGN_IN, {"way": "phone", "phone": "13800001111"}, follow=True).content.decode()

    assert ("Your Banyan code is" in page) == demo
    assert ("no message is sent" in page) == demo


@pytest.mark.parametrize(("language", "word"), [("en", "Phone number"), ("zh-CN", "手机号")])
def test_sign_in_speaks_both_languages(language: str, word: str):
    assert word in _client().get(SIGN_IN, headers={"Accept-Language": language}).content.decode()
