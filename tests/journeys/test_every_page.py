"""Every page at a telephone's and a desk's width, in both languages: for eyes, keys and readers alike."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.journeys.visitor import DESK, PHONE, Door, Visitor

pytestmark = pytest.mark.journey
SIZES = {"phone": PHONE, "desk": DESK}
#: Who -> name of the page -> path inside the town (a path that begins with / stands for itself).
PAGES: Mapping[str, Mapping[str, str]] = {
    "": {
        "towns": "/?all=1",
        "sign-in-phone": "/accounts/sign-in/?next=/t/rongjiang/",
        "sign-in-email": "/accounts/sign-in/?way=email&next=/t/rongjiang/",
        "account-closed": "/accounts/closed/",
        "home": "",
        "report": "report/",
        "report-group": "report/?group=lifts",
        "report-nothing-fits": "report/?q=zzz",
        "report-lamp": "report/about/street_light_out/",
        "report-emergency": "report/about/gas_smell/",
        "public-list": "requests/",
        "public-list-filtered": "requests/?state=done&group=lifts",
        "announcements": "announcements/",
        "announcements-filtered": "announcements/?kind=warning&past=yes",
        "no-such-page": "nowhere/",
        "no-such-town": "/t/nowhere/",
    },
    "demo-resident": {
        "resident-home": "",
        "resident-report": "report/about/pipe_leak/",
        "resident-mine": "requests/mine/",
        "resident-news": "news/",
        "resident-account": "account/",
        "resident-password": "account/password/",
        "resident-how-i-hear": "account/hearing/",
        "resident-my-data": "my-data/",
        "resident-refused": "board/",
    },
    "demo-worker": {"worker-home": "", "worker-tasks": "tasks/", "worker-paused": "tasks/?view=paused"},
    "demo-coordinator": {
        "coordinator-home": "",
        "coordinator-report-for-someone": "report/about/pipe_leak/",
        **{f"coordinator-board-{queue}": f"board/?queue={queue}" for queue in ("triage", "overdue", "ended")},
        "coordinator-board-open-map": "board/?queue=open&view=map",
        "coordinator-board-nothing-found": "board/?queue=open&q=zzz",
    },
    "demo-manager": {
        "manager-home": "",
        "manager-board": "board/?queue=open",
        "announcement-desk": "announcements/desk/",
        "announcement-new": "announcements/desk/new/",
        "office": "office/",
        "office-messages": "office/deliveries/",
        "office-catalogue": "office/catalogue/",
        "office-catalogue-files": "office/catalogue/exchange/",
        "office-service": "office/catalogue/service/street_light_out/",
        "office-service-new": "office/catalogue/new/",
        "office-parties": "office/parties/",
        "office-party": "office/parties/party/banyan_property/",
        "office-party-new": "office/parties/new/",
        "office-places": "office/places/",
        "office-roles": "office/roles/",
        "office-calendar": "office/calendar/",
        "office-history": "office/history/",
    },
    "demo-auditor": {
        "auditor-home": "",
        "auditor-history": "office/history/",
        "auditor-service": "office/catalogue/service/street_light_out/",
    },
    "demo-operator": {"operator-home": ""},
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("who", PAGES)
def test_every_page_is_whole(door: Door, language: str, who: str, size: str) -> None:
    visitor = _visitor(door, who, language, SIZES[size])
    for name, path in PAGES[who].items():
        visitor.open(path)
        visitor.look(f"page-{name}")
    more = {"": _public_request, "demo-coordinator": _a_request_and_its_proof}.get(who)
    if more:
        more(visitor)


def _visitor(door: Door, who: str, language: str, size: tuple[int, int]) -> Visitor:
    if not who:
        return door.visitor(language, size)
    if who == "demo-resident":
        return door.known(who, language, size, by=_signs_in_by_password)
    return door.member(who, language, size)


def _signs_in_by_password(resident: Visitor) -> None:
    resident.sign_in_by_password("resident@example.org", "rongjiang-demo")


def _public_request(visitor: Visitor) -> None:
    visitor.open("requests/")
    visitor.page.locator(".entry-title a").first.click()
    visitor.is_at(r"requests/[-0-9a-f]{36}/")
    visitor.look("page-public-request")


def _a_request_and_its_proof(visitor: Visitor) -> None:
    visitor.open("board/?queue=ended")
    visitor.page.locator("tbody th a").first.click()
    visitor.is_at(r"requests/[-0-9a-f]{36}/")
    visitor.look("page-request-closed-coordinator")
    visitor.page.locator("a[href$='/staff/proof/']").click()
    visitor.page.locator("ol.line details summary").first.click()
    visitor.look("page-proof")


@pytest.mark.parametrize("who", ["", "demo-coordinator"])
def test_the_pages_most_used_are_as_readable_in_the_dark(door: Door, language: str, who: str) -> None:
    visitor = _visitor(door, who, language, PHONE)
    visitor.page.emulate_media(color_scheme="dark")
    pages = ["home", "report-lamp", "public-list"] if not who else ["coordinator-board-ended"]
    for name in pages:
        visitor.open(PAGES[who][name])
        visitor.look(f"dark-{name}")
    if who:
        _a_request_in_the_dark(visitor)


def _a_request_in_the_dark(visitor: Visitor) -> None:
    visitor.page.locator("tbody th a").first.click()
    visitor.is_at(r"requests/[-0-9a-f]{36}/")
    visitor.look("dark-request-coordinator")
