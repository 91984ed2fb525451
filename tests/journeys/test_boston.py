"""Real cases of another city: brought in, read on board and map, found, handled, verified, reopened, taken back."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.visitor import DESK, PHONE, Door, Visitor
from tools.steps import ROOT

pytestmark = pytest.mark.journey
CASES = ROOT.parent / "shared" / "data" / "requests" / "boston311_2015_open.csv.gz"
TOWN = "boston311"
#: Rows that the command brings in; the whole file is the matter of the benchmark.
N_CASES = 3000
#: Rows behind them that the page brings in and takes back: such as are rejected, and others.
N_REJECTED, N_FRESH = 3, 9
PEOPLE = {"coordinator": "13600000001", "worker": "13600000002", "manager": "13600000003"}


@pytest.fixture
def boston(door: Door) -> Door:
    """The town of the cases, brought in once for each house, with people who may work there."""
    if not CASES.exists():
        pytest.skip(f"The real cases are missing: {CASES.name}.")
    if "boston" not in door.house.kept:
        door.house.kept["boston"] = _founded(door)
    return door


def _founded(door: Door) -> str:
    house = door.house
    beginning = house.home / "beginning.csv"
    beginning.write_text(_table(_rows(0, N_CASES)), encoding="utf-8")
    said = house.banyan("requests", "import", str(beginning), "--profile", TOWN)
    read, imported, there, rejected = map(int, re.findall(r"(?:read|imported|already there|rejected) (\d+)", said)[-4:])
    assert (read, imported + rejected, there) == (N_CASES, N_CASES, 0), said
    party = _party_of_a_case(house.banyan("town", "parties", TOWN))
    for role, phone in PEOPLE.items():
        house.banyan("town", "account", "--phone", f"+86{phone}", "--name", role.title(), "--password", "")
        of_party = ["--party", party] if role == "worker" else []
        house.banyan("town", "grant", TOWN, f"+86{phone}", role, *of_party)
    return party


def _rows(first: int, n: int) -> list[list[str]]:
    with gzip.open(CASES, "rt", encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        return [next(rows), *islice(rows, first, first + n)]


def _table(rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _party_of_a_case(parties: str) -> str:
    """Return the code of the department of public works, which has most of the cases."""
    return next(line.split()[0] for line in parties.splitlines() if "PWDx" in line or "Public Works" in line)


def _of_boston(door: Door, role: str, language: str, size: tuple[int, int]) -> Visitor:
    """Let somebody of that town in."""
    visitor = door.visitor(language, size)
    visitor.town = TOWN
    visitor.sign_in_by_phone(PEOPLE[role])
    return visitor


# --- board, map, search ----------------------------------------------------------------------------------------------


def test_real_cases_stand_on_board_and_map_and_are_found(boston: Door, language: str) -> None:
    coordinator = _of_boston(boston, "coordinator", language, DESK)
    coordinator.look("boston-home")
    coordinator.open("board/?queue=parties")
    lines = coordinator.page.locator("tbody tr")
    expect(lines.first).to_be_visible()
    coordinator.look("boston-board")
    coordinator.open("board/?queue=ended&service=street-lights.street-light-outages")
    expect(lines.first).to_contain_text("Street Light Outages")
    assert lines.count() == lines.filter(has_text="Street Light Outages").count()
    coordinator.look("boston-board-filtered")
    with coordinator.page.expect_response(re.compile(r"/board/.*json")) as answered:
        coordinator.open("board/?queue=parties&view=map")
    assert len(answered.value.json()["features"]) > 100
    coordinator.look("boston-board-map")

    reader = boston.visitor(language, PHONE)
    reader.town = TOWN
    with reader.page.expect_response(re.compile(r"/requests/points\.json")) as answered:
        reader.open("requests/")
        reader.page.locator("[data-map]").first.scroll_into_view_if_needed()
    assert len(answered.value.json()["features"]) > 100
    reader.look("boston-public")
    _is_found(reader, "Washington street light", named="Street Light", at="Washington St")
    _is_found(reader, "graffiti removal", named="Graffiti Removal")


def _is_found(reader: Visitor, words: str, *, named: str, at: str = "") -> None:
    """Ask for words; the best hits come first, each of that type, and the first one stands in that street."""
    reader.open(f"requests/?q={words}")
    reader.reads("Best hits first")
    hits = reader.page.locator("article.entry")
    expect(hits.first).to_be_visible()
    for hit in hits.all():
        expect(hit).to_contain_text(named, ignore_case=True)
    reader.look(f"boston-found-{named.split(maxsplit=1)[0].lower()}")
    hits.first.locator(".entry-title a").click()
    expect(reader.page.locator("main")).to_contain_text(at or named, ignore_case=True)


# --- the loop of a case ----------------------------------------------------------------------------------------------


def test_real_cases_are_handled_verified_and_reopened(boston: Door, language: str) -> None:
    coordinator = _of_boston(boston, "coordinator", language, DESK)
    worker = _of_boston(boston, "worker", language, PHONE)
    worker.open("tasks/")
    worker.look("boston-tasks")
    address = worker.page.locator("article.task .entry-title a").first.get_attribute("href") or ""
    _mends(worker, _task(worker, address))

    coordinator.open(address)
    coordinator.look("boston-case-resolved")
    coordinator.press("I looked: it is fixed")
    coordinator.reads("Somebody of the town looked and found it done")

    coordinator.open("board/?queue=ended&service=street-lights.street-light-outages")
    coordinator.page.locator("tbody th a").first.click()
    coordinator.reads("The case was taken over from another system")
    coordinator.look("boston-case-closed")
    coordinator.page.locator("#steps textarea[name=reason]").fill("Still there on the corner.")
    coordinator.press("Reopen it")
    coordinator.reads("The request was opened again")
    expect(coordinator.page.locator("ol.line")).to_contain_text("Still there on the corner.")
    again = coordinator.page.url.split("?")[0]
    coordinator.open(again.removeprefix(boston.house.base) + "?step=dispatch#steps")
    coordinator.page.locator("#f-party_id").select_option(label=_public_works(coordinator))
    coordinator.press("Send it there")
    expect(coordinator.button("Send it there")).to_have_count(0)  # it is stored once the page is another one
    worker.open("tasks/")
    _mends(worker, _task(worker, again.removeprefix(boston.house.base)))


def _task(worker: Visitor, address: str) -> Locator:
    return worker.page.locator(f"article.task:has(a[href='{address}'])")


def _public_works(somebody: Visitor) -> str:
    """Return the name of the department of public works as the form has it, suggested or not."""
    names = somebody.page.locator("#f-party_id option").all_inner_texts()
    return next(name for name in names if "PWDx" in name or "Public Works" in name)


def _mends(worker: Visitor, case: Locator) -> None:
    worker.press("Accept it", within=case)
    worker.press("Start work", within=case)
    case.locator("summary").filter(has_text=worker.says("Done")).click()
    case.locator("textarea[name=remedy]").fill("Replaced")
    worker.press("It is done", within=case)
    expect(case).to_have_count(0)


# --- the office ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_second_file_is_brought_in_and_taken_back_on_the_page(
    boston: Door, language: str, size: tuple[int, int], tmp_path: Path
) -> None:
    second = tmp_path / "second.csv"
    second.write_text(_table(_some_of_them_wrong()), encoding="utf-8")
    manager = _of_boston(boston, "manager", language, size)
    manager.open("office/imports/")
    manager.look("boston-imports")
    manager.page.locator("#f-file").set_input_files(second)
    manager.page.locator("#f-profile").select_option(TOWN)
    manager.press("Check and bring in")
    _comes_to(manager, "Brought in")
    manager.reads("The case was closed before it was opened.")
    expect(manager.page.locator("table").last.locator("tbody tr")).to_have_count(N_REJECTED)
    manager.look("boston-import-done")

    manager.page.locator("#f-sure").check()
    manager.press("Take back")
    _comes_to(manager, "Taken back")
    manager.look("boston-import-undone")
    manager.open("office/imports/")
    expect(manager.page.locator("tbody tr").first).to_contain_text(manager.says("Taken back"))
    manager.look("boston-imports-after")


def _comes_to(somebody: Visitor, state: str) -> None:
    """Wait until the page, which looks again by itself, tells of a state."""
    expect(somebody.page.locator("main .badge").first).to_have_text(somebody.says(state), timeout=60_000)


def _some_of_them_wrong() -> list[list[str]]:
    """Return real rows behind the first ones: some closed before they were opened, and some that can be believed."""
    head, *rows = _rows(N_CASES, 60_000)
    opened, closed = head.index("OPEN_DT"), head.index("CLOSED_DT")
    wrong = [row for row in rows if row[closed] and row[closed] < row[opened]][:N_REJECTED]
    right = [row for row in rows if row[closed] > row[opened]][:N_FRESH]
    assert len(wrong) == N_REJECTED
    return [head, *right, *wrong]
