"""Hostile JSON and naughty strings through the API: refused plainly, or kept and given back as they came."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from tests.programs import PROBLEM, REPORT, Program
from tests.towns import SmallTown

pytestmark = pytest.mark.django_db(transaction=True)
DATA: Final = Path(__file__).resolve().parents[3] / "shared" / "data" / "trust"


@pytest.fixture
def trust() -> Path:
    if not DATA.exists():
        pytest.skip("The collection of hostile input is missing: ../shared/data/trust.")
    return DATA


@pytest.fixture
def resident(small_town: SmallTown) -> Program:
    return Program(small_town, "resident")


@pytest.mark.parametrize("verdict", ["n", "i", "y"])
def test_json_of_every_kind_is_answered_plainly(trust: Path, resident: Program, verdict: str) -> None:
    lamp = resident.report()["id"]
    files = sorted((trust / "json").glob(f"test_parsing__{verdict}_*"))
    statuses: Counter[int] = Counter()

    for file in files:
        for path in ("/service_requests", f"/service_requests/{lamp}/comments"):
            response = resident.post(path, file.read_bytes())
            statuses[response.status_code] += 1
            assert 400 <= response.status_code < 500, file.name
            assert response.headers["Content-Type"] == PROBLEM, file.name
            assert json.loads(response.content)["code"]
            if verdict == "n" and file.stat().st_size:
                assert response.status_code == 400, file.name
            if verdict == "y":
                assert response.status_code == 422, file.name

    print(verdict, len(files), dict(statuses))
    assert len(files) == {"n": 142, "i": 26, "y": 60}[verdict]
    assert resident.get("/counts").json()["n"] == 1


def test_values_that_parsers_read_differently_do_no_harm(trust: Path, resident: Program) -> None:
    for file in sorted((trust / "json").glob("test_transform__*")):
        value = file.read_bytes()
        for body in (
            b'{"service_code": "lamp", "description": %b}' % value,
            b'{"rating": %b, "version": %b}' % (value, value),
        ):
            response = resident.post("/service_requests", body)
            assert 400 <= response.status_code < 500, file.name
            assert response.headers["Content-Type"] == PROBLEM, file.name


def _is_text(text: str) -> bool:
    return all(ord(character) >= 32 or character in "\n\r\t" for character in text)


def test_naughty_strings_are_kept_as_they_are_or_refused(trust: Path, resident: Program) -> None:
    naughty = json.loads((trust / "strings" / "blns.json").read_text(encoding="utf-8"))
    lamp = resident.report()["id"]
    kept = 0

    for text in naughty:
        made = resident.post("/service_requests", REPORT | {"description": text, "address": text[:200]})
        said = resident.post(f"/service_requests/{lamp}/comments", {"text": text})
        is_good = bool(text.strip()) and _is_text(text) and len(text) <= 4000
        assert made.status_code == said.status_code == (201 if is_good else 422), repr(text)
        if is_good:
            kept += 1
            shown = resident.get(f"/service_requests/{made.json()['id']}").json()
            assert shown["description"] == text.strip()
            assert shown["address"] == text[:200].strip()
            assert said.json()["text"] == text.strip()

    comments = [one["text"] for one in resident.get(f"/service_requests/{lamp}/comments").json()["items"]]
    assert len(comments) == kept
    print(f"{len(naughty)} strings, {kept} kept")
    assert (len(naughty), kept) == (343, 339)


def test_naughty_strings_in_every_other_field_break_nothing(trust: Path, resident: Program) -> None:
    naughty = json.loads((trust / "strings" / "blns.json").read_text(encoding="utf-8"))
    fields = (
        "service_code",
        "urgency",
        "coordinate_system",
        "place_code",
        "channel",
        "contact_name",
        "contact_phone",
        "contact_email",
        "requested_at",
        "id",
    )
    queries = ("words", "place", "service_code", "group", "kind", "status", "cursor", "party_id", "overdue")

    for text in naughty[::3]:
        answers = [resident.post("/service_requests", REPORT | dict.fromkeys(fields, text))]
        answers.append(resident.get("/service_requests", **dict.fromkeys(queries, text)))
        answers.append(resident.get("/service_requests", words=text))
        answers.append(Program(resident.small, headers={"X-Tracking-Number": _as_header(text)}).get("/counts"))
        assert all(answer.status_code < 500 for answer in answers), repr(text)


def _as_header(text: str) -> str:
    return text.replace("\n", " ").replace("\r", " ").encode().decode("latin-1")


def test_numbers_beyond_every_measure_are_refused(resident: Program) -> None:
    for number in ("1e400", "-1e400", "1e308", "9" * 400, "-0.0000000001e999999", "181", "-181"):
        body = b'{"service_code": "lamp", "description": "x", "lon": %b, "lat": 23.06}' % number.encode()
        response = resident.post("/service_requests", body)
        assert response.status_code in (400, 422), number
        assert response.headers["Content-Type"] == PROBLEM
    for limit in ("-1", "0", "201", "9" * 40, "1e3", "NaN", "٣"):
        assert resident.get("/service_requests", limit=limit).status_code == 422, limit


@pytest.mark.parametrize(
    "at",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "1970-01-01T00:00:00Z",
        "9999-12-31T23:59:59-12:00",
        "2026-02-30T00:00:00Z",
        "2026-03-18T10:00:00",
        "yesterday",
        "1742263200",
    ],
)
def test_times_out_of_the_world_are_refused(resident: Program, at: str) -> None:
    response = resident.post("/service_requests", REPORT | {"requested_at": at})

    assert response.status_code == 422, response.content
    assert {one["where"] for one in response.json()["problems"]} == {"requested_at"}
