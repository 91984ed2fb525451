"""Joint work, questions and return calls as the API shows and takes them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from ninja import Schema
from pydantic import Field

from banyan.apps.service_requests.rules.joint import MOST_MIN, MOST_SUMMONED, REASON_LIMIT, TASK_LIMIT, PartStep
from banyan.apps.service_requests.rules.joint import PartStatus as Standing
from banyan.apps.service_requests.rules.rulings import Outcome, RulingKind, RulingStatus
from banyan.apps.service_requests.schemas import PartyNamed, PhotoOut, Words
from banyan.base.coordinates import System
from banyan.kit.api import TEXT_PATTERN, Body, Identifier, Version

Minutes = Annotated[int, Field(ge=1, le=MOST_MIN, description="Working minutes of the town.")]
Reason = Annotated[str, Field(max_length=REASON_LIMIT, pattern=TEXT_PATTERN)]


class PartOut(Schema):
    """What one party was summoned to do.  `arrived_m`: metres to the request on arrival; no position is kept."""

    id: UUID
    service_request_id: UUID
    party: PartyNamed | None
    is_lead: bool
    task: str
    status: Standing
    steps: list[PartStep]
    summoned_at: datetime
    accepted_at: datetime | None
    arrived_at: datetime | None
    arrived_m: int | None
    done_at: datetime | None
    target_min: int | None
    deadline_at: datetime | None
    remedy: str
    reason: str
    handler_account_id: UUID | None
    photos: list[PhotoOut]
    version: int


class PartsOut(Schema):
    """The parts of a request, the lead's first."""

    items: list[PartOut]
    next: str | None
    previous: str | None


class RulingOut(Schema):
    """A question that somebody else decides: more time (working minutes), or who has to do it."""

    id: UUID
    service_request_id: UUID
    part_id: UUID | None
    kind: RulingKind
    status: RulingStatus
    reason: str
    minutes: int | None
    asked_by_party: PartyNamed | None
    asked_by_account_id: UUID | None
    asked_at: datetime
    decided_at: datetime | None
    decided_by_account_id: UUID | None
    decision: str
    decided_party: PartyNamed | None
    decided_minutes: int | None
    may_decide: bool
    may_withdraw: bool


class RulingsOut(Schema):
    """Questions."""

    items: list[RulingOut]
    next: str | None
    previous: str | None


class CallOut(Schema):
    """A return call; `satisfaction` 1 to 5."""

    id: UUID
    at: datetime
    account_id: UUID | None
    outcome: Outcome
    is_settled: bool | None
    satisfaction: int | None
    words: str


class CallsOut(Schema):
    """The return calls about a request, newest first."""

    items: list[CallOut]
    next: str | None
    previous: str | None


class OneSummonsIn(Body):
    """One party and what it has to do, within working minutes; without a target it has no clock."""

    party_id: Identifier
    task: Annotated[str, Field(min_length=1, max_length=TASK_LIMIT, pattern=TEXT_PATTERN)]
    target_min: Minutes | None = None
    is_lead: bool = False


class SummonsIn(Body):
    """Several parties summoned at once; one leads.  `version` is that of the request."""

    version: Version
    summons: Annotated[list[OneSummonsIn], Field(min_length=1, max_length=MOST_SUMMONED)]


class PartStepIn(Body):
    """A step of a part; `version` is that of the part.  A point in degrees is measured and not kept."""

    step: Annotated[PartStep, Field(strict=False)]
    version: Version
    reason: Reason = ""
    remedy: Words = ""
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    coordinate_system: Annotated[System, Field(strict=False)] | None = None


class QuestionIn(Body):
    """A question: more time in working minutes for the request or one of its parts, or arbitration."""

    kind: Annotated[RulingKind, Field(strict=False)]
    reason: Annotated[Words, Field(min_length=1)]
    minutes: Minutes | None = None
    part_id: Identifier | None = None


class DecisionIn(Body):
    """A decision.  `minutes`: none grants as many as asked; `party_id`: who has to do it."""

    is_granted: bool
    decision: Words = ""
    minutes: Minutes | None = None
    party_id: Identifier | None = None


class CallIn(Body):
    """A return call; `reopens` opens the request again with `words` as its reason.  `version` is the request's."""

    outcome: Annotated[Outcome, Field(strict=False)]
    version: Version
    is_settled: bool | None = None
    satisfaction: Annotated[int, Field(ge=1, le=5)] | None = None
    words: Words = ""
    reopens: bool = False
