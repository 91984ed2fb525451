"""Open311: clients that others wrote, and one of the standard library alone, against a server of its own process."""

from __future__ import annotations

import csv
import gzip
import http.client
import importlib
import io
import itertools
import warnings
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from django.utils import timezone

from banyan.apps.service_requests import queries
from banyan.apps.service_requests.models import Photo, ServiceRequest
from banyan.apps.territory import queries as territory
from banyan.faces.cli import main
from banyan.faces.open311.conformance import Outcome, Wish, as_text, examine
from banyan.faces.open311.conformance.reading import instant_of, read
from banyan.faces.open311.conformance.wire import Wire
from banyan.faces.open311.formats import instant
from banyan.faces.tests.live import live_server
from banyan.faces.tests.test_open311_writing import picture
from banyan.kit import scopes
from tests.asking import ANSWERS, let_it_ask
from tests.programs import token_of
from tests.towns import SmallTown

pytestmark = pytest.mark.django_db(transaction=True)
CASES = Path(__file__).resolve().parents[5] / "shared" / "data" / "requests" / "boston311_2015_open.csv.gz"


@pytest.fixture
def base() -> Iterator[str]:
    with live_server() as found:
        yield found


@pytest.fixture
def address(small_town: SmallTown, base: str) -> str:
    return f"{base}/open311/{small_town.town.slug}/v2"


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The client `three`, which was written for Python 2: `ifilter` is put back before it is imported."""
    monkeypatch.setattr(itertools, "ifilter", filter, raising=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("three.core").Three


class Plain:
    """A client of the standard library alone."""

    def __init__(self, address: str, form: str, *, api_key: str = "") -> None:
        self.address, self.form, self.api_key = address, form, api_key

    def get(self, path: str, /, **query: str) -> Any:
        answer = Wire().get(f"{self.address}/{path}.{self.form}", query)
        assert answer.status == 200, answer.body
        return read(answer, self.form)

    def post(self, path: str, /, **fields: str) -> dict[str, Any]:
        answer = Wire().post(f"{self.address}/{path}.{self.form}", {"api_key": self.api_key, **fields})
        assert answer.status == 201, answer.body
        (found,) = read(answer, self.form)
        return dict(found)


# --- three clients ---------------------------------------------------------------------------------------------------


def test_georeport_reads_what_a_form_has_written(small_town: SmallTown, address: str) -> None:
    from georeport import GeoReport

    at = timezone.now() - timedelta(hours=1)
    old = [str(small_town.report(at=at - timedelta(hours=i)).id) for i in range(2)]
    plain = Plain(address, "xml", api_key=token_of(small_town, "resident"))
    new = plain.post("requests", service_code="lamp", lat="23.06", long="113.31", description="路灯不亮")[
        "service_request_id"
    ]
    small_town.walk(old[0], until="closed", at=at)

    for form in ("json", "xml"):
        client = GeoReport(address, jurisdiction=small_town.town.slug, output_format=form)
        assert {one["service_code"] for one in client.get_service_list()} == {"lamp", "leak", "lift", "idea"}
        assert client.get_service_definition("lamp")["service_code"] == "lamp"
        assert [one["service_request_id"] for one in client.get_service_requests()] == [new, *old]
        assert len(client.get_service_requests(status="open", service_code="lamp")) == 2
        assert len(client.get_service_requests(service_request_id=",".join(old))) == 2
        assert client.get_service_request(old[0])["status"] == "closed"
        assert client.get_service_request(new)["requested_datetime"].endswith("Z")


def test_three_reads_and_writes(small_town: SmallTown, address: str, three: Any, tmp_path: Path) -> None:
    let_it_ask(small_town)
    old = str(small_town.report(at=timezone.now() - timedelta(days=2), service_code="leak").id)
    client = three(address, api_key=token_of(small_town, "resident"), jurisdiction=small_town.town.slug)
    answers = {"attribute[height]": "3.5", "attribute[colour]": "red", "attribute[wastes][]": ["glass", "wood"]}
    shot = tmp_path / "lamp.jpg"
    shot.write_bytes(picture().read())

    assert client.discovery()["endpoints"][0]["url"] == address
    assert {one["service_code"] for one in client.services()} == {"lamp", "leak", "lift", "idea"}
    assert len(client.services("lamp")["attributes"]) == 7
    with shot.open("rb") as file:
        (made,) = client.post(
            "lamp",
            lat=23.06,
            long=113.31,
            description="路灯不亮",
            first_name="Mary",
            last_name="Jones",
            media=file,
            **answers,
        )
    refused = client.post("lamp", lat=23.06, long=113.31)
    new = made["service_request_id"]
    assert [one["description"].partition(":")[0] for one in refused] == ["attribute[height]", "attribute[colour]"]
    assert [one["service_request_id"] for one in client.requests()] == [new, old]
    assert [one["service_request_id"] for one in client.requests("leak", count=5)] == [old]
    yesterday = (timezone.now() - timedelta(days=1)).strftime("%m-%d-%Y")
    long_ago = (timezone.now() - timedelta(days=9)).strftime("%m-%d-%Y")
    assert [one["service_request_id"] for one in client.requests(start=long_ago, end=yesterday)] == [old]
    assert client.request(new)[0]["service_code"] == "lamp"
    assert client.token(new)[0]["service_request_id"] == new
    with small_town.scope():
        held = ServiceRequest.objects.select_related("reporter").get(id=new)
        assert Photo.objects.filter(service_request_id=new).count() == 1
    assert held.attributes == {"height": "3.5", "colour": "red", "wastes": ["glass", "wood"]}
    assert held.reporter is not None and held.reporter.name == "Mary Jones"


@pytest.mark.parametrize("form", ["xml", "json"])
def test_the_standard_library_is_enough(small_town: SmallTown, address: str, form: str) -> None:
    let_it_ask(small_town)
    plain = Plain(address, form, api_key=token_of(small_town, "resident"))
    asked = plain.get("services/lamp")["attributes"]
    required = {one["code"]: one for one in asked if str(one["required"]).lower() == "true"}
    answers = {"attribute[height]": "2", "attribute[colour]": required["colour"]["values"][0]["key"]}

    made = plain.post("requests", service_code="lamp", address_id="n1", description="路灯不亮 & <暗>", **answers)
    update = plain.post("servicerequestupdates", service_request_id=made["service_request_id"], description="还暗")

    assert update["service_request_id"] == made["service_request_id"]
    (found,) = plain.get(f"requests/{made['service_request_id']}", extensions="true")
    assert (found["status"], found["service_code"], found["description"]) == ("open", "lamp", None)
    small_town.step(made["service_request_id"], "triage", "coordinator", at=timezone.now(), is_text_public=True)
    (found,) = plain.get(f"requests/{made['service_request_id']}", extensions="true")
    assert found["description"] == "路灯不亮 & <暗>"
    assert [one["value"] for one in found["attributes"]] == ["2", "red"]


def test_head_is_answered_without_a_body(small_town: SmallTown, address: str) -> None:
    small_town.report(at=timezone.now() - timedelta(hours=1))
    there = urlsplit(address)
    for path in ("services.json", "requests.xml", "requests.csv"):
        line = http.client.HTTPConnection(there.netloc, timeout=20)
        line.request("HEAD", f"{there.path}/{path}")
        with line.getresponse() as response:
            assert (response.status, response.read()) == (200, b"")
        line.close()


# --- the conformance suite -------------------------------------------------------------------------------------------


def test_our_own_server_keeps_every_clause(small_town: SmallTown, base: str) -> None:
    let_it_ask(small_town)
    now = timezone.now()
    for i in range(4):
        words: dict[str, Any] = {"attributes": ANSWERS} if i % 2 else {"service_code": "leak"}
        made = small_town.report(at=now - timedelta(days=2 * i + 1), **words)
        if i % 2:
            small_town.walk(made.id, until="closed", at=now - timedelta(hours=i))
    slug, key = small_town.town.slug, token_of(small_town, "resident")
    endpoints = {
        f"{base}/open311/{slug}/v2": "",
        f"{base}/open311/v2": slug,
        f"{base}/open311/{slug}/discovery.xml": "",
    }

    for url, jurisdiction in endpoints.items():
        wish = Wish(url, jurisdiction=jurisdiction, api_key=key, writes=True)
        report = examine(wish, at=datetime.now(UTC) + timedelta(seconds=5))

        assert {one.outcome for one in report.findings} == {Outcome.KEPT}, as_text(report)
        assert report.n_requests <= 100


# --- real cases ------------------------------------------------------------------------------------------------------


def test_boston_speaks_through_three_clients(tmp_path: Path, base: str, three: Any) -> None:
    if not CASES.exists():
        pytest.skip("The cases of Boston are missing: ../shared/data/requests.")
    sample = tmp_path / "sample.csv"
    with gzip.open(CASES, "rt", encoding="utf-8", newline="") as lines:
        sample.write_text("".join(itertools.islice(lines, 2001)), encoding="utf-8")
    done = CliRunner().invoke(main, ["requests", "import", str(sample), "--profile", "boston311"])
    assert done.exit_code == 0, done.output
    town = territory.town_named("boston311")
    assert town is not None
    with scopes.town(town.id):
        held = list(ServiceRequest.objects.order_by("-requested_at", "-id").select_related("service", "place"))
        offered = set(queries.catalogue(town).offered)
    since, until = datetime(2015, 1, 2, tzinfo=UTC), datetime(2015, 1, 5, tzinfo=UTC)
    within = [one for one in held if since <= one.requested_at <= until]
    assert len(held) > 1500 and 100 < len(within) < 1000
    one = next(row for row in within if row.status == "closed" and row.lat and row.address)
    address = f"{base}/open311/boston311/v2"

    for name, client in _clients(address, three).items():
        assert {found["service_code"] for found in client["services"]()} == offered, name
        assert client["definition"](one.service.code)["service_code"] == one.service.code, name
        page = client["page"](instant(since), instant(until))
        assert [found["service_request_id"] for found in page] == [str(row.id) for row in within], name
        _agrees(client["one"](str(one.id)), one)
        for found, row in zip(page, within, strict=True):
            _agrees(found, row)


def _clients(address: str, three: Any) -> dict[str, Mapping[str, Any]]:
    from georeport import GeoReport

    theirs, old, plain = GeoReport(address), three(address), Plain(address, "xml")
    return {
        "georeport": {
            "services": theirs.get_service_list,
            "definition": theirs.get_service_definition,
            "page": lambda since, until: theirs.get_service_requests(start_date=since, end_date=until),
            "one": theirs.get_service_request,
        },
        "three": {
            "services": old.services,
            "definition": old.services,
            "page": lambda _since, _until: old.requests(start="01-02-2015", end="01-05-2015"),
            "one": lambda request_id: old.request(request_id)[0],
        },
        "standard library": {
            "services": lambda: plain.get("services"),
            "definition": lambda code: plain.get(f"services/{code}"),
            "page": lambda since, until: plain.get("requests", start_date=since, end_date=until),
            "one": lambda request_id: plain.get(f"requests/{request_id}")[0],
        },
    }


def _agrees(found: Mapping[str, Any], row: ServiceRequest) -> None:
    """Hold what a client read against the row of the database."""
    assert found["service_request_id"] == str(row.id)
    assert found["status"] == ("closed" if row.status == "closed" else "open")
    assert found["service_code"] == row.service.code
    assert (found["description"] or "") == (row.public_text or row.description) and (
        found["address"] or ""
    ) == row.address
    assert instant_of(found["requested_datetime"]) == row.requested_at
    assert found["address_id"] == (row.place.code if row.place else None)
    assert [float(found[name]) if found[name] else None for name in ("lat", "long")] == [row.lat, row.lon]


def test_the_table_of_boston_has_every_case(tmp_path: Path, base: str) -> None:
    if not CASES.exists():
        pytest.skip("The cases of Boston are missing: ../shared/data/requests.")
    sample = tmp_path / "sample.csv"
    with gzip.open(CASES, "rt", encoding="utf-8", newline="") as lines:
        sample.write_text("".join(itertools.islice(lines, 2001)), encoding="utf-8")
    done = CliRunner().invoke(main, ["requests", "import", str(sample), "--profile", "boston311"])
    assert done.exit_code == 0, done.output
    query = {"start_date": "2015-01-01T00:00:00Z", "end_date": "2016-01-01T00:00:00Z"}

    answer = Wire().get(f"{base}/open311/boston311/v2/requests.csv", query)
    rows = list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))

    town = territory.town_named("boston311")
    assert answer.status == 200 and town is not None
    with scopes.town(town.id):
        assert {row["service_request_id"] for row in rows} == {
            str(one) for one in ServiceRequest.objects.values_list("id", flat=True)
        }
    assert len(rows) > 1500 and all(row["closed_date"] for row in rows if row["status_description"] == "Closed")
