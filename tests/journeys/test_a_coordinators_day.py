"""A day of a coordinator: a burst pipe with three parties, a request nobody wants, a sample, the district's desk."""

from __future__ import annotations

import csv
import io
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from banyan.base import sheets
from tests.journeys.ground import fresh_phone
from tests.journeys.visitor import DESK, PHONE, Door, Visitor, photo_of_a_lamp

pytestmark = pytest.mark.journey
#: In the community of the demonstration's coordinator, with houses of the demonstration's property company.
GRID = "RY-05"
#: What people write, each in their own language.
WORDS: Mapping[str, Mapping[str, str]] = {
    "zh-hans": {
        "burst": "主路水管爆裂，水一直往路上冒",
        "burst-again": "水管爆裂了，路面都是水",
        "why-same": "同一处水管",
        "lead": "关阀、开挖、换管",
        "second": "通知住户停水并送水",
        "third": "抽干地下车库的积水",
        "more-time": "车库积水比预计的多",
        "granted": "同意，请注意用电安全",
        "done-second": "已通知三栋住户，送水两车",
        "done-third": "积水已抽干",
        "done-lead": "已换管，恢复供水",
        "leak": "楼道水管漏水，三楼天花板滴水",
        "not-ours": "漏的是公共立管，不归我们修",
        "decided": "按维保合同，立管归维修队",
        "mended": "立管接头已更换",
        "ticket": "路边水管漏水两天了",
    },
    "en": {
        "burst": "The pipe under the main road has burst, water keeps coming up",
        "burst-again": "A burst pipe, water all over the road",
        "why-same": "The same pipe",
        "lead": "Close the valve, dig, replace the pipe",
        "second": "Tell the households and bring them water",
        "third": "Pump the basement garage dry",
        "more-time": "There is more water in the garage than we thought",
        "granted": "Yes; mind the electricity",
        "done-second": "Three houses told, two cars of water brought",
        "done-third": "The garage is dry",
        "done-lead": "Pipe replaced, water is back",
        "leak": "A pipe leaks in the staircase, it drips from the third floor",
        "not-ours": "It is the shared riser, which is not ours to mend",
        "decided": "By the contract the riser is for the repair team",
        "mended": "Joint of the riser replaced",
        "ticket": "A pipe at the roadside has leaked for two days",
    },
}


def test_three_parties_mend_a_burst_pipe_that_three_neighbours_saw(door: Door, language: str, tmp_path: Path) -> None:
    words = _words_of_today(language)
    photo = photo_of_a_lamp(tmp_path)
    first, third = (_neighbour(door, language, metres_east=metres) for metres in (0, 20))
    follower = _known(door, "resident", language, PHONE, **_standing(door, metres_east=10))
    request_at = _reports(first, words["burst"])
    _is_offered_it_and_follows(follower, words["burst-again"], request_at)
    merged_at = _reports(third, words["burst-again"], is_offered=True)

    coordinator = _known(door, "coordinator", language, DESK)
    _merges_separates_and_merges_again(coordinator, words, merged_at=merged_at, request_at=request_at)
    _triages_and_dispatches(coordinator, words["burst"], "municipal")
    _calls_three_parties_in(coordinator, words)

    lead = door.member("municipal-worker-1", language, PHONE)
    _starts_as_lead(lead, words["burst"])
    helper = _known(door, "worker", language, PHONE)
    _does_its_part(helper, words["second"], words["done-second"], photo, look="day-part")
    pump = door.member("plumbing_contractor-worker-1", language, PHONE)
    _asks_for_more_time(pump, words, request_at)
    manager = _known(door, "manager", language, DESK)
    _grants(manager, words)
    _does_its_part(pump, words["third"], words["done-third"], photo)
    _resolves(lead, words["burst"], words["done-lead"], look="day-lead-resolving")

    _looks_at_each_part_and_the_whole(coordinator, request_at)
    _reads_where_it_went(third, merged_at, request_at, words["done-lead"])
    _hears_of_it(follower, request_at)


