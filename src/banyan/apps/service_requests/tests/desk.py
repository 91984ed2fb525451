"""A request on which several parties work: what tests of joint work and of decisions begin with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from banyan.apps.audit import queries as audit
from banyan.apps.audit.models import Entry
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.actions import Call, Decision, PartWords, Question, Summons
from banyan.apps.service_requests.models import Part, Photo, ReturnCall, Ruling, ServiceRequest
from banyan.apps.service_requests.queries import Filter
from banyan.apps.service_requests.rules.joint import PartStep
from banyan.apps.territory import queries as territory
from banyan.base.errors import NotFound
from banyan.engines import deadlines
from tests.towns import NOW, SmallTown

LATER = NOW + timedelta(minutes=30)
MUCH_LATER = NOW + timedelta(hours=3)


class Desk:
    """A town with one burst pipe on which parties are called together."""

    def __init__(self, town: SmallTown, *, until: str = "triaged") -> None:
        self.town = town
        self.id = town.report(service_code="leak", description="水管爆裂").id
        town.walk(self.id, until=until)

    @property
    def now(self) -> ServiceRequest:
        with self.town.scope():
            return ServiceRequest.objects.get(id=self.id)

    def summon(
        self, *summons: Summons, key: str = "coordinator", at: Any = NOW, version: int | None = None
    ) -> list[Part]:
        with self.town.scope():
            return actions.summon(
                actor=self.town.actor(key),
                town=self.town.town,
                service_request_id=self.id,
                summons=summons,
                at=at,
                version=version,
            )

    def pair(self) -> tuple[Part, Part]:
        """Summon the property company as the lead and the lift company to help."""
        lead, helper = self.summon(self.lead(), self.help())
        return lead, helper

    def lead(self, **words: Any) -> Summons:
        return Summons(self.town.parties["great_property"], "关总阀", **{"target_min": 120, "is_lead": True, **words})

    def help(self, **words: Any) -> Summons:
        return Summons(self.town.parties["lift_company"], "抽电梯井的水", **{"target_min": 240, **words})

    def part(
        self,
        part: Part | UUID,
        step: str,
        key: str,
        *,
        at: Any = LATER,
        version: int | None = None,
        photos: Any = (),
        **words: Any,
    ) -> Part:
        with self.town.scope():
            return actions.take_part_step(
                actor=self.town.actor(key),
                town=self.town.town,
                part_id=part if isinstance(part, UUID) else part.id,
                step=PartStep(step),
                at=at,
                words=PartWords(**words),
                photos=photos,
                version=version,
            )

    def ask(self, key: str, kind: str = "extension", *, at: Any = LATER, **words: Any) -> Ruling:
        question = Question(kind, **{"reason": "等零件", **words})
        with self.town.scope():
            return actions.ask_ruling(
                actor=self.town.actor(key), town=self.town.town, service_request_id=self.id, question=question, at=at
            )

    def decide(self, ruling: Ruling, key: str, *, is_granted: bool = True, at: Any = LATER, **words: Any) -> Ruling:
        decision = Decision(is_granted, **words)
        with self.town.scope():
            return actions.decide_ruling(
                actor=self.town.actor(key), town=self.town.town, ruling_id=ruling.id, decision=decision, at=at
            )

    def call(self, key: str, outcome: str, *, at: Any = LATER, **words: Any) -> ReturnCall:
        with self.town.scope():
            return actions.record_return_call(
                actor=self.town.actor(key),
                town=self.town.town,
                service_request_id=self.id,
                call=Call(outcome, **words),
                at=at,
            )

    def step(self, step: str, key: str, *, at: Any = LATER, **words: Any) -> Any:
        return self.town.step(self.id, step, key, at=at, **words)

    def verbs(self) -> list[str]:
        with self.town.scope():
            return [moment.verb.partition(".")[2] for moment in audit.timeline(("service_request", self.id))]

    def counts(self) -> tuple[int, ...]:
        with self.town.scope():
            return tuple(model.objects.count() for model in (Part, Ruling, ReturnCall, Photo, Entry))

    def reads(self, key: str) -> bool:
        """Say whether somebody reads the request, by itself and in their list alike."""
        actor = self.town.actor(key)
        with self.town.scope():
            try:
                queries.readable(actor, self.id, town=self.town.town)
            except NotFound:
                by_itself = False
            else:
                by_itself = True
            page = queries.listed(actor, Filter(), town=self.town.town, at=NOW)
        assert by_itself == (self.id in {row.id for row in page.rows})
        return by_itself


def later(desk: Desk, at: Any, minutes: int) -> Any:
    """Return the instant some working minutes of the town later."""
    with desk.town.scope():
        return deadlines.add_minutes(territory.calendar(desk.town.town), at, minutes=minutes)
