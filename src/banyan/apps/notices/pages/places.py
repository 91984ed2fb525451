"""The places of a town as options of a select."""

from __future__ import annotations

from typing import Final

from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.kit.templating import bi

#: More places than this make no list to choose from: buildings are left out then.
_MOST: Final = 400


def place_options(town: Town, *, keeps: str = "") -> list[tuple[str, str]]:
    """Return (code, name) of the places of a town, each below its own, `keeps` among them whatever it is."""
    places = territory.tree(town).places
    with_buildings = len(places) <= _MOST
    return [
        (place.code, f"{'· ' * (place.path.count('/') - 1)}{bi(place)}")
        for place in places
        if with_buildings or place.level != "building" or place.code == keeps
    ]


def place_name(town: Town, place_id: object) -> str:
    """Return the name of a place in the reader's language, "" for the whole town."""
    place = territory.tree(town).by_id.get(place_id) if place_id else None  # type: ignore[call-overload]
    return bi(place)
