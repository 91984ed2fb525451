"""A small town for tests, made by actions: two communities of two grids, three parties, people in every role."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from banyan.apps.accounts import actions as accounts
from banyan.apps.accounts import queries as account_queries
from banyan.apps.parties import actions as parties
from banyan.apps.parties import queries as party_queries
from banyan.apps.service_requests import actions as requests
from banyan.apps.territory import actions as territory
from banyan.apps.territory.models import Town
from banyan.base.calendar import OFFICE_WEEK, WEEKDAYS
from banyan.kit import scopes
from banyan.kit.guard import Actor, Channel, Grant, Role

#: A Wednesday, ten in the morning in Shanghai.
NOW = datetime(2026, 3, 18, 2, 0, tzinfo=UTC)
FOUNDER = Actor(grants=(Grant(Role.MANAGER),), channel=Channel.CLI)
TARGETS = {"triage": 60, "dispatch": 60, "accept": 60, "handle": 450, "verify": 450, "whole": 900}
PASSWORD = "a long and quiet street"

#: key -> role, place, party
PEOPLE: Mapping[str, tuple[str, str, str]] = {
    "resident": ("resident", "", ""),
    "neighbour": ("resident", "", ""),
    "worker": ("worker", "", "great_property"),
    "other_worker": ("worker", "", "lift_company"),
    "coordinator": ("coordinator", "north", ""),
    "other_coordinator": ("coordinator", "south", ""),
    "property_manager": ("coordinator", "", "great_property"),
    "manager": ("manager", "", ""),
    "operator": ("operator", "", ""),
    "auditor": ("auditor", "", ""),
}


@dataclass
class SmallTown:
    """The town, its accounts by key and its parties by code."""

    town: Town
    accounts: dict[str, UUID]
    emails: dict[str, str]
    parties: dict[str, UUID]

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Enter the scope of the town."""
        with scopes.town(self.town.id):
            yield

    def actor(self, key: str, *, channel: Channel = Channel.WEB) -> Actor:
        """Return somebody of the town, with the grants they hold now."""
        return account_queries.actor_of(self.accounts[key], town_id=self.town.id, channel=channel)

    def report(self, key: str = "resident", *, at: datetime = NOW, **words: Any) -> requests.Received:
        """Report a broken lamp (or what `words` say) in grid n1."""
        draft = requests.Draft(
            **{"service_code": "lamp", "description": "路灯不亮", "lon": 113.31, "lat": 23.06, **words}
        )
        with self.scope():
            return requests.report(actor=self.actor(key), town=self.town, draft=draft, at=at)

    def step(
        self, request_id: UUID, step: str, key: str, *, at: datetime = NOW, version: int | None = None, **words: Any
    ) -> Any:
        """Let somebody take a step."""
        from banyan.apps.service_requests.rules import Step

        with self.scope():
            return requests.take_step(
                actor=self.actor(key),
                town=self.town,
                service_request_id=request_id,
                step=Step(step),
                at=at,
                wanted=requests.Wanted(**words),
                version=version,
            )

    def walk(self, request_id: UUID, *, until: str, at: datetime = NOW) -> Any:
        """Walk the loop until a state, from triaged to closed."""
        done = None
        for step, key, words, state in LOOP:
            done = self.step(request_id, step, key, at=at, **words)
            if state == until:
                return done
        return done


LOOP: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    ("triage", "coordinator", {}, "triaged"),
    ("dispatch", "coordinator", {}, "dispatched"),
    ("accept", "worker", {}, "accepted"),
    ("start", "worker", {}, "in_progress"),
    ("resolve", "worker", {"remedy": "换了灯泡"}, "resolved"),
    ("verify", "coordinator", {}, "verified"),
    ("close", "coordinator", {}, "closed"),
)


def small_town(slug: str = "") -> SmallTown:
    """Found a small town with everybody in it."""
    slug = slug or f"town-{secrets.token_hex(4)}"
    week = {day: [str(period) for period in hours] for day, hours in zip(WEEKDAYS, OFFICE_WEEK, strict=True)}
    town = territory.found(
        territory.NewTown(
            slug=slug,
            name_zh="小榕镇",
            name_en="Little Banyan",
            bounds=(113.30, 23.00, 113.40, 23.10),
            levels=("community", "grid", "building"),
            calendar={"timezone": "Asia/Shanghai", "country": "CN", "week": week},
        ),
        at=NOW,
    )
    with scopes.town(town.id), scopes.action_transaction():
        territory.lay_out(actor=FOUNDER, town=town, places=_places(), at=NOW)
        parties.register(actor=FOUNDER, town=town, parties=_parties(), at=NOW)
        requests.publish_catalogue(actor=FOUNDER, town=town, services=_services(), at=NOW)
        codes = party_queries.register(town).by_code
        held, emails = {}, {}
        for key, (role, place, party) in PEOPLE.items():
            emails[key] = f"{key}@{slug}.example.org"
            held[key] = accounts.register(email=emails[key], display_name=key.title()).id
            accounts.grant(
                actor=FOUNDER,
                town=town,
                account_id=held[key],
                role=role,
                place_code=place,
                party_id=codes.get(party),
                at=NOW,
            )
    return SmallTown(town, held, emails, dict(codes))


def _square(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _places() -> list[territory.NewPlace]:
    new = territory.NewPlace
    return [
        new("north", "community", "北社区", "North", polygon=_square(113.30, 23.05, 113.40, 23.10)),
        new("south", "community", "南社区", "South", polygon=_square(113.30, 23.00, 113.40, 23.05)),
        new("n1", "grid", "北一格", "North 1", "north", _square(113.30, 23.05, 113.35, 23.10)),
        new("n2", "grid", "北二格", "North 2", "north", _square(113.35, 23.05, 113.40, 23.10)),
        new("s1", "grid", "南一格", "South 1", "south", _square(113.30, 23.00, 113.35, 23.05)),
        new("s2", "grid", "南二格", "South 2", "south", _square(113.35, 23.00, 113.40, 23.05)),
        new("n1-b1", "building", "一号楼", "Building 1", "n1", _square(113.31, 23.06, 113.311, 23.061), n_dwellings=60),
    ]


def _parties() -> list[parties.NewParty]:
    new = parties.NewParty
    return [
        new("great_property", "property_company", "大榕树物业", "Great Banyan Property", answers_for=[("north", "")]),
        new("south_property", "property_company", "南榕物业", "South Banyan Property", answers_for=[("south", "")]),
        new(
            "lift_company",
            "contractor",
            "电梯公司",
            "Lift Company",
            answers_for=[("north", "lifts"), ("south", "lifts")],
        ),
    ]


def _services() -> list[requests.NewService]:
    targets = {urgency: dict(TARGETS) for urgency in ("emergency", "high", "normal", "low")}
    shared = {"targets": targets, "responsible_kinds": ("property_company",)}
    new = requests.NewService
    return [
        new("lamp", "repair", "lighting", "照明", "Lighting", "路灯不亮", "Street lamp out", **shared),
        new("leak", "repair", "water", "用水", "Water", "漏水", "Leak", **shared),
        new(
            "lift",
            "repair",
            "lifts",
            "电梯",
            "Lifts",
            "电梯故障",
            "Lift out of order",
            targets=targets,
            responsible_kinds=("contractor", "property_company"),
            is_clock_always_on=True,
            default_urgency="high",
        ),
        new("idea", "suggestion", "voice", "心声", "Voice", "建议", "Suggestion", needs_place=False, **shared),
    ]
