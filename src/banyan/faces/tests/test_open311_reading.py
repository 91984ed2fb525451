"""Open311: discovery, services, requests and updates, to the letter of GeoReport v2, in both formats."""

from __future__ import annotations

import json
from datetime import timedelta
from io import BytesIO
from typing import Any, Final
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

from banyan.apps.service_requests import actions
from banyan.apps.service_requests.models import ServiceRequest
from banyan.base.ids import uuid7
from banyan.faces.open311.asking import read_instant
from banyan.faces.tests.open311 import Caller, faults_of
from tests.statements import at_most
from tests.towns import SmallTown
from tests.towns import small_town as found_town

pytestmark = pytest.mark.django_db(transaction=True)

FIELDS: Final = [
    *("service_request_id", "status", "status_notes", "service_name", "service_code", "description"),
    *("agency_responsible", "service_notice", "requested_datetime", "updated_datetime", "expected_datetime"),
    *("address", "address_id", "zipcode", "lat", "long", "media_url"),
]


@pytest.fixture
def anyone(small_town: SmallTown) -> Caller:
    return Caller(small_town)


def ago(**length: float) -> Any:
    return timezone.now().replace(microsecond=0) - timedelta(**length)


def text(at: Any) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def ids(caller: Caller, /, **query: Any) -> list[str]:
    return [one["service_request_id"] for one in caller.get("v2/requests", **query)]


# --- discovery and services ------------------------------------------------------------------------------------------


def test_discovery_names_the_endpoint_and_both_formats(anyone: Caller) -> None:
    found = anyone.get("discovery")

    assert list(found) == ["changeset", "contact", "key_service", "endpoints"] and all(found.values())
    (endpoint,) = found["endpoints"]
    assert list(endpoint) == ["specification", "url", "changeset", "type", "formats"]
    assert endpoint["specification"] == "http://wiki.open311.org/GeoReport_v2"
    assert endpoint["url"] == f"http://testserver{anyone.root}/v2"
    assert endpoint["formats"] == ["text/xml", "application/json"]
    assert endpoint["type"] in ("production", "test")
    for changeset in (found["changeset"], endpoint["changeset"]):
        changed_at = read_instant(changeset)
        assert changed_at is not None and changed_at < timezone.now()


def test_services_are_the_catalogue_on_offer(anyone: Caller) -> None:
    found = {one["service_code"]: one for one in anyone.get("v2/services")}

    assert set(found) == {"lamp", "leak", "lift", "idea"}
    assert found["lamp"] == {
        "service_code": "lamp",
        "service_name": "Street lamp out",
        "description": None,
        "metadata": False,
        "type": "realtime",
        "keywords": None,
        "group": "Lighting",
    }


def test_services_speak_the_readers_language(anyone: Caller) -> None:
    chinese = anyone.client.get(f"{anyone.root}/v2/services.json", headers={"Accept-Language": "zh-Hans"})

    assert {one["service_name"] for one in json.loads(chinese.content)} == {"路灯不亮", "漏水", "电梯故障", "建议"}


def test_services_near_a_point_are_those_of_the_town_around_it(anyone: Caller) -> None:
    assert len(anyone.get("v2/services", lat="23.06", long="113.31")) == 4
    assert anyone.get("v2/services", lat="31", long="120") == []
    assert faults_of(anyone.one("v2/services", "xml", lat="north", long="200"), status=400) == [
        (400, "lat"),
        (400, "long"),
    ]


def test_a_service_asks_nothing_beyond_the_usual(anyone: Caller) -> None:
    assert anyone.get("v2/services/lamp") == {"service_code": "lamp", "attributes": []}
    assert [one["code"] for one in anyone.get("v2/services/cake", 404)] == [404]


# --- requests --------------------------------------------------------------------------------------------------------


def test_a_request_has_every_field_and_no_word_that_is_not_published(small_town: SmallTown, anyone: Caller) -> None:
    at = ago(hours=1)
    words = {"description": "三栋五楼王家门口\r\n<灯>坏了", "address": "三栋五楼", "lon": 113.31234, "lat": 23.06789}
    made = small_town.report(at=at, contact_name="王一", contact_phone="13800000000", **words)

    (found,) = anyone.get(f"v2/requests/{made.id}")

    assert list(found) == FIELDS
    assert found == {
        "service_request_id": str(made.id),
        "status": "open",
        "status_notes": "Received",
        "service_name": "Street lamp out",
        "service_code": "lamp",
        "description": None,
        "agency_responsible": None,
        "service_notice": None,
        "requested_datetime": text(at),
        "updated_datetime": text(at),
        "expected_datetime": text(made.request.deadline_at),
        "address": None,
        "address_id": "n1",
        "zipcode": None,
        "lat": 23.068,
        "long": 113.312,
        "media_url": None,
    }
    whole = anyone.one("v2/requests", "xml", extensions="true").content.decode()
    assert not [word for word in ("王", "三栋", "13800000000", made.tracking_number, "113.31234") if word in whole]

    small_town.step(made.id, "triage", "coordinator", is_text_public=True)
    small_town.step(made.id, "dispatch", "coordinator")
    (found,) = anyone.get(f"v2/requests/{made.id}")

    assert found["description"].replace("\r\n", "\n") == "三栋五楼王家门口\n<灯>坏了"
    assert (found["address"], found["lat"], found["long"]) == ("三栋五楼", 23.06789, 113.31234)
    assert (found["status_notes"], found["agency_responsible"]) == ("Dispatched", "Great Banyan Property")


