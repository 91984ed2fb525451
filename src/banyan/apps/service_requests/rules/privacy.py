"""How a report treats who made it: by name, without one, or on no public page; and how long its words are kept."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

from banyan.apps.service_requests.rules.states import Kind
from banyan.base.errors import Problem, mark

if TYPE_CHECKING:
    from banyan.apps.service_requests.rules.rulesets import Known


class Privacy(StrEnum):
    """How a report treats who made it."""

    NAMED = "named"
    """The town may know who reported it and ask back."""
    ANONYMOUS = "anonymous"
    """No contact is kept and no account: the tracking number alone leads back."""
    CONFIDENTIAL = "confidential"
    """On no public page, list, map or feed; only the staff in charge and the reporter know of it."""


class Told(Protocol):
    """What a draft says of who made it."""

    @property
    def privacy(self) -> str: ...
    @property
    def contact_name(self) -> str: ...
    @property
    def contact_phone(self) -> str: ...
    @property
    def contact_email(self) -> str: ...


def privacy_problems(draft: Told) -> list[Problem]:
    """Return what is wrong with the way a draft wants its reporter treated."""
    if draft.privacy not in set(Privacy):
        value = {"value": draft.privacy[:40]}
        return [Problem("privacy", "unknown", mark("There is no way of reporting “{value}”."), value)]
    if draft.privacy != Privacy.ANONYMOUS:
        return []
    sentence = mark("An anonymous report keeps no contact: leave this empty.")
    names = ("contact_name", "contact_phone", "contact_email")
    return [Problem(name, "not_taken", sentence) for name in names if getattr(draft, name)]


def unlinkable(draft_id: UUID, *, key: bytes) -> UUID:
    """Return the identifier of a confidential report for the one that its draft had, the same each time.

    An identifier of version 7 tells when it was made.  This one has the form of version 4, tells nothing without the
    key, and lets a draft that is sent twice still make one report.
    """
    digest = hmac.new(key, b"confidential report" + draft_id.bytes, hashlib.sha256).digest()
    return UUID(bytes=digest[:16], version=4)


# --- retention -------------------------------------------------------------------------------------------------------

_LONGEST_DAYS: Final = 3650
#: Days after the end.  Three years is the general period of limitation (Civil Code of the PRC, article 188): so long a
#: claim may hang on what was reported.  To an anonymous report nobody comes back but by its number: a year is enough.
DEFAULT_RETENTION: Final[Mapping[str, Any]] = {
    "days": {"named": 1095, "anonymous": 365, "confidential": 1095},
    "by_kind": {"praise": 365},
    "reason": "Civil Code of the PRC, article 188: three years of limitation. An example: each town decides anew.",
}


def retention_problems(body: Mapping[str, Any], known: Known) -> Sequence[Problem]:  # noqa: ARG001
    """Return every problem of a document on retention: days by way of reporting, by kind, and the reason."""
    problems = [
        Problem(name, "unknown", mark("This is not known here."))
        for name in sorted(set(body) - {"days", "by_kind", "reason"})
    ]
    days, by_kind = body.get("days"), body.get("by_kind", {})
    if not isinstance(days, Mapping) or set(days) != set(map(str, Privacy)):
        problems.append(
            Problem("days", "required", mark("Say the days for named, anonymous and confidential reports."))
        )
    if not isinstance(by_kind, Mapping) or not set(by_kind) <= set(map(str, Kind)):
        problems.append(Problem("by_kind", "unknown", mark("Say the days for kinds of requests that exist.")))
    if not isinstance(body.get("reason"), str) or not body["reason"].strip() or len(body["reason"]) > 500:
        problems.append(Problem("reason", "required", mark("Say why so long, in at most 500 characters.")))
    for where, table in (("days", days), ("by_kind", by_kind)):
        for name, value in table.items() if isinstance(table, Mapping) else ():
            if type(value) is not int or not 1 <= value <= _LONGEST_DAYS:
                facts = {"most": _LONGEST_DAYS}
                problems.append(Problem(f"{where}.{name}", "range", mark("From 1 to {most} days."), facts))
    return problems


def kept_until(rules: Mapping[str, Any], *, privacy: str, kind: str, on: date) -> date:
    """Return the last day on which the words and the contact of a request are kept.

    Parameters
    ----------
    on
        The day on which it ended; until it ends, the day on which it was made.
    """
    days = rules["days"][privacy]
    return on + timedelta(days=min(days, rules.get("by_kind", {}).get(kind, days)))
