"""Signing in, reporting and triage with the keyboard alone: the focus is always seen."""

from __future__ import annotations

import re
import secrets

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.ground import fresh_phone
from tests.journeys.visitor import DESK, Door, Visitor

pytestmark = pytest.mark.journey
_FAR = 80
#: The element that has the focus, and whether anybody can see that it does.
_SEEN = """() => {
  const one = document.activeElement;
  if (one === document.body) return true;   // past the end of the page: the browser's own window has it
  const outlined = (style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const drawn = (style) => outlined(style) || style.boxShadow !== "none";
  const near = [one, one.parentElement, one.nextElementSibling, one.closest("label")].filter(Boolean);
  return near.some((it) => drawn(getComputedStyle(it)) || drawn(getComputedStyle(it, "::after")))
    || `${one.outerHTML.slice(0, 200)}`;
}"""


def _tab_to(visitor: Visitor, target: Locator) -> None:
    """Press Tab until a place has the focus; at each stop on the way the focus has to be seen."""
    target.wait_for(state="attached")
    for _ in range(_FAR):
        visitor.page.keyboard.press("Tab")
        assert visitor.page.evaluate(_SEEN) is True, visitor.page.evaluate(_SEEN)
        if target.evaluate("(one) => one === document.activeElement"):
            return
    raise AssertionError(f"{target} is not reached by Tab.")


def test_a_resident_signs_in_and_reports_with_the_keyboard(door: Door, language: str) -> None:
    resident = door.visitor(language, DESK)
    page, keys = resident.page, resident.page.keyboard
    resident.open()
    keys.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    resident.look("skip-link")
    keys.press("Enter")
    expect(page.locator("#main")).to_be_focused()

    resident.open("/accounts/sign-in/?next=/t/rongjiang/")
    _tab_to(resident, page.locator("#f-phone"))
    keys.type(fresh_phone())
    keys.press("Enter")
    code = re.search(r"\d{6}", page.locator(".flash").inner_text())
    assert code is not None
    _tab_to(resident, page.locator("#f-code"))
    keys.type(code[0])
    keys.press("Enter")
    resident.is_at("")

    _tab_to(resident, page.locator("main a[href$='/report/']").first)
    keys.press("Enter")
    _tab_to(resident, page.locator("#f-q"))
    keys.type("路灯")
    keys.press("Enter")
    _tab_to(resident, page.locator("main a[href$='/about/street_light_out/']"))
    keys.press("Enter")
    _tab_to(resident, page.locator("#f-description"))
    keys.type("keyboard only")
    _tab_to(resident, page.locator("#f-grid"))
    for _ in range(_FAR):
        keys.press("ArrowDown")
        if page.locator("#f-grid").input_value() == "RY-05":
            break
    expect(page.locator("#f-grid")).to_have_value("RY-05")
    _tab_to(resident, page.locator("[name=urgency]").first)
    keys.press("ArrowDown")
    expect(page.locator("[name=urgency]").nth(1)).to_be_checked()
    keys.press("ArrowUp")
    _tab_to(resident, resident.button("Send the report"))
    keys.press("Enter")
    resident.is_at("report/sent/")


def test_a_coordinator_triages_and_dispatches_with_the_keyboard(door: Door, language: str) -> None:
    words = f"只用键盘 {secrets.token_hex(4)}"
    door.visitor(language, DESK).report(words)
    coordinator = door.member("demo-coordinator", language, DESK)
    page, keys = coordinator.page, coordinator.page.keyboard
    coordinator.open("board/?queue=triage")
    _tab_to(coordinator, page.get_by_role("link", name=words))
    keys.press("Enter")
    coordinator.is_at(r"requests/[-0-9a-f]{36}/")
    _tab_to(coordinator, page.locator("#f-is_text_public"))
    keys.press("Space")
    expect(page.locator("#f-is_text_public")).to_be_checked()
    _tab_to(coordinator, coordinator.button("Triage it"))
    keys.press("Enter")
    coordinator.reads("The town has looked at it and sorted it")
    _tab_to(coordinator, coordinator.button("Send it there"))
    keys.press("Enter")
    expect(page.locator("h1 ~ *, .head")).to_contain_text([coordinator.says("Dispatched")])
