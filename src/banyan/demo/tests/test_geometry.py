"""The demonstration town on the drawing board."""

from collections import Counter

import numpy as np
import pytest
import shapely
from shapely.strtree import STRtree

from banyan.base.errors import InvalidInput
from banyan.demo.geometry import plan_town
from banyan.demo.geometry.terrain import to_lonlat, to_metres
from banyan.demo.tests.towns import town_of

SEEDS = (1, 7, 2026)


@pytest.fixture(scope="module", params=SEEDS)
def town(request):
    return town_of(request.param)


def polygon(thing):
    return shapely.Polygon(thing.ring)


def in_metres(ring):
    return to_metres(np.asarray(ring))


def test_forty_grids_tile_the_town_without_gap_or_overlap(town):
    grids = [polygon(grid) for grid in town.grids]
    whole = shapely.union_all(grids)

    assert len(grids) == 40
    assert all(shapely.is_valid(grids))
    assert whole.geom_type == "Polygon"
    assert not whole.interiors
    assert sum(grid.area for grid in grids) == pytest.approx(whole.area, rel=1e-12)


def test_grids_have_the_size_one_worker_can_walk(town):
    assert all(10_000 <= grid.area_m2 <= 60_000 for grid in town.grids)
    for grid in town.grids:
        assert shapely.Polygon(in_metres(grid.ring)).area == pytest.approx(grid.area_m2, rel=1e-3)


def test_four_communities_and_a_village_are_exactly_their_grids(town):
    assert Counter(c.level for c in town.communities) == {"community": 4, "village": 1}
    for community in town.communities:
        grids = shapely.union_all([polygon(g) for g in town.grids if g.community == community.code])

        assert polygon(community).symmetric_difference(grids).area == pytest.approx(0.0, abs=1e-16)


def test_six_hundred_buildings_stand_each_in_exactly_one_grid(town):
    grids = STRtree([polygon(grid) for grid in town.grids])

    assert len(town.buildings) == 600
    for building in town.buildings:
        holding = grids.query(polygon(building), predicate="within")
        centre = grids.query(shapely.Point(building.lon, building.lat), predicate="within")

        assert [town.grids[k].code for k in holding] == [building.grid]
        assert list(centre) == list(holding)


def test_no_two_buildings_touch_and_none_stands_in_water_or_on_a_street(town):
    footprints = [polygon(building) for building in town.buildings]
    tree = STRtree(footprints)
    water = [polygon(g) for g in town.grounds if g.kind in {"river", "creek", "pond"}]
    lines = [shapely.LineString(street.line) for street in town.streets]

    assert all(shapely.is_valid(footprints))
    left, right = tree.query(footprints, predicate="intersects")
    assert all(left == right)
    assert tree.query(water, predicate="intersects").size == 0
    assert tree.query(lines, predicate="intersects").size == 0


def test_streets_run_inside_the_town_and_bridges_cross_water(town):
    whole = shapely.union_all([polygon(grid) for grid in town.grids]).buffer(1.2e-4)
    water = shapely.union_all([polygon(g) for g in town.grounds if g.kind in {"river", "creek"}])
    bridges = [shapely.LineString(s.line) for s in town.streets if s.kind == "bridge"]

    assert all(whole.covers(shapely.LineString(street.line)) for street in town.streets)
    assert len(bridges) == 6
    assert all(bridge.crosses(water) for bridge in bridges)


def test_nine_thousand_dwellings_are_numbered_without_a_repeat(town):
    assert town.n_dwellings == 9000
    for building in town.buildings:
        numbers = list(building.dwellings())

        assert len(set(numbers)) == len(numbers) == building.n_dwellings
        assert building.n_dwellings <= building.entrances * building.storeys * building.units_per_floor or not numbers


def test_every_kind_of_facility_is_there_and_lies_in_its_grid(town):
    grids = {grid.code: polygon(grid) for grid in town.grids}
    wanted = {
        "town_office", "library", "market", "clinic", "kindergarten", "elderly_centre", "committee", "service_station",
        "pharmacy", "police_post", "fire_station", "waste_station", "school", "park", "square", "sports_field",
        "bus_stop",
    }  # fmt: skip

    assert wanted <= {facility.kind for facility in town.facilities}
    assert sum(f.kind == "committee" for f in town.facilities) == 5
    assert all(grids[f.grid].covers(shapely.Point(f.lon, f.lat)) for f in town.facilities)


def test_everything_has_a_code_of_its_own_and_a_name_in_both_languages(town):
    for things in (town.communities, town.grids, town.estates, town.buildings, town.facilities, town.streets):
        codes = [thing.code for thing in things]

        assert len(set(codes)) == len(codes)
        assert all(thing.name.zh and thing.name.en for thing in things)
        assert all(any("\u4e00" <= c <= "\u9fff" for c in thing.name.zh) for thing in things)
        assert not any("\u4e00" <= c <= "\u9fff" for thing in things for c in thing.name.en)
    addresses = [building.address for building in town.buildings]
    assert len({a.zh for a in addresses}) == len({a.en for a in addresses}) == 600


def test_the_same_seed_draws_the_same_town_and_another_seed_another():
    assert plan_town(seed=7).digest() == town_of(7).digest()
    assert town_of(1).digest() != town_of(7).digest()


@pytest.mark.parametrize(("scale", "wanted"), [(0.05, 450), (3.0, 27000)])
def test_the_scale_multiplies_the_dwellings_and_leaves_the_streets(scale, wanted):
    town, small = town_of(7), town_of(7, scale)

    assert small.n_dwellings == wanted == sum(len(list(b.dwellings())) for b in small.buildings)
    assert small.streets == town.streets
    assert [b.ring for b in small.buildings] == [b.ring for b in town.buildings]


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), 1e6])
def test_a_scale_that_makes_no_town_is_refused(scale):
    with pytest.raises(InvalidInput, match="scale"):
        plan_town(seed=1, scale=scale)


def test_local_metres_and_the_globe_agree_within_a_centimetre():
    xy = np.array([[0.0, 0.0], [-700.0, 560.0], [680.0, -550.0]])

    assert np.abs(to_metres(to_lonlat(xy)) - xy).max() < 0.01