def test_a_photo_is_shown_where_the_words_are_published(small_town: SmallTown, anyone: Caller) -> None:
    shot = BytesIO()
    Image.new("RGB", (40, 30), "green").save(shot, "JPEG")
    with small_town.scope():
        made = actions.report(
            actor=small_town.actor("resident"),
            town=small_town.town,
            draft=actions.Draft("lamp", "路灯不亮", lon=113.31, lat=23.06),
            photos=[shot.getvalue()],
            at=ago(hours=1),
        )
        actions.add_photos(
            actor=small_town.actor("resident"),
            town=small_town.town,
            service_request_id=made.id,
            photos=[shot.getvalue()],
            moment="report",
            at=timezone.now(),
        )
    (before,) = anyone.get(f"v2/requests/{made.id}", extensions="true")
    small_town.step(made.id, "triage", "coordinator", is_text_public=True)
    (after,) = anyone.get(f"v2/requests/{made.id}", extensions="true")

    assert before["media_url"] is None and before["extended_attributes"]["photos"] == []
    assert [one["media_url"] for one in after["extended_attributes"]["photos"]] == [after["media_url"]]
    assert Client().get(after["media_url"].removeprefix("http://testserver")).headers["Content-Type"] == "image/jpeg"


def test_open_and_closed_follow_the_state_and_a_closed_one_tells_when(small_town: SmallTown, anyone: Caller) -> None:
    closed_at = ago(hours=2)
    closed, fixed = small_town.report(at=ago(days=2)), small_town.report(at=ago(days=1))
    gone = small_town.report(at=ago(hours=5))
    small_town.walk(closed.id, until="closed", at=closed_at)
    small_town.walk(fixed.id, until="verified", at=closed_at)
    small_town.step(gone.id, "withdraw", "resident", at=closed_at)
    with small_town.scope():
        actions.rate(
            actor=small_town.actor("resident"),
            town=small_town.town,
            service_request_id=closed.id,
            rating=5,
            at=timezone.now(),
        )

    shown = {one["service_request_id"]: one for one in anyone.get("v2/requests", status="closed")}

    assert list(shown) == [str(gone.id), str(closed.id)]
    assert shown[str(closed.id)]["updated_datetime"] == text(closed_at), "the rating came later and closed nothing"
    assert shown[str(closed.id)]["expected_datetime"] is None
    assert ids(anyone, status="open") == [str(fixed.id)]
    assert ids(anyone, status="open,closed") == ids(anyone, status="") == [str(gone.id), str(fixed.id), str(closed.id)]


def test_requests_are_narrowed_by_each_argument(small_town: SmallTown, anyone: Caller) -> None:
    lamp = str(small_town.report(at=ago(days=10)).id)
    leak = str(small_town.report(service_code="leak", lon=113.36, at=ago(days=5)).id)
    lift = str(small_town.report(service_code="lift", at=ago(days=1)).id)
    small_town.step(lamp, "triage", "coordinator", at=ago(hours=1))

    assert ids(anyone) == [lift, leak, lamp]
    assert ids(anyone, service_code="leak") == ids(anyone, lat="23.06", long="113.36", radius="200") == [leak]
    assert ids(anyone, service_code="leak, lift") == [lift, leak]
    assert ids(anyone, start_date=text(ago(days=6))) == [lift, leak]
    assert ids(anyone, end_date=text(ago(days=4))) == [leak, lamp]
    assert ids(anyone, start_date=text(ago(days=6)), end_date=text(ago(days=4))) == [leak]
    assert ids(anyone, updated_after=text(ago(hours=2))) == [lamp]
    assert ids(anyone, updated_before=text(ago(hours=2))) == [lift, leak]
    assert ids(anyone, page="1", page_size="2") == [lift, leak]
    assert ids(anyone, page="2", page_size="2") == [lamp]
    assert ids(anyone, page="3", page_size="2") == []
    assert ids(anyone, service_request_id=f"{lamp},{leak.upper()},no-such,{uuid4()}", status="x", page="-1") == [
        leak,
        lamp,
    ], "identifiers override all other arguments"
    assert ids(anyone, jurisdiction_id=anyone.small.town.slug) == ids(anyone, jurisdiction_id="") == ids(anyone)