def test_a_request_that_came_back_is_arbitrated_bound_and_drawn_for_the_sample(door: Door, language: str) -> None:
    words = _words_of_today(language)
    manager = _known(door, "manager", language, DESK)
    _publishes_a_sample(manager, language)
    resident = _neighbour(door, language)
    request_at = _reports(resident, words["leak"], service="pipe_leak")
    coordinator = _known(door, "coordinator", language, DESK)
    _triages_and_dispatches(coordinator, words["leak"], "banyan_property")

    company = _known(door, "worker", language, PHONE)
    _gives_back_and_asks_who_has_to(company, words)
    _decides_who_has_to(manager, words)
    team = door.member("plumbing_contractor-worker-1", language, PHONE)
    _cannot_give_it_back(team, request_at)
    _takes_steps(team, words["leak"], "Accept it", "Start work")
    _resolves(team, words["leak"], words["mended"])

    resident.open(request_at)
    resident.reads("Checked by sample")
    expect(resident.button("Yes, it is fixed")).to_have_count(0)
    resident.look("day-sample-resident")
    coordinator.open(request_at)
    coordinator.press("I looked: it is fixed")
    coordinator.reads("Somebody of the town looked and found it done")
    coordinator.look("day-sample-verified")


def test_a_ticket_of_the_district_comes_in_is_handled_and_goes_back(door: Door, language: str, tmp_path: Path) -> None:
    words = _words_of_today(language)
    number = f"GD{secrets.randbelow(10**9):09}"
    coordinator = _known(door, "coordinator", language, DESK)
    coordinator.open("tickets/")
    coordinator.look("day-tickets")
    coordinator.page.locator("#f-file").set_input_files(_file_of_the_desk(tmp_path, number, words["ticket"]))
    coordinator.press("Take over")
    expect(coordinator.page.get_by_text(number)).to_be_visible()
    coordinator.look("day-tickets-taken")
    assert _answer_for(coordinator, "XLSX", number)["工单状态"] == "待受理"

    _triages_and_dispatches(coordinator, words["ticket"], "municipal")
    coordinator.open("tickets/")
    for kind in ("XLSX", "CSV"):
        answer = _answer_for(coordinator, kind, number)
        assert answer["工单状态"] == "已派单"
        assert answer["承办单位"] == "榕江市政服务所"
        assert answer["办理时限"] == "2030-01-02 18:00:00"


# --- the neighbours --------------------------------------------------------------------------------------------------


def _words_of_today(language: str) -> dict[str, str]:
    """Return what people write, with something in it that no other journey has."""
    mark = secrets.token_hex(4)
    return {name: f"{text} {mark}" for name, text in WORDS[language].items()}


def _known(door: Door, who: str, language: str, size: tuple[int, int], **wishes: Any) -> Visitor:
    """Let one of the people in whom the demonstration shows on its first page."""
    email, password = f"{who}@example.org", "rongjiang-demo"
    by: Callable[[Visitor], None] = lambda visitor: visitor.sign_in_by_password(email, password)  # noqa: E731
    return door.known(f"demo-{who}-by-password", language, size, by=by, **wishes)


def _standing(door: Door, *, metres_east: float = 0) -> dict[str, Any]:
    """Stand at the pipe, or some metres beside it, with a telephone that knows where it is."""
    lon, lat = door.house.point_in(GRID)
    here = {"longitude": lon + metres_east / 102_000, "latitude": lat}
    return {"geolocation": here, "permissions": ["geolocation"]}


def _neighbour(door: Door, language: str, *, metres_east: float = 0) -> Visitor:
    """Let a resident in whom nobody knows."""
    resident = door.visitor(language, PHONE, **_standing(door, metres_east=metres_east))
    resident.sign_in_by_phone(fresh_phone())
    return resident


def _writes(resident: Visitor, words: str, service: str) -> None:
    resident.open(f"report/about/{service}/")
    resident.press("Use my position")
    expect(resident.page.locator("#f-lon")).not_to_have_value("")
    resident.write("description", words)
    resident.page.locator("#f-address").focus()


