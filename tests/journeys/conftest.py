"""One house for the whole run of a worker; one browser for each file, so that no event loop outlives it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.journeys.ground import House, running_house
from tests.journeys.visitor import Door

LANGUAGES = ("zh-hans", "en")
expect.set_options(timeout=15_000)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]
    """Let the fixtures know whether the journey itself went well."""
    report = yield
    if report.when == "call":
        item.stash[WENT_WELL] = report.passed
    return report


WENT_WELL = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A running Banyan with the demonstration town."""
    of_this_run = tmp_path_factory.getbasetemp()
    shared = of_this_run.parent if "PYTEST_XDIST_WORKER" in os.environ else of_this_run
    with running_house(tmp_path_factory.mktemp("house"), pattern=shared / "house-as-founded") as running:
        yield running


@pytest.fixture(scope="module")
def browser(chromium: str, chromium_switches: list[str]) -> Iterator[Browser]:
    """A real Chromium."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=chromium_switches)
        yield opened
        opened.close()


@pytest.fixture
def door(request: pytest.FixtureRequest, house: House, browser: Browser, axe: str) -> Iterator[Door]:
    """The door through which people come in."""
    opened = Door(house, browser, axe)
    yield opened
    opened.see_out(is_well=request.node.stash.get(WENT_WELL, False))


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    """Each journey is made in both languages."""
    return str(request.param)
