"""How I hear: one's own channels, choices and hours; and the office, which sees what failed and no word."""

from __future__ import annotations

import pytest
from django.test import Client, override_settings

from banyan.apps.accounts.models import Account
from banyan.apps.notices import actions, queries
from banyan.apps.notices.models import Channel, Delivery, Habits
from banyan.apps.notices.tasks import ways
from banyan.apps.notices.tests.post import channel, email_channel, go_round, states, tell, work
from banyan.apps.notices.tests.receivers import http_listener, mail_server
from banyan.base.errors import InvalidInput, NotFound, SignInNeeded
from banyan.kit.guard import ANYONE
from tests.statements import at_most
from tests.towns import NOW, SmallTown

WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"


def client(town: SmallTown, key: str = "resident", language: str = "en") -> Client:
    made = Client(headers={"Accept-Language": language})
    if key:
        made.force_login(Account.objects.get(id=town.accounts[key]))
    return made


def page_of(town: SmallTown, path: str = "account/hearing/") -> str:
    return f"/t/{town.town.slug}/{path}"


def test_a_person_sets_place_and_hours_and_finds_them_again(small_town: SmallTown):
    typed = {"deed": "habits", "place_code": "n1", "quiet_from": "21:30", "quiet_until": "06:45", "digest_at": "19:00"}

    kept = client(small_town).post(page_of(small_town), typed)
    page = client(small_town).get(page_of(small_town)).content.decode()

    assert kept.status_code == 302
    assert 'value="21:30"' in page and '<option value="n1" selected>' in page
    with small_town.scope():
        held = queries.habits_of(small_town.accounts["resident"])
        assert (held.place_path, held.hours.quiet_from_min) == ("north/n1/", 21 * 60 + 30)
        assert queries.habits_of(small_town.accounts["neighbour"]).place_path == ""


def test_every_wrong_hour_is_named_and_nothing_is_changed(small_town: SmallTown):
    typed = {"deed": "habits", "place_code": "nowhere", "quiet_from": "25:00", "quiet_until": "", "digest_at": ""}

    answer = client(small_town).post(page_of(small_town), typed)

    text = answer.content.decode()
    assert answer.status_code == 422
    for name in ("place_code", "quiet_from", "quiet_until", "digest_at"):
        assert f'id="f-{name}-wrong-1"' in text, name
    assert 'value="25:00"' in text
    with small_town.scope():
        assert not Habits.objects.exists()


def test_a_robot_is_added_and_its_key_is_shown_to_nobody_again(small_town: SmallTown):
    typed = {"deed": "add", "way": "wecom", "address": WECOM, "label": "楼组群"}
    client(small_town).post(page_of(small_town), typed)

    page = client(small_town).get(page_of(small_town)).content.decode()

    assert "楼组群" in page and "…5aaa" in page
    assert "693a91f6" not in page
    with small_town.scope():
        held = Channel.objects.get()
        assert "693a91f6" not in held.sealed + held.hint + held.address_hash


def test_the_secret_of_a_webhook_is_shown_once(small_town: SmallTown):
    typed = {"deed": "add", "way": "webhook", "address": "https://example.org/hook"}
    once = client(small_town).post(page_of(small_town), typed).content.decode()
    again = client(small_town).get(page_of(small_town)).content.decode()

    assert "whsec_" in once and "whsec_" not in again


def test_a_refused_address_is_named_and_not_echoed(small_town: SmallTown):
    typed = {"deed": "add", "way": "wecom", "address": "https://127.0.0.1/secret-key", "label": "kept"}
    answer = client(small_town).post(page_of(small_town), typed)

    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="f-address-wrong-1"' in text and 'value="kept"' in text and "secret-key" not in text


def test_the_same_address_is_one_channel_and_their_number_is_limited(small_town: SmallTown):
    channel(small_town, "wecom", WECOM)
    with pytest.raises(InvalidInput):
        channel(small_town, "wecom", WECOM)
    for n in range(9):
        channel(small_town, "webhook", f"https://example.org/{n}")
    with pytest.raises(InvalidInput, match="At most 10"):
        channel(small_town, "webhook", "https://example.org/10")
    channel(small_town, "wecom", WECOM, key="neighbour")


def test_choices_are_made_in_the_form_and_kept(small_town: SmallTown):
    added = channel(small_town, "wecom", WECOM)
    typed = {"deed": "choices", f"{added.channel_id}.mine": "digest", f"{added.channel_id}.announcement": "off"}

    client(small_town).post(page_of(small_town), typed)

    with small_town.scope():
        (held,) = queries.channels_of(small_town.accounts["resident"])
    assert held.modes == {"asked": "at_once", "mine": "digest", "followed": "digest", "announcement": "off"}


def test_nobody_touches_the_channels_of_another(small_town: SmallTown):
    added = channel(small_town, "wecom", WECOM)
    stranger = small_town.actor("neighbour")
    same = {"actor": stranger, "at": NOW}
    with small_town.scope():
        for deed in (
            lambda: actions.choose(wanted={added.channel_id: {"mine": "off"}}, **same),
            lambda: actions.remove_channel(channel_id=added.channel_id, **same),
            lambda: actions.try_channel(channel_id=added.channel_id, town=small_town.town, **same),
        ):
            with pytest.raises(NotFound):
                deed()
        with pytest.raises(SignInNeeded):
            actions.add_channel(actor=ANYONE, way="wecom", address=WECOM, at=NOW)
        assert Channel.objects.get().ended_at is None
    assert "…5aaa" not in client(small_town, "neighbour").get(page_of(small_town)).content.decode()
    assert client(small_town, "").get(page_of(small_town)).status_code == 302


