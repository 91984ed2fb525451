"""The life of a request after it arrived: desk, hands, check, and what goes wrong on the way."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from banyan.base.calendar import ALWAYS, Calendar
from banyan.demo.catalogue import Service, services
from banyan.demo.geometry import Town
from banyan.demo.parties import Member, Organisation
from banyan.demo.requests_model import phrases
from banyan.demo.requests_model.arrivals import Arrival
from banyan.demo.requests_model.happenings import Happening
from banyan.demo.requests_model.parameters import PACE, Parameters
from banyan.engines.deadlines import add_minutes

_LOWER_OR_HIGHER = {"emergency": "high", "high": "normal", "normal": "high", "low": "normal"}
#: Kinds that are answered in words rather than with tools.
_IN_WORDS = frozenset({"enquiry", "praise", "suggestion", "need", "complaint"})


@dataclass(frozen=True, slots=True)
class Offices:
    """Who is there to work: the town's tree, its parties by kind, its staff by desk."""

    town: Town
    organisation: Organisation
    community_of: dict[str, str]
    kind_of: dict[str, str]

    @classmethod
    def of(cls, town: Town, organisation: Organisation) -> Offices:
        """Gather the offices of a town."""
        return cls(
            town,
            organisation,
            {grid.code: grid.community for grid in town.grids},
            {party.code: party.kind for party in organisation.parties},
        )

    def answering(self, grid: str, service: Service) -> str:
        """Return the party that answers for a service in a grid."""
        chain = (grid, self.community_of[grid])
        return self.organisation.answering(chain, kinds=service.responsible_kinds, topic=service.group)

    def coordinators(self, grid: str) -> tuple[Member, ...]:
        """Return those who triage and verify in a grid."""
        return self.organisation.of_party(f"committee-{self.community_of[grid]}", role="coordinator")


@dataclass(slots=True)
class Life:
    """One request on its way; `happenings` grows step by step and never goes back in time."""

    key: str
    arrival: Arrival
    service: Service
    urgency: str
    calendar: Calendar
    offices: Offices
    parameters: Parameters
    rng: np.random.Generator
    now: datetime
    party: str = ""
    handler: str = ""
    is_late: bool = False
    was_wrong: bool = False
    happenings: list[Happening] = field(default_factory=list)

    def chance(self, share: float) -> bool:
        """Throw the dice once."""
        return bool(self.rng.random() < share)

    def words(self, kind: str) -> str:
        """Return words for a step in the language of the report."""
        return phrases.step(self.rng, kind, language=self.arrival.report.language)

    def wait(self, stage: str, *, ratio: float, spread: float) -> None:
        """Let time pass: a lognormal part of the stage's target, on the clock of the service, at least a minute."""
        target = self.service.targets[self.urgency][stage]
        part = float(np.exp(self.rng.normal(np.log(ratio), spread)))
        minutes = max(1, round(target * part))
        self.is_late |= stage == "handle" and minutes > target
        clock = ALWAYS if self.service.is_clock_always_on else self.calendar
        self.now = add_minutes(clock, self.now, minutes=minutes)

    def wait_desk(self, stage: str) -> None:
        """Let the time of a desk stage (triage, dispatch, accept) pass."""
        self.wait(stage, ratio=self.parameters.desk_ratio, spread=self.parameters.desk_spread)

    def wait_part_of(self, stage: str, share: float) -> None:
        """Let about this share of a stage's target pass."""
        self.wait(stage, ratio=share, spread=0.4)

    def happen(self, step: str, *, by: str, **words: str | int | bool) -> None:
        """Write one happening down at the present instant."""
        line = Happening(at=self.now, request=self.key, step=step, by=by)
        self.happenings.append(replace(line, **words))  # type: ignore[arg-type]

    @property
    def reporter(self) -> str:
        """Key of the resident who reported, "" without an account."""
        return self.arrival.report.reporter

    def coordinator(self, *, other_than: str = "") -> str:
        """Return somebody at the community's desk."""
        desk = [m.key for m in self.offices.coordinators(self.arrival.report.grid) if m.key != other_than]
        return desk[int(self.rng.integers(len(desk)))]


def live(
    key: str,
    arrival: Arrival,
    *,
    offices: Offices,
    calendar: Calendar,
    parameters: Parameters,
    rng: np.random.Generator,
) -> list[Happening]:
    """Let one request live its whole life; the caller cuts off what lies in the future."""
    report = arrival.report
    service = _service(report.service)
    life = Life(key, arrival, service, report.urgency, calendar, offices, parameters, rng, arrival.at)
    life.happenings.append(
        Happening(
            at=arrival.at,
            request=key,
            step="report",
            by=report.reporter or report.taken_by,
            service=service.code,
            urgency=report.urgency,
            report=report,
        )
    )
    _desk(life)
    return life.happenings


def _service(code: str) -> Service:
    return next(service for service in services() if service.code == code)


