"""A building site: free ground on which footprints are placed one after another without touching."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely import affinity

from banyan.demo.geometry.terrain import Shape


def block(width_m: float, depth_m: float) -> Shape:
    """A rectangular footprint around the origin: a slab, a house, a hall."""
    return shapely.box(-width_m / 2, -depth_m / 2, width_m / 2, depth_m / 2)


def cross(width_m: float, depth_m: float) -> Shape:
    """A tower of four wings around a core, as towers in the south are built for air from every side."""
    core = block(width_m * 0.46, depth_m)
    wings = block(width_m, depth_m * 0.42)
    return shapely.union_all([core, wings])


def butterfly(width_m: float, depth_m: float) -> Shape:
    """A tower of two spread wings and a stair between them."""
    wing = block(width_m * 0.56, depth_m * 0.5)
    left = affinity.translate(affinity.rotate(wing, 24, origin=(0, 0)), -width_m * 0.25, 0)
    right = affinity.translate(affinity.rotate(wing, -24, origin=(0, 0)), width_m * 0.25, 0)
    stair = affinity.translate(block(width_m * 0.22, depth_m * 0.5), 0, depth_m * 0.22)
    return shapely.union_all([left, right, stair])


def horseshoe(width_m: float, depth_m: float) -> Shape:
    """Three wings around a court open to the south: a school."""
    court = affinity.translate(block(width_m - 26, depth_m - 13), 0, -6.5)
    return block(width_m, depth_m).difference(court)


def angle_house(width_m: float, depth_m: float) -> Shape:
    """Two wings at a right angle: a kindergarten, a clinic."""
    yard = affinity.translate(block(width_m, depth_m), width_m * 0.42, -depth_m * 0.42)
    return block(width_m, depth_m).difference(yard)


def stadium(width_m: float, depth_m: float) -> Shape:
    """A running track: two straights and two half circles."""
    radius = depth_m / 2
    return shapely.LineString([(-(width_m / 2 - radius), 0), (width_m / 2 - radius, 0)]).buffer(radius)


def half_moon(radius_m: float) -> Shape:
    """The pond before a Cantonese village, straight towards the houses."""
    disc = shapely.Point(0, 0).buffer(radius_m)
    return disc.intersection(shapely.box(-radius_m, -radius_m, radius_m, 0))


@dataclass(slots=True)
class Site:
    """Free ground in local metres with the angle (radians) in which its rows run."""

    ground: Shape
    angle: float
    taken: list[Shape] = field(default_factory=list)

    def put(self, shape: Shape, at: tuple[float, float], *, gap_m: float, turn: float = 0.0) -> Shape | None:
        """Place `shape` at local `at`, turned with the rows; None if it would leave the ground or crowd a neighbour."""
        shapely.prepare(self.ground)
        if not shapely.contains_xy(self.ground, *at):
            return None
        turned = affinity.rotate(shape, self.angle + turn, origin=(0, 0), use_radians=True)
        placed = affinity.translate(turned, *at)
        if not self.ground.contains(placed):
            return None
        if self.taken and shapely.distance(placed, np.asarray(self.taken)).min() < gap_m:
            return None
        self.taken.append(placed)
        return placed

    def nearest(self, shape: Shape, wish: tuple[float, float], *, gap_m: float = 6.0) -> Shape | None:
        """Place `shape` as near as possible to `wish`, given as shares of the ground's width and height."""
        west, south, east, north = self.ground.bounds
        target = np.array([west + wish[0] * (east - west), south + wish[1] * (north - south)])
        xs, ys = np.meshgrid(np.arange(west, east, 7.0), np.arange(south, north, 7.0))
        spots = np.column_stack([xs.ravel(), ys.ravel()])
        order = np.argsort(np.hypot(*(spots - target).T), kind="stable")
        for x, y in spots[order]:
            placed = self.put(shape, (float(x), float(y)), gap_m=gap_m)
            if placed is not None:
                return placed
        return None

    def rows(self, *, dy: float, step_m: float, stagger: float = 0.0) -> list[tuple[float, float]]:
        """Spots to try, row by row from the south of each part of the ground, `dy` apart.

        `stagger` starts every other row by so many metres later.  A row is as long as its part, so most spots refuse.
        """
        turn = np.array([[np.cos(self.angle), np.sin(self.angle)], [-np.sin(self.angle), np.cos(self.angle)]])
        spots: list[tuple[float, float]] = []
        for part in getattr(self.ground, "geoms", [self.ground]):
            frame = affinity.rotate(part, -self.angle, origin=(0, 0), use_radians=True)
            west, south, east, north = frame.bounds
            n = max(1, int((north - south) // dy))
            ys = (south + north - (n - 1) * dy) / 2 + np.arange(n) * dy
            row = [(x, y) for j, y in enumerate(ys) for x in np.arange(west + (j % 2) * stagger, east, step_m)]
            spots += [(float(x), float(y)) for x, y in np.asarray(row).reshape(-1, 2) @ turn]
        return spots

    def frontage(self, width_m: float, depth_m: float) -> list[tuple[float, float, float]]:
        """Places for houses shoulder to shoulder along the edge of the ground: x, y and the angle of the street."""
        places: list[tuple[float, float, float]] = []
        for part in getattr(self.ground, "geoms", [self.ground]):
            edge = part.buffer(-(depth_m / 2 + 0.4), join_style="mitre")
            for ring in (p.exterior for p in getattr(edge, "geoms", [edge]) if not p.is_empty):
                places += _along(ring, width_m)
        return places


def _along(ring: Shape, step_m: float) -> list[tuple[float, float, float]]:
    stations = np.arange(step_m / 2, ring.length, step_m)
    here = shapely.get_coordinates(shapely.line_interpolate_point(ring, stations))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(ring, (stations + 3) % ring.length))
    behind = shapely.get_coordinates(shapely.line_interpolate_point(ring, (stations - 3) % ring.length))
    way = ahead - behind
    angles = np.arctan2(way[:, 1], way[:, 0])
    return [(float(x), float(y), float(a)) for (x, y), a in zip(here, angles, strict=True)]
