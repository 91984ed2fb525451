"""News about service requests."""

from __future__ import annotations

from dataclasses import dataclass
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
