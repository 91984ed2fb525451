"""The town that is measured: places, people and services of the demonstration, and as many requests as asked for.

Requests come in through the import of cases: whole batches through the same action that brings another system's cases,
each with its matter and its first entry of history.  Services follow the mix of the demonstration's model, places
follow the dwellings, reports come evenly at `PER_DAY`, so that a town with more requests is one with a longer past.
The same index always gives the same case, but for the hour at which the measurement began.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

import numpy as np

from banyan.apps.accounts import actions as accounts
from banyan.apps.accounts import queries as account_queries
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.actions.report import calendar_of
from banyan.apps.service_requests.rules import Status, clocks
from banyan.apps.service_requests.rules.imports import Case
from banyan.apps.territory import queries as territory
from banyan.base.rng import stream
from banyan.demo import geometry, settling
from banyan.demo import parties as organisation
from banyan.demo.requests_model.parameters import MIX
from banyan.kit import scopes
from banyan.kit.guard import Channel

WordT = TypeVar("WordT", bound=str)

SEED: Final = 311
PER_DAY: Final = 31.0
BATCH: Final = 1000
#: Requests younger than this are still on somebody's desk; of older ones only the share `LONG_OPEN`.
ON_THE_DESK: Final = timedelta(days=14)
LONG_OPEN: Final = 0.01
#: How the requests on the desk are spread, and how those that have ended.
OPEN_MIX: Final = {
    Status.RECEIVED: 0.12, Status.TRIAGED: 0.08, Status.DISPATCHED: 0.15, Status.ACCEPTED: 0.15,
    Status.IN_PROGRESS: 0.35, Status.PAUSED: 0.08, Status.REOPENED: 0.03, Status.RETURNED: 0.04,
}  # fmt: skip
ENDED_MIX: Final = {Status.CLOSED: 0.93, Status.REJECTED: 0.04, Status.WITHDRAWN: 0.03}
#: States in which nobody has been given the work.
UNASSIGNED: Final = frozenset({Status.RECEIVED, Status.TRIAGED, Status.RETURNED, Status.REJECTED})
CHANNELS: Final = {"web": 0.55, "phone": 0.25, "counter": 0.11, "door_to_door": 0.09}
WORDS: Final = "这里有问题，请派人来看一下。希望尽快处理，谢谢。"


@dataclass
class Bench:
    """The town that is measured, with a token of each of the people who ask."""

    town: territory.Town
    accounts: dict[str, UUID]
    begun_at: datetime
    tokens: dict[str, str] = field(default_factory=dict)
    workers: dict[UUID, str] = field(default_factory=dict)
    """Party -> key of one of its workers."""
    n_requests: int = 0


def settle() -> Bench:
    """Found the town and move its people in; the requests come later."""
    plan = geometry.plan_town(seed=SEED, scale=1.0)
    people = organisation.organise(plan)
    now = datetime.now(UTC)
    settled = settling.settle(plan, people, at=now - timedelta(days=5000))
    settled.town.refresh_from_db()
    bench = Bench(settled.town, settled.accounts, now)
    with scopes.town(bench.town.id):
        codes = parties.register(bench.town).by_code
        for member in people.staff:
            if member.role == "worker":
                bench.workers.setdefault(codes[member.party], member.key)
        for key in {"demo-resident", "demo-coordinator", "demo-manager", *bench.workers.values()}:
            bench.tokens[key] = _token(bench, key)
    return bench


def as_kept(bench: Bench) -> dict[str, Any]:
    """Return a town as it is kept in a file for `reopened`."""
    return {
        "town": str(bench.town.id),
        "accounts": {key: str(one) for key, one in bench.accounts.items()},
        "begun_at": bench.begun_at.isoformat(),
        "tokens": bench.tokens,
        "workers": {str(party): key for party, key in bench.workers.items()},
        "n_requests": bench.n_requests,
    }


def reopened(held: Mapping[str, Any]) -> Bench:
    """Return a town that an earlier run settled and filled."""
    return Bench(
        territory.town_by_id(UUID(held["town"])),
        {key: UUID(one) for key, one in held["accounts"].items()},
        datetime.fromisoformat(held["begun_at"]),
        dict(held["tokens"]),
        {UUID(party): key for party, key in held["workers"].items()},
        int(held["n_requests"]),
    )


def _token(bench: Bench, key: str) -> str:
    actor = account_queries.actor_of(bench.accounts[key], town_id=bench.town.id, channel=Channel.CLI)
    return accounts.issue_token(actor=actor, town=bench.town, name="benchmark", at=bench.begun_at)


def fill(bench: Bench, *, up_to: int) -> None:
    """Bring requests in until there are `up_to` of this kind; what is added lies further in the past."""
    while bench.n_requests < up_to:
        size = min(BATCH, up_to - bench.n_requests)
        with scopes.town(bench.town.id):
            cases = list(_cases(bench, first=bench.n_requests, size=size))
            actions.import_cases(
                actor=settling.FOUNDER, town=bench.town, cases=cases, profile="benchmark", at=bench.begun_at
            )
        bench.n_requests += size


def _cases(bench: Bench, *, first: int, size: int) -> Iterator[Case]:
    """Draw cases; a batch is a stream of random numbers of its own."""
    town, rng = bench.town, stream(SEED, "benchmark", str(first))
    offered, tree = queries.catalogue(town).offered, territory.tree(town)
    buildings = tree.at_level("building")
    homes = np.array([place.n_dwellings for place in buildings], dtype=np.float64)
    where = rng.choice(len(buildings), size=size, p=homes / homes.sum())
    weights = np.array([MIX.get(code, 1.0) for code in offered])
    what = rng.choice(len(offered), size=size, p=weights / weights.sum())
    days = np.sort((first + rng.uniform(0, size, size)) / PER_DAY)
    shift = rng.uniform(-0.0002, 0.0002, (size, 2))
    services = list(offered.values())
    for i in range(size):
        building, service = buildings[int(where[i])], services[int(what[i])]
        grid = tree.by_id[building.parent_id] if building.parent_id else building
        begun = bench.begun_at - timedelta(days=float(days[i]), minutes=1)
        is_open = begun > bench.begun_at - ON_THE_DESK or rng.random() < LONG_OPEN
        status = _drawn(rng, OPEN_MIX if is_open else ENDED_MIX)
        party = None if status in UNASSIGNED else queries.suggested_party(service, grid, town=town)
        started = clocks.started(
            service.targets, urgency=service.default_urgency, calendar=calendar_of(service, town=town), at=begun
        )
        yield Case(
            source_key=f"b-{first + i:07d}",
            service_code=service.code,
            description=f"{service.name_zh}：{WORDS}",
            status=status,
            channel=_drawn(rng, CHANNELS),
            requested_at=begun,
            deadline_at=started.deadline_at,
            closed_at=None if is_open else min(begun + timedelta(hours=float(rng.exponential(60))), bench.begun_at),
            remedy="" if is_open else "已处理。",
            address=f"{building.name_zh}附近",
            place_code=grid.code,
            party_code=party.code if party else "",
            lon=(building.lon or 0.0) + float(shift[i, 0]),
            lat=(building.lat or 0.0) + float(shift[i, 1]),
        )


def _drawn(rng: np.random.Generator, mix: Mapping[WordT, float]) -> WordT:
    words = list(mix)
    return words[int(rng.choice(len(words), p=list(mix.values())))]