def test_the_window_is_ninety_days(small_town: SmallTown, anyone: Caller) -> None:
    old = str(small_town.report(at=ago(days=120)).id)
    new = str(small_town.report(at=ago(days=80)).id)

    assert ids(anyone) == [new]
    assert ids(anyone, start_date=text(ago(days=125))) == [new, old]
    assert ids(anyone, start_date=text(ago(days=200))) == [old], "90 days from the end that is given"
    assert ids(anyone, end_date=text(ago(days=100))) == [old]
    assert ids(anyone, service_request_id=old) == [old]
    assert anyone.get(f"v2/requests/{old}")[0]["service_request_id"] == old
    too_long = anyone.one("v2/requests", "json", start_date=text(ago(days=91)), end_date=text(ago(days=0)))
    assert faults_of(too_long, status=400) == [(400, "end_date")]


def test_a_radius_tells_no_more_than_the_blurred_point(small_town: SmallTown, anyone: Caller) -> None:
    made = small_town.report(lon=113.31234, lat=23.06789, at=ago(hours=1))
    exactly = {"lat": "23.06789", "long": "113.31234", "radius": "20"}
    blurred = {"lat": "23.068", "long": "113.312", "radius": "20"}

    assert (ids(anyone, **exactly), ids(anyone, **blurred)) == ([], [str(made.id)])
    small_town.step(made.id, "triage", "coordinator", is_text_public=True)
    assert (ids(anyone, **exactly), ids(anyone, **blurred)) == ([str(made.id)], [])


def test_each_identifier_is_its_own_token(small_town: SmallTown, anyone: Caller) -> None:
    made = str(small_town.report(at=ago(days=200)).id)

    assert anyone.get(f"v2/tokens/{made}") == [{"service_request_id": made, "token": made}]
    assert anyone.get(f"v2/tokens/{uuid4()}", 404)[0]["code"] == 404


def test_extensions_bring_the_public_history(small_town: SmallTown, anyone: Caller) -> None:
    made = small_town.report(at=ago(hours=3))
    small_town.walk(made.id, until="in_progress", at=ago(hours=2))
    small_town.step(made.id, "pause", "worker", reason="王先生不在家", at=ago(hours=1))

    (found,) = anyone.get("v2/requests", extensions="true")

    assert list(found) == [*FIELDS, "attributes", "extended_attributes", "media_urls", "notes"]
    assert (found["attributes"], found["extended_attributes"]["channel"]) == ([], "web")
    assert [one["type"] for one in found["notes"]] == ["received", "triage", "dispatch", "accept", "start", "pause"]
    assert found["notes"][2]["description"] == "It was handed to Great Banyan Property"
    assert "王" not in str(found)


def test_updates_tell_what_happened_oldest_first(small_town: SmallTown, anyone: Caller) -> None:
    old, made = small_town.report(at=ago(days=3)), small_town.report(at=ago(hours=3))
    small_town.step(made.id, "triage", "coordinator", at=ago(minutes=30))
    small_town.step(old.id, "reject", "coordinator", reason="不归我们管", at=ago(minutes=20))

    usual = anyone.get("v2/servicerequestupdates")
    named = anyone.get("v2/servicerequestupdates", extended_statuses="true")
    since = anyone.get("v2/servicerequestupdates", start_date=text(ago(days=4)), end_date=text(ago(hours=1)))

    assert [(one["service_request_id"], one["status"], one["external_status_code"]) for one in usual] == [
        (str(made.id), "open", "triaged"),
        (str(old.id), "closed", "rejected"),
    ]
    assert [one["status"] for one in named] == ["INVESTIGATING", "NO_FURTHER_ACTION"]
    assert [one["description"] for one in since] == ["The request was received"] * 2
    assert len({one["update_id"] for one in usual + since}) == 4
    assert "不归" not in str(usual)


