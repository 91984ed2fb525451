"""A resident reports a dark lamp, the town hands it on, a worker mends it, someone else looks, the resident rates."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.ground import fresh_phone
from tests.journeys.visitor import DESK, PHONE, Door, Visitor, photo_of_a_lamp

pytestmark = pytest.mark.journey
#: In the community of the demonstration's coordinator.
GRID = "RY-05"


def test_a_dark_lamp_is_reported_handed_on_mended_verified_rated_and_read_back(
    door: Door, language: str, tmp_path: Path
) -> None:
    words = f"桥头第三盏路灯不亮 {secrets.token_hex(4)}"
    lon, lat = door.house.point_in(GRID)
    here = {"geolocation": {"longitude": lon, "latitude": lat}, "permissions": ["geolocation"]}
    resident = door.visitor(language, PHONE, **here)
    photo = photo_of_a_lamp(tmp_path)

    phone = fresh_phone()
    resident.sign_in_by_phone(phone)
    resident.look("home-resident")
    request_at = _reports(resident, words, photo)

    coordinator = door.visitor(language, DESK)
    coordinator.sign_in_by_password("coordinator@example.org", "rongjiang-demo")
    _triages_and_dispatches(coordinator, words)

    worker = door.member("lighting_contractor-worker-1", language, PHONE)
    _mends(worker, words, photo)

    coordinator.open(request_at)
    coordinator.look("request-resolved-coordinator")
    coordinator.press("I looked: it is fixed")
    coordinator.reads("Somebody else has looked: it is fixed")
    _looks_at_the_contact(coordinator, request_at, phone)

    _reads_the_news_and_rates(resident, request_at)
    _reads_the_whole_history(resident)
    _reads_who_looked(resident)


def _reports(resident: Visitor, words: str, photo: Path) -> str:
    """Report through search, photo and map; return the path of the request inside the town."""
    page = resident.page
    resident.open()
    page.get_by_role("main").get_by_role("link", name=re.compile(resident.says("Report something"))).first.click()
    resident.look("report-what")
    resident.write("q", "路灯" if resident.language == "zh-hans" else "lamp")
    resident.press("Search")
    resident.look("report-found")
    page.locator("a[href$='/report/about/street_light_out/']").click()
    resident.write("description", words)
    page.locator("#f-photos").set_input_files(photo)
    expect(page.locator("[data-previews] li")).to_have_count(1)
    _picks_the_place(resident)
    resident.look("report-filled")
    resident.press("Send the report")
    resident.is_at("report/sent/")
    resident.look("report-received")
    expect(page.locator("#number")).to_have_text(re.compile(r"^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]+$"))
    code = resident.says("QR code of the page where this request can be followed")
    expect(page.get_by_role("img", name=code)).to_be_visible()
    resident.follow("Follow the request")
    resident.is_at(r"requests/[-0-9a-f]{36}/")
    expect(page.get_by_text(words)).to_be_visible()
    expect(page.locator(".shots img")).to_have_count(1)
    resident.look("request-received-resident")
    return page.url.partition(f"/t/{resident.town}/")[2]


def _picks_the_place(resident: Visitor) -> None:
    """Let the telephone find the place, then move the map a little."""
    page = resident.page
    resident.press("Use my position")
    expect(page.locator("[data-map-aim]")).to_be_visible()
    canvas = page.locator("[data-map-canvas] canvas")
    expect(canvas).to_be_visible()
    found = page.locator("#f-lon").input_value()
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert found and box
    canvas.click(position={"x": box["width"] / 2 + 12, "y": box["height"] / 2})
    expect(page.locator("#f-lon")).not_to_have_value(found)
    moved = float(page.locator("#f-lon").input_value()) - float(found)
    assert 0 < moved < 0.001, moved


def _triages_and_dispatches(coordinator: Visitor, words: str) -> None:
    coordinator.open("board/?queue=triage")
    coordinator.look("board-triage")
    coordinator.page.get_by_role("link", name=words).click()
    coordinator.look("request-received-coordinator")
    form = coordinator.page.locator("#steps form")
    form.get_by_label(coordinator.says("Urgent"), exact=True).check()
    coordinator.press("Triage it", within=form)
    coordinator.reads("The town has looked at it and sorted it")
    coordinator.look("request-triaged-coordinator")
    lighting = coordinator.house.people
    party = next(one for one in lighting.parties if one.code == "lighting_contractor")
    chosen = coordinator.page.locator("#f-party_id option:checked")
    expect(chosen).to_contain_text(coordinator.bi(party.name))
    coordinator.press("Send it there")
    expect(coordinator.button("Send it there")).to_have_count(0)
    expect(coordinator.page.locator("main").get_by_text(coordinator.bi(party.name)).first).to_be_visible()


def _mends(worker: Visitor, words: str, photo: Path) -> None:
    """Accept, start and resolve on the telephone, with a photo of the result."""
    card = worker.page.locator("article.task").filter(has_text=words)
    worker.open("tasks/")
    worker.look("tasks")
    worker.press("Accept it", within=card)
    worker.press("Start work", within=card)
    card.locator("summary").filter(has_text=worker.says("Done")).click()
    card.locator("textarea[name=remedy]").fill("换了灯泡，已亮")
    card.locator("input[type=file]").set_input_files(photo)
    expect(card.locator("[data-previews] li")).to_have_count(1)
    worker.look("tasks-resolving")
    worker.press("It is done", within=card)
    expect(card).to_have_count(0)
    worker.look("tasks-after")


def _looks_at_the_contact(coordinator: Visitor, request_at: str, phone: str) -> None:
    coordinator.open(request_at)
    contact = coordinator.page.locator("#contact")
    expect(contact).not_to_contain_text(phone)
    contact.locator("#f-why").fill("想请您一起验收")
    coordinator.press("Show contact", within=contact)
    expect(contact).to_contain_text(phone)
    coordinator.look("request-contact-shown")


def _reads_the_news_and_rates(resident: Visitor, request_at: str) -> None:
    """The news come by the worker: look until they are there."""
    page = resident.page
    news = page.locator(f"article.entry a[href$='{request_at}']").first
    for _ in range(40):
        resident.open("news/")
        if news.count():
            break
        page.wait_for_timeout(250)
    resident.look("news")
    news.click()
    resident.look("request-verified-resident")
    page.locator(".star", has=page.locator("[value='5']")).click()
    resident.write("rate-words", "很快，谢谢！")
    resident.press("Send the rating")
    resident.reads("Thank you for your rating.")


def _reads_the_whole_history(resident: Visitor) -> None:
    line = resident.page.locator("ol.line")
    for sentence in (
        "The request was received",
        "The town has looked at it and sorted it",
        "Work has begun",
        "Work is reported as done",
        "Somebody else has looked: it is fixed",
    ):
        resident.reads(sentence, within=line)
    expect(line.get_by_text("换了灯泡，已亮")).to_be_visible()
    expect(line.locator("img")).to_have_count(1)
    resident.look("request-rated-resident")


def _reads_who_looked(resident: Visitor) -> None:
    resident.open("my-data/")
    resident.reads("Who looked")
    expect(resident.page.get_by_text("想请您一起验收")).to_be_visible()
    resident.look("my-data")