def _reports(resident: Visitor, words: str, *, service: str = "water_main", is_offered: bool = False) -> str:
    """Report where the telephone is, whatever is offered instead; return the path of the request inside the town."""
    _writes(resident, words, service)
    if is_offered:
        resident.reads("Is it one of these?")
    resident.press("Send the report")
    resident.is_at("report/sent/")
    resident.follow("Follow the request")
    return _path(resident)


def _path(visitor: Visitor) -> str:
    visitor.is_at(r"requests/[-0-9a-f]{36}/")
    return visitor.page.url.partition(f"/t/{visitor.town}/")[2]


def _is_offered_it_and_follows(resident: Visitor, words: str, request_at: str) -> None:
    _writes(resident, words, "water_main")
    offered = resident.page.locator("#near-found article").filter(has=resident.page.locator(f"a[href$='{request_at}']"))
    expect(offered).to_be_visible()
    resident.look("day-report-near")
    offered.get_by_text(resident.says("Follow this instead")).click()
    assert _path(resident) == request_at
    resident.reads("You follow this request: its news come to you.")
    resident.look("day-followed")


def _reads_where_it_went(resident: Visitor, merged_at: str, request_at: str, remedy: str) -> None:
    resident.open(merged_at)
    resident.look("day-merged-resident")
    resident.page.locator(f"main a[href$='{request_at}']").first.click()
    assert _path(resident) == request_at
    expect(resident.page.locator("header.head")).to_contain_text(resident.says("Verified"))
    expect(resident.button("Follow it")).to_have_count(0)  # the news come by the report that was merged
    resident.look("day-parent-for-the-merged")


def _hears_of_it(follower: Visitor, request_at: str) -> None:
    """The news come by the worker: look until they are there."""
    news = follower.page.locator(f"article.entry a[href$='{request_at}']").first
    for _ in range(40):
        follower.open("news/")
        if news.count():
            break
        follower.page.wait_for_timeout(250)
    follower.look("day-news")
    expect(news).to_be_visible()


# --- the coordinator -------------------------------------------------------------------------------------------------


def _merges_separates_and_merges_again(
    coordinator: Visitor, words: Mapping[str, str], *, merged_at: str, request_at: str
) -> None:
    _merges(coordinator, words, merged_at=merged_at, request_at=request_at, look="day-merge")
    same = coordinator.page.locator("#same")
    coordinator.press("Separate it again", within=same)
    assert _path(coordinator) == merged_at
    coordinator.reads("Separated: it stands where it stood before, and its clock runs on.")
    _merges(coordinator, words, merged_at=merged_at, request_at=request_at)
    expect(same).to_contain_text(words["why-same"])
    coordinator.look("day-merged-coordinator")


def _merges(coordinator: Visitor, words: Mapping[str, str], *, merged_at: str, request_at: str, look: str = "") -> None:
    coordinator.open(merged_at)
    page = coordinator.page
    alike = page.locator("#same article").filter(has=page.locator(f"a[href$='{request_at}']"))
    if look:
        expect(alike).to_be_visible()
        coordinator.look(look)
    coordinator.follow("Merge this report into it", within=alike)
    coordinator.write("reason", words["why-same"])
    if look:
        coordinator.look(f"{look}-asks")
    coordinator.press("Merge them")
    expect(coordinator.page).to_have_url(re.compile(re.escape(request_at)))


def _triages_and_dispatches(coordinator: Visitor, words: str, party: str) -> None:
    coordinator.open("board/?queue=triage")
    coordinator.page.get_by_role("link", name=words).click()
    coordinator.press("Triage it", within=coordinator.page.locator("#steps form"))
    coordinator.reads("The town has looked at it and sorted it")
    name = _party(coordinator, party)
    _choose(coordinator.page.locator("#f-party_id"), name)
    coordinator.press("Send it there")
    expect(coordinator.button("Send it there")).to_have_count(0)  # it is stored once the page is another one
    expect(coordinator.page.locator("#staff .facts").first).to_contain_text(name)


def _party(visitor: Visitor, code: str) -> str:
    """Return the name of a party in the language of the visitor."""
    return visitor.bi(next(one.name for one in visitor.house.people.parties if one.code == code))


