"""Real cases of another system come in whole, are counted, and can be worked on."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from banyan.apps.accounts import actions as accounts
from banyan.apps.accounts import queries as account_queries
from banyan.apps.audit.models import Entry
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.actions import importing
from banyan.apps.service_requests.models import ImportRun, ServiceRequest
from banyan.apps.service_requests.rules import Status, Step
from banyan.apps.service_requests.rules.imports import QUIRKS, read_case, read_profile
from banyan.apps.territory import queries as territory
from banyan.base.errors import InvalidInput
from banyan.faces.cli import main
from banyan.kit import scopes
from banyan.kit.guard import Channel
from tests.towns import FOUNDER

PROFILE_FILE = Path(__file__).parents[1] / "profiles" / "boston311.toml"
PROFILE = read_profile(PROFILE_FILE.read_text(encoding="utf-8"), name="boston311")
NOW = datetime(2026, 3, 18, 2, 0, tzinfo=UTC)

ROW = {
    "CASE_ENQUIRY_ID": "101001240735",
    "OPEN_DT": "2015-01-01 00:25:23",
    "TARGET_DT": "2015-01-16 08:30:00",
    "CLOSED_DT": "2015-01-02 16:17:43",
    "CASE_STATUS": "Closed",
    "CLOSURE_REASON": "Case Closed Duplicate of Existing Case",
    "CASE_TITLE": "PRINTED",
    "REASON": "Street Lights",
    "TYPE": "Street Light Outages",
    "Department": "PWDx",
    "Location": "145-151 Ipswich St  Boston  MA  02215",
    "neighborhood": "Fenway / Kenmore / Audubon Circle / Longwood",
    "LATITUDE": "42.3474",
    "LONGITUDE": "-71.0944",
    "Source": "Citizens Connect App",
    "ward": "Ward 5",
    "LOCATION_ZIPCODE": "2215.0",
}


def test_a_row_becomes_a_case_in_the_words_of_the_profile():
    case = read_case(ROW, PROFILE, at=NOW).case

    assert case is not None
    assert case.status is Status.CLOSED
    assert case.requested_at == datetime(2015, 1, 1, 5, 25, 23, tzinfo=UTC)
    assert case.service_code == "street-lights.street-light-outages"
    assert case.description == "Street Light Outages"
    assert case.address == "145-151 Ipswich St Boston MA 02215"
    assert (case.channel, case.place_code, case.party_code) == (
        "web",
        "fenway-kenmore-audubon-circle-longwood"[:40],
        "PWDx",
    )


FUTURE = {(name, "future") for name in ("requested_at", "closed_at", "resolved_at")}


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"CASE_ENQUIRY_ID": ""}, {("source_key", "required")}),
        ({"CASE_STATUS": "Maybe"}, {("status", "unknown")}),
        ({"OPEN_DT": ""}, {("requested_at", "required")}),
        ({"OPEN_DT": "01/02/2015"}, {("requested_at", "time"), ("requested_at", "required")}),
        ({"OPEN_DT": "2015-03-08 02:30:00"}, {("requested_at", "skipped"), ("requested_at", "required")}),
        ({"CASE_ENQUIRY_ID": "9" * 81}, {("source_key", "too_long")}),
        ({"CLOSED_DT": "2014-12-31 16:17:43"}, {("closed_at", "order")}),
        ({"CLOSED_DT": ""}, {("closed_at", "required")}),
        ({"OPEN_DT": "2115-01-01 00:00:00", "CLOSED_DT": "2115-01-02 00:00:00"}, FUTURE),
        ({"LATITUDE": "north"}, {("lon", "number")}),
        ({"LATITUDE": "1.3"}, {("lon", "outside")}),
        ({"LATITUDE": "nan"}, {("lon", "outside")}),
        ({"TYPE": " "}, {("service", "required")}),
        (
            {"CASE_ENQUIRY_ID": "", "TYPE": "", "LATITUDE": ""},
            {("source_key", "required"), ("service", "required"), ("lon", "number")},
        ),
    ],
)
def test_a_row_that_cannot_be_believed_is_rejected_with_every_reason(
    cells: dict[str, str], expected: set[tuple[str, str]]
):
    found = read_case(ROW | cells, PROFILE, at=NOW)

    assert found.case is None
    assert {(problem.where, problem.code) for problem in found.problems} == expected


@given(st.dictionaries(st.sampled_from(sorted(ROW)), st.text(max_size=60)))
def test_no_row_however_odd_breaks_the_reader(cells: dict[str, str]):
    found = read_case(ROW | cells, PROFILE, at=NOW)

    assert (found.case is None) == bool(found.problems)
    assert set(found.quirks) <= set(QUIRKS)


def test_the_shared_fallback_point_is_remarked_and_kept():
    found = read_case(ROW | {"LATITUDE": "42.3594", "LONGITUDE": "-71.0587"}, PROFILE, at=NOW)

    assert found.case is not None
    assert found.case.remarks == ("fallback_point",)
    assert "fallback_point" in found.quirks


def test_what_is_odd_is_counted_and_numbers_are_written_in_one_way():
    one = read_case(ROW | {"ward": "Ward 7", "LOCATION_ZIPCODE": "2108.0", "TARGET_DT": ""}, PROFILE, at=NOW)
    other = read_case(ROW | {"ward": "07", "LOCATION_ZIPCODE": "02108"}, PROFILE, at=NOW)

    assert one.case is not None and other.case is not None
    assert dict(one.case.extras) == dict(other.case.extras) == {"ward": "7", "zip": "02108"}
    assert {"prefixed_number", "number_as_float", "no_target"} <= set(one.quirks)
    assert "zero_filled_number" in other.quirks
    assert one.case.deadline_at is None
    assert one.case.responded_at is None
    assert one.case.resolved_at == one.case.closed_at


def test_an_hour_that_was_there_twice_is_counted_and_the_first_one_taken():
    found = read_case(ROW | {"OPEN_DT": "2014-11-02 01:30:00"}, PROFILE, at=NOW)

    assert found.case is not None
    assert found.case.requested_at == datetime(2014, 11, 2, 5, 30, tzinfo=UTC)
    assert "doubled_time" in found.quirks


def test_a_broken_profile_is_refused_with_every_problem():
    broken = """
        surprise = 1
        [columns]
        lon = "x"
        moon = "y"
        [times]
        format = 5
        [status]
        Open = "x"
        [channels]
        a = "pigeon"
        [kinds]
        default = "y"
        [file]
        encodings = ["klingon"]
        head_row = 0
        [town]
        bounds = [3, 2, 1, 0]
        time_zone = "Mars/Olympus"
        [extras.ward]
        width = "wide"
        """
    with pytest.raises(InvalidInput) as shapeless:
        read_profile(broken, name="x")
    with pytest.raises(InvalidInput) as refused:
        read_profile(broken.replace("surprise = 1", ""), name="x")

    assert {problem.where for problem in shapeless.value.problems} == {"surprise"}
    assert {problem.where for problem in refused.value.problems} == {
        *("columns.source_key", "columns.requested_at", "columns.status", "columns.service", "columns.group"),
        *("columns.moon", "columns", "status.Open", "channels.a", "kinds.default", "times.format"),
        *("file.encodings", "file.head_row", "town.slug", "town.name_zh", "town.name_en", "town.country"),
        *("town.bounds", "town.time_zone", "extras.ward"),
    }


@given(st.text(max_size=200))
def test_no_text_however_odd_breaks_the_reader_of_profiles(text: str):
    with pytest.raises(InvalidInput):
        read_profile(text, name="x")


@pytest.fixture
def boston_sample(boston_file: Path, tmp_path: Path) -> Path:
    """Every fortieth row of the real file, and the first twenty rows that were closed before they were opened."""
    with gzip.open(boston_file, "rt", encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    backward = [row for row in rows if row["CLOSED_DT"] and row["CLOSED_DT"] < row["OPEN_DT"]][:20]
    kept = {row["CASE_ENQUIRY_ID"]: row for row in itertools.chain(rows[::40], backward)}
    sample = tmp_path / "boston.csv"
    with sample.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(kept.values())
    return sample


@pytest.fixture
def boston_file() -> Path:
    file = Path(__file__).parents[6] / "shared" / "data" / "requests" / "boston311_2015_open.csv.gz"
    if not file.exists():
        pytest.skip("the real cases of Boston are not beside this checkout (../shared/data)")
    return file


def _import(file: Path, *more: str) -> str:
    done = CliRunner().invoke(main, ["requests", "import", str(file), "--profile", "boston311", *more])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.django_db(transaction=True)
def test_what_was_stored_before_an_import_broke_off_stays_and_the_next_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "three.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=list(ROW))
        writer.writeheader()
        writer.writerows([{**ROW, "CASE_ENQUIRY_ID": str(n)} for n in range(3)])
    honest, n_batches = importing.import_batch, itertools.count(1)

    def breaks_off(**words: Any) -> actions.Brought:
        if next(n_batches) == 3:
            raise KeyboardInterrupt
        return honest(**words)

    with monkeypatch.context() as patch:
        patch.setattr(importing, "import_batch", breaks_off)
        broken = CliRunner().invoke(main, ["requests", "import", str(file), "--profile", "boston311", "--batch", "1"])

    assert broken.exit_code != 0
    assert _counted(_import(file)) == {"read": 3, "imported": 3, "already_there": 0, "rejected": 0}
    assert _counted(_import(file)) == {"read": 3, "imported": 0, "already_there": 3, "rejected": 0}


def _counted(said: str) -> dict[str, int]:
    """Read the last line: read 2370 = imported 2350 + already there 0 + rejected 20."""
    words = said.strip().splitlines()[-1].replace("already there", "already_there").split()
    names = ("read", "imported", "already_there", "rejected")
    return {name: int(words[words.index(name) + 1]) for name in names}


def test_real_cases_come_in_once_and_every_row_is_accounted_for(boston_sample: Path, tmp_path: Path, db: None):
    report, rejections = tmp_path / "report.json", tmp_path / "report.csv"

    first = _counted(_import(boston_sample, "--report", str(report), "--batch", "500"))
    town = territory.town_named("boston311")
    with scopes.town(town.id):
        held = (ServiceRequest.objects.count(), _entries(), town.edition)
    second = _counted(_import(boston_sample))

    assert first["read"] == first["imported"] + first["rejected"]
    assert first["already_there"] == 0
    assert first["rejected"] >= 20
    told = json.loads(report.read_text(encoding="utf-8"))
    assert {name: told[name] for name in first} == first
    assert len(told["rejections"]) == first["rejected"]
    assert all(one["row"] > 1 and one["source_key"] and one["reasons"] for one in told["rejections"])
    assert told["quirks"]["closing_before_opening"] == first["rejected"]
    with scopes.town(town.id):
        rejections.write_bytes(queries.report_of(ImportRun.objects.latest("started_at"), town_slug="x", form="csv"))
    with rejections.open(encoding="utf-8-sig", newline="") as text:
        assert sum(row["what"] == "rejection" for row in csv.DictReader(text)) == first["rejected"]
    assert second == {**first, "imported": 0, "already_there": first["imported"]}
    town.refresh_from_db()
    with scopes.town(town.id):
        assert (ServiceRequest.objects.count(), _entries(), town.edition) == held
        states = Counter(ServiceRequest.objects.values_list("status", flat=True))
    assert states["dispatched"] > 0
    assert states["closed"] > 0
    assert set(states) == {"dispatched", "closed"}


def _entries() -> int:
    """Count the history of everything but the runs themselves."""
    return Entry.objects.exclude(subject_type="import_run").count()


def test_the_town_of_the_profile_has_the_bounds_of_its_points_and_a_calendar_of_its_own(boston_sample: Path, db: None):
    _import(boston_sample)
    town = territory.town_named("boston311")
    calendar = territory.calendar(town)

    assert -71.19 <= town.min_lon < -71.1 and 42.22 < town.min_lat < 42.3
    assert -71.05 < town.max_lon <= -70.99 and 42.35 < town.max_lat <= 42.4
    assert town.time_zone == "America/New_York"
    assert calendar.day(date(2015, 7, 4)).hours == ()
    assert calendar.day(date(2015, 4, 20)).hours == ()  # Patriots' Day is a holiday of Massachusetts
    assert calendar.day(date(2015, 4, 21)).hours != ()
    with scopes.town(town.id):
        assert ServiceRequest.objects.filter(resolved_at__isnull=False, status="dispatched").count() == 0
        assert ServiceRequest.objects.filter(responded_at__isnull=False).count() == 0


def test_an_open_real_case_is_handled_to_its_end_and_a_closed_one_reopened(boston_sample: Path, db: None):
    _import(boston_sample)
    town = territory.town_named("boston311")
    with scopes.town(town.id):
        open_case = (
            ServiceRequest.objects.filter(status="dispatched", deadline_at__isnull=False).order_by("source_key").first()
        )
        closed_case = (
            ServiceRequest.objects.filter(status="closed", deadline_at__isnull=False).order_by("source_key").first()
        )
        people = {}
        for name, role, party in (("w", "worker", open_case.party_id), ("m", "manager", None)):
            account = accounts.register(email=f"{name}@example.org")
            accounts.grant(actor=FOUNDER, town=town, account_id=account.id, role=role, party_id=party, at=NOW)
            people[name] = account_queries.actor_of(account.id, town_id=town.id, channel=Channel.WEB)

        def step(case: ServiceRequest, name: str, who: str, **words: str) -> ServiceRequest:
            return actions.take_step(
                actor=people[who],
                town=town,
                service_request_id=case.id,
                step=Step(name),
                at=NOW,
                wanted=actions.Wanted(**words),
            )

        step(open_case, "accept", "w")
        step(open_case, "start", "w")
        step(open_case, "resolve", "w", remedy="Fixed")
        assert step(open_case, "verify", "m").status == "verified"
        assert step(open_case, "close", "m").status == "closed"
        reopened = step(closed_case, "reopen", "m", reason="Dark again")
        listed = queries.listed(people["m"], queries.Filter(is_overdue=True), town=town, at=NOW, size=200)
        handler = parties.register(town).by_id[open_case.party_id]

    assert reopened.status == "reopened"
    assert reopened.deadline_at is not None
    assert all(row.deadline_at < NOW for row in listed.rows)
    assert handler.kind == "municipal"
    assert NOW - open_case.requested_at > timedelta(days=3650)
