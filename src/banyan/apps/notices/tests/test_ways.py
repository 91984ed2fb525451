"""Robots, webhooks and push services get what they understand; workers die and towns stand side by side."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.test import override_settings
from django_q.models import OrmQ

from banyan.apps.notices import actions, tasks
from banyan.apps.notices.models import Channel, Delivery, Notice
from banyan.apps.notices.rules import WAITS_MIN
from banyan.apps.notices.tasks import ways
from banyan.apps.notices.tests.post import another_town, channel, email_channel, go_round, later, states, tell
from banyan.apps.notices.tests.receivers import Listener, Mailbox, http_listener, is_signed, mail_server
from banyan.kit import outward
from tests.towns import NOW, SmallTown, small_town

ZONE = ZoneInfo("Asia/Shanghai")
WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
DINGTALK = "https://oapi.dingtalk.com/robot/send?access_token=abcdef0123456789"
FEISHU = "https://open.feishu.cn/open-apis/bot/v2/hook/abcd-ef01-2345"


@pytest.fixture
def box(small_town: SmallTown):
    with mail_server() as box:
        yield box


@pytest.fixture
def listener(small_town: SmallTown, monkeypatch: pytest.MonkeyPatch):
    with http_listener() as listener:
        for host in list(ways.ROBOTS):
            path = urlsplit(ways.ROBOTS[host]).path
            monkeypatch.setitem(ways.ROBOTS, host, f"{listener.url}{path}")
        yield listener


# --- chat, webhook, push ---------------------------------------------------------------------------------------------


def test_wecom_gets_text_in_its_own_form(small_town: SmallTown, listener: Listener):
    channel(small_town, "wecom", WECOM)
    tell(small_town)

    go_round(small_town)

    (got,) = listener.got
    assert parse_qs(urlsplit(got.path).query) == {"key": ["693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"]}
    assert got.json["msgtype"] == "text"
    assert got.json["text"]["content"].startswith("路灯不亮：已派单处理\nhttp")
    assert states(small_town) == [("sent", 1, "")]


def test_dingtalk_gets_a_signature_over_the_time(small_town: SmallTown, listener: Listener):
    channel(small_town, "dingtalk", DINGTALK, secret="SEC0123456789")
    tell(small_town)

    go_round(small_town)

    words = parse_qs(urlsplit(listener.got[0].path).query)
    signed = f"{words['timestamp'][0]}\nSEC0123456789".encode()
    assert words["sign"] == [base64.b64encode(hmac.new(b"SEC0123456789", signed, hashlib.sha256).digest()).decode()]
    assert words["timestamp"] == [str(int(NOW.timestamp() * 1000))]


def test_feishu_gets_its_signature_in_the_body(small_town: SmallTown, listener: Listener):
    channel(small_town, "feishu", FEISHU, secret="0123456789")
    tell(small_town)

    go_round(small_town)

    body = listener.got[0].json
    key = f"{body['timestamp']}\n0123456789".encode()
    assert body["sign"] == base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
    assert body["content"]["text"].startswith("路灯不亮")
    assert listener.got[0].path == "/open-apis/bot/v2/hook/abcd-ef01-2345"


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ((200, '{"errcode": 93000, "errmsg": "invalid webhook url"}'), ("failed", 1, "robot_93000")),
        ((200, '{"errcode": 45009, "errmsg": "api freq out of limit"}'), ("waiting", 1, "robot_45009")),
        ((200, "<html>a gateway</html>"), ("unknown", 1, "unreadable_answer")),
        ((502, ""), ("waiting", 1, "http_502")),
    ],
)
def test_a_refusal_in_a_friendly_answer_is_seen(small_town: SmallTown, listener: Listener, answer, state):
    channel(small_town, "wecom", WECOM)
    tell(small_town)
    listener.answers = [answer]

    go_round(small_town)

    assert states(small_town) == [state]


def test_a_webhook_is_signed_and_keeps_its_number_when_tried_again(small_town: SmallTown, listener: Listener):
    added = channel(small_town, "webhook", f"{listener.url}/hook?a=1")
    tell(small_town)
    listener.answers = [(500, ""), (503, "")]

    for minutes in (0, WAITS_MIN[0], WAITS_MIN[0] + WAITS_MIN[1]):
        go_round(small_town, at=later(minutes))

    assert len(listener.got) == 3
    assert all(is_signed(got, added.secret) for got in listener.got)
    assert not is_signed(listener.got[0], "whsec_" + base64.b64encode(b"another secret of 24 byte").decode())
    assert len({got.headers["webhook-id"] for got in listener.got}) == 1
    assert listener.got[0].json["data"]["notices"][0]["verb"] == "dispatch"
    assert listener.got[0].path == "/hook?a=1"
    assert states(small_town) == [("sent", 3, "")]


def test_what_comes_after_a_failure_waits_with_it_and_goes_in_a_message_of_its_own(
    small_town: SmallTown, listener: Listener
):
    channel(small_town, "webhook", f"{listener.url}/hook")
    tell(small_town)
    listener.answers = [(500, "")]
    go_round(small_town)
    tell(small_town, verb="accept", at=later(0.1))
    go_round(small_town, at=later(WAITS_MIN[0]))

    assert [[one["verb"] for one in got.json["data"]["notices"]] for got in listener.got] == [
        ["dispatch"],
        ["dispatch"],
        ["accept"],
    ]


def test_a_receiver_that_keeps_the_line_open_is_cut_off(
    small_town: SmallTown, listener: Listener, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(outward, "DEADLINE_S", 0.4)
    monkeypatch.setattr(outward.post, "__kwdefaults__", {"deadline_s": 0.4})
    channel(small_town, "webhook", f"{listener.url}/hook")
    channel(small_town, "wecom", WECOM)
    tell(small_town)
    listener.answers = [None, None]

    go_round(small_town)

    # A webhook knows a repeat by its number and is tried again; a group does not, so it may have arrived.
    assert sorted(states(small_town)) == [("unknown", 1, "timeout"), ("waiting", 1, "timeout")]


def test_a_redirect_is_not_followed(small_town: SmallTown, listener: Listener):
    channel(small_town, "webhook", f"{listener.url}/hook")
    tell(small_town)
    listener.answers = [(302, "")]
    listener.location = f"{listener.url}/elsewhere"

    go_round(small_town)

    assert [got.path for got in listener.got] == ["/hook"]
    assert states(small_town) == [("waiting", 1, "http_302")]


def test_a_receiver_that_says_it_is_gone_gets_nothing_more(small_town: SmallTown, listener: Listener):
    channel(small_town, "webhook", f"{listener.url}/hook")
    tell(small_town)
    listener.answers = [(410, "")]
    go_round(small_town)
    tell(small_town)
    go_round(small_town)

    assert len(listener.got) == 1
    with small_town.scope():
        assert Channel.objects.get().stopped_for == "http_410"


def test_a_push_service_is_reached_through_apprise(
    small_town: SmallTown, listener: Listener, monkeypatch: pytest.MonkeyPatch
):
    from apprise.plugins.ntfy import NotifyNtfy

    monkeypatch.setattr(NotifyNtfy, "cloud_notify_url", listener.url)
    channel(small_town, "push", "ntfys://my-street-lamp")
    tell(small_town)
    go_round(small_town)
    listener.answers = [(500, "")] * 5
    tell(small_town)
    go_round(small_town)

    assert listener.got[0].json["topic"] == "my-street-lamp"
    assert "路灯不亮" in listener.got[0].json["title"]
    assert sorted(states(small_town)) == [("sent", 1, ""), ("waiting", 1, "push_refused")]


# --- workers that die, towns side by side ----------------------------------------------------------------------------


def test_what_a_dead_worker_held_is_sent_again_only_where_a_repeat_is_known(small_town: SmallTown, listener: Listener):
    channel(small_town, "webhook", f"{listener.url}/hook")
    channel(small_town, "wecom", WECOM)
    tell(small_town)
    with small_town.scope():
        Delivery.objects.update(status="sending", claimed_at=NOW, n_tries=1, batch=small_town.town.id)

    go_round(small_town, at=later(14))
    n_before = len(listener.got)
    go_round(small_town, at=later(16))

    assert n_before == 0
    assert [got.path for got in listener.got] == ["/hook"]
    assert listener.got[0].headers["webhook-id"] == str(small_town.town.id), "the number of the first try"
    assert sorted(states(small_town)) == [("sent", 2, ""), ("unknown", 1, "worker_died")]


def test_one_message_that_cannot_be_made_does_not_stop_the_others(
    small_town: SmallTown, listener: Listener, monkeypatch: pytest.MonkeyPatch
):
    channel(small_town, "webhook", f"{listener.url}/hook")
    channel(small_town, "wecom", WECOM)
    tell(small_town)
    monkeypatch.setattr(ways, "webhook", lambda *a, **k: 1 / 0)

    go_round(small_town)

    assert sorted(states(small_town)) == [("sent", 1, ""), ("waiting", 1, "defect")]


def test_a_new_secret_key_stops_a_channel_and_says_so(small_town: SmallTown, listener: Listener):
    channel(small_town, "wecom", WECOM)
    tell(small_town)

    with override_settings(SECRET_KEY="another key " * 6):
        go_round(small_town)

    assert not listener.got
    assert states(small_town) == [("failed", 1, "seal_broken")]


def test_each_town_sends_its_own_news_alone(small_town: SmallTown, box: Mailbox):
    other = another_town()
    email_channel(small_town)
    email_channel(other)
    tell(small_town)
    tell(other)

    go_round(other)

    assert [message["To"] for message in box.messages] == [other.emails["resident"]]
    assert states(small_town) == [("waiting", 0, "")]


def test_every_minute_finds_the_towns_where_something_is_due(small_town: SmallTown, box: Mailbox):
    email_channel(small_town)
    tell(small_town)

    tasks.send_due()

    assert [row.task["func"] for row in OrmQ.objects.all()] == ["banyan.apps.notices.tasks.send"]
    assert [row.task["args"] for row in OrmQ.objects.all()] == [(str(small_town.town.id),)]


def test_who_has_no_channel_costs_no_task(small_town: SmallTown):
    with small_town.scope():
        actions.tell(
            [small_town.accounts["resident"]],
            subject=("service_request", small_town.town.id),
            verb="dispatch",
            cause_id=small_town.town.id,
            at=NOW,
        )
        assert Notice.objects.count() == 1

    assert not OrmQ.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one_message(monkeypatch: pytest.MonkeyPatch):
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    from django.db import connections

    town, together = small_town(), Barrier(4)
    with http_listener() as listener:
        for n in range(5):
            channel(town, "webhook", f"{listener.url}/{n}")
        tell(town)

        def worker(_n: int) -> None:
            together.wait()
            try:
                go_round(town)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(worker, range(4)))

    assert sorted(got.path for got in listener.got) == [f"/{n}" for n in range(5)]
    assert states(town) == [("sent", 1, "")] * 5
