"""OGC API - Features: what a map program reads of a town, by its own client and address by address."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests.towns import NOW, SmallTown

pytestmark = pytest.mark.django_db
_JSON = ("application/json", "application/geo+json", "application/vnd.oai.openapi+json;version=3.0")


def _get(town: SmallTown, path: str = "", code: int = 200, **words: str) -> dict[str, Any]:
    answer = Client().get(f"/ogc/{town.town.slug}/{path}", words)
    assert answer.status_code == code, answer.content
    assert answer.headers["Content-Type"] in _JSON
    found: dict[str, Any] = answer.json()
    return found


def test_every_link_of_the_landing_page_leads_somewhere(small_town: SmallTown):
    links = _get(small_town)["links"]

    assert {one["rel"] for one in links} == {"self", "service-desc", "conformance", "data"}
    assert all(Client().get(one["href"]).status_code == 200 for one in links)


def test_places_come_by_level_with_their_polygons_and_parents(small_town: SmallTown):
    grids = _get(small_town, "collections/places-grid/items", limit="100")

    assert grids["numberMatched"] == grids["numberReturned"] == len(grids["features"]) == 4
    assert {one["geometry"]["type"] for one in grids["features"]} == {"Polygon"}
    assert {one["properties"]["parent"] for one in grids["features"]} == {"north", "south"}
    one = _get(small_town, "collections/places-grid/items/n1")
    assert one["id"] == "n1"
    assert {link["rel"] for link in one["links"]} == {"self", "collection"}


def test_pages_are_followed_by_their_links_and_hold_each_feature_once(small_town: SmallTown):
    path, seen = f"/ogc/{small_town.town.slug}/collections/places-grid/items?limit=3", []
    while path:
        page = Client().get(path).json()
        seen += [one["id"] for one in page["features"]]
        path = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")

    assert sorted(seen) == ["n1", "n2", "s1", "s2"]


def test_a_box_keeps_what_it_touches(small_town: SmallTown):
    everything = _get(small_town, "collections/places-grid/items", bbox="113.30,23.00,113.40,23.10")
    corner = _get(small_town, "collections/places-grid/items", bbox="113.301,23.061,113.302,23.062")
    nothing = _get(small_town, "collections/places-grid/items", bbox="0,0,1,1")

    assert everything["numberMatched"] == 4
    assert [one["id"] for one in corner["features"]] == ["n1"]
    assert nothing["numberMatched"] == 0


def test_requests_show_what_everybody_may_see_and_no_more(small_town: SmallTown):
    small_town.report(description="王女士 13800000000", contact_phone="13800000000", address="三栋 502")

    found = _get(small_town, "collections/service_requests/items")

    (one,) = found["features"]
    assert one["properties"]["description"] is None
    assert one["geometry"]["coordinates"] == [113.31, 23.06]
    assert "13800000000" not in str(found)
    assert "502" not in str(found)


def test_a_confidential_request_is_nowhere(small_town: SmallTown):
    made = small_town.report(privacy="confidential")

    assert _get(small_town, "collections/service_requests/items")["features"] == []
    _get(small_town, f"collections/service_requests/items/{made.id}", code=404)


def test_requests_are_narrowed_by_time_and_state(small_town: SmallTown):
    old = small_town.report(at=NOW - timedelta(days=2))
    new = small_town.report()
    small_town.walk(old.id, until="closed", at=NOW)
    path = "collections/service_requests/items"

    def ids(**words: str) -> list[str]:
        return [one["id"] for one in _get(small_town, path, **words)["features"]]

    assert ids() == [str(new.id), str(old.id)]
    assert ids(status="closed") == [str(old.id)]
    assert ids(datetime="2026-03-17T00:00:00Z/..") == [str(new.id)]
    assert ids(datetime="../2026-03-17T00:00:00Z") == [str(old.id)]
    assert ids(service_code="leak") == []


@pytest.mark.parametrize(
    ("words", "where"),
    [
        ({"bbox": "1,2,3"}, "bbox"),
        ({"bbox": "nan,0,1,1"}, "bbox"),
        ({"bbox": "0,5,1,1"}, "bbox"),
        ({"datetime": "yesterday"}, "datetime"),
        ({"datetime": "2026-03-18T00:00:00Z/2026-03-17T00:00:00Z"}, "datetime"),
        ({"limit": "0"}, "limit"),
        ({"offset": "-1"}, "offset"),
        ({"colour": "red"}, "colour"),
        ({"crs": "EPSG:4490"}, "crs"),
        ({"status": "lost"}, "status"),
    ],
)
def test_a_wrong_argument_is_named(small_town: SmallTown, words: dict[str, str], where: str):
    refused = _get(small_town, "collections/service_requests/items", code=400, **words)

    assert [one["where"] for one in refused["problems"]] == [where]


def test_what_is_not_there_is_not_found_and_nothing_is_written(small_town: SmallTown):
    _get(small_town, "collections/nothing", code=404)
    _get(small_town, "collections/places-grid/items/nowhere", code=404)
    refused = Client().post(f"/ogc/{small_town.town.slug}/collections")

    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")


def test_the_client_of_others_reads_collections_and_items(small_town: SmallTown, live_server: Any):
    from owslib.ogcapi.features import Features

    made = small_town.report()
    client = Features(f"{live_server.url}/ogc/{small_town.town.slug}/")

    assert "places-grid" in client.feature_collections()
    assert len(client.collection_items("places-grid", limit=100)["features"]) == 4
    assert client.collection_items("service_requests", bbox=[113.3, 23.0, 113.4, 23.1])["features"][0]["id"] == str(
        made.id
    )
    assert client.collection_item("places-grid", "n1")["properties"]["name_en"]
    assert "/collections/places-grid/items" in client.api()["paths"]
