"""The rules of places: what they have to be, and how they go into files and come out of them."""

from banyan.apps.territory.rules.exchange import FORMS, Named, read, written
from banyan.apps.territory.rules.layout import (
    LEVELS,
    PlaceWanted,
    TownWanted,
    centre,
    digest,
    geometry_problem,
    paths,
    town_problems,
)

__all__ = [
    "FORMS",
    "LEVELS",
    "Named",
    "PlaceWanted",
    "TownWanted",
    "centre",
    "digest",
    "geometry_problem",
    "paths",
    "read",
    "town_problems",
    "written",
]