def test_a_thousand_requests_cost_few_statements(small_town: SmallTown, anyone: Caller) -> None:
    first = small_town.report(at=ago(hours=1))
    small_town.walk(first.id, until="closed", at=ago(minutes=30))
    with small_town.scope():
        held = ServiceRequest.objects.values().get(id=first.id)
        rows = [
            ServiceRequest(
                **held
                | {
                    "id": uuid7(),
                    "tracking_number": f"A{i}",
                    "requested_at": ago(hours=2 + i / 100),
                    "is_text_public": i % 2 == 0,
                }
            )
            for i in range(1004)
        ]
        ServiceRequest.objects.bulk_create(rows)
    for query in ({}, {"extensions": "true"}):
        for form in ("xml", "json"):
            with at_most(8):
                response = anyone.one("v2/requests", form, **query)
            assert response.content.count(b"service_request_id") == (2000 if form == "xml" else 1000)
    assert len(ids(anyone, page="2", page_size="1000")) == 5


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "faults"),
    [
        ({"jurisdiction_id": "elsewhere"}, [(404, "jurisdiction_id")]),
        ({"service_code": "cake"}, [(404, "service_code")]),
        ({"status": "asleep"}, [(400, "status")]),
        ({"start_date": "2026-03-18T10:00:00"}, [(400, "start_date")]),
        ({"start_date": "yesterday", "end_date": "2026-02-30T00:00:00Z"}, [(400, "start_date"), (400, "end_date")]),
        ({"start_date": "0001-01-01T00:00:00+14:00"}, [(400, "start_date")]),
        ({"end_date": "9999-12-31T23:59:59-12:00"}, [(400, "end_date")]),
        ({"start_date": "2026-03-18T00:00:00Z", "end_date": "2026-03-17T00:00:00Z"}, [(400, "end_date")]),
        ({"updated_after": "now", "page_size": "1001"}, [(400, "page_size"), (400, "updated_after")]),
        ({"updated_before": "now", "page": "0"}, [(400, "updated_before"), (400, "page")]),
        ({"page": "9" * 400}, [(400, "page")]),
        ({"page": "٣", "page_size": "NaN"}, [(400, "page_size"), (400, "page")]),
        ({"lat": "23.06"}, [(400, "long"), (400, "radius")]),
        ({"lat": "nan", "long": "1e400", "radius": "-1"}, [(400, "lat"), (400, "long"), (400, "radius")]),
        ({"extensions": "perhaps"}, [(400, "extensions")]),
        ({"service_request_id": ",".join(str(i) for i in range(1001))}, [(400, "service_request_id")]),
        ({"service_code": "cake", "status": "asleep"}, [(404, "service_code"), (400, "status")]),
        ({"service_code": "la\x01mp"}, [(400, "service_code")]),
        ({"service_code": "la\x00mp"}, [(400, "The request cannot be read.")]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_number(
    anyone: Caller, query: dict[str, str], faults: list[tuple[int, str]]
) -> None:
    gravest = 404 if any(code == 404 for code, _ in faults) else 400

    for form in ("xml", "json"):
        assert faults_of(anyone.one("v2/requests", form, **query), status=gravest) == faults


def test_a_plus_that_was_not_encoded_is_still_a_zone(small_town: SmallTown, anyone: Caller) -> None:
    made = str(small_town.report(at=ago(days=1)).id)
    since = (ago(days=2) + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%S+08:00")

    response = anyone.client.get(f"{anyone.root}/v2/requests.json?start_date={since}")

    assert [one["service_request_id"] for one in json.loads(response.content)] == [made]


@pytest.mark.parametrize(
    "path", ["v2/requests/no-such", "v2/requests/00000000-0000-7000-8000-000000000000", "v2/tokens/x", "v2/nothing"]
)
def test_what_is_not_there_is_a_404_in_its_format(anyone: Caller, path: str) -> None:
    assert [one["code"] for one in anyone.get(path, 404)] == [404]


def test_a_request_of_another_town_is_not_there(small_town: SmallTown) -> None:
    there, here = found_town(), Caller(small_town)
    foreign = str(there.report(at=ago(hours=1)).id)

    assert [one["code"] for one in here.get(f"v2/requests/{foreign}", 404)] == [404]
    assert here.get("v2/requests", service_request_id=foreign) == []
    assert ids(Caller(there)) == [foreign]


def test_an_unknown_town_and_a_wrong_method_are_refused_in_the_format(anyone: Caller) -> None:
    for town in ("nowhere", "NO_SUCH", "%00", "x" * 300):
        for form in ("xml", "json"):
            response = Client().get(f"/open311/{town}/v2/requests.{form}")
            assert faults_of(response, status=400 if town == "%00" else 404)
    wrong = anyone.client.delete(f"{anyone.root}/v2/requests.json")
    assert faults_of(wrong, status=405) and wrong.headers["Allow"] == "GET, HEAD, POST"
    broken = Client().get(f"{anyone.root}/v2/requests.json?service_code=%ff%fe")
    assert faults_of(broken, status=400)


def test_pages_of_other_houses_may_read(anyone: Caller) -> None:
    assert anyone.one("v2/services", "json").headers["Access-Control-Allow-Origin"] == "*"
    assert anyone.client.head(f"{anyone.root}/v2/services.xml").status_code == 200
