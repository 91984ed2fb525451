"""Two coordinators at one request: the second reads what the first did, and loses no word."""

from __future__ import annotations

import secrets

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import DESK, PHONE, Door

pytestmark = pytest.mark.journey


def test_who_comes_second_reads_what_changed_and_keeps_every_word(door: Door, language: str) -> None:
    words = f"两个人同时看 {secrets.token_hex(4)}"
    door.visitor(language, PHONE).report(words)
    first = door.member("demo-coordinator", language, DESK)
    second = door.member("demo-manager", language, DESK)
    for one in (first, second):
        one.open("board/?queue=triage")
        one.page.get_by_role("link", name=words).click()
    second.page.locator(".way", has_text=second.says("Reject")).click()
    expect(second.button("Reject it")).to_be_visible()
    reason = second.page.locator("#steps textarea[name=reason]")
    reason.fill("这里不属于本镇，请联系市路灯所，电话见公示牌。")

    first.press("Triage it")
    first.reads("The town has looked at it and sorted it")

    second.press("Reject it")
    second.reads("Someone was quicker: the request has changed since you opened it.")
    second.reads("The town has looked at it and sorted it")
    expect(reason).to_have_value("这里不属于本镇，请联系市路灯所，电话见公示牌。")
    second.look("request-changed-meanwhile")
    second.press("Reject it")  # it still fits: the same words go through now
    second.reads("The request was rejected")
    expect(second.page.locator("ol.line")).to_contain_text("这里不属于本镇")


def test_a_step_without_its_reason_is_refused_in_place(door: Door, language: str) -> None:
    words = f"没有理由 {secrets.token_hex(4)}"
    door.visitor(language, PHONE).report(words)
    coordinator = door.member("demo-coordinator", language, DESK)
    coordinator.open("board/?queue=triage")
    coordinator.page.get_by_role("link", name=words).click()
    coordinator.page.locator(".way", has_text=coordinator.says("Reject")).click()
    coordinator.press("Reject it")
    problem = coordinator.page.locator(".problems a")
    expect(problem).to_be_visible()
    coordinator.look("request-step-refused")
    problem.click()
    expect(coordinator.page.locator("#f-reason")).to_be_focused()
