"""What the rules of routing would do: with one report, and with all there were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from banyan.apps.parties import queries as parties
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.queries.offered import ServiceView, catalogue, rules_of, suggested_party
from banyan.apps.service_requests.rules import routing
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town


@dataclass(frozen=True, slots=True)
class Fate:
    """Where a report goes, and why.

    `by` is ``rule`` where a rule names the party (or leaves it to the register and the register knows one),
    ``register`` where no rule fits and the register of parties knows who answers, else ``nobody``.
    """

    party: parties.PartyView | None
    by: str
    decision: routing.Decision | None
    trace: tuple[routing.Traced, ...]

    @property
    def is_automatic(self) -> bool:
        """Say whether it would be dispatched at once."""
        return self.by == "rule" and self.decision is not None and self.decision.is_automatic


@dataclass(frozen=True, slots=True)
class Past:
    """What rules would have done with past requests: how many each rule took, who would have got them."""

    n: int
    by_rule: Mapping[str, int] = field(default_factory=dict)
    by_party: Mapping[str, int] = field(default_factory=dict)
    """By code of the party."""
    n_unmatched: int = 0
    """Requests that no rule fits; the register of parties decides on them."""
    n_nobody: int = 0
    """Requests for which neither a rule nor the register names anybody."""
    n_automatic: int = 0


def compiled_for(town: Town, body: Mapping[str, Any]) -> routing.Compiled:
    """Make a checked document of routing rules ready for the town in scope."""
    paths = {place.code: place.path for place in territory.tree(town).places}
    return routing.compiled(body, calendar=territory.calendar(town), time_zone=town.time_zone, paths=paths)


def routing_in_force(town: Town) -> routing.Compiled:
    """Return the routing rules in force, made ready once for each edition of the town."""
    return territory.kept.get("routing", town=town, make=lambda: compiled_for(town, rules_of(town, "routing")))


def what_would_happen(
    town: Town,
    *,
    service: ServiceView,
    place: territory.PlaceView | None,
    urgency: str,
    at: datetime,
    words: str = "",
    rules: routing.Compiled | None = None,
) -> Fate:
    """Return where a report would go and why, by the rules in force or by others (`compiled_for`).

    No SQL once the town's registers are in memory.
    """
    facts = routing.Facts(
        service_code=service.code,
        group=service.group,
        kind=service.kind,
        urgency=urgency,
        place_path=place.path if place else "",
        at=at,
        words=words,
    )
    verdict = routing.decide(rules or routing_in_force(town), facts)
    named = _named_party(verdict.decision, service, place, town=town)
    if named is not None:
        return Fate(named, "rule", verdict.decision, verdict.trace)
    party = suggested_party(service, _above_building(place, town=town), town=town)
    return Fate(party, "register" if party else "nobody", verdict.decision, verdict.trace)


def _named_party(
    decision: routing.Decision | None, service: ServiceView, place: territory.PlaceView | None, *, town: Town
) -> parties.PartyView | None:
    if decision is None:
        return None
    if decision.party == routing.RESPONSIBLE:
        return suggested_party(service, _above_building(place, town=town), town=town)
    register = parties.register(town)
    party_id = register.by_code.get(decision.party)  # None: it has left the register since
    return register.by_id[party_id] if party_id else None


def _above_building(place: territory.PlaceView | None, *, town: Town) -> territory.PlaceView | None:
    if place is None or place.level != "building":
        return place
    return territory.tree(town).by_id.get(place.parent_id) if place.parent_id else place


def fate_of(
    town: Town,
    request: ServiceRequest,
    *,
    service: ServiceView | None = None,
    urgency: str = "",
    rules: routing.Compiled | None = None,
) -> Fate:
    """Return where a request that was made before would go, as it came in, or with another service or urgency."""
    service_id = service.id if service else request.service_id
    words = (request.place_id, request.building_id, request.requested_at, request.description)
    return _fate(town, (service_id, urgency or request.urgency, *words), rules=rules)


def over_past(town: Town, *, rules: routing.Compiled | None = None, limit: int | None = None) -> Past:
    """Return what rules would have done with the requests of the town in scope, newest first, all or some of them.

    The caller has authorised the read; what comes back names no person and no request.
    """
    columns = ("service_id", "urgency", "place_id", "building_id", "requested_at", "description")
    rows = ServiceRequest.objects.order_by("-requested_at", "-id").values_list(*columns)[:limit]
    ready = rules or routing_in_force(town)
    return tallied(_fate(town, row, rules=ready) for row in rows.iterator(chunk_size=2000))


def tallied(fates: Iterator[Fate]) -> Past:
    """Count fates by rule and by party."""
    by_rule: Counter[str] = Counter()
    by_party: Counter[str] = Counter()
    counted: Counter[str] = Counter()
    for fate in fates:
        counted["n"] += 1
        if fate.decision is None:
            counted["unmatched"] += 1
        else:
            by_rule[fate.decision.rule] += 1
        if fate.party is None:
            counted["nobody"] += 1
        else:
            by_party[fate.party.code] += 1
        counted["automatic"] += fate.is_automatic
    return Past(
        counted["n"],
        dict(by_rule.most_common()),
        dict(by_party.most_common()),
        n_unmatched=counted["unmatched"],
        n_nobody=counted["nobody"],
        n_automatic=counted["automatic"],
    )


def _fate(
    town: Town,
    row: tuple[UUID, str, UUID | None, UUID | None, datetime, str],
    *,
    rules: routing.Compiled | None,
) -> Fate:
    service_id, urgency, place_id, building_id, at, words = row
    by_id = territory.tree(town).by_id
    place = by_id.get(building_id) if building_id else None
    place = place or (by_id.get(place_id) if place_id else None)
    service = catalogue(town).by_id[service_id]
    return what_would_happen(town, service=service, place=place, urgency=urgency, at=at, words=words, rules=rules)
