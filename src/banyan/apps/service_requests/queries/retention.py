"""Until when the words of a request are kept, by the rules of the town."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from banyan.apps.service_requests.queries.offered import rules_of
from banyan.apps.service_requests.rules import privacy
from banyan.apps.territory.queries import Town


def kept_until(way: str, kind: str, *, town: Town, at: datetime) -> date:
    """Return the last day on which the words of a request are kept.

    Parameters
    ----------
    way
        named, anonymous or confidential.
    at
        When it ended; until it ends, when it was made.
    """
    return privacy.kept_until(rules_of(town, "retention"), privacy=way, kind=kind, on=local_day(town, at))


def local_day(town: Town, at: datetime) -> date:
    """Return which day an instant falls on in a town."""
    return at.astimezone(ZoneInfo(town.time_zone)).date()