def test_a_removed_channel_forgets_its_address_and_what_was_on_its_way(small_town: SmallTown):
    added = channel(small_town, "wecom", WECOM)
    tell(small_town)

    client(small_town).post(page_of(small_town), {"remove": str(added.channel_id)})

    with small_town.scope():
        held = Channel.objects.get()
        assert (held.sealed, held.hint) == ("", "") and held.ended_at
    assert states(small_town) == [("dropped", 0, "")]
    channel(small_town, "wecom", WECOM)


def test_a_test_message_says_whether_a_channel_works(small_town: SmallTown, monkeypatch: pytest.MonkeyPatch):
    added = channel(small_town, "wecom", WECOM)
    with http_listener() as listener:
        monkeypatch.setitem(ways.ROBOTS, "qyapi.weixin.qq.com", listener.url)
        client(small_town).post(page_of(small_town), {"try": str(added.channel_id)})
        work()

    page = client(small_town).get(page_of(small_town)).content.decode()
    assert "小榕镇" in listener.got[0].json["text"]["content"]
    assert "A test message from Little Banyan. You asked for it." in page
    with small_town.scope():
        assert queries.n_unread(small_town.accounts["resident"]) == 0, "it is no news"


def test_a_failure_is_seen_by_the_person_with_its_reason(small_town: SmallTown):
    with override_settings(OUTWARD_NETWORKS=["127.0.0.0/8"]):
        channel(small_town, "webhook", "http://127.0.0.1:1025/")
        tell(small_town)
        go_round(small_town)

    english = client(small_town).get(page_of(small_town)).content.decode()
    chinese = client(small_town, language="zh-CN").get(page_of(small_town)).content.decode()
    assert "nobody answers there" in english and "对方没有应答" in chinese


def test_the_page_costs_the_same_with_every_channel(small_town: SmallTown):
    def cost() -> str:
        with at_most(14):
            return client_here.get(page_of(small_town)).content.decode()

    client_here = client(small_town)
    client_here.get(page_of(small_town))
    cost()
    for n in range(10):
        channel(small_town, "webhook", f"https://example.org/{n}")
    assert cost().count("Send a test message") == 10


def test_without_a_mail_server_no_mail_is_offered(small_town: SmallTown):
    assert 'name="email"' not in client(small_town).get(page_of(small_town)).content.decode()
    with mail_server():
        assert 'name="email"' in client(small_town).get(page_of(small_town)).content.decode()
    with small_town.scope(), pytest.raises(InvalidInput):
        actions.add_email(actor=small_town.actor("resident"), town=small_town.town, email="a@example.org", at=NOW)


# --- the office ------------------------------------------------------------------------------------------------------


def test_the_office_sees_what_did_not_get_through_and_no_word_of_it(small_town: SmallTown):
    with mail_server() as box:
        email_channel(small_town)
        tell(small_town)
        box.refusals = ["550 no such user"]
        go_round(small_town)
    with small_town.scope():
        Delivery.objects.update(made_at=Account.objects.first().date_joined)

    page = client(small_town, "manager").get(page_of(small_town, "office/deliveries/")).content.decode()

    assert "refused with code 550" in page and "E-mail" in page
    main = page.partition("<main")[2].partition("</main>")[0]
    assert not any(word in main for word in ("Street lamp", "handed on", "Resident", small_town.emails["resident"]))


@pytest.mark.parametrize(
    ("key", "status"), [("manager", 200), ("coordinator", 403), ("auditor", 403), ("resident", 403), ("", 302)]
)
def test_the_page_of_deliveries_is_for_managers(small_town: SmallTown, key: str, status: int):
    assert client(small_town, key).get(page_of(small_town, "office/deliveries/")).status_code == status


def test_an_office_without_news_is_told_so(small_town: SmallTown):
    page = client(small_town, "manager", "zh-CN").get(page_of(small_town, "office/deliveries/")).content.decode()

    assert "七天内没有发送任何消息" in page


# --- programs --------------------------------------------------------------------------------------------------------


def test_a_program_reads_and_sets_how_its_person_hears(small_town: SmallTown):
    from django.utils import timezone

    from banyan.apps.accounts import actions as accounts

    added = channel(small_town, "wecom", WECOM)
    with small_town.scope():
        secret = accounts.issue_token(
            actor=small_town.actor("resident"), town=small_town.town, name="phone", at=timezone.now()
        )
    program = Client(headers={"Authorization": f"Bearer {secret}", "Accept-Language": "en"})
    base = f"/api/v1/towns/{small_town.town.slug}/me/hearing"
    as_json = {"content_type": "application/json"}

    habits = program.put(f"{base}/habits", {"place": "n1", "digest_at": "08:00"}, **as_json)
    wrong = program.put(f"{base}/habits", {"place": "nowhere", "digest_at": "8"}, **as_json)
    chosen = program.put(f"{base}/channels/{added.channel_id}", {"modes": {"mine": "off"}}, **as_json)

    assert habits.json()["place"] == "n1"
    assert {problem["where"] for problem in wrong.json()["problems"]} == {"place", "digest_at"}
    assert chosen.json()["channels"][0]["modes"]["mine"] == "off"
    assert "693a91f6" not in program.get(base).content.decode()
    assert Client().get(base).status_code == 401
