"""Real cases of another city: brought in, read on board and map, handled, verified, reopened."""

from __future__ import annotations

import csv
import gzip
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import DESK, PHONE, Door
from tools.steps import ROOT

pytestmark = pytest.mark.journey
CASES = ROOT.parent / "shared" / "data" / "requests" / "boston311_2015_open.csv.gz"
#: One row of so many is brought in here; the whole file is the matter of the import's own tests.
EVERY = 40
PEOPLE = {"coordinator": "13600000001", "worker": "13600000002"}


@pytest.fixture
def boston(door: Door, tmp_path: Path) -> Door:
    """The town of the sample, with two people who may work there."""
    if not CASES.exists():
        pytest.skip(f"The real cases are missing: {CASES.name}.")
    house = door.house
    said = house.banyan("requests", "import", str(_sample(tmp_path)), "--profile", "boston311")
    read, imported, there, rejected = map(int, re.findall(r"(?:read|imported|already there|rejected) (\d+)", said)[-4:])
    assert read == imported + there + rejected and imported > 2000, said
    party = _party_of_a_case(house.banyan("town", "parties", "boston311"))
    for role, phone in PEOPLE.items():
        house.banyan("town", "account", "--phone", f"+86{phone}", "--name", role.title(), "--password", "")
        of_party = ["--party", party] if role == "worker" else []
        house.banyan("town", "grant", "boston311", f"+86{phone}", role, *of_party)
    return door


def _sample(folder: Path) -> Path:
    with gzip.open(CASES, "rt", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    out = io.StringIO()
    csv.writer(out).writerows([rows[0], *rows[1::EVERY]])
    sample = folder / "boston.csv"
    sample.write_text(out.getvalue(), encoding="utf-8")
    return sample


def _party_of_a_case(parties: str) -> str:
    """Return the code of the department of public works, which has most of the cases."""
    return next(line.split()[0] for line in parties.splitlines() if "PWDx" in line or "Public Works" in line)


def test_real_cases_are_read_handled_verified_and_reopened(boston: Door) -> None:
    coordinator = boston.visitor("en", DESK)
    coordinator.town = "boston311"
    coordinator.sign_in_by_phone(PEOPLE["coordinator"])
    coordinator.look("boston-home")
    coordinator.open("board/")
    expect(coordinator.page.locator("tbody tr").first).to_be_visible()
    coordinator.look("boston-board")
    coordinator.open("board/?queue=parties&view=map")
    coordinator.look("boston-board-map")
    coordinator.open("requests/")
    coordinator.look("boston-public")

    worker = boston.visitor("zh-hans", PHONE)
    worker.town = "boston311"
    worker.sign_in_by_phone(PEOPLE["worker"])
    worker.open("tasks/")
    worker.look("boston-tasks")
    card = worker.page.locator("article.task").first
    address = card.locator(".entry-title a").get_attribute("href") or ""
    case = worker.page.locator(f"article.task:has(a[href='{address}'])")
    worker.press("Accept it", within=case)
    worker.press("Start work", within=case)
    case.locator("summary").filter(has_text=worker.says("Done")).click()
    case.locator("textarea[name=remedy]").fill("Replaced")
    worker.press("It is done", within=case)
    expect(case).to_have_count(0)

    coordinator.open(address)
    coordinator.look("boston-case-resolved")
    coordinator.press("I looked: it is fixed")
    coordinator.reads("Somebody else has looked: it is fixed")

    coordinator.open("board/?queue=ended")
    coordinator.page.locator("tbody th a").first.click()
    coordinator.reads("The case was taken over from another system")
    coordinator.look("boston-case-closed")
    coordinator.page.locator("#steps textarea[name=reason]").fill("Still there on the corner.")
    coordinator.press("Reopen it")
    coordinator.reads("The request was opened again")
    expect(coordinator.page.locator("ol.line")).to_contain_text("Still there on the corner.")