def _desk(life: Life) -> None:
    withdraws = bool(life.reporter) and life.chance(life.parameters.withdrawn_share)
    if withdraws and life.chance(0.4):
        return _withdraw(life, "triage")
    life.wait_desk("triage")
    _triage(life)
    if life.chance(life.parameters.rejected_share):
        return _rejected(life)
    if withdraws:
        return _withdraw(life, "dispatch")
    _work(life)
    return None


def _withdraw(life: Life, stage: str) -> None:
    life.wait_part_of(stage, 0.2)
    life.happen("withdraw", by=life.reporter, text=life.words("withdraw"))


def _triage(life: Life) -> None:
    """Put the right service and urgency to it where the reporter erred."""
    service, urgency = "", ""
    if life.arrival.service != life.service.code:
        life.service = _service(life.arrival.service)
        service, urgency = life.service.code, life.service.default_urgency
    elif life.service.kind != "praise" and life.chance(life.parameters.urgency_changed_share):
        urgency = _LOWER_OR_HIGHER[life.urgency]
    life.urgency = urgency or life.urgency
    life.happen("triage", by=life.coordinator(), service=service, urgency=urgency)


def _rejected(life: Life) -> None:
    life.wait_desk("dispatch")
    life.happen("reject", by=life.coordinator(), text=life.words("reject"))
    if life.reporter and life.chance(life.parameters.rejection_reopened_share):
        life.wait_part_of("handle", 0.3)
        life.happen("reopen", by=life.reporter, text=life.words("ask"))
        _work(life)


def _work(life: Life) -> None:
    """Dispatch, handle and check, round after round until it holds."""
    _dispatch(life)
    if life.chance(life.parameters.returned_share):
        life.wait_desk("accept")
        life.happen("return", by=life.handler, text=life.words("return"))
        _dispatch(life)
    _handle(life)
    if life.chance(life.parameters.refuted_share):
        life.was_wrong = True
        _wait_check(life)
        life.happen("refute", by=life.coordinator(other_than=life.handler), text=life.words("refute"))
        _dispatch(life)
        _handle(life)
    _check_and_close(life)
    if life.chance(life.parameters.reopened_share):
        life.was_wrong = True
        life.wait_part_of("verify", 1.5)
        life.happen("reopen", by=life.reporter or life.coordinator(), text=life.words("reopen"))
        _dispatch(life)
        _handle(life)
        _check_and_close(life)
    _rate(life)


def _dispatch(life: Life) -> None:
    life.wait_desk("dispatch")
    grid = life.arrival.report.grid
    life.party = life.offices.answering(grid, life.service)
    crew = life.offices.organisation.of_party(life.party)
    life.handler = crew[int(life.rng.integers(len(crew)))].key
    life.happen("dispatch", by=life.coordinator(), party=life.party, handler=life.handler)


def _handle(life: Life) -> None:
    life.wait_desk("accept")
    life.happen("accept", by=life.handler)
    pace = PACE[life.offices.kind_of[life.party]]
    life.wait_part_of("handle", 0.12 * pace)
    life.happen("start", by=life.handler)
    _talk(life)
    if life.chance(life.parameters.paused_share):
        life.wait_part_of("handle", 0.1)
        life.happen("pause", by=life.handler, text=life.words("pause"))
        life.wait_part_of("handle", 0.5)
        life.happen("resume", by=life.handler, text=life.words("resume"))
    life.wait("handle", ratio=life.parameters.handle_ratio * pace, spread=life.parameters.handle_spread)
    remedy = "remedy_words" if life.service.kind in _IN_WORDS else "remedy"
    life.happen("resolve", by=life.handler, text=life.words(remedy))


def _talk(life: Life) -> None:
    if life.reporter and life.chance(life.parameters.asked_share):
        life.wait_part_of("handle", 0.15)
        life.happen("comment", by=life.reporter, text=life.words("ask"))
    if life.chance(life.parameters.informed_share):
        life.wait_part_of("accept", 0.3)
        internal = life.chance(0.4)
        life.happen("comment", by=life.handler, text=life.words("inform"), is_internal=internal)


def _wait_check(life: Life) -> None:
    life.wait("verify", ratio=life.parameters.verify_ratio, spread=life.parameters.verify_spread)


def _check_and_close(life: Life) -> None:
    """Somebody who did not handle it verifies: the reporter, or the community's desk."""
    _wait_check(life)
    own = bool(life.reporter) and life.chance(life.parameters.verified_by_reporter_share)
    checker = life.reporter if own else life.coordinator(other_than=life.handler)
    life.happen("verify", by=checker, text=life.words("verify"))
    life.wait_part_of("verify", 0.1)
    life.happen("close", by=life.coordinator())


def _rate(life: Life) -> None:
    if not life.reporter or not life.chance(life.parameters.rated_share):
        return
    life.wait_part_of("verify", 0.3)
    mean = 4.5 - 1.1 * life.is_late - 1.2 * life.was_wrong
    rating = int(np.clip(round(life.rng.normal(mean, 0.8)), 1, 5))
    text = life.words("high" if rating >= 4 else "low") if life.chance(0.5) else ""
    life.happen("rate", by=life.reporter, rating=rating, text=text)
