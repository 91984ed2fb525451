"""The catalogue, the rules in force and who answers for a service at a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from banyan.apps.parties import queries as parties
from banyan.apps.service_requests.models import Ruleset, Service
from banyan.apps.service_requests.rules.rulesets import SUBJECTS
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town


@dataclass(frozen=True, slots=True)
class ServiceView:
    """One version of a service."""

    id: UUID
    code: str
    version: int
    is_current: bool
    is_active: bool
    kind: str
    group: str
    group_zh: str
    group_en: str
    name_zh: str
    name_en: str
    description_zh: str
    description_en: str
    keywords_zh: str
    keywords_en: str
    default_urgency: str
    is_clock_always_on: bool
    targets: Mapping[str, Mapping[str, Any]]
    responsible_kinds: Sequence[str]
    needs_place: bool
    advises_photo: bool
    attributes: Sequence[Mapping[str, Any]]
    source: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All versions of the services of a town, frozen at one edition."""

    by_id: Mapping[UUID, ServiceView]
    offered: Mapping[str, ServiceView]
    """Current and active services by code, in the order of group and name."""


def catalogue(town: Town) -> Catalogue:
    """Return the service catalogue of the town in scope."""
    return territory.kept.get("catalogue", town=town, make=_read_catalogue)


def _read_catalogue() -> Catalogue:
    rows = [ServiceView(*row) for row in Service.objects.order_by("group", "code").values_list(*ServiceView.__slots__)]
    offered = {service.code: service for service in rows if service.is_current and service.is_active}
    return Catalogue(by_id={service.id: service for service in rows}, offered=offered)


def rules_of(town: Town, subject: str) -> Mapping[str, Any]:
    """Return the rules in force on a subject (`rules.rulesets`): the town's own, or what holds where it made none."""
    return territory.kept.get("rulesets", town=town, make=_read_rules).get(subject, SUBJECTS[subject].default)


def _read_rules() -> Mapping[str, Mapping[str, Any]]:
    return dict(Ruleset.objects.filter(is_current=True).values_list("subject", "body"))


def suggested_party(service: ServiceView, place: territory.PlaceView | None, *, town: Town) -> parties.PartyView | None:
    """Return who answers for a service at a place, by the register of parties; None where nobody does."""
    if place is None:
        return None
    chain = territory.tree(town).upward(place)
    return parties.register(town).answering(chain, kinds=service.responsible_kinds, topic=service.group)
