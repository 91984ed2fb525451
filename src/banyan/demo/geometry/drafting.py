"""Put names, addresses and codes to what was drawn, and hand over the plan of the town."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import shapely
from shapely.strtree import STRtree

from banyan.base.errors import InvalidInput
from banyan.base.rng import stream
from banyan.demo import names
from banyan.demo.geometry import layout, plan
from banyan.demo.geometry.fabric import Footprint, GroundShape, build_up, fields
from banyan.demo.geometry.housing import N_BUILDINGS, Stack, stack_up
from banyan.demo.geometry.network import Cell, Network, Road, draw_network
from banyan.demo.geometry.terrain import Shape, Terrain, line_of, point_of, ring_of
from banyan.demo.names import Name

ESTATE_USES: Final = ("walkup", "tower", "slab")
COMPANIES: Final = ("banyan_property", "river_bay_property", "south_bridge_property")
_COMPANY_OF: Final = dict(zip(("rongyin", "jiangwan", "qiaonan", "wangjiang"), (*COMPANIES, COMPANIES[1]), strict=True))
BUS_STOP_EVERY_M: Final = 360.0

_FACILITY: Final = {
    "town_office": Name("镇人民政府", "Town Office"),
    "library": Name("图书馆", "Library"),
    "market": Name("农贸市场", "Market"),
    "clinic": Name("卫生服务站", "Health Station"),
    "kindergarten": Name("幼儿园", "Kindergarten"),
    "elderly_centre": Name("长者服务中心", "Elderly Centre"),
    "committee": Name("居民委员会", "Residents' Committee"),
    "service_station": Name("星火服务站", "Spark Service Station"),
    "pharmacy": Name("药房", "Pharmacy"),
    "police_post": Name("警务室", "Police Post"),
    "fire_station": Name("消防救援站", "Fire Station"),
    "waste_station": Name("垃圾转运站", "Waste Transfer Station"),
    "pumping_station": Name("排涝泵站", "Pumping Station"),
    "school": Name("学校", "School"),
    "school_small": Name("小学", "Primary School"),
    "pavilion": Name("凉亭", "Pavilion"),
    "ancestral_hall": Name("祠堂", "Ancestral Hall"),
    "park": Name("公园", "Park"),
    "hill_park": Name("山地公园", "Hill Park"),
    "square": Name("广场", "Square"),
    "sports_field": Name("运动场", "Sports Field"),
    "orchard": Name("果园", "Orchard"),
}
_BUILDING: Final = {
    "tower": Name("栋", "Block"),
    "arcade": Name("骑楼", "Arcade House"),
    "village_house": Name("民居", "House"),
    "shop": Name("商铺", "Shops"),
    "office": Name("办公楼", "Offices"),
    "works": Name("厂房", "Works Hall"),
}


def plan_town(*, seed: int, scale: float = 1.0) -> plan.Town:
    """Plan the demonstration town.

    Parameters
    ----------
    seed
        Same seed and scale, same town; another seed bends the river and draws every street and house anew.
    scale
        Multiplies the dwellings (9,000 at 1) and, in `requests_model`, the requests; in (0, 1000].

    Returns
    -------
    plan.Town
        40 grids that tile four communities and a village, 600 buildings off roads and water, each in one grid.

    Raises
    ------
    InvalidInput
        The scale is not in its range.
    """
    if not 0 < scale <= 1000:
        raise InvalidInput("the town", [f"scale is {scale}, needs more than 0 and at most 1000"])
    terrain = _terrain(stream(seed, "demo", "terrain"))
    network = draw_network(terrain, stream(seed, "demo", "network"))
    drawn, open_ground = build_up(network, terrain, stream(seed, "demo", "fabric"))
    footprints = _trimmed(drawn, network, terrain)
    open_ground += fields(network, terrain, footprints, open_ground)
    stacks = stack_up([f.kind for f in footprints], stream(seed, "demo", "housing"), scale=scale)
    estates = _estates(network, stream(seed, "demo", "estates"))
    streets = tuple(_street(road, terrain) for road in network.roads)
    buildings = _buildings(network, footprints, stacks, estates, terrain, stream(seed, "demo", "years"))
    grids = tuple(_grid(cell) for cell in network.cells)
    return plan.Town(
        seed=seed,
        scale=scale,
        name=names.TOWN,
        communities=_communities(grids),
        grids=grids,
        estates=tuple(estates.values()),
        buildings=buildings,
        facilities=_facilities(network, footprints, buildings, open_ground, terrain),
        streets=streets,
        grounds=tuple(_grounds(network, open_ground, terrain)),
    )


def _terrain(rng: np.random.Generator) -> Terrain:
    return Terrain(
        long_m=float(rng.uniform(98, 112)),
        short_m=float(rng.uniform(13, 19)),
        long_phase=float(rng.uniform(0.15, 0.65)),
        short_phase=float(rng.uniform(0, 2 * np.pi)),
    )


def _trimmed(drawn: Sequence[Footprint], network: Network, terrain: Terrain) -> list[Footprint]:
    """Keep 600 buildings: of the village houses those nearest to the village avenue; fields lie beyond."""
    avenue = terrain.bent(next(r.line for r in network.roads if r.key == "longyan"))
    houses = sorted((f for f in drawn if f.kind == "village_house"), key=lambda f: float(f.shape.distance(avenue)))
    n_others = len(drawn) - len(houses)
    if len(drawn) < N_BUILDINGS:
        raise InvalidInput("the town", [f"the layout has room for {len(drawn)} buildings, needs {N_BUILDINGS}"])
    kept = {id(f) for f in houses[: N_BUILDINGS - n_others]}
    return [f for f in drawn if f.kind != "village_house" or id(f) in kept]


def _grid(cell: Cell) -> plan.Grid:
    community, number = names.COMMUNITIES[cell.plot.community], int(cell.plot.key[-2:])
    name = Name(f"{community.zh}第{number}网格", f"{community.en} Grid {number}")
    area_m2 = round(float(cell.local.area), 1)
    return plan.Grid(cell.plot.key, cell.plot.community, name, ring_of(cell.local), area_m2, cell.plot.use)


def _communities(grids: Sequence[plan.Grid]) -> tuple[plan.Community, ...]:
    made = []
    for code, name in names.COMMUNITIES.items():
        # joined from the rounded rings of the grids, so that a community is exactly its grids
        whole = shapely.union_all([shapely.Polygon(g.ring) for g in grids if g.community == code])
        ring = shapely.get_coordinates(shapely.geometry.polygon.orient(whole).exterior)
        level = "village" if code == "longyan" else "community"
        made.append(plan.Community(code, level, name, tuple((float(x), float(y)) for x, y in ring)))
    return tuple(made)


def _estates(network: Network, rng: np.random.Generator) -> dict[str, plan.Estate]:
    """One estate per housing grid; the oldest walk-ups have no property company."""
    estates, spare = {}, iter(names.ESTATES)
    for cell in network.cells:
        plot = cell.plot
        if plot.use in ESTATE_USES:
            built = int(rng.integers(*plot.built, endpoint=True))
            company = "" if plot.use == "walkup" and built < 1990 else _COMPANY_OF[plot.community]
            estates[plot.key] = plan.Estate(f"estate-{plot.key}", next(spare), plot.key, plot.use, built, company)
    return estates


def _buildings(
    network: Network,
    footprints: Sequence[Footprint],
    stacks: Sequence[Stack],
    estates: dict[str, plan.Estate],
    terrain: Terrain,
    rng: np.random.Generator,
) -> tuple[plan.Building, ...]:
    plots = {cell.plot.key: cell.plot for cell in network.cells}
    addresses = _Addresses(network.roads, terrain)
    counts: Counter[str] = Counter()
    made = []
    for number, (footprint, stack) in enumerate(zip(footprints, stacks, strict=True), start=1):
        plot, estate = plots[footprint.plot_key], estates.get(footprint.plot_key)
        address = addresses.next_for(footprint.shape.centroid)
        counts[f"{plot.key}{footprint.kind}"] += 1
        centre = point_of(footprint.shape.representative_point())
        in_estate = estate if footprint.kind in ESTATE_USES else None
        year = in_estate.built_in if in_estate else plot.built[0]
        made.append(
            plan.Building(
                code=f"B{number:03d}",
                kind=footprint.kind,
                name=_building_name(footprint, plot, in_estate, address, counts[f"{plot.key}{footprint.kind}"]),
                address=address,
                grid=plot.key,
                community=plot.community,
                estate=in_estate.code if in_estate else "",
                ring=ring_of(footprint.shape),
                lon=centre[0],
                lat=centre[1],
                storeys=stack.storeys,
                entrances=stack.entrances,
                units_per_floor=stack.units_per_floor,
                n_dwellings=stack.n_dwellings,
                built_in=year + int(rng.integers(0, 3 if in_estate else plot.built[1] - year + 1)),
                has_lift=footprint.kind in {"tower", "slab"} or (footprint.kind == "office" and stack.storeys > 4),
            )
        )
    return tuple(made)


def _building_name(footprint: Footprint, plot: layout.Plot, estate: plan.Estate | None, address: Name, n: int) -> Name:
    if estate is not None:
        return Name(f"{estate.name.zh}{n}栋", f"{estate.name.en} Block {n}")
    if footprint.feature:
        return _facility_name(footprint.feature, plot)
    kind = _BUILDING[footprint.kind if footprint.kind in _BUILDING else "tower"]
    return Name(f"{address.zh}{kind.zh}", f"{kind.en}, {address.en}")


_TOWN_WIDE: Final = {"town_office", "library", "service_station", "fire_station", "waste_station"}


def _facility_name(feature: str, plot: layout.Plot) -> Name:
    kind = _FACILITY[feature]
    if feature in _TOWN_WIDE:
        return Name(f"榕江{kind.zh}" if feature != "town_office" else "榕江镇政府", f"Rongjiang {kind.en}")
    community = names.COMMUNITIES[plot.community]
    if feature == "committee" and plot.community == "longyan":
        return Name("龙眼村村民委员会", "Longyan Villagers' Committee")
    short_en = community.en.removesuffix(" Community").removesuffix(" Village")
    if feature == "committee":
        return Name(f"{community.zh}{kind.zh}", f"{short_en} {kind.en}")
    return Name(f"{community.zh.removesuffix('社区')}{kind.zh}", f"{short_en} {kind.en}")


class _Addresses:
    """Gives out house numbers along the nearest street: odd on one side, even on the other, each once."""

    def __init__(self, roads: Sequence[Road], terrain: Terrain) -> None:
        self._roads = [road for road in roads if road.kind != "bridge"]
        self._lines = [terrain.bent(road.line) for road in self._roads]
        self._tree = STRtree(self._lines)
        self._used: set[tuple[str, int]] = set()

    def next_for(self, point: Shape) -> Name:
        """Return the next free number near `point`."""
        k = int(self._tree.nearest(point))
        road, line = self._roads[k], self._lines[k]
        along = line.project(point)
        number = 2 * int(along // 9) + (1 if _is_left(line, point, along) else 2)
        while (road.key, number) in self._used:
            number += 2
        self._used.add((road.key, number))
        return Name(f"{road.name.zh}{number}号", f"{number} {road.name.en}")


def _is_left(line: Shape, point: Shape, along: float) -> bool:
    a, b = line.interpolate(along - 1), line.interpolate(along + 1)
    return bool((b.x - a.x) * (point.y - a.y) > (b.y - a.y) * (point.x - a.x))


def _street(road: Road, terrain: Terrain) -> plan.Street:
    return plan.Street(road.key, road.kind, road.name, line_of(terrain.bent(road.line)), road.width_m)


def _grounds(network: Network, open_ground: Sequence[GroundShape], terrain: Terrain) -> Iterable[plan.Ground]:
    named = {"river": (network.river, names.RIVER), "creek": (network.creek, names.CREEK)}
    for kind, (shape, name) in named.items():
        for n, part in enumerate(_parts(terrain.bent(shape)), start=1):
            yield plan.Ground(f"{kind}-{n}", kind, name, ring_of(part))
    plots = {cell.plot.key: cell.plot for cell in network.cells}
    counts: Counter[str] = Counter()
    for ground in open_ground:
        for part in _parts(ground.shape):
            counts[ground.kind] += 1
            name = _facility_name(ground.feature, plots[ground.plot_key]) if ground.feature else Name("", "")
            yield plan.Ground(f"{ground.kind}-{counts[ground.kind]}", ground.kind, name, ring_of(part))


def _parts(shape: Shape) -> list[Shape]:
    return [p for p in getattr(shape, "geoms", [shape]) if p.geom_type == "Polygon" and p.area > 20]


def _facilities(
    network: Network,
    footprints: Sequence[Footprint],
    buildings: Sequence[plan.Building],
    open_ground: Sequence[GroundShape],
    terrain: Terrain,
) -> tuple[plan.Facility, ...]:
    """Facilities in buildings, on open ground, and bus stops; each feature of a grid once."""
    plots = {cell.plot.key: cell.plot for cell in network.cells}
    made: dict[tuple[str, str], plan.Facility] = {}
    for footprint, building in zip(footprints, buildings, strict=True):
        if footprint.feature:
            name = _facility_name(footprint.feature, plots[footprint.plot_key])
            _keep(made, footprint.feature, name, (building.lon, building.lat), footprint.plot_key, building.code)
    for ground in open_ground:
        if ground.feature:
            name = _facility_name(ground.feature, plots[ground.plot_key])
            _keep(made, ground.feature, name, point_of(ground.shape.representative_point()), ground.plot_key, "")
    return (*made.values(), *_bus_stops(network, terrain))


def _keep(
    made: dict[tuple[str, str], plan.Facility], kind: str, name: Name, at: tuple[float, float], grid: str, building: str
) -> None:
    kind = {"school_small": "school", "hill_park": "park"}.get(kind, kind)
    made.setdefault((kind, grid), plan.Facility(f"{kind}-{grid}", kind, name, *at, grid, building))


def _bus_stops(network: Network, terrain: Terrain) -> Iterable[plan.Facility]:
    cells = STRtree([cell.local for cell in network.cells])
    for road in network.roads:
        if road.kind not in {"road", "avenue"} or "ring" in road.key:
            continue
        line = terrain.bent(road.line)
        kerb = line.offset_curve(road.width_m / 2 + 1.5)
        for n, along in enumerate(np.arange(BUS_STOP_EVERY_M / 2, line.length, BUS_STOP_EVERY_M), start=1):
            point = kerb.interpolate(float(along / line.length), normalized=True)
            hit = cells.query(point, predicate="within")
            if len(hit):
                name = Name(f"{road.name.zh}{n}站", f"{road.name.en} Stop {n}")
                grid = network.cells[int(hit[0])].plot.key
                yield plan.Facility(f"bus_stop-{road.key}-{n}", "bus_stop", name, *point_of(point), grid, "")