def _choose(select: Locator, name: str) -> None:
    """Choose what begins with a name: the suggested party has a star behind it."""
    value = select.locator("option").filter(has_text=re.compile(f"^{re.escape(name)}")).first.get_attribute("value")
    select.select_option(value)


def _calls_three_parties_in(coordinator: Visitor, words: Mapping[str, str]) -> None:
    page = coordinator.page
    joint = page.locator("#joint")
    joint.locator("summary").click()
    expect(page.locator("#f-party-1 option:checked")).to_have_text(_party(coordinator, "municipal"))
    coordinator.write("task-1", words["lead"])
    rows = {2: ("banyan_property", "second"), 3: ("plumbing_contractor", "third")}
    for n, (party, task) in rows.items():
        _choose(page.locator(f"#f-party-{n}"), _party(coordinator, party))
        coordinator.write(f"task-{n}", words[task])
    coordinator.look("day-calling-in")
    coordinator.press("Call them in", within=joint)
    expect(joint.locator("article.part")).to_have_count(3)
    coordinator.reads("Leads", within=joint)
    coordinator.look("day-called-in")


def _looks_at_each_part_and_the_whole(coordinator: Visitor, request_at: str) -> None:
    coordinator.open(request_at)
    verify = coordinator.button("Verify this part", within=coordinator.page.locator("#joint"))
    expect(verify).to_have_count(3)
    coordinator.look("day-parts-done")
    for left in (2, 1, 0):
        verify.first.click()
        expect(verify).to_have_count(left)
    coordinator.press("I looked: it is fixed")
    coordinator.reads("Somebody else has looked: it is fixed")
    coordinator.look("day-verified-coordinator")


# --- those who do it -------------------------------------------------------------------------------------------------


def _takes_steps(worker: Visitor, words: str, *buttons: str) -> Locator:
    """Press one big button after another on the card of a task; return the card."""
    card = worker.page.locator("article.task").filter(has_text=words)
    worker.open("tasks/")
    for button in buttons:
        worker.press(button, within=card)
    if "Start work" in buttons:
        expect(card.locator("summary").filter(has_text=worker.says("Done"))).to_be_visible()
    return card


def _starts_as_lead(lead: Visitor, words: str) -> None:
    _takes_steps(lead, words, "Accept it", "Start work")
    lead.look("day-lead-tasks")


def _resolves(worker: Visitor, words: str, remedy: str, *, look: str = "") -> None:
    card = _takes_steps(worker, words)
    card.locator("summary").filter(has_text=worker.says("Done")).click()
    card.locator("textarea[name=remedy]").fill(remedy)
    if look:
        worker.look(look)
    worker.press("It is done", within=card)
    expect(card).to_have_count(0)


def _does_its_part(helper: Visitor, task: str, remedy: str, photo: Path, *, look: str = "") -> None:
    """Take part, arrive and finish on the telephone; whoever takes part already goes on from there."""
    helper.open("tasks/")
    card = helper.page.locator("article.task").filter(has_text=task)
    if look:
        helper.look(f"{look}-called-in")
    take_part = helper.button("Take part", within=card)
    if take_part.count():
        take_part.click()
    helper.press("I have arrived", within=card)
    card.locator("summary").filter(has_text=helper.says("Our part is done")).click()
    card.locator("textarea").first.fill(remedy)
    card.locator("input[type=file]").set_input_files(photo)
    expect(card.locator("[data-previews] li")).to_have_count(1)
    if look:
        helper.look(f"{look}-finishing")
    helper.press("Our part is done", within=card)
    expect(card).to_have_count(0)
    if look:
        helper.look(f"{look}-after")


def _asks_for_more_time(worker: Visitor, words: Mapping[str, str], request_at: str) -> None:
    worker.open("tasks/")
    worker.press("Take part", within=worker.page.locator("article.task").filter(has_text=words["third"]))
    worker.open(request_at)
    rulings = worker.page.locator("#rulings")
    rulings.locator("summary").click()
    worker.write("ask-hours", "3")
    worker.write("ask-reason", words["more-time"])
    worker.look("day-asking-for-time")
    worker.press("Ask for it", within=rulings)
    worker.reads("Asked. Somebody else decides.")
    expect(worker.button("Decide")).to_have_count(0)


