"""Settling the demonstration town: the plan becomes places, parties, accounts and a catalogue, through actions only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from banyan.apps.accounts import actions as accounts
from banyan.apps.accounts import queries as account_queries
from banyan.apps.parties import actions as party_actions
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import actions as requests
from banyan.apps.territory import actions as territory
from banyan.apps.territory.models import Town
from banyan.base.calendar import OFFICE_WEEK, WEEKDAYS
from banyan.demo import catalogue, geometry
from banyan.demo.parties import DEMONSTRATION_PASSWORD, Organisation
from banyan.kit import scopes
from banyan.kit.guard import Actor, Channel, Grant, Role

SLUG: Final = "rongjiang"
#: The founder of the demonstration: manager of the whole town, without an account.
FOUNDER: Final = Actor(grants=(Grant(Role.MANAGER),), channel=Channel.DEMO)


@dataclass
class Settled:
    """The town with the accounts of its people by their key."""

    town: Town
    accounts: dict[str, UUID] = field(default_factory=dict)
    actors: dict[str, Actor] = field(default_factory=dict)


def settle(plan: geometry.Town, people: Organisation, *, at: datetime) -> Settled:
    """Found the town of a plan and move its people in, in one transaction."""
    town = territory.found(
        territory.NewTown(
            slug=SLUG,
            name_zh=plan.name.zh,
            name_en=plan.name.en,
            bounds=_roomy(plan.bounds),
            calendar=_calendar(),
            levels=("community", "village", "grid", "building"),
            is_synthetic=True,
        ),
        at=at,
    )
    settled = Settled(town)
    with scopes.town(town.id), scopes.action_transaction():
        territory.lay_out(actor=FOUNDER, town=town, places=list(_places(plan)), at=at)
        territory.draw(actor=FOUNDER, town=town, features=list(_features(plan)), at=at)
        party_actions.register(
            actor=FOUNDER,
            town=town,
            at=at,
            parties=[
                party_actions.NewParty(p.code, p.kind, p.name.zh, p.name.en, p.phone, p.answers_for)
                for p in people.parties
            ],
        )
        requests.publish_catalogue(
            actor=FOUNDER, town=town, services=[requests.NewService(**asdict(s)) for s in catalogue.services()], at=at
        )
        _move_in(settled, people, at=at)
    return settled


def moved_in(town: Town, people: Organisation) -> Settled:
    """Return a town that was settled before, with the accounts of its people."""
    everybody = [(member.key, member.email) for member in people.staff]
    everybody += [(resident.key, resident.email) for resident in people.residents]
    found = {key: account_queries.account_called(email) for key, email in everybody}
    return Settled(town, {key: account_id for key, account_id in found.items() if account_id is not None})


def _roomy(bounds: tuple[float, float, float, float], margin: float = 0.002) -> tuple[float, float, float, float]:
    """Return bounds with a margin in degrees, so that a point on the very edge is inside."""
    west, south, east, north = bounds
    return west - margin, south - margin, east + margin, north + margin


def _calendar() -> Mapping[str, Any]:
    week = {day: [str(period) for period in hours] for day, hours in zip(WEEKDAYS, OFFICE_WEEK, strict=True)}
    return {"timezone": "Asia/Shanghai", "country": "CN", "week": week}


def _polygon(ring: geometry.Ring) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[list(point) for point in ring]]}


def _places(plan: geometry.Town) -> Iterator[territory.NewPlace]:
    for community in plan.communities:
        yield territory.NewPlace(
            community.code, community.level, community.name.zh, community.name.en, polygon=_polygon(community.ring)
        )
    for grid in plan.grids:
        yield territory.NewPlace(
            grid.code, "grid", grid.name.zh, grid.name.en, parent_code=grid.community, polygon=_polygon(grid.ring)
        )
    for building in plan.buildings:
        yield territory.NewPlace(
            building.code,
            "building",
            building.name.zh,
            building.name.en,
            parent_code=building.grid,
            polygon=_polygon(building.ring),
            lon=building.lon,
            lat=building.lat,
            n_dwellings=building.n_dwellings,
        )


def _features(plan: geometry.Town) -> Iterator[territory.NewFeature]:
    for street in plan.streets:
        line = {"type": "LineString", "coordinates": [list(point) for point in street.line]}
        more = {"kind": street.kind, "width_m": street.width_m}
        yield territory.NewFeature("street", street.code, line, street.name.zh, street.name.en, more)
    for ground in plan.grounds:
        kind = "water" if ground.kind in {"river", "creek", "pond"} else "green"
        more = {"kind": ground.kind}
        yield territory.NewFeature(kind, ground.code, _polygon(ground.ring), ground.name.zh, ground.name.en, more)
    for facility in plan.facilities:
        point = {"type": "Point", "coordinates": [facility.lon, facility.lat]}
        more = {"kind": facility.kind}
        yield territory.NewFeature("facility", facility.code, point, facility.name.zh, facility.name.en, more)


def _move_in(settled: Settled, people: Organisation, *, at: datetime) -> None:
    """Make an account and a role for everybody; only the demonstration accounts have a password."""
    codes = parties.register(settled.town).by_code
    for member in people.staff:
        account = accounts.register(
            email=member.email,
            phone=member.phone,
            password=DEMONSTRATION_PASSWORD if member.is_demonstration else None,
            display_name=member.name.zh,
        )
        # A company coordinates what it handles; the committees, the town office and its managers look after places.
        is_bound = member.role == "worker" or (
            member.role == "coordinator" and not member.place and _is_company(member.party)
        )
        accounts.grant(
            actor=FOUNDER,
            town=settled.town,
            account_id=account.id,
            role=member.role,
            place_code=member.place,
            party_id=codes[member.party] if is_bound else None,
            at=at,
        )
        settled.accounts[member.key] = account.id
    for resident in people.residents:
        account = accounts.register(
            email=resident.email,
            phone=resident.phone,
            password=DEMONSTRATION_PASSWORD if resident.is_demonstration else None,
            display_name=resident.name.zh,
            language=resident.language,
        )
        joining = Actor(account_id=account.id, channel=Channel.DEMO)
        accounts.join_as_resident(actor=joining, town=settled.town, at=at)
        settled.accounts[resident.key] = account.id


def _is_company(party_code: str) -> bool:
    return party_code.endswith("_property")
