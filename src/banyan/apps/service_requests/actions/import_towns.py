"""Preparing the town of an import: founding it, and what the file names and the town does not have yet."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from banyan.apps.parties import actions as party_actions
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import queries
from banyan.apps.service_requests.actions.catalogue import NewService, publish_catalogue
from banyan.apps.service_requests.rules.imports import Case, Profile, SourceService
from banyan.apps.territory import actions as place_actions
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.calendar import ALWAYS
from banyan.base.errors import InvalidInput, Problem, mark
from banyan.kit import guard, scopes
from banyan.kit.guard import Actor

#: A file that names more of one sort has the wrong column for it.
MOST_NAMED: Final = 2_000
_ROUND: Final = 1e-3
"""Degrees to which the bounds of points are rounded outwards, about a hundred metres."""


@dataclass
class Named:
    """What the believed rows of a file name."""

    services: dict[str, SourceService] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    parties: set[str] = field(default_factory=set)
    handled: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Group of services -> how often each party had its cases."""
    bounds: tuple[float, float, float, float] | None = None
    """West, south, east and north of the points that stand for a place."""

    def take(self, case: Case, service: SourceService) -> None:
        """Take note of what one case names."""
        self.services.setdefault(case.service_code, service)
        if case.place_code:
            self.places.setdefault(case.place_code, case.place_name)
        if case.party_code:
            self.parties.add(case.party_code)
            self.handled[service.group][case.party_code] += 1
        if case.lon is not None and case.lat is not None and not case.remarks:
            west, south, east, north = self.bounds or (case.lon, case.lat, case.lon, case.lat)
            self.bounds = (min(west, case.lon), min(south, case.lat), max(east, case.lon), max(north, case.lat))

    def problems(self) -> list[Problem]:
        """Return a problem for each sort of which a file names too many."""
        sentence = mark("The file names {n} of them: the column is not the right one.")
        return [
            Problem(f"columns.{column}", "too_many", sentence, {"n": len(held)})
            for column, held in (("service", self.services), ("place", self.places), ("party", self.parties))
            if len(held) > MOST_NAMED
        ]


def prepare_town(*, actor: Actor, profile: Profile, named: Named, town: Town | None, at: datetime) -> Town:
    """Return the town of an import, with every service and party that its file names.

    Parameters
    ----------
    town
        The town it is brought into; None: the profile's own, which is founded where it is missing.

    Raises
    ------
    InvalidInput
        There is neither a town nor a table of one, or what the file names cannot be in a town.
    """
    guard.authorise(actor, "service_requests.import", subject=guard.Subject())
    if problems := named.problems():
        raise InvalidInput(mark("The file"), problems)
    table = profile.tables.get("town")
    is_own = town is None
    if town is None:
        if table is None:
            problem = Problem("town", "required", mark("The profile founds no town: say into which one it goes."))
            raise InvalidInput(mark("The profile"), [problem])
        town = territory.town_named(table["slug"]) or _founded(profile, named, at=at)
    with scopes.town(town.id), scopes.action_transaction():
        if is_own:
            _lay_out(actor, town, named, at=at)
        _register(actor, town, named, profile, at=at)
        _publish(actor, town, named, profile, at=at)
    return town


def _founded(profile: Profile, named: Named, *, at: datetime) -> Town:
    table = profile.tables["town"]
    calendar = {"timezone": table["time_zone"], "country": table["country"], **table.get("calendar", {})}
    return place_actions.found(
        place_actions.NewTown(
            slug=table["slug"],
            name_zh=table["name_zh"],
            name_en=table["name_en"],
            bounds=_bounds(named) if profile.finds_bounds else tuple(table["bounds"]),
            time_zone=table["time_zone"],
            country=table["country"],
            calendar=calendar if "calendar" in table else ALWAYS.to_json(),
            levels=("town", "community"),
        ),
        at=at,
    )


def _bounds(named: Named) -> tuple[float, float, float, float]:
    if named.bounds is None:
        problem = Problem("town.bounds", "no_points", mark("No row has a point, so the town has no bounds."))
        raise InvalidInput(mark("The file"), [problem])
    west, south, east, north = named.bounds
    outward = (west // _ROUND, south // _ROUND, -(-east // _ROUND), -(-north // _ROUND))
    west, south, east, north = (round(one * _ROUND, 3) for one in outward)
    return (west, south, east, north)


def _lay_out(actor: Actor, town: Town, named: Named, *, at: datetime) -> None:
    known = territory.tree(town).by_code
    root = place_actions.NewPlace(code=town.slug, level="town", name_zh=town.name_zh, name_en=town.name_en)
    wanted = [root] + [
        place_actions.NewPlace(code=code, level="community", name_zh=name, name_en=name, parent_code=town.slug)
        for code, name in sorted(named.places.items())
    ]
    if fresh := [place for place in wanted if place.code not in known]:
        place_actions.lay_out(actor=actor, town=town, places=fresh, at=at)


def _register(actor: Actor, town: Town, named: Named, profile: Profile, *, at: datetime) -> None:
    """Register the parties; each answers for the groups whose cases it had most often."""
    known = parties.register(town).by_code
    names: Mapping[str, str] = profile.tables.get("parties", {})
    root = next((place.code for place in territory.tree(town).places if place.parent_id is None), "")
    first = {group: counted.most_common(1)[0][0] for group, counted in named.handled.items()}
    fresh = [
        party_actions.NewParty(
            code=code,
            kind="municipal",
            name_zh=names.get(code, code),
            name_en=names.get(code, code),
            answers_for=[(root, group) for group, party in sorted(first.items()) if party == code] if root else [],
        )
        for code in sorted(named.parties)
        if code not in known
    ]
    if fresh:
        party_actions.register(actor=actor, town=town, parties=fresh, at=at)


def _publish(actor: Actor, town: Town, named: Named, profile: Profile, *, at: datetime) -> None:
    known = queries.catalogue(town).offered
    fresh = [
        NewService(
            code=code,
            kind=service.kind,
            group=service.group,
            group_zh=service.group_name,
            group_en=service.group_name,
            name_zh=service.name,
            name_en=service.name,
            is_clock_always_on=profile.tables.get("services", {}).get("always_on", False),
            responsible_kinds=("municipal",),
            needs_place=False,
        )
        for code, service in sorted(named.services.items())
        if code not in known
    ]
    if fresh:
        publish_catalogue(actor=actor, town=town, services=fresh, at=at)
