"""Longer work around requests: preparing the town of an import."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from banyan.apps.parties import actions as party_actions
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.rules.imports import Profile, SourceService, slug
from banyan.apps.territory import actions as place_actions
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.calendar import ALWAYS
from banyan.kit import scopes
from banyan.kit.guard import Actor, Channel, Grant, Role

_MAKER = Actor(grants=(Grant(Role.MANAGER),), channel=Channel.IMPORT)


@dataclass
class _Named:
    """What an export names."""

    services: dict[str, SourceService] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    parties: set[str] = field(default_factory=set)
    handled: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Group of services -> how often each party had its cases."""


def prepare_town_of(profile: Profile, rows: Iterable[Mapping[str, str]], *, at: datetime) -> Town:
    """Found the town of a profile where it is missing, with every service, place and party that the rows name.

    What is there already stays as it is, so a second run changes nothing.
    """
    named = _named(profile, rows)
    town = territory.town_named(profile.tables["town"]["slug"]) or _founded(profile, at=at)
    with scopes.town(town.id), scopes.action_transaction():
        _lay_out(town, named, at=at)
        _register(town, named, profile, at=at)
        _publish(town, named, at=at)
    return town


def _named(profile: Profile, rows: Iterable[Mapping[str, str]]) -> _Named:
    named = _Named()
    for row in rows:
        service = profile.service(row)
        named.services.setdefault(service.code, service)
        if place := profile.cell(row, "place"):
            named.places.setdefault(slug(place, limit=40), place[:120])
        if party := profile.cell(row, "party")[:40]:
            named.parties.add(party)
            named.handled[service.group][party] += 1
    return named


def _founded(profile: Profile, *, at: datetime) -> Town:
    table = profile.tables["town"]
    return place_actions.found(
        place_actions.NewTown(
            slug=table["slug"],
            name_zh=table["name_zh"],
            name_en=table["name_en"],
            bounds=tuple(table["bounds"]),
            time_zone=table["time_zone"],
            country=table["country"],
            calendar=ALWAYS.to_json(),
            levels=("town", "community"),
        ),
        at=at,
    )


def _lay_out(town: Town, named: _Named, *, at: datetime) -> None:
    known = territory.tree(town).by_code
    root = place_actions.NewPlace(code=town.slug, level="town", name_zh=town.name_zh, name_en=town.name_en)
    wanted = [root] + [
        place_actions.NewPlace(code=code, level="community", name_zh=name, name_en=name, parent_code=town.slug)
        for code, name in sorted(named.places.items())
    ]
    if fresh := [place for place in wanted if place.code not in known]:
        place_actions.lay_out(actor=_MAKER, town=town, places=fresh, at=at)


def _register(town: Town, named: _Named, profile: Profile, *, at: datetime) -> None:
    """Register the parties; each answers for the groups whose cases it had most often."""
    known = parties.register(town).by_code
    names: Mapping[str, str] = profile.tables.get("parties", {})
    first = {group: counted.most_common(1)[0][0] for group, counted in named.handled.items()}
    fresh = [
        party_actions.NewParty(
            code=code,
            kind="municipal",
            name_zh=names.get(code, code),
            name_en=names.get(code, code),
            answers_for=[(town.slug, group) for group, party in sorted(first.items()) if party == code],
        )
        for code in sorted(named.parties)
        if code not in known
    ]
    if fresh:
        party_actions.register(actor=_MAKER, town=town, parties=fresh, at=at)


def _publish(town: Town, named: _Named, *, at: datetime) -> None:
    known = queries.catalogue(town).offered
    fresh = [
        actions.NewService(
            code=service.code,
            kind=service.kind,
            group=service.group,
            group_zh=service.group_name,
            group_en=service.group_name,
            name_zh=service.name,
            name_en=service.name,
            is_clock_always_on=True,
            responsible_kinds=("municipal",),
            needs_place=False,
        )
        for code, service in sorted(named.services.items())
        if code not in known and service.name
    ]
    if fresh:
        actions.publish_catalogue(actor=_MAKER, town=town, services=fresh, at=at)
