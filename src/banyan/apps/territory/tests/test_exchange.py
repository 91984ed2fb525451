"""Places go into files and come back the same, within a metre, in each coordinate system; bad files change nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from banyan.apps.territory import actions, queries
from banyan.apps.territory.models import Place
from banyan.apps.territory.rules import FORMS, Named, read, written
from banyan.base.coordinates import Bounds, LonLat, System, haversine_m
from banyan.base.errors import InvalidInput
from tests.contexts import client as _client
from tests.contexts import let_contexts_be_seen
from tests.towns import NOW, SmallTown

TOWN = Bounds(west=113.30, south=23.00, east=113.40, north=23.10)


@pytest.fixture(autouse=True)
def contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    let_contexts_be_seen(monkeypatch)


def _points(geometry: Any) -> list[LonLat]:
    if geometry and isinstance(geometry[0], int | float):
        return [LonLat(geometry[0], geometry[1])]
    return [point for part in geometry for point in _points(part)]


_inside = st.tuples(st.floats(113.301, 113.399), st.floats(23.001, 23.099))


@given(corner=_inside, form=st.sampled_from(FORMS), system=st.sampled_from(System))
def test_a_place_comes_back_within_a_metre(corner: tuple[float, float], form: str, system: System):
    (x, y), size = corner, 0.0005
    ring = [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]
    polygon = {"type": "Polygon", "coordinates": [ring]}
    place = Named("g-1", "grid", "c1", "一格，“东”", '=Grid "1"', 12, x, y, polygon)

    rows, problems = read(written([place], form=form, system=system), form=form, system=system, bounds=TOWN)

    assert problems == []
    for name in ("code", "level", "parent_code", "name_zh", "name_en", "n_dwellings"):
        assert rows[0][name] == getattr(place, name)
    there, back = _points(ring), _points(rows[0]["polygon"]["coordinates"])
    assert len(there) == len(back)
    assert max(haversine_m(a, b) for a, b in zip(there, back, strict=True)) < 1


@given(corner=_inside, system=st.sampled_from([System.GCJ02, System.BD09]))
def test_a_file_read_in_the_wrong_system_is_off_by_hundreds_of_metres(corner: tuple[float, float], system: System):
    place = Named("g-1", "grid", "", "格", "Grid", 0, *corner, None)
    wide = Bounds(113.0, 22.5, 114.0, 23.5)

    rows, _ = read(written([place], form="csv", system=system), form="csv", system=System.WGS84, bounds=wide)

    assert haversine_m(LonLat(*corner), LonLat(rows[0]["lon"], rows[0]["lat"])) > 100


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("system", list(System))
def test_a_whole_town_comes_back_as_it_was(small_town: SmallTown, form: str, system: System):
    with small_town.scope():
        before = queries.tree(small_town.town)
        file = queries.exported(small_town.town, form=form, system=system)
        places = actions.read_places(file, town=small_town.town, form=form, system=system)
        n = actions.lay_out(actor=small_town.actor("manager"), town=small_town.town, places=places, at=NOW)
        after = queries.tree(small_town.town)

    assert n == len(before.places) == len(after.places)
    for was, now in zip(before.places, after.places, strict=True):
        assert (was.id, was.path, was.name_zh, was.n_dwellings) == (now.id, now.path, now.name_zh, now.n_dwellings)
        assert was.lon is not None and now.lon is not None
        assert haversine_m(LonLat(was.lon, was.lat or 0), LonLat(now.lon, now.lat or 0)) < 1


def _feature(code: str = "n3", **changed: Any) -> dict[str, Any]:
    properties = {"code": code, "level": "grid", "name_zh": "格", "name_en": "Grid", "parent_code": "north"}
    geometry = {"type": "Point", "coordinates": [113.31, 23.06]}
    properties |= changed.pop("properties", {})
    return {"type": "Feature", "properties": properties, "geometry": geometry, **changed}


def _point(lon: Any, lat: Any) -> dict[str, Any]:
    return {"geometry": {"type": "Point", "coordinates": [lon, lat]}}


@pytest.mark.parametrize(
    ("feature", "code"),
    [
        (_feature(properties={"code": "?"}), "pattern"),
        (_feature(properties={"code": 7}), "type"),
        (_feature(properties={"level": "planet"}), "unknown"),
        (_feature(properties={"parent_code": "nowhere"}), "unknown"),
        (_feature(properties={"name_zh": "", "name_en": ""}), "required"),
        (_feature(properties={"name_zh": "格" * 121}), "too_long"),
        (_feature(properties={"n_dwellings": -3}), "type"),
        (_feature(properties={"n_dwellings": True}), "type"),
        (_feature(**_point(10.0, 50.0)), "outside"),
        (_feature(**_point(23.06, 113.31)), "range"),
        (_feature(**_point(435_000.0, 2_550_000.0)), "metres"),
        (_feature(**_point("113.31", 23.06)), "not_a_number"),
        (_feature(geometry={"type": "Polygon", "coordinates": [[[113.31, 23.06]]]}), "geometry"),
        (_feature(geometry={"type": "Polygon"}), "geometry"),
        ({"type": "Street"}, "not_a_feature"),
    ],
)
def test_every_fault_of_a_place_is_named(small_town: SmallTown, feature: dict[str, Any], code: str):
    file = {"type": "FeatureCollection", "features": [feature, _feature("n4")]}
    sent = SimpleUploadedFile("places.geojson", json.dumps(file).encode())
    path = f"/t/{small_town.town.slug}/office/places/"

    answer = _client(small_town, "manager").post(path, {"file": sent, "system": "wgs84"})

    assert answer.status_code == 422
    assert code in {one["code"] for one in answer.context["problems"]}
    with small_town.scope():
        assert not Place.objects.filter(code="n4").exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[[[[[", b"\xff\xfe\x00", b"null", b'{"type": "FeatureCollection"}'])
def test_a_broken_file_of_places_is_refused_in_words(small_town: SmallTown, content: bytes):
    path = f"/t/{small_town.town.slug}/office/places/"
    for name in ("places.geojson", "places.csv"):
        answer = _client(small_town, "manager").post(path, {"file": SimpleUploadedFile(name, content)})
        assert answer.status_code == 422 and answer.context["problems"], name


def test_a_file_that_names_another_system_is_refused(small_town: SmallTown):
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}}
    file = {"type": "FeatureCollection", "crs": crs, "features": [_feature()]}
    path = f"/t/{small_town.town.slug}/office/places/"
    sent = SimpleUploadedFile("places.geojson", json.dumps(file).encode())

    answer = _client(small_town, "manager").post(path, {"file": sent})

    assert "projected" in {one["code"] for one in answer.context["problems"]}


def test_a_manager_lays_out_new_places_from_a_file(small_town: SmallTown):
    file = {"type": "FeatureCollection", "features": [_feature()]}
    sent = SimpleUploadedFile("places.geojson", json.dumps(file).encode())

    answer = _client(small_town, "manager").post(f"/t/{small_town.town.slug}/office/places/", {"file": sent})

    assert answer.status_code == 302
    with small_town.scope():
        assert Place.objects.get(code="n3").path == "north/n3/"


@pytest.mark.parametrize(
    ("key", "reads", "writes"), [("auditor", 200, 403), ("coordinator", 403, 403), ("resident", 403, 403)]
)
def test_places_are_brought_in_by_managers_only(small_town: SmallTown, key: str, reads: int, writes: int):
    client, path = _client(small_town, key), f"/t/{small_town.town.slug}/office/places/"
    sent = SimpleUploadedFile("p.geojson", json.dumps({"type": "FeatureCollection", "features": [_feature()]}).encode())

    assert client.get(path).status_code == reads
    assert client.get(f"{path}export.csv").status_code == reads
    assert client.post(path, {"file": sent}).status_code == writes


# --- what maps draw --------------------------------------------------------------------------------------------------


def test_a_map_draws_the_lowest_places_and_asks_again_only_after_a_change(small_town: SmallTown):
    client, path = Client(), f"/t/{small_town.town.slug}/map/grids.json"
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first["ETag"]})
    with small_town.scope():
        actions.grow_edition(small_town.town)
    later = client.get(path, headers={"If-None-Match": first["ETag"]})

    assert {one["properties"]["code"] for one in first.json()["features"]} == {"n1", "n2", "s1", "s2"}
    assert (again.status_code, later.status_code) == (304, 200)


def test_a_layer_that_is_none_is_not_found(small_town: SmallTown):
    assert Client().get(f"/t/{small_town.town.slug}/map/secrets.json").status_code == 404


def test_a_town_and_a_place_with_characters_that_are_not_text_in_their_names_are_refused(small_town: SmallTown):
    place = actions.NewPlace("n9", "grid", "北九格", "North\0 9", "north")
    town = actions.NewTown(
        "new-town", "新\0镇", "New\ud800", (113.3, 23.0, 113.4, 23.1), calendar=small_town.town.calendar
    )

    with small_town.scope(), pytest.raises(InvalidInput) as of_place:
        actions.lay_out(actor=small_town.actor("manager"), town=small_town.town, places=[place], at=NOW)
    with pytest.raises(InvalidInput) as of_town:
        actions.found(town, at=NOW)

    assert [(one.where, one.code) for one in of_place.value.problems] == [("places[0].name_en", "not_text")]
    assert [(one.where, one.code) for one in of_town.value.problems] == [
        ("name_zh", "not_text"),
        ("name_en", "not_text"),
    ]
