"""Build up each grid after its use: arcades, slabs, towers, sheds, village houses, schools, parks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
import shapely
from shapely import affinity

from banyan.demo.geometry import layout
from banyan.demo.geometry import site as shapes
from banyan.demo.geometry.network import Cell, Network
from banyan.demo.geometry.site import Site
from banyan.demo.geometry.terrain import Shape, Terrain


@dataclass(frozen=True, slots=True)
class Footprint:
    """A building as drawn: `kind` says how it is lived in, `feature` which facility it holds, if any."""

    kind: str
    shape: Shape
    plot_key: str
    feature: str = ""


@dataclass(frozen=True, slots=True)
class GroundShape:
    """Open ground: park, pond, square, sports, orchard, garden or hill."""

    kind: str
    shape: Shape
    plot_key: str
    feature: str = ""


@dataclass(slots=True)
class Fabric:
    """What one grid holds, filled while it is built up."""

    cell: Cell
    site: Site
    rng: np.random.Generator
    footprints: list[Footprint] = field(default_factory=list)
    grounds: list[GroundShape] = field(default_factory=list)

    def build(self, kind: str, shape: Shape | None, feature: str = "") -> None:
        """Keep a placed footprint; a shape that found no place is let go."""
        if shape is not None:
            self.footprints.append(Footprint(kind, shape, self.cell.plot.key, feature))

    def open(self, kind: str, shape: Shape | None, feature: str = "") -> None:
        """Keep open ground."""
        if shape is not None and not shape.is_empty:
            self.grounds.append(GroundShape(kind, shape, self.cell.plot.key, feature))


Filler: TypeAlias = Callable[[Fabric], None]

#: Building of each facility: footprint, gap to neighbours in metres, wished place as shares of the grid (east, north).
FEATURE_BUILDINGS: Final[dict[str, tuple[Shape, float, tuple[float, float]]]] = {
    "town_office": (shapes.block(62, 18), 12, (0.5, 0.66)),
    "library": (shapes.block(34, 26), 10, (0.16, 0.6)),
    "market": (shapes.block(46, 32), 6, (0.5, 0.85)),
    "clinic": (shapes.angle_house(34, 26), 6, (0.12, 0.88)),
    "kindergarten": (shapes.angle_house(36, 28), 8, (0.85, 0.15)),
    "elderly_centre": (shapes.block(30, 16), 6, (0.85, 0.88)),
    "committee": (shapes.block(24, 14), 6, (0.5, 0.95)),
    "service_station": (shapes.block(26, 15), 6, (0.95, 0.8)),
    "pharmacy": (shapes.block(14, 11), 3, (0.08, 0.92)),
    "police_post": (shapes.block(22, 14), 6, (0.06, 0.06)),
    "fire_station": (shapes.block(36, 20), 8, (0.93, 0.9)),
    "waste_station": (shapes.block(32, 22), 8, (0.06, 0.1)),
    "pumping_station": (shapes.block(16, 12), 6, (0.06, 0.05)),
    "school_small": (shapes.angle_house(38, 26), 7, (0.75, 0.12)),
}


def build_up(network: Network, terrain: Terrain, rng: np.random.Generator) -> tuple[list[Footprint], list[GroundShape]]:
    """Build up every grid of the network.

    Footprints lie inside their grid, off roads and water, and never touch one another; grounds may lie under nothing
    but grass.  Village houses come last, each grid's in order of placing.
    """
    water = _water(network, terrain)
    footprints: list[Footprint] = []
    grounds: list[GroundShape] = []
    for cell in network.cells:
        fabric = Fabric(cell, Site(_ground(cell, network, terrain, water), _angle(cell, terrain, rng)), rng)
        _promenade(fabric, terrain)
        _FILLERS[cell.plot.use](fabric)
        footprints += fabric.footprints
        grounds += fabric.grounds
    return footprints, grounds


def fields(
    network: Network, terrain: Terrain, footprints: Sequence[Footprint], grounds: Sequence[GroundShape]
) -> list[GroundShape]:
    """Vegetable fields of the village: what lies between its lanes and is not lived on."""
    water = _water(network, terrain)
    found = []
    for cell in network.cells:
        if cell.plot.use not in {"village", "orchard"}:
            continue
        held = [f.shape.buffer(8) for f in footprints if f.plot_key == cell.plot.key]
        held += [g.shape.buffer(2) for g in grounds if g.plot_key == cell.plot.key]
        left = _ground(cell, network, terrain, water).difference(shapely.union_all(held)).buffer(-5).buffer(3)
        parts = [part for part in getattr(left, "geoms", [left]) if part.area > 700]
        found += [GroundShape("field", part, cell.plot.key) for part in parts if not part.interiors]
    return found


def _water(network: Network, terrain: Terrain) -> list[Shape]:
    return [terrain.bent(network.river).buffer(9), terrain.bent(network.creek).buffer(7)]


def _ground(cell: Cell, network: Network, terrain: Terrain, water: Sequence[Shape]) -> Shape:
    tight = cell.plot.use in {"old", "village"}
    paved = []
    for road in network.roads:
        setback = 1.0 if road.kind == "lane" else (2.4 if tight else 5.5)
        if road.width_m and road.line.distance(cell.plan) < 60:
            paved.append(terrain.bent(road.line).buffer(road.width_m / 2 + setback))
    return cell.local.buffer(-1.5).difference(shapely.union_all([*paved, *water]))


def _promenade(fabric: Fabric, terrain: Terrain) -> None:
    """Grass and trees between the river and the embankment road: nobody builds outside the dyke."""
    west, east = layout.WEST - 20, layout.EAST + 20
    strip = shapely.box(west, -layout.EMBANKMENT_M, east, layout.EMBANKMENT_M)
    if not fabric.cell.plan.intersects(strip):
        return
    outside = terrain.bent(shapely.segmentize(strip, 10.0)).intersection(fabric.site.ground)
    for part in getattr(outside, "geoms", [outside]):
        if part.area > 150:
            fabric.open("promenade", part.buffer(-1.0))
    fabric.site.ground = fabric.site.ground.difference(outside.buffer(0.5))


def _angle(cell: Cell, terrain: Terrain, rng: np.random.Generator) -> float:
    u, v = cell.plot.at
    turn = {"village": 0.22, "orchard": 0.2}.get(cell.plot.use, 0.015)
    return terrain.heading(u, v) + float(rng.uniform(-turn, turn))


def _facilities(fabric: Fabric) -> None:
    for feature in fabric.cell.plot.features:
        if feature in FEATURE_BUILDINGS:
            shape, gap, wish = FEATURE_BUILDINGS[feature]
            sizes = (affinity.scale(shape, share, share, origin=(0, 0)) for share in (1.0, 0.75, 0.55, 0.4))
            tries = (fabric.site.nearest(size, wish, gap_m=gap * 0.8) for size in sizes)
            fabric.build("public", next((placed for placed in tries if placed is not None), None), feature)


def _rows(
    fabric: Fabric, kind: str, make: Callable[[], Shape], *, dy: float, gap_m: float, stagger: float = 0.0
) -> None:
    shape = make()
    for at in fabric.site.rows(dy=dy, step_m=3.5, stagger=stagger):
        placed = fabric.site.put(shape, at, gap_m=gap_m)
        if placed is not None:
            fabric.build(kind, placed)
            shape = make()


def _walkup(fabric: Fabric) -> None:
    _facilities(fabric)
    _shop_row(fabric, 2)
    _rows(fabric, "walkup", lambda: shapes.block(float(fabric.rng.choice([36, 42, 48])), 11.5), dy=25, gap_m=9)
    _rows(fabric, "walkup", lambda: shapes.block(24, 11.5), dy=9, gap_m=12)


def _shop_row(fabric: Fabric, n: int) -> None:
    """A few low shops where the estate meets the main road."""
    for x, y, angle in fabric.site.frontage(24, 10)[:n]:
        fabric.build("shop", fabric.site.put(shapes.block(22, 9), (x, y), gap_m=1.5, turn=angle - fabric.site.angle))


def _tower(fabric: Fabric) -> None:
    _garden(fabric, 20, 13)
    _facilities(fabric)
    make = shapes.cross if fabric.rng.random() < 0.5 else shapes.butterfly
    size = float(fabric.rng.uniform(27, 30))
    _rows(fabric, "tower", lambda: make(size, size * 0.86), dy=size + 14, gap_m=17, stagger=24)
    _rows(fabric, "tower", lambda: make(size, size * 0.86), dy=9, gap_m=19)
    _shop_row(fabric, 2)


def _slab(fabric: Fabric) -> None:
    _garden(fabric, 15, 9)
    _facilities(fabric)
    _rows(fabric, "slab", lambda: shapes.block(float(fabric.rng.choice([40, 46, 52])), 14), dy=38, gap_m=13)
    _shop_row(fabric, 3)


def _garden(fabric: Fabric, width_m: float, depth_m: float) -> None:
    pond = shapely.Point(0, 0).buffer(1.0)
    shape = affinity.scale(pond, width_m, depth_m)
    fabric.open("pond", fabric.site.nearest(shape, (0.5, 0.5), gap_m=2))


def _old(fabric: Fabric) -> None:
    _square(fabric)
    _facilities(fabric)
    step, depth = 12.2, 13.5
    for x, y, angle in fabric.site.frontage(step, depth):
        width = step - float(fabric.rng.uniform(0.9, 2.4))
        if fabric.rng.random() > 0.07:
            placed = fabric.site.put(shapes.block(width, depth), (x, y), gap_m=0.4, turn=angle - fabric.site.angle)
            fabric.build("arcade", placed)
    _rows(fabric, "walkup", lambda: shapes.block(21, 10.5), dy=5, gap_m=4)


def _square(fabric: Fabric) -> None:
    if "square" in fabric.cell.plot.features:
        wish = (0.5, 0.3) if fabric.cell.plot.use == "civic" else (0.5, 0.5)
        fabric.open("square", fabric.site.nearest(shapes.block(54, 30), wish, gap_m=3), "square")


def _civic(fabric: Fabric) -> None:
    _square(fabric)
    _facilities(fabric)
    _rows(fabric, "office", lambda: shapes.block(30, 16), dy=26, gap_m=11)


def _school(fabric: Fabric) -> None:
    fabric.open("sports", fabric.site.nearest(shapes.stadium(92, 46), (0.5, 0.2), gap_m=4), "school")
    fabric.build("public", fabric.site.nearest(shapes.horseshoe(66, 40), (0.4, 0.75), gap_m=7), "school")
    fabric.build("public", fabric.site.nearest(shapes.block(40, 14), (0.9, 0.7), gap_m=7), "school")
    fabric.build("public", fabric.site.nearest(shapes.block(28, 22), (0.1, 0.7), gap_m=7), "school")
    _rows(fabric, "slab", lambda: shapes.block(36, 13), dy=28, gap_m=13)


def _works(fabric: Fabric) -> None:
    _facilities(fabric)
    _rows(fabric, "works", lambda: shapes.block(float(fabric.rng.uniform(38, 60)), 24), dy=36, gap_m=10)


def _park(fabric: Fabric) -> None:
    ground = fabric.site.ground
    fabric.open("park", ground.buffer(-3).buffer(2), "park")
    pond = affinity.scale(shapely.Point(0, 0).buffer(1.0), 34, 17)
    fabric.open("pond", fabric.site.nearest(_wavy(pond), (0.4, 0.45), gap_m=4))
    if "sports_field" in fabric.cell.plot.features:
        fabric.open("sports", fabric.site.nearest(shapes.block(42, 25), (0.8, 0.2), gap_m=4), "sports_field")
    fabric.build("public", fabric.site.nearest(shapes.block(15, 11), (0.75, 0.7)), "pavilion")


def _wavy(shape: Shape) -> Shape:
    return shapely.transform(shape, lambda c: c * (1 + 0.12 * np.sin(3 * np.arctan2(c[:, 1], c[:, 0]) + 0.6))[:, None])


def _hill(fabric: Fabric) -> None:
    ground = fabric.site.ground
    fabric.open("park", ground.buffer(-3).buffer(2), "hill_park")
    middle = ground.centroid
    for size in (72, 50, 30, 14):
        hill = _wavy(affinity.scale(shapely.Point(0, 0).buffer(1.0), size * 1.25, size * 0.8))
        fabric.open("hill", affinity.translate(hill, middle.x + 8, middle.y + 6).intersection(ground.buffer(-6)))
    fabric.build("public", fabric.site.nearest(shapes.block(12, 12), (0.55, 0.56)), "pavilion")


def _village(fabric: Fabric) -> None:
    _village_pond(fabric)
    _facilities(fabric)
    _houses(fabric)


def _houses(fabric: Fabric) -> None:
    rng = fabric.rng
    for x, y in fabric.site.rows(dy=14.6, step_m=3.2):
        house = shapes.block(float(rng.uniform(9, 12)), float(rng.uniform(9.5, 12)))
        at = (x, y + float(rng.normal(0, 1.1)))
        turn = float(rng.normal(0, 0.09))
        if rng.random() < 0.7:
            fabric.build("village_house", fabric.site.put(house, at, gap_m=1.8, turn=turn))


def _village_pond(fabric: Fabric) -> None:
    if "village_pond" not in fabric.cell.plot.features:
        return
    tries = (fabric.site.nearest(shapes.half_moon(radius), (0.42, 0.34), gap_m=4) for radius in (33, 27, 22, 17, 13))
    pond = next((placed for placed in tries if placed is not None), None)
    fabric.open("pond", pond)
    if pond is not None:
        share = _share(fabric.site.ground, pond.centroid)
        hall = fabric.site.nearest(shapes.block(17, 22), (share[0], share[1] + 0.2), gap_m=3)
        fabric.build("public", hall, "ancestral_hall")


def _share(ground: Shape, point: Shape) -> tuple[float, float]:
    west, south, east, north = ground.bounds
    return (point.x - west) / (east - west), (point.y - south) / (north - south)


def _orchard(fabric: Fabric) -> None:
    _village_pond(fabric)
    ground = fabric.site.ground
    west, south, east, north = ground.bounds
    rows = shapely.box(west + 0.45 * (east - west), south, east, north)
    orchard = ground.intersection(rows).buffer(-5)
    for part in getattr(orchard, "geoms", [orchard]):
        fabric.open("orchard", part, "orchard")
        fabric.site.taken.append(part)
    _houses(fabric)


_FILLERS: Final[dict[str, Filler]] = {
    "old": _old,
    "walkup": _walkup,
    "tower": _tower,
    "slab": _slab,
    "civic": _civic,
    "school": _school,
    "works": _works,
    "park": _park,
    "hill": _hill,
    "village": _village,
    "orchard": _orchard,
}
