"""News reaches people outside the inbox: by mail, robot, webhook and push; once, at their hours, and visibly if not."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.test import Client, override_settings
from django_q.models import OrmQ

from banyan.apps.notices import actions, tasks
from banyan.apps.notices.models import Channel, Delivery, Notice
from banyan.apps.notices.rules import WAITS_MIN, Kind
from banyan.apps.notices.tasks import ways
from banyan.apps.notices.tests.post import channel, email_channel, go_round, later, states, tell, work
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


def at_night() -> datetime:
    """Half past eleven at night in the town."""
    return datetime(2026, 3, 18, 23, 30, tzinfo=ZONE)


# --- e-mail ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "subject", "foot"),
    [
        ("en", "[Little Banyan] Street lamp out: handed on to be handled", "because you asked for it"),
        ("zh-hans", "[小榕镇] 路灯不亮：已派单处理", "您选择了"),
    ],
)
def test_a_mail_arrives_in_the_language_of_its_reader(
    small_town: SmallTown, box: Mailbox, language: str, subject: str, foot: str
):
    email_channel(small_town, language=language)
    tell(small_town)

    go_round(small_town)

    (message,) = box.messages
    assert message["Subject"] == subject
    assert message["To"] == small_town.emails["resident"]
    assert subject.partition("] ")[2] in box.text() and subject.partition("] ")[2] in box.html()
    assert foot in box.text() and foot in box.html()
    assert f"/t/{small_town.town.slug}/requests/" in box.text()
    assert 'name="color-scheme" content="light dark"' in box.html()
    assert states(small_town) == [("sent", 1, "")]


def test_the_task_of_the_writer_carries_identifiers_alone(small_town: SmallTown, box: Mailbox):
    email_channel(small_town)
    with small_town.scope():
        actions.tell(
            [small_town.accounts["resident"]],
            subject=("service_request", small_town.town.id),
            verb="dispatch",
            cause_id=small_town.town.id,
            at=NOW,
            facts={"name_zh": "路灯", "name_en": "Lamp"},
        )

    (task,) = [row.task for row in OrmQ.objects.all()]

    assert set(task["kwargs"]["words"]) == {"cause_id", "at"}
    assert "Lamp" not in str(task) and "@" not in str(task)


def test_a_worker_carries_news_from_the_step_to_the_mailbox(small_town: SmallTown, box: Mailbox):
    email_channel(small_town)
    with small_town.scope():
        actions.keep_habits(actor=small_town.actor("resident"), town=small_town.town, wishes=actions.Wishes(), at=NOW)
    made = small_town.report(contact_name="王小明", contact_phone="13812345678", description="秘密的话")
    small_town.step(made.id, "triage", "coordinator")

    work()

    (message,) = box.messages
    assert message["Subject"] == "[Little Banyan] Street lamp out: the town has looked at it"
    sent = box.text() + box.html() + str(message.items())
    assert not any(word in sent for word in ("王小明", "13812345678", "秘密的话"))


def test_a_task_delivered_again_sends_nothing_again(small_town: SmallTown, box: Mailbox):
    email_channel(small_town)
    cause_id = tell(small_town)
    for _ in range(3):
        with small_town.scope():
            tasks.plan(cause_id=str(cause_id), at=NOW.isoformat())
        go_round(small_town)

    assert len(box.messages) == 1


def test_a_mail_server_that_refuses_twice_for_now_gets_the_mail_the_third_time(small_town: SmallTown, box: Mailbox):
    email_channel(small_town)
    tell(small_town)
    box.refusals = ["451 try later", "450 busy"]

    go_round(small_town)
    first = states(small_town)
    go_round(small_town, at=later(0.5))
    too_early = states(small_town)
    go_round(small_town, at=later(WAITS_MIN[0]))
    second = states(small_town)
    go_round(small_town, at=later(WAITS_MIN[0] + WAITS_MIN[1]))

    assert first == too_early == [("waiting", 1, "smtp_451")]
    assert second == [("waiting", 2, "smtp_450")]
    assert states(small_town) == [("sent", 3, "")]
    assert len(box.messages) == 1


def test_an_address_that_does_not_exist_is_given_up_at_once(small_town: SmallTown, box: Mailbox):
    email_channel(small_town)
    tell(small_town)
    box.refusals = ["550 no such user"]

    go_round(small_town)

    assert states(small_town) == [("failed", 1, "smtp_550")]


def test_a_receiver_that_never_works_is_given_up_after_the_last_wait(small_town: SmallTown):
    email_channel_with_no_server(small_town)
    tell(small_town, at=NOW)
    at = NOW
    for wait in (0, *WAITS_MIN, 9999):
        at += timedelta(minutes=wait)
        with override_settings(EMAIL_HOST="127.0.0.1", EMAIL_PORT=1, EMAIL_TIMEOUT=1, EMAIL_BACKEND=SMTP):
            go_round(small_town, at=at)

    assert states(small_town)[0][0::2] == ("failed", "no_connection")
    assert states(small_town)[0][1] == len(WAITS_MIN) + 1


SMTP = "django.core.mail.backends.smtp.EmailBackend"


def email_channel_with_no_server(town: SmallTown) -> None:
    with override_settings(EMAIL_HOST="127.0.0.1"):
        email_channel(town)
    with town.scope():
        wishes = actions.Wishes(digest_at="18:00")  # never quiet
        actions.keep_habits(actor=town.actor("resident"), town=town.town, wishes=wishes, at=NOW)


def test_a_mail_goes_to_a_confirmed_address_alone(small_town: SmallTown, box: Mailbox):
    with small_town.scope():
        actions.add_email(actor=small_town.actor("resident"), town=small_town.town, email="a@example.org", at=NOW)
    work()
    asked = box.text()
    tell(small_town)
    go_round(small_town)
    before = len(box.messages)
    link = next(word for word in asked.split() if "/hearing/confirm/" in word)
    path = urlsplit(link).path

    looked = Client().get(path)
    with small_town.scope():
        assert not Channel.objects.get().confirmed_at, "a look alone confirms nothing"
    pressed = Client().post(path)
    tell(small_town)
    go_round(small_town)

    assert (looked.status_code, pressed.status_code) == (200, 200)
    assert (before, len(box.messages)) == (1, 2)


def test_an_address_that_the_person_changed_gets_nothing_more(small_town: SmallTown, box: Mailbox):
    from banyan.apps.people import actions as people

    email_channel(small_town)
    with small_town.scope():
        people.change_own(actor=small_town.actor("resident"), contact=people.Contact(email="new@example.org"), at=NOW)
    tell(small_town)

    go_round(small_town)

    assert not box.messages
    assert states(small_town) == [("failed", 1, "address_changed")]


# --- hours -----------------------------------------------------------------------------------------------------------


def test_quiet_hours_are_kept_and_their_news_comes_in_one_message_in_the_morning(small_town: SmallTown, box: Mailbox):
    email_channel(small_town)
    night = at_night()
    tell(small_town, at=night)
    tell(small_town, verb="accept", at=night)

    go_round(small_town, at=night)
    go_round(small_town, at=night.replace(hour=23, minute=59) + timedelta(hours=6, minutes=59))
    in_the_night = len(box.messages)
    go_round(small_town, at=datetime(2026, 3, 19, 7, 0, tzinfo=ZONE))

    assert in_the_night == 0
    (message,) = box.messages
    assert message["Subject"] == "[Little Banyan] 2 pieces of news"
    assert "handed on to be handled" in box.text() and "somebody took it on" in box.text()


def test_what_is_urgent_comes_at_night_and_alone(small_town: SmallTown, box: Mailbox):
    email_channel(small_town)
    tell(small_town, at=at_night())
    tell(small_town, verb="received", at=at_night(), kind=Kind.ASKED, is_urgent=True)

    go_round(small_town, at=at_night())

    assert [message["Subject"] for message in box.messages] == ["[Little Banyan] New request: Street lamp out"]


def test_the_digest_collects_what_was_chosen_for_it(small_town: SmallTown, box: Mailbox):
    channel_id = email_channel(small_town)
    with small_town.scope():
        actions.choose(actor=small_town.actor("resident"), wanted={channel_id: {"mine": "digest"}}, at=NOW)
    for verb in ("triage", "dispatch", "accept"):
        tell(small_town, verb=verb)
    tell(small_town, verb="received", kind=Kind.ASKED)

    go_round(small_town)
    at_once = [message["Subject"] for message in box.messages]
    go_round(small_town, at=datetime(2026, 3, 18, 17, 59, tzinfo=ZONE))
    before = len(box.messages)
    go_round(small_town, at=datetime(2026, 3, 18, 18, 0, tzinfo=ZONE))

    assert at_once == ["[Little Banyan] New request: Street lamp out"]
    assert (before, len(box.messages)) == (1, 2)
    assert box.messages[-1]["Subject"] == "[Little Banyan] 3 pieces of news"


def test_what_is_not_wanted_is_not_sent_even_if_it_was_on_its_way(small_town: SmallTown, box: Mailbox):
    channel_id = email_channel(small_town)
    tell(small_town)
    with small_town.scope():
        actions.choose(actor=small_town.actor("resident"), wanted={channel_id: {"mine": "off"}}, at=NOW)
    tell(small_town)

    go_round(small_town)

    assert not box.messages
    assert states(small_town) == [("dropped", 0, "")]


# --- the link that stops it ------------------------------------------------------------------------------------------


def test_one_click_in_a_mail_program_stops_this_kind_of_news_without_signing_in(small_town: SmallTown, box: Mailbox):
    email_channel(small_town)
    tell(small_town)
    go_round(small_town)
    message = box.messages[0]
    path = urlsplit(message["List-Unsubscribe"].strip(" <>\r\n")).path
    mail_program = Client(enforce_csrf_checks=True)

    looked = mail_program.get(path)
    tell(small_town)
    go_round(small_town)
    after_a_look = len(box.messages)
    pressed = [
        mail_program.post(path, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
        for _ in range(2)
    ]
    tell(small_town)
    tell(small_town, verb="received", kind=Kind.ASKED)
    go_round(small_town)

    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert looked.status_code == 200 and [answer.status_code for answer in pressed] == [200, 200]
    assert (after_a_look, len(box.messages)) == (2, 3), "the other kind still comes"


def test_a_link_that_was_not_signed_here_stops_nothing(small_town: SmallTown, box: Mailbox):
    channel_id = email_channel(small_town)
    for token in ("x", f"{channel_id}", "e30:1:x"):
        assert Client().post(f"/t/{small_town.town.slug}/hearing/stop/{token}/").status_code == 404
    tell(small_town)
    go_round(small_town)

    assert len(box.messages) == 1


def test_a_link_of_one_town_stops_nothing_in_another(small_town: SmallTown, box: Mailbox, db: None):
    other = _other_town()
    email_channel(small_town)
    tell(small_town)
    go_round(small_town)
    token = urlsplit(box.messages[0]["List-Unsubscribe"].strip(" <>\r\n")).path.split("/")[-2]

    assert Client().post(f"/t/{other.town.slug}/hearing/stop/{token}/").status_code == 404

    tell(small_town)
    go_round(small_town)
    assert len(box.messages) == 2


def _other_town() -> SmallTown:
    return small_town()


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
    other = _other_town()
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
