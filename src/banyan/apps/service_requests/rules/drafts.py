"""What a report has to say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from banyan.apps.service_requests.rules.privacy import Privacy, privacy_problems
from banyan.apps.service_requests.rules.states import Intake, Urgency, words_problems
from banyan.base.coordinates import System
from banyan.base.errors import Problem, mark

#: How far a client's clock may run ahead of ours.
CLOCK_SLACK: Final = timedelta(minutes=2)
#: How long ago something may have been seen that is reported today; older cases are imported.
OLDEST: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Draft:
    """A report as it comes in, before anything is believed.

    `lon`, `lat` in degrees of `coordinate_system` (wgs84, gcj02, bd09); `place_code` names a place where there is no
    point.  `contact_*` is how to reach the reporter, or the person for whom the staff writes it down.  `id` may be made
    by a client without network; `source_key` is the identifier in another system.
    Where `is_passed_on`, the account passes on what somebody else has told it: the contact is theirs, not its own.
    `privacy`: named, anonymous or confidential (`rules.privacy`).
    `deadline_at`: until when another desk has promised it; it stands in place of the service's own target.
    `attributes`: code of an attribute of the service -> value, or several (`rules.attributes`).
    """

    service_code: str
    description: str = ""
    urgency: str = ""
    lon: float | None = None
    lat: float | None = None
    coordinate_system: str = "wgs84"
    address: str = ""
    place_code: str = ""
    intake: str = "web"
    contact_name: str = ""
    contact_phone: str = ""
    contact_email: str = ""
    requested_at: datetime | None = None
    deadline_at: datetime | None = None
    source_key: str | None = None
    id: UUID | None = None
    is_passed_on: bool = False
    privacy: str = str(Privacy.NAMED)
    attributes: Mapping[str, str | Sequence[str]] = field(default_factory=dict)


def draft_problems(draft: Draft, *, at: datetime, needs_place: bool) -> list[Problem]:
    """Return every problem of a draft that can be seen without the town's tree and catalogue."""
    problems = words_problems({"description": draft.description})
    problems += words_problems({"address": draft.address}, limit=200)
    if not draft.description.strip():
        problems.append(Problem("description", "required", mark("Say in a few words what it is about.")))
    if draft.urgency and draft.urgency not in set(Urgency):
        problems.append(
            Problem("urgency", "unknown", mark("There is no urgency “{value}”."), {"value": draft.urgency[:40]})
        )
    if draft.intake not in set(Intake):
        problems.append(
            Problem("channel", "unknown", mark("There is no channel “{value}”."), {"value": draft.intake[:40]})
        )
    if draft.requested_at is not None and draft.requested_at > at + CLOCK_SLACK:
        problems.append(Problem("requested_at", "future", mark("The time lies in the future.")))
    if draft.requested_at is not None and draft.intake != Intake.IMPORT and draft.requested_at < at - OLDEST:
        problems.append(Problem("requested_at", "too_old", mark("The time lies more than a year back.")))
    if draft.deadline_at is not None and draft.deadline_at < (draft.requested_at or at):
        problems.append(Problem("deadline_at", "order", mark("The deadline lies before the report.")))
    return problems + privacy_problems(draft) + _point_problems(draft, needs_place=needs_place)


def _point_problems(draft: Draft, *, needs_place: bool) -> list[Problem]:
    if draft.coordinate_system not in {str(system) for system in System}:
        value = {"value": draft.coordinate_system[:40]}
        return [Problem("coordinate_system", "unknown", mark("There is no coordinate system “{value}”."), value)]
    if (draft.lon is None) != (draft.lat is None):
        return [
            Problem("lon" if draft.lon is None else "lat", "required", mark("A point needs longitude and latitude."))
        ]
    if draft.lon is None or draft.lat is None:
        if needs_place and not draft.place_code:
            return [Problem("lon", "required", mark("Show on the map, or name, the place it is about."))]
        return []
    if not (math.isfinite(draft.lon) and math.isfinite(draft.lat)) or abs(draft.lon) > 180 or abs(draft.lat) > 90:
        return [Problem("lon", "range", mark("Longitude lies within 180 and latitude within 90 degrees."))]
    return []
