"""Reporting and following work in a browser that runs no scripts."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import DESK, PHONE, Door, photo_of_a_lamp

pytestmark = pytest.mark.journey


def test_a_lamp_is_reported_followed_and_handled_without_scripts(door: Door, language: str, tmp_path: Path) -> None:
    words = f"没有脚本也能报 {secrets.token_hex(4)}"
    somebody = door.visitor(language, PHONE, java_script_enabled=False)
    somebody.open("report/")
    somebody.page.locator("a[href*='group=street_lighting']").click()
    somebody.page.locator("a[href$='/about/street_light_out/']").click()
    somebody.write("description", words)
    somebody.page.locator("#f-photos").set_input_files(photo_of_a_lamp(tmp_path))
    somebody.page.locator("#f-grid").select_option("RY-05")
    somebody.press("Show the buildings of this grid")
    expect(somebody.page.locator("#f-building")).to_be_visible()
    expect(somebody.page.locator("#f-description")).to_have_value(words)
    somebody.page.locator("#f-photos").set_input_files(photo_of_a_lamp(tmp_path))
    somebody.press("Send the report")
    somebody.is_at("report/sent/")
    number = somebody.page.locator("#number").inner_text()
    somebody.picture("without-scripts-received")

    follower = door.visitor(language, PHONE, java_script_enabled=False)
    follower.open("follow/")
    follower.write("number", number)
    follower.press("Open the request")
    expect(follower.page.get_by_text(words)).to_be_visible()
    expect(follower.page.locator(".shots img")).to_have_count(1)
    follower.write("comment-text", "请在晚上来看")
    follower.press("Add the comment")
    follower.reads("Your comment has been added.")
    follower.picture("without-scripts-request")

    coordinator = door.member("demo-coordinator", language, DESK, java_script_enabled=False)
    coordinator.open("board/?queue=triage")
    row = coordinator.page.locator("tbody tr").filter(has_text=words)
    row.locator("[data-first-step]").click()
    expect(row).to_have_count(0)
    coordinator.picture("without-scripts-board")
