"""Hours, waits, addresses and what an announcement has to say, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.apps.notices import rules
from banyan.apps.notices.rules import Hours, Words, ical

ZONE = ZoneInfo("Asia/Shanghai")
minutes = st.integers(0, 24 * 60 - 1)
instants = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))


@given(begin=minutes, end=minutes, at=instants)
def test_quiet_hours_end_at_their_end_and_within_a_day(begin: int, end: int, at: datetime):
    until = rules.quiet_end(Hours(begin, end), at=at, zone=ZONE)

    local = at.astimezone(ZONE)
    now = local.hour * 60 + local.minute
    inside = begin <= now < end if begin <= end else now >= begin or now < end
    assert (until is not None) is (inside and begin != end)
    if until is not None:
        assert timedelta(0) < until - at <= timedelta(days=1)
        assert (until.astimezone(ZONE).hour * 60 + until.astimezone(ZONE).minute) == end
        assert rules.quiet_end(Hours(begin, end), at=until, zone=ZONE) is None, "they do not begin again at their end"


@given(digest=minutes, at=instants)
def test_the_digest_comes_once_a_day_at_its_hour(digest: int, at: datetime):
    due = rules.next_digest(Hours(digest_at_min=digest), at=at, zone=ZONE)

    assert timedelta(0) < due - at <= timedelta(days=1)
    assert rules.next_digest(Hours(digest_at_min=digest), at=due, zone=ZONE) - due == timedelta(days=1)


def test_a_digest_keeps_its_hour_when_clocks_are_set_forward():
    berlin = ZoneInfo("Europe/Berlin")
    before = datetime(2026, 3, 28, 18, 0, tzinfo=berlin)

    due = rules.next_digest(Hours(), at=before, zone=berlin)

    assert due - before.astimezone(UTC) == timedelta(hours=23)


def test_waits_grow_and_end():
    at = datetime(2026, 3, 18, tzinfo=UTC)
    waits = [rules.next_try(n, at=at) for n in range(1, len(rules.WAITS_MIN) + 1)]

    assert waits == sorted(waits)
    assert rules.next_try(len(rules.WAITS_MIN) + 1, at=at) is None
    assert rules.next_try(1, at=at, wait_s=900) == at + timedelta(minutes=15), "a receiver may ask for more time"
    assert rules.next_try(1, at=at, wait_s=10**9) == at + timedelta(minutes=rules.WAITS_MIN[-1])


REFUSED = [
    ("wecom", "https://evil.example.org/cgi-bin/webhook/send?key=693a91f6-aaaa"),
    ("wecom", "https://qyapi.weixin.qq.com.evil.example.org/cgi-bin/webhook/send?key=693a91f6-aaaa"),
    ("wecom", "https://qyapi.weixin.qq.com@127.0.0.1/cgi-bin/webhook/send?key=693a91f6-aaaa"),
    ("wecom", "http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-aaaa"),
    ("wecom", "https://qyapi.weixin.qq.com/cgi-bin/other?key=693a91f6-aaaa"),
    ("dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=a%0d%0ab"),
    ("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/../../../x"),
    ("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/"),
    ("webhook", "http://example.org/hook"),
    ("webhook", "https://name:password@example.org/hook"),
    ("webhook", "https://example.org:22/hook"),
    ("webhook", "https://example.org/ho ok"),
    ("webhook", "https://example.org\\@127.0.0.1/"),
    ("webhook", "file:///etc/passwd"),
    ("webhook", "gopher://example.org/"),
    ("webhook", "https://"),
    ("push", "ntfy://my-street-lamp"),
    ("push", "ntfys://127.0.0.1/my-street-lamp"),
    ("push", "ntfys://my-street-lamp?attach=http://169.254.169.254/"),
    ("push", "json://127.0.0.1/"),
    ("push", "dbus://my-street-lamp"),
    ("push", "syslog://my-street-lamp"),
    ("email", "a@example.org"),
    ("telegram", "tgram://1/2"),
]


@pytest.mark.parametrize(("way", "text"), REFUSED)
def test_an_address_off_the_list_is_refused(way: str, text: str):
    found, problems = rules.read_address(way, text, secret="", schemas=["ntfys"])

    assert found is None and problems


@pytest.mark.parametrize(
    ("way", "text", "hint"),
    [
        ("wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-aaaa", "qyapi.weixin.qq.com …aaaa"),
        ("dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=abcdef012345", "oapi.dingtalk.com …2345"),
        ("feishu", "https://open.larksuite.com/open-apis/bot/v2/hook/abcd-ef01", "open.larksuite.com …ef01"),
        ("webhook", "https://example.org:8443/hook?token=geheim", "example.org"),
        ("push", "ntfys://my-street-lamp", "ntfys …lamp"),
    ],
)
def test_an_address_on_the_list_is_read_and_its_hint_gives_nothing_away(way: str, text: str, hint: str):
    found, problems = rules.read_address(way, text, secret="", schemas=["ntfys"])

    assert found is not None and not problems
    assert found.hint == hint


def test_a_push_service_that_is_not_offered_is_refused():
    assert rules.read_address("push", "ntfys://my-street-lamp", secret="", schemas=[])[0] is None


def _words(**other: object) -> Words:
    begins = datetime(2026, 3, 20, 1, 0, tzinfo=UTC)
    held = {
        "kind": "water_cut",
        "title_zh": "停水通知",
        "title_en": "Water off",
        "text_zh": "请储水。",
        "text_en": "Please store water.",
        "from_at": begins,
        "until_at": begins + timedelta(hours=4),
    }
    return Words(**{**held, **other})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("other", "where"),
    [
        ({}, []),
        ({"kind": "party"}, ["kind"]),
        ({"place_code": "nowhere"}, ["place_code"]),
        ({"title_en": " "}, ["title_en"]),
        ({"text_zh": "x" * 4001}, ["text_zh"]),
        ({"text_en": "a\x00b"}, ["text_en"]),
        ({"from_at": None}, ["from_at"]),
        ({"until_at": None}, ["until_at"]),
        ({"kind": "policy", "until_at": None}, []),
        ({"until_at": datetime(2026, 3, 20, 0, 0, tzinfo=UTC)}, ["until_at"]),
        ({"link": "javascript:alert(1)"}, ["link"]),
        ({"link": "https://example.org/x"}, []),
        ({"kind": "", "title_zh": "", "text_en": "", "link": "x"}, ["kind", "title_zh", "text_en", "link"]),
    ],
)
def test_every_problem_of_an_announcement_is_named_at_once(other: dict[str, object], where: list[str]):
    problems = rules.words_problems(_words(**other), places={"n1"}, has_photo=False)

    assert [problem.where for problem in problems] == where


def test_a_photo_needs_words_for_those_who_cannot_see_it():
    problems = rules.words_problems(_words(photo_zh="管道图"), places=(), has_photo=True)

    assert [problem.where for problem in problems] == ["photo_en"]


def test_a_warning_and_a_cut_that_begins_soon_may_wake_people():
    at = datetime(2026, 3, 18, tzinfo=UTC)

    assert rules.is_urgent("warning", from_at=at + timedelta(days=9), at=at)
    assert rules.is_urgent("power_cut", from_at=at + timedelta(hours=11), at=at)
    assert not rules.is_urgent("power_cut", from_at=at + timedelta(hours=13), at=at)
    assert not rules.is_urgent("event", from_at=at, at=at)


def test_small_counts_are_not_told():
    assert [rules.told_count(n) for n in (0, 9, 10, 11)] == [(True, 10), (True, 10), (False, 10), (False, 11)]


# --- the calendar file -----------------------------------------------------------------------------------------------


def _entry(**other: object) -> ical.Entry:
    begins = datetime(2026, 10, 24, 8, 0, tzinfo=UTC)
    held = {
        "uid": "1@town",
        "sequence": 2,
        "changed_at": begins - timedelta(days=3),
        "from_at": begins,
        "until_at": begins + timedelta(days=2),
        "title": "停水；北社区, 北一格\\" * 8,
        "text": "第一行\n第二行; 完",
        "place": "北社区",
        "url": "https://town.example.org/x",
        "kind": "water_cut",
        "is_cancelled": False,
    }
    return ical.Entry(**{**held, **other})  # type: ignore[arg-type]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"])
def test_a_calendar_program_reads_the_same_instants_over_a_change_of_clocks(zone: str):
    import icalendar

    entry = _entry()
    content = ical.calendar([entry], name="小榕镇", zone_name=zone, language="zh-Hans")
    read = icalendar.Calendar.from_ical(content)

    (event,) = read.walk("VEVENT")
    assert event.decoded("dtstart").astimezone(UTC) == entry.from_at
    assert event.decoded("dtend").astimezone(UTC) == entry.until_at
    assert (str(event["summary"]), str(event["description"])) == (entry.title, entry.text)
    assert (str(event["uid"]), int(event["sequence"]), str(event["status"])) == ("1@town", 2, "CONFIRMED")
    (written,) = read.walk("VTIMEZONE")
    own = written.to_tz()
    for at in (entry.from_at, entry.until_at):
        local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        assert local.replace(tzinfo=own).utcoffset() == at.astimezone(ZoneInfo(zone)).utcoffset()


def test_every_line_is_short_and_whole():
    content = ical.calendar([_entry()], name="小榕镇", zone_name="Asia/Shanghai", language="zh-Hans")

    assert content.endswith(b"END:VCALENDAR\r\n")
    for line in content.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()  # no character is broken


def test_an_empty_calendar_is_a_calendar():
    import icalendar

    read = icalendar.Calendar.from_ical(ical.calendar([], name="x", zone_name="Asia/Shanghai", language="en"))
    assert not read.walk("VEVENT")
