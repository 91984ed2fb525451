"""Whoever has no account reports, follows by number, adds words, says that it is not fixed, or withdraws."""

from __future__ import annotations

import re
import secrets

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import DESK, PHONE, Door, Visitor

pytestmark = pytest.mark.journey


def test_a_number_is_enough_to_follow_add_and_say_that_it_is_not_fixed(door: Door, language: str) -> None:
    words = f"路灯一直闪 {secrets.token_hex(4)}"
    number = door.visitor(language, PHONE).report(words, name="路过的人", phone="13900001234")
    coordinator = _mended(door, language, words)

    somebody = door.visitor(language, PHONE)  # another browser: all it has is the number
    somebody.open("follow/")
    somebody.look("follow")
    somebody.write("number", number.lower().replace("-", " "))
    somebody.press("Open the request")
    somebody.is_at(r"requests/[-0-9a-f]{36}/")
    assert number.replace("-", "").lower() not in somebody.page.url.lower()
    expect(somebody.page.get_by_text(words)).to_be_visible()
    somebody.look("request-resolved-by-number")

    somebody.write("comment-text", "今晚还是不亮")
    somebody.press("Add the comment")
    somebody.reads("Your comment has been added.")
    somebody.press("No, not fixed")
    dialog = somebody.page.get_by_role("dialog")
    somebody.look("request-not-fixed-asked")
    dialog.locator("textarea").fill("第三盏还是黑的")
    somebody.press("Tell the town", within=dialog)
    somebody.reads("Thank you. The town will look at it again.")
    somebody.reads("Reopened")

    coordinator.open("board/?queue=dispatch")
    coordinator.page.get_by_role("link", name=words).click()
    expect(coordinator.page.locator("ol.line")).to_contain_text("第三盏还是黑的")
    expect(coordinator.page.locator("ol.line")).to_contain_text("今晚还是不亮")


def _mended(door: Door, language: str, words: str) -> Visitor:
    """Let the town triage and dispatch in one tap, and a worker report it as done."""
    coordinator = door.member("demo-coordinator", language, DESK)
    coordinator.open("board/?queue=triage")
    row = coordinator.page.locator("tbody tr").filter(has_text=words)
    row.locator("[data-first-step]").click()
    expect(row).to_have_count(0)
    expect(coordinator.page.locator(".toast")).to_be_visible()
    worker = door.member("lighting_contractor-worker-1", language, PHONE)
    worker.open("tasks/")
    card = worker.page.locator("article.task").filter(has_text=words)
    worker.press("Accept it", within=card)
    worker.press("Start work", within=card)
    card.locator("summary").filter(has_text=worker.says("Done")).click()
    card.locator("textarea[name=remedy]").fill("拧紧了")
    worker.press("It is done", within=card)
    expect(card).to_have_count(0)
    return coordinator


def test_what_was_reported_can_be_withdrawn_on_the_same_device(door: Door, language: str) -> None:
    somebody = door.visitor(language, PHONE)
    somebody.report(f"误报 {secrets.token_hex(4)}")
    somebody.follow("Follow the request")
    summary = somebody.page.locator("summary").filter(has_text=somebody.says("Withdraw the request"))
    summary.click()
    somebody.look("request-withdrawing")
    somebody.write("withdraw-reason", "看错了")
    somebody.press("Withdraw it")
    somebody.reads("The request has been withdrawn.")
    somebody.reads("Withdrawn")
    somebody.look("request-withdrawn")
    somebody.open("follow/")
    somebody.look("follow-with-numbers")
    somebody.press("Forget these numbers on this device")
    somebody.reads("This device has forgotten the numbers.")


def test_a_wrong_number_is_told_kindly_and_stays_to_be_corrected(door: Door, language: str) -> None:
    somebody = door.visitor(language, PHONE)
    somebody.open("follow/")
    somebody.write("number", "K7QF-2M9X-00")
    somebody.press("Open the request")
    problem = somebody.page.locator(".problems a")
    expect(problem).to_be_visible()
    expect(somebody.page.locator("#f-number")).to_have_value("K7QF-2M9X-00")
    somebody.look("follow-mistyped")
    problem.click()
    expect(somebody.page.locator("#f-number")).to_be_focused()


def test_a_report_with_nothing_in_it_names_every_problem_and_keeps_every_word(door: Door, language: str) -> None:
    somebody = door.visitor(language, PHONE)
    somebody.open("report/about/street_light_out/")
    typed = {"address": "东门旁", "name": "王阿姨", "phone": "12", "lon": "200", "lat": "nirgends"}
    somebody.page.locator("details.by-hand summary").first.click()
    for name, text in typed.items():
        somebody.write(name, text)
    somebody.press("Send the report")
    problems = somebody.page.locator(".problems li a")
    expect(problems.first).to_be_visible()
    where = [link.get_attribute("href") for link in problems.all()]
    assert {"#f-description", "#f-phone", "#f-point"} <= set(where), where
    for name, text in typed.items():
        expect(somebody.page.locator(f"#f-{name}")).to_have_value(text)
    expect(somebody.page.locator("#f-lon")).to_be_visible()
    somebody.look("report-refused")
    for link in problems.all():
        target = link.get_attribute("href") or ""
        link.click()
        expect(somebody.page).to_have_url(re.compile(re.escape(target) + "$"))
        expect(somebody.page.locator(target)).to_be_in_viewport()
