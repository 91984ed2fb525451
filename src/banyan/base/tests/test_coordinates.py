"""Points and the shifted coordinate systems of Chinese maps."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.base.coordinates import (
    Bounds,
    LonLat,
    System,
    convert,
    haversine_m,
    lonlat_problems,
    valid_lonlat,
)
from banyan.base.errors import InvalidInput

# Vectors published with the tests of the eviltransform project: WGS84 and GCJ-02, (lat, lon).
PUBLISHED = [
    ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),  # Shanghai
    ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),  # Shenzhen
    ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),  # Beijing
]
# Published with the tests of the coordtransform project, all for the numbers (116.404, 39.915): forward ways.
PUBLISHED_FORWARD = [
    (System.WGS84, System.GCJ02, LonLat(116.41024449916938, 39.91640428150164)),
    (System.GCJ02, System.BD09, LonLat(116.41036949371029, 39.92133699351021)),
    (System.WGS84, System.BD09, LonLat(116.41662724378733, 39.922699552216216)),
]
# Same place: ways back by one-step inverses, which miss by up to two metres.
PUBLISHED_BACK = [
    (System.GCJ02, System.WGS84, LonLat(116.39775550083061, 39.91359571849836)),
    (System.BD09, System.GCJ02, LonLat(116.39762729119315, 39.90865673957631)),
    (System.BD09, System.WGS84, LonLat(116.3913836995125, 39.907253214522164)),
]

HAIZHU = Bounds(west=113.23, south=23.03, east=113.42, north=23.12)
in_china = st.builds(LonLat, st.floats(73.5, 134.8), st.floats(18.1, 53.6))
on_earth = st.builds(LonLat, st.floats(-180, 180), st.floats(-90, 90))
systems = st.sampled_from(System)


def _codes(lon: object, lat: object, bounds: Bounds | None = None) -> list[tuple[str, str]]:
    return [(problem.where, problem.code) for problem in lonlat_problems(lon, lat, bounds=bounds)]  # type: ignore[arg-type]


@pytest.mark.parametrize(("wgs84", "gcj02"), PUBLISHED)
def test_a_point_moves_to_gcj02_as_published(wgs84: tuple[float, float], gcj02: tuple[float, float]) -> None:
    moved = convert(LonLat(wgs84[1], wgs84[0]), source=System.WGS84, target=System.GCJ02)

    assert (moved.lat, moved.lon) == pytest.approx(gcj02, abs=1e-9)


@pytest.mark.parametrize(("source", "target", "published"), PUBLISHED_FORWARD)
def test_a_point_moves_forward_exactly_as_published(source: System, target: System, published: LonLat) -> None:
    moved = convert(LonLat(116.404, 39.915), source=source, target=target)

    assert haversine_m(moved, published) < 1e-6


@pytest.mark.parametrize(("source", "target", "published"), PUBLISHED_BACK)
def test_a_point_comes_back_where_the_published_inverses_put_it(
    source: System, target: System, published: LonLat
) -> None:
    moved = convert(LonLat(116.404, 39.915), source=source, target=target)

    assert haversine_m(moved, published) < 2.0


@given(in_china, systems, systems)
def test_there_and_back_again_stays_within_a_millimetre(point: LonLat, source: System, target: System) -> None:
    back = convert(convert(point, source=source, target=target), source=target, target=source)

    assert haversine_m(point, back) < 0.001


@given(in_china, systems, systems, systems)
def test_a_detour_over_a_third_system_ends_at_the_same_place(point: LonLat, a: System, b: System, c: System) -> None:
    direct = convert(point, source=a, target=c)
    detour = convert(convert(point, source=a, target=b), source=b, target=c)

    assert haversine_m(direct, detour) < 0.001


@given(in_china)
def test_a_forgotten_conversion_shows_as_some_hundred_metres(point: LonLat) -> None:
    shift_m = haversine_m(point, convert(point, source=System.WGS84, target=System.GCJ02))

    assert 20 < shift_m < 1_500


@pytest.mark.parametrize(
    "outside",
    [LonLat(-71.0589, 42.3601), LonLat(2.35, 48.85), LonLat(0.0, 0.0), LonLat(139.69, 35.69), LonLat(180.0, 90.0)],
)
def test_outside_china_the_three_systems_agree(outside: LonLat) -> None:
    for source, target in product(System, System):
        assert convert(outside, source=source, target=target) == outside


@given(on_earth, systems, systems)
def test_no_point_on_earth_breaks_the_conversion(point: LonLat, source: System, target: System) -> None:
    moved = convert(point, source=source, target=target)

    assert haversine_m(point, moved) < 5_000


@given(on_earth, on_earth, on_earth)
def test_distance_is_a_distance(a: LonLat, b: LonLat, c: LonLat) -> None:
    assert haversine_m(a, a) == 0.0
    assert haversine_m(a, b) == haversine_m(b, a)
    assert haversine_m(a, c) <= haversine_m(a, b) + haversine_m(b, c) + 0.01


def test_known_distances_come_out() -> None:
    quarter_m = math.pi / 2 * 6_371_008.8

    assert haversine_m(LonLat(0, 0), LonLat(90, 0)) == pytest.approx(quarter_m)
    assert haversine_m(LonLat(77, -90), LonLat(5, 0)) == pytest.approx(quarter_m)
    assert haversine_m(LonLat(179.9995, 0), LonLat(-179.9995, 0)) == pytest.approx(111.195, abs=0.001)
    assert haversine_m(LonLat(0, 0), LonLat(180, 0)) == pytest.approx(2 * quarter_m)


@pytest.mark.parametrize(
    ("lon", "lat", "expected"),
    [
        (113.3, 23.1, []),
        (181.0, 23.1, [("lon", "range")]),
        (23.1, 113.3, [("lat", "range"), ("", "swapped")]),
        (200.0, -91.0, [("lon", "range"), ("lat", "range")]),
        (12_612_500.0, 2_640_000.0, [("lon", "range"), ("lat", "range"), ("", "metres")]),
        (math.nan, 23.1, [("lon", "not_finite")]),
        (math.inf, -math.inf, [("lon", "not_finite"), ("lat", "not_finite")]),
        (10**400, 23, [("lon", "not_finite")]),
        ("113.3", None, [("lon", "not_a_number"), ("lat", "not_a_number")]),
        (True, 23.1, [("lon", "not_a_number")]),
        (math.nan, 400.0, [("lon", "not_finite"), ("lat", "range")]),
    ],
)
def test_every_problem_of_a_point_is_listed(lon: object, lat: object, expected: list[tuple[str, str]]) -> None:
    assert _codes(lon, lat) == expected


def test_a_point_outside_the_town_is_told_with_the_likely_cause() -> None:
    assert _codes(113.3, 23.1, HAIZHU) == []
    assert _codes(120.0, 30.0, HAIZHU) == [("", "outside")]
    assert _codes(23.1, 113.3, HAIZHU) == [("lat", "range"), ("", "swapped")]
    assert _codes(42.36, -71.06, Bounds(west=-71.2, south=42.2, east=-70.9, north=42.4)) == [
        ("", "outside"),
        ("", "swapped"),
    ]


def test_a_point_that_is_none_cannot_be_made() -> None:
    with pytest.raises(InvalidInput) as refusal:
        LonLat(math.nan, 91.0)
    assert [problem.where for problem in refusal.value.problems] == ["lon", "lat"]

    with pytest.raises(InvalidInput):
        valid_lonlat(120.0, 30.0, bounds=HAIZHU)
    assert valid_lonlat(113.3, 23.1, bounds=HAIZHU) == LonLat(113.3, 23.1)
