"""What looks like the same thing: words of both languages, nearness, time, and the grid in which it is looked up."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from banyan.apps.service_requests import queries
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.rules.likeness import (
    REACH_M,
    REACH_TIME,
    Seen,
    bound,
    cell,
    cells_around,
    cosine,
    grams,
    likeness,
)
from banyan.base.coordinates import LonLat, haversine_m
from banyan.demo import likeness_set as labelled
from tests.towns import NOW, SmallTown

HERE = LonLat(113.31, 23.06)
AT = datetime(2026, 3, 18, tzinfo=UTC)
TEXTS = st.text(max_size=60)


@given(st.floats(-179.9, 179.9), st.floats(-85, 85), st.floats(0, 2 * math.pi), st.floats(0, REACH_M))
def test_whatever_lies_within_reach_lies_in_one_of_the_nine_cells(
    lon: float, lat: float, bearing: float, distance_m: float
) -> None:
    other_lat = lat + distance_m * math.cos(bearing) / 111_195
    other_lon = lon + distance_m * math.sin(bearing) / 111_195 / math.cos(math.radians(lat))
    other_lon = (other_lon + 180) % 360 - 180
    if haversine_m(LonLat(lon, lat), LonLat(other_lon, other_lat)) <= REACH_M:
        assert cell(other_lon, other_lat) in cells_around(lon, lat)


@given(TEXTS, TEXTS)
def test_words_are_alike_both_ways_and_most_to_themselves(one: str, other: str) -> None:
    assert cosine(grams(one), grams(other)) == pytest.approx(cosine(grams(other), grams(one)))
    assert 0 <= cosine(grams(one), grams(other)) <= 1
    if grams(one):
        assert cosine(grams(one), grams(one)) == pytest.approx(1)


def test_width_and_case_of_letters_do_not_count_and_other_things_are_not_alike() -> None:
    assert cosine(grams("Lamp A12 坏了"), grams("ｌａｍｐ ａ12 坏了")) == pytest.approx(1)
    alike = cosine(grams("东门的路灯从昨晚起不亮了"), grams("东门路灯不亮，看不清"))
    assert alike > 3 * cosine(grams("东门的路灯从昨晚起不亮了"), grams("西巷垃圾桶满了"))


@given(st.floats(-0.002, 0.002), st.floats(-0.002, 0.002), st.integers(-200, 200), TEXTS, TEXTS)
def test_no_likeness_passes_its_bound_and_time_counts_both_ways(
    dlon: float, dlat: float, days: int, one: str, other: str
) -> None:
    point = LonLat(HERE.lon + dlon, HERE.lat + dlat)
    first, second = Seen(grams(one), HERE, AT), Seen(grams(other), point, AT + timedelta(days=days))
    alike = likeness(first, second)
    assert alike.score == pytest.approx(likeness(second, first).score)
    if alike.near:
        assert alike.score <= bound(first, point, at=second.at) + 1e-9
    assert (alike.recent > 0) == (abs(timedelta(days=days)) < REACH_TIME)


def test_a_row_of_before_gets_its_cell_by_the_migration(small_town: SmallTown) -> None:
    received = small_town.report()
    with small_town.scope():
        wanted = ServiceRequest.objects.get(id=received.id).cell
        assert wanted == cell(113.31, 23.06)
        ServiceRequest.objects.filter(id=received.id).update(cell=None)
    migration = import_module("banyan.apps.service_requests.migrations.0004_near_reports")

    migration.fill(apps, SimpleNamespace(connection=connection))

    with small_town.scope():
        assert ServiceRequest.objects.get(id=received.id).cell == wanted


def test_duplicates_are_suggested_both_ways_in_time_and_only_within_reach(small_town: SmallTown) -> None:
    early = small_town.report(at=NOW - timedelta(days=3))
    late = small_town.report("neighbour", at=NOW, lon=113.3105)
    far = small_town.report("worker", at=NOW, lon=113.3125)
    with small_town.scope():
        rows = ServiceRequest.objects.in_bulk()
        found = {one: [s.id for s in queries.duplicates_of(rows[one], town=small_town.town)] for one in rows}
    assert found == {early.id: [late.id], late.id: [early.id], far.id: []}


@pytest.mark.django_db
def test_looking_for_near_reports_never_walks_through_the_town(small_town: SmallTown) -> None:
    from banyan.apps.service_requests.queries import likeness as looking

    for key in ("resident", "neighbour", "worker"):
        small_town.report(key)
    with small_town.scope():
        plan = looking._candidates(HERE, at=NOW).values_list("id").explain()
    if connection.vendor == "sqlite":
        assert "requests_near" in plan


def test_the_labelled_set_is_the_same_each_time_and_says_which_is_whose() -> None:
    first, second = (labelled.likeness_set(n_reports=300, n_pairs=40, scale=0.05) for _ in range(2))
    assert first == second
    names = {one.key: one for one in first.standing}
    assert len(first.duplicates) == 40
    for one in first.duplicates:
        parent = names[one.parent]
        assert haversine_m(LonLat(one.lon, one.lat), LonLat(parent.lon, parent.lat)) <= 152
        assert timedelta(0) <= one.at - parent.at <= labelled.LATEST
