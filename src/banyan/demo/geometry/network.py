"""Draw river, creek, roads and the grids between them, bent into the terrain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import shapely

from banyan.demo import names
from banyan.demo.geometry import layout
from banyan.demo.geometry.terrain import Shape, Terrain, smooth, wobbly

Line: TypeAlias = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Road:
    """One street as drawn: `kind` is avenue, road, street, lane or bridge; `line` in plan coordinates."""

    key: str
    kind: str
    name: names.Name
    line: Shape
    width_m: float


@dataclass(frozen=True, slots=True)
class Cell:
    """One grid: its plot of the master plan, polygon in plan coordinates and the same polygon in local metres."""

    plot: layout.Plot
    plan: Shape
    local: Shape


@dataclass(frozen=True, slots=True)
class Network:
    """What the town stands on: water, roads and grids."""

    river: Shape  # polygon, plan
    creek: Shape  # polygon, plan
    roads: tuple[Road, ...]
    cells: tuple[Cell, ...]


WIDTHS: Final = {"avenue": 26.0, "road": 18.0, "street": 11.0, "lane": 5.0, "bridge": 16.0}


def draw_network(terrain: Terrain, rng: np.random.Generator) -> Network:
    """Draw the network; the same generator state gives the same lines."""
    roads = _roads(rng)
    creek = smooth(layout.CREEK)
    cells = _cells(terrain, [*(r.line for r in roads if r.key in _bordering(roads)), creek])
    river = _river(rng)
    banks = creek.buffer(layout.CREEK_WIDTH_M / 2, cap_style="flat").difference(river)
    lanes = _lanes(cells, rng, water=shapely.union_all([river, banks]))
    inside = shapely.union_all([c.plan for c in cells]).buffer(8)
    open_roads = [r for r in roads if r.kind != "border"]
    kept = [_clipped(r, cells, inside) for r in open_roads] + lanes + _bridges(roads, river, banks)
    return Network(river.intersection(inside), banks.intersection(inside), tuple(kept), cells)


def _clipped(road: Road, cells: Sequence[Cell], inside: Shape) -> Road:
    """Cut off what was drawn too long: a cross street ends where the grids it separates end, and never in the river."""
    within = inside
    if road.key.startswith(("north_", "south_")) and road.kind == "street":
        beside = [c.plan for c in cells if road.line.intersection(c.plan.boundary.buffer(0.5)).length > 60]
        river = shapely.box(layout.WEST - 40, -layout.EMBANKMENT_M, layout.EAST + 40, layout.EMBANKMENT_M)
        within = shapely.union_all(beside).buffer(1).difference(river)
    line = shapely.line_merge(road.line.intersection(within))
    line = max(getattr(line, "geoms", [line]), key=lambda part: part.length)
    return Road(road.key, road.kind, road.name, line, road.width_m)


def _bordering(roads: Sequence[Road]) -> set[str]:
    return {r.key for r in roads} - {"binjiang_north", "binjiang_south"}


def _road(key: str, kind: str, points: Line) -> Road:
    return Road(key, kind, names.ROADS[key], smooth(points), WIDTHS[kind])


def _roads(rng: np.random.Generator) -> list[Road]:
    """Main roads along and across the river, then the cross streets between them."""
    west, east = layout.WEST - 12, layout.EAST + 12
    north, south = layout.NORTH_LINES, layout.SOUTH_LINES
    creek = 350.0
    along = [
        ("binjiang_north", "road", layout.EMBANKMENT_M, west, east, 0.0),
        ("binjiang_south", "road", -layout.EMBANKMENT_M, west, east, 0.0),
        ("wenchang", "road", north[0], west, east, 9.0),
        ("rongyin", "road", north[1], west, east, 10.0),
        ("north_ring", "road", north[2], west, east, 14.0),
        ("wangjiang", "road", south[0], west, creek, 8.0),
        ("sugar_mill", "road", south[1], west, creek, 9.0),
        ("south_ring", "road", south[2], west, east, 13.0),
    ]
    roads = [_road(key, kind, _sway(rng, v, a, b, by=by)) for key, kind, v, a, b, by in along]
    top, bottom = north[2] + 30, south[2] - 30
    mains = layout.MAINS
    upright = [
        ("renmin", "road", mains["renmin"], bottom, top),
        ("avenue", "avenue", mains["avenue"], bottom, top),
        ("jiangwan", "road", mains["jiangwan"], 0.0, top),
        ("west_ring", "road", layout.WEST, bottom, top),
        ("east_ring", "road", layout.EAST, bottom, top),
    ]
    roads += [_road(key, kind, _upright(rng, u, a, b, by=10.0)) for key, kind, u, a, b in upright]
    village = {
        "longyan": layout.VILLAGE_AVENUE,
        "village_cross": layout.VILLAGE_CROSS,
        "village_east": layout.VILLAGE_EAST,
    }
    roads += [_road(key, "street", line) for key, line in village.items()]
    roads.append(Road("middle_of_the_river", "border", names.RIVER, wobbly([(west, 0), (east, 0)]), 0.0))
    return roads + _cross_streets(rng)


def _sway(rng: np.random.Generator, v: float, start: float, end: float, *, by: float, every_m: float = 170) -> Line:
    n = max(3, int((end - start) / every_m))
    offsets = rng.uniform(-by, by, size=n + 1)
    return [(float(u), float(v + o)) for u, o in zip(np.linspace(start, end, n + 1), offsets, strict=True)]


def _upright(rng: np.random.Generator, u: float, low: float, high: float, *, by: float, every_m: float = 170) -> Line:
    return [(b, a) for a, b in _sway(rng, u, low, high, by=by, every_m=every_m)]


def _cross_streets(rng: np.random.Generator) -> list[Road]:
    streets, spare = [], iter(names.MINOR_STREETS)
    for (bank, band), cuts in layout.CUTS.items():
        lines = layout.NORTH_LINES if bank == "north" else layout.SOUTH_LINES
        low, high = (0.0, *lines)[band], lines[band]
        over = 18.0 * np.sign(high - low)  # a little too long on both sides, so that borders meet; the rest is cut off
        for u in cuts:
            tilt, sway = rng.uniform(-9, 9), rng.uniform(-8, 8)
            line = smooth(
                [(u - tilt, low - (over if band else 0)), (u + sway, (low + high) / 2), (u + tilt, high + over)]
            )
            streets.append(Road(f"{bank}_{band}_{u:.0f}", "street", next(spare), line, WIDTHS["street"]))
    return streets


def _cells(terrain: Terrain, lines: Sequence[Shape]) -> tuple[Cell, ...]:
    faces = list(shapely.polygonize([shapely.union_all(list(lines))]).geoms)
    of_plot = {plot.key: next(f for f in faces if f.contains(shapely.Point(plot.at))) for plot in layout.PLOTS}
    taken = {id(face) for face in of_plot.values()}
    for sliver in (
        f for f in faces if id(f) not in taken
    ):  # lines that nearly meet leave a corner: the neighbour has it
        shared = {key: face.boundary.intersection(sliver.boundary).length for key, face in of_plot.items()}
        home = max(shared, key=lambda key: shared[key])
        of_plot[home] = of_plot[home].union(sliver)
    return tuple(Cell(plot, of_plot[plot.key], terrain.bent(of_plot[plot.key])) for plot in layout.PLOTS)


def _river(rng: np.random.Generator) -> Shape:
    """Both banks wander a little, each its own way."""
    phases = rng.uniform(0, 2 * np.pi, size=2)
    u = np.arange(layout.WEST - 30, layout.EAST + 31, 10.0)
    north = layout.RIVER_HALF_M + 5 * np.sin(u / 95 + phases[0]) + 3 * np.sin(u / 41)
    south = -layout.RIVER_HALF_M - 5 * np.sin(u / 110 + phases[1]) - 3 * np.sin(u / 37)
    return shapely.Polygon(np.vstack([np.column_stack([u, north]), np.column_stack([u, south])[::-1]]))


#: How many lanes run through a grid in each direction (along u, along v), by use.
_LANES_BY_USE = {
    "old": (2, 2),
    "walkup": (1, 1),
    "village": (3, 2),
    "works": (1, 0),
    "slab": (0, 1),
    "orchard": (1, 0),
}


def _lanes(cells: Sequence[Cell], rng: np.random.Generator, *, water: Shape) -> list[Road]:
    lanes, spare = [], iter(names.LANES)
    for cell in cells:
        ground = cell.plan.difference(water.buffer(14 if cell.plot.community == "longyan" else 34))
        ground = max(getattr(ground, "geoms", [ground]), key=lambda part: part.area)
        for k, line in enumerate(_cuts_through(ground, cell.plot.use, rng)):
            name = next(spare, None) or names.Name(f"{cell.plot.key}巷{k + 1}", f"{cell.plot.key} Lane {k + 1}")
            width = 3.4 if cell.plot.community == "longyan" else WIDTHS["lane"]
            lanes.append(Road(f"lane_{cell.plot.key}_{k}", "lane", name, line, width))
    return lanes


def _cuts_through(ground: Shape, use: str, rng: np.random.Generator) -> list[Shape]:
    n_along, n_up = _LANES_BY_USE.get(use, (0, 0))
    by = 12.0 if use in {"village", "orchard"} else 3.0
    west, south, east, north = ground.bounds
    vs = np.linspace(south, north, n_along + 2)[1:-1] + rng.uniform(-by, by, n_along)
    us = np.linspace(west, east, n_up + 2)[1:-1] + rng.uniform(-by, by, n_up)
    drawn = [smooth(_sway(rng, float(v), west - 20, east + 20, by=by, every_m=75 if by > 5 else 170)) for v in vs]
    drawn += [smooth(_upright(rng, float(u), south - 20, north + 20, by=by, every_m=75 if by > 5 else 170)) for u in us]
    return [line for line in (d.intersection(ground.buffer(4)) for d in drawn) if line.geom_type == "LineString"]


def _bridges(roads: Sequence[Road], river: Shape, creek: Shape) -> list[Road]:
    lines = {r.key: r.line for r in roads}
    across = shapely.union_all([lines["jiangwan"], lines["longyan"]])
    places = [
        ("renmin", lines["renmin"], river),
        ("avenue", lines["avenue"], river),
        ("longyan", shapely.line_merge(across), river),
        ("creek_middle", shapely.union_all([lines["wangjiang"], lines["village_cross"]]), creek),
        ("creek_north", lines["binjiang_south"], creek),
        ("creek_south", lines["south_ring"], creek),
    ]
    return [
        Road(f"bridge_{key}", "bridge", names.BRIDGES[key], _span(line, water), WIDTHS["bridge"])
        for key, line, water in places
    ]


def _span(line: Shape, water: Shape) -> Shape:
    span = shapely.line_merge(line.intersection(water.buffer(10)))
    return max(getattr(span, "geoms", [span]), key=lambda part: part.length)
