"""News reaches people outside the inbox: by mail, robot, webhook and push; once, at their hours, and visibly if not."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.test import Client, override_settings
from django_q.models import OrmQ

from banyan.apps.notices import actions, tasks
from banyan.apps.notices.models import Channel
from banyan.apps.notices.rules import WAITS_MIN, Kind
from banyan.apps.notices.tasks import ways
from banyan.apps.notices.tests.post import another_town, email_channel, go_round, later, states, tell, work
from banyan.apps.notices.tests.receivers import Mailbox, http_listener, mail_server
from tests.towns import NOW, SmallTown

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
    other = another_town()
    email_channel(small_town)
    tell(small_town)
    go_round(small_town)
    token = urlsplit(box.messages[0]["List-Unsubscribe"].strip(" <>\r\n")).path.split("/")[-2]

    assert Client().post(f"/t/{other.town.slug}/hearing/stop/{token}/").status_code == 404

    tell(small_town)
    go_round(small_town)
    assert len(box.messages) == 2
