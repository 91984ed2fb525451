"""News about service requests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ServiceRequestReceived:
    """A request was made; `entry_id` is the history entry behind it."""

    service_request_id: UUID
    entry_id: UUID


@dataclass(frozen=True, slots=True)
class ServiceRequestMoved:
    """A request took a step of the state table."""

    service_request_id: UUID
    entry_id: UUID
    step: str
    account_id: UUID | None


@dataclass(frozen=True, slots=True)
class CommentAdded:
    """Somebody added words to a request."""

    service_request_id: UUID
    entry_id: UUID
    is_internal: bool
    account_id: UUID | None


@dataclass(frozen=True, slots=True)
class PartMoved:
    """A party was summoned (`step` summon), or its part of joint work took a step."""

    service_request_id: UUID
    part_id: UUID
    entry_id: UUID
    step: str
    account_id: UUID | None


@dataclass(frozen=True, slots=True)
class RulingMoved:
    """Something was asked of others, decided or withdrawn; `verb` is that of history."""

    service_request_id: UUID
    ruling_id: UUID
    entry_id: UUID
    verb: str
    account_id: UUID | None


@dataclass(frozen=True, slots=True)
class ServiceRequestAnswered:
    """The town gave, or changed, the answer to a request that everybody reads."""

    service_request_id: UUID
    entry_id: UUID
    account_id: UUID | None


@dataclass(frozen=True, slots=True)
class IncidentTold:
    """Something is new about an incident: it was opened, changed or has ended."""

    incident_id: UUID
    entry_id: UUID
    verb: str
    account_id: UUID | None


@dataclass(frozen=True, slots=True)
class SupervisionRaised:
    """A rung of the ladder was reached, or somebody asks (`account_id`): holders of `role` hear of it."""

    service_request_id: UUID
    entry_id: UUID
    role: str
    account_id: UUID | None
    at: datetime


@dataclass(frozen=True, slots=True)
class SupervisionAnswered:
    """A supervision ticket was answered; `raised_by_account_id` is None where the ladder raised it."""

    service_request_id: UUID
    entry_id: UUID
    role: str
    raised_by_account_id: UUID | None
    account_id: UUID | None
    at: datetime


@dataclass(frozen=True, slots=True)
class LadderChanged:
    """Another ladder is in force: when the next rungs are due has to be reckoned anew."""

    version: int
