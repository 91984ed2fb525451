"""What happens to requests, one frozen line at a time, for a loader to replay through the actions of the platform."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Report:
    """What was reported.

    `reporter` is the key of a resident with an account; "" for somebody without.  `taken_by` is the key of the staff
    member who wrote it down (phone, counter, door to door) or "".  `contact_*` belong to those without an account.
    `lon`, `lat` in WGS84 degrees, always inside grid `grid`; `building` is a code or "".
    """

    service: str
    urgency: str
    channel: str
    language: str
    text: str
    grid: str
    building: str
    address: str
    lon: float
    lat: float
    reporter: str
    taken_by: str
    contact_name: str
    contact_phone: str


@dataclass(frozen=True, slots=True)
class Happening:
    """One event in the life of one request.

    `step` is report, rate, comment or a step of the state table of service requests (triage, dispatch, accept, start,
    pause, resume, resolve, verify, refute, close, reopen, return, reject, withdraw).  `by` is the key of a staff member
    or resident; "" is the reporter without an account.  `text` is the reason, remedy or comment the step comes with.
    """

    at: datetime
    request: str
    step: str
    by: str
    text: str = ""
    party: str = ""
    handler: str = ""
    service: str = ""
    urgency: str = ""
    rating: int = 0
    is_internal: bool = False
    report: Report | None = None
