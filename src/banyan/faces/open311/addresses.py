"""Finding the place that a written address names, in the town's own tree.  Nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from banyan.apps.territory.queries import PlaceView, Town, Tree

_BETWEEN: Final = re.compile(r"[\s,;\u3001\uff0c\uff1b]+")
_COMMAS: Final = re.compile(r"[,\uff0c]")


def place_named(address: str, *, tree: Tree, town: Town) -> PlaceView | None:
    """Return the smallest place that an address names, or None.

    The address is read from the large to the small, as in Chinese, and once more from its last comma backwards, as in
    English: the name of the town may stand first, then come names (or codes) of places, each below the one before,
    until something follows that is none.  A name that several places could have ends the reading.
    """
    turned = ",".join(reversed(_COMMAS.split(address)))
    readings = [_read(text, tree=tree, town=town) for text in dict.fromkeys((address, turned))]
    return max(
        (place for place in readings if place is not None), key=lambda place: place.path.count("/"), default=None
    )


def _read(address: str, *, tree: Tree, town: Town) -> PlaceView | None:
    rest = _after_one_of(_plain(address), (town.name_zh, town.name_en))
    found: PlaceView | None = None
    while rest:
        below = tree.below(found.path)[1:] if found else tree.places
        named = _named_first(rest, below)
        if named is None:
            break
        found, n_characters = named
        rest = _plain(rest[n_characters:])
    return found


def _named_first(text: str, places: Sequence[PlaceView]) -> tuple[PlaceView, int] | None:
    """Return the one place whose name stands first in a text, the longest name before shorter ones, with its length."""
    hits = [
        (len(name), place)
        for place in places
        for name in {_plain(name) for name in (place.name_zh, place.name_en, place.code)}
        if name and _begins(text, name)
    ]
    longest = max((length for length, _ in hits), default=0)
    named = {place.id: place for length, place in hits if length == longest}
    return (next(iter(named.values())), longest) if len(named) == 1 else None


def _after_one_of(text: str, names: Iterable[str]) -> str:
    first = next((plain for name in names if (plain := _plain(name)) and _begins(text, plain)), "")
    return _plain(text[len(first) :])


def _begins(text: str, name: str) -> bool:
    """Say whether a text begins with a name that ends there: "Building 1" does not begin "Building 12"."""
    after = text[len(name) : len(name) + 1]
    return text.startswith(name) and not (name[-1].isascii() and after.isascii() and after.isalnum())


def _plain(text: str) -> str:
    return _BETWEEN.sub(" ", text).strip(" ").casefold()
