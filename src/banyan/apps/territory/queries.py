"""Reading places: towns, the tree of one, and which grid a point lies in.

The tree of a town is read once and kept in the memory of the process until the town's `edition` grows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any, Final, TypeVar, cast
from uuid import UUID

from django.db import connection

from banyan.apps.territory import rules
from banyan.apps.territory.models import Feature, Place, Town
from banyan.base.calendar import Calendar
from banyan.base.coordinates import System
from banyan.base.errors import NotFound

__all__ = [
    "Growing",
    "Kept",
    "PlaceView",
    "Town",
    "Tree",
    "as_geojson",
    "calendar",
    "exported",
    "features",
    "kept",
    "open_towns",
    "town_by_id",
    "town_named",
    "tree",
]

_TOWNS_IN_MEMORY: Final = 64
KeptT = TypeVar("KeptT")


@dataclass(frozen=True, slots=True)
class PlaceView:
    """A place of the tree.  `path` is the codes from the town down, each followed by a slash."""

    id: UUID
    parent_id: UUID | None
    level: str
    code: str
    path: str
    name_zh: str
    name_en: str
    polygon: Mapping[str, Any] | None
    lon: float | None
    lat: float | None
    n_dwellings: int


class Tree:
    """The places of a town, frozen at one edition."""

    def __init__(self, places: Sequence[PlaceView]) -> None:
        self.places = tuple(sorted(places, key=lambda place: place.path))
        self.by_id: Mapping[UUID, PlaceView] = {place.id: place for place in self.places}
        self.by_code: Mapping[str, PlaceView] = {place.code: place for place in self.places}

    @cached_property
    def has_polygons(self) -> bool:
        """Say whether the town's places are drawn, so that a point can lie outside all of them."""
        return any(place.polygon is not None for place in self.places)

    def below(self, path: str) -> list[PlaceView]:
        """Return a place and all below it, in the order of their paths."""
        return [place for place in self.places if place.path.startswith(path)]

    def upward(self, place: PlaceView) -> list[PlaceView]:
        """Return a place and all above it, nearest first."""
        chain = [place]
        while (parent := self.by_id.get(chain[-1].parent_id) if chain[-1].parent_id else None) is not None:
            chain.append(parent)
        return chain

    def at_level(self, level: str) -> list[PlaceView]:
        """Return the places of one level."""
        return [place for place in self.places if place.level == level]

    def locate(self, lon: float, lat: float) -> PlaceView | None:
        """Return the grid that a WGS84 point lies in (the deepest place with a polygon above buildings), or None.

        A point on a shared border belongs to the place whose path comes first.
        """
        from shapely import Point

        grids, index = self._index
        hits = sorted(int(i) for i in index.query(Point(lon, lat), predicate="intersects"))
        if not hits:
            return None
        deepest = max(grids[i].path.count("/") for i in hits)
        return next(grids[i] for i in hits if grids[i].path.count("/") == deepest)

    @cached_property
    def _index(self) -> tuple[list[PlaceView], Any]:
        from shapely import STRtree
        from shapely.geometry import shape

        grids = [place for place in self.places if place.polygon is not None and place.level != "building"]
        return grids, STRtree([shape(place.polygon) for place in grids])


class Growing:
    """An edition that is not committed yet, with the values made from it: they go with the transaction.

    It waits among what Django does after a commit; a rollback, of a savepoint too, takes it out of there.
    """

    def __init__(self, town_id: UUID) -> None:
        self.town_id = town_id
        self.held: dict[tuple[str, int], Any] = {}

    def __call__(self) -> None:
        """Do nothing after the commit: whoever asks next makes the values anew and keeps them."""

    @staticmethod
    def of(town_id: UUID) -> Growing | None:
        """Return the edition of a town that grows in the transaction that is open, if one does."""
        waiting = (entry[1] for entry in reversed(connection.run_on_commit))
        return next((one for one in waiting if isinstance(one, Growing) and one.town_id == town_id), None)


class Kept:
    """Values made from a town's rows, one for each town at its present edition, oldest towns forgotten first."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, UUID], tuple[int, Any]] = OrderedDict()
        self._lock = Lock()

    def get(self, name: str, *, town: Town, make: Callable[[], KeptT]) -> KeptT:
        """Return the value called `name`, made anew where the town's edition has grown.

        What is made inside the transaction that grows the edition is not kept beyond it: after a rollback the next
        change would take the same number, and this process would go on with what never was.
        """
        growing = Growing.of(town.id)
        if growing is not None:
            mark = (name, town.edition)
            if mark not in growing.held:
                growing.held[mark] = make()
            return cast("KeptT", growing.held[mark])
        key = (name, town.id)
        held = self._held.get(key)
        if held is None or held[0] != town.edition:
            held = (town.edition, make())
        with self._lock:  # threads of one process share this
            self._held[key] = held
            self._held.move_to_end(key)
            while len(self._held) > 4 * _TOWNS_IN_MEMORY:
                self._held.popitem(last=False)
        return cast("KeptT", held[1])


kept: Final = Kept()


def town_named(slug: str) -> Town | None:
    """Return the town with this slug, or None."""
    return Town.objects.filter(slug=slug).first()


def town_by_id(town_id: UUID) -> Town:
    """Return a town by its identifier; `NotFound` where there is none."""
    found = Town.objects.filter(id=town_id).first()
    if found is None:
        raise NotFound("town")
    return found


def open_towns() -> list[Town]:
    """Return the towns that are open to the public, by name."""
    return list(Town.objects.filter(is_open=True).order_by("name_en"))


def tree(town: Town) -> Tree:
    """Return the tree of places of the town in scope."""
    return kept.get("tree", town=town, make=_read_tree)


def _read_tree() -> Tree:
    columns = tuple(PlaceView.__slots__)
    rows = Place.objects.filter(is_active=True).values_list(*columns)
    return Tree([PlaceView(*row) for row in rows.iterator(chunk_size=2000)])


def calendar(town: Town) -> Calendar:
    """Return the business calendar of a town."""
    return kept.get("calendar", town=town, make=lambda: Calendar.from_json(town.calendar))


def features(kinds: Sequence[str] = ()) -> list[Feature]:
    """Return what is drawn on the map of the town in scope, all kinds or some."""
    rows = Feature.objects.order_by("kind", "code")
    return list(rows.filter(kind__in=kinds) if kinds else rows)


def as_geojson(places: Sequence[PlaceView]) -> dict[str, Any]:
    """Return places with polygons as a GeoJSON FeatureCollection (RFC 7946), WGS84."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": str(place.id),
                "geometry": place.polygon,
                "properties": {
                    "code": place.code,
                    "level": place.level,
                    "path": place.path,
                    "name_zh": place.name_zh,
                    "name_en": place.name_en,
                    "n_dwellings": place.n_dwellings,
                },
            }
            for place in places
            if place.polygon is not None
        ],
    }


def exported(town: Town, *, form: str = "geojson", system: str = "wgs84") -> bytes:
    """Return the places of the town in scope as a file, ``geojson``, ``csv`` or ``xlsx``, in wgs84, gcj02 or bd09."""
    held = tree(town)
    parents = {place.id: place.code for place in held.places}
    places = [
        rules.Named(
            parent_code=parents.get(place.parent_id, "") if place.parent_id else "",
            **{name: getattr(place, name) for name in rules.Named.__slots__ if name != "parent_code"},
        )
        for place in held.places
    ]
    return rules.written(places, form=form, system=System(system))