def _grants(manager: Visitor, words: Mapping[str, str]) -> None:
    manager.open("rulings/")
    question = manager.page.locator("article.card").filter(has_text=words["more-time"])
    question.locator("textarea").fill(words["granted"])
    manager.look("day-rulings")
    manager.press("Decide", within=question)
    manager.reads("More time is granted.")


# --- the request that nobody wants -----------------------------------------------------------------------------------


def _gives_back_and_asks_who_has_to(worker: Visitor, words: Mapping[str, str]) -> None:
    card = _takes_steps(worker, words["leak"])
    worker.follow("Give back", within=card)
    worker.write("reason", words["not-ours"])
    worker.page.locator("#f-asks_arbitration").check()
    worker.look("day-giving-back")
    worker.press("Give it back")
    worker.is_at(r"(requests/[-0-9a-f]{36}/|tasks/)")
    worker.look("day-given-back")


def _decides_who_has_to(manager: Visitor, words: Mapping[str, str]) -> None:
    manager.open("rulings/")
    question = manager.page.locator("article.card").filter(has_text=words["not-ours"])
    _choose(question.locator("select"), _party(manager, "plumbing_contractor"))
    question.locator("textarea").fill(words["decided"])
    manager.look("day-arbitration")
    manager.press("Decide", within=question)
    manager.reads("Decided: the party has it and cannot give it back.")


def _cannot_give_it_back(worker: Visitor, request_at: str) -> None:
    worker.open(request_at)
    worker.reads("Arbitration decided that this party has to do it.")
    expect(worker.link("Give back")).to_have_count(0)
    worker.look("day-bound")


def _publishes_a_sample(manager: Visitor, language: str) -> None:
    """Let every leaking pipe be drawn; what an earlier day published is taken out."""
    manager.open("office/rules/verification/")
    page = manager.page
    for box in page.locator("input[name$='-out']").all():
        box.check()
    row = int(page.locator("input[name=rows]").input_value()) - 1
    fields = {
        "code": f"pipes-{language}",
        "name_zh": "水管抽查",
        "name_en": "Pipes by sample",
        "share": "1",
        "days": "5",
    }
    for name, text in fields.items():
        manager.write(f"r{row}-{name}", text)
    manager.write(f"r{row}-services", "pipe_leak")
    page.locator(f"#f-r{row}-policy").select_option("sample")
    manager.look("day-rules")
    manager.press("Publish")
    manager.reads("A new version is in force.")
    manager.look("day-rules-published")


# --- the desk of the district ----------------------------------------------------------------------------------------


def _file_of_the_desk(folder: Path, number: str, words: str) -> Path:
    """Write a file as the desk sends it, in its own encoding."""
    columns = ["工单编号", "受理时间", "办理时限", "诉求类别", "紧急程度", "诉求内容", "来电人", "联系电话", "所属社区"]
    row = [
        number,
        "2026-03-01 09:30:00",
        "2030-01-02 18:00:00",
        "water_main",
        "紧急",
        words,
        "王敏",
        "13700000000",
        GRID,
    ]
    file = folder / "tickets.csv"
    with file.open("w", encoding="gb18030", newline="") as out:
        csv.writer(out).writerows([columns, row])
    return file


def _answer_for(coordinator: Visitor, kind: str, number: str) -> dict[str, str]:
    """Download the answers for the desk and return the row of a ticket."""
    with coordinator.page.expect_download() as download:
        coordinator.button(kind).click()
    path = download.value.path()
    if kind == "CSV":
        rows = list(csv.reader(io.StringIO(path.read_bytes().decode("gb18030"))))
    else:
        rows = [cells for _, cells in sheets.sheet_rows(path)]
    found = [dict(zip(rows[0], row, strict=True)) for row in rows[1:] if number in row]
    assert len(found) == 1, rows
    return found[0]
