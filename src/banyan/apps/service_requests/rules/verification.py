"""Verification: who looks whether the work is done, by the policy of the service; the label always says how it was.

*resident*
    The reporter looks.  Where nobody can be asked, or once the days have passed (then `verify_by_at` is taken away),
    somebody of the town may.
*staff*
    Somebody of the town looks, who did not handle it.
*sample*
    Of all cases a share is drawn, always the same ones, by a key that only the installation has: whoever handles a case
    cannot reckon beforehand whether it will be looked at.  There somebody of the town looks.  The others are closed
    after the days as "unsampled" unless somebody speaks up.
*silence*
    After so many days without a word it counts as done, and the label says plainly that nobody spoke up.

Where a town has no policy for a service, the reporter or somebody of the town looks, whoever comes first.  The reporter
may always refute.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from banyan.apps.service_requests.rules.documents import Reader
from banyan.apps.service_requests.rules.states import ON_BEHALF, Kind, Urgency
from banyan.base.errors import Problem, mark

if TYPE_CHECKING:
    from banyan.apps.service_requests.rules.rulesets import Known

DAYS: Final = 7
_ENTRY: Final = ("code", "name_zh", "name_en", "is_active", "services", "groups", "policy", "share", "days")


class Policy(StrEnum):
    """Who looks."""

    EITHER = ""
    RESIDENT = "resident"
    STAFF = "staff"
    SAMPLE = "sample"
    SILENCE = "silence"


class How(StrEnum):
    """How it came to be verified."""

    RESIDENT = "resident"
    STAFF = "staff"
    SILENCE = "silence"
    UNSAMPLED = "unsampled"


#: What the label says while it waits, by policy; and once it is verified.
WAITING: Final[Mapping[str, str]] = {
    Policy.EITHER: mark("Waits for the reporter or somebody of the town to look"),
    Policy.RESIDENT: mark("Waits for the reporter to look"),
    Policy.STAFF: mark("Waits for somebody of the town to look"),
    Policy.SAMPLE: mark("Checked by sample"),
    Policy.SILENCE: mark("Counts as done if nobody speaks up"),
}
VERIFIED: Final[Mapping[str, str]] = {
    How.RESIDENT: mark("The reporter looked and found it done"),
    How.STAFF: mark("Somebody of the town looked and found it done"),
    How.SILENCE: mark("Nobody spoke up in time: nobody has looked"),
    How.UNSAMPLED: mark("Not drawn for the sample: nobody has looked"),
}


@dataclass(frozen=True, slots=True)
class Because:
    """Why the town itself takes a step, without a person: the rule that says so, or how it came to be verified."""

    rule: str = ""
    verified_how: str = ""

    def facts(self) -> dict[str, str]:
        """Return what history keeps of it."""
        return {name: getattr(self, name) for name in self.__slots__ if getattr(self, name)}


@dataclass(frozen=True, slots=True)
class Wait:
    """What a resolved request waits for: the policy, and the instant at which silence is taken for an answer."""

    policy: Policy
    verify_by_at: datetime | None


def label(status: str, *, verification: str, verified_how: str) -> str:
    """Return the sentence about verification for a request in a state, "" where there is nothing to say."""
    if verified_how:
        return VERIFIED.get(verified_how, "")
    return WAITING.get(verification, "") if status == "resolved" else ""


def wait_for(
    body: Mapping[str, Any],
    *,
    request_id: UUID,
    service_code: str,
    group: str,
    at: datetime,
    key: bytes,
    has_to_be_seen: bool = False,
) -> Wait:
    """Return what a request resolved at an instant waits for, by the first policy that fits its service.

    Parameters
    ----------
    key
        The secret of the draw (`is_drawn`).
    has_to_be_seen
        Nobody's silence counts (`has_to_be_seen`): where the policy would take it for an answer, somebody looks.
    """
    for one in body.get("policies", ()):
        if one.get("is_active", True) and _concerns(one, service_code, group):
            policy = Policy(one["policy"])
            if has_to_be_seen and policy in (Policy.SAMPLE, Policy.SILENCE):
                policy = Policy.STAFF
            by = at + timedelta(days=int(one.get("days") or DAYS))
            looked_at = policy is Policy.STAFF or (
                policy is Policy.SAMPLE and is_drawn(request_id, share=float(one.get("share") or 0), key=key)
            )
            return Wait(policy, None if looked_at else by)
    return Wait(Policy.EITHER, None)


def has_to_be_seen(*, kind: str, urgency: str, privacy: str, channel: str, has_account: bool) -> bool:
    """Say whether silence proves nothing, so that somebody of the town has to look.

    It proves nothing of hazards and emergencies, of what is confidential, and of people for whom somebody else wrote
    the report down and who have no account, so that the news does not reach them.
    """
    cannot_speak = channel in ON_BEHALF and not has_account
    return kind == Kind.HAZARD or urgency == Urgency.EMERGENCY or privacy == "confidential" or cannot_speak


def _concerns(one: Mapping[str, Any], service_code: str, group: str) -> bool:
    services, groups = one.get("services") or (), one.get("groups") or ()
    return not (services or groups) or service_code in services or group in groups


def is_drawn(request_id: UUID, *, share: float, key: bytes) -> bool:
    """Say whether a request is in the sample: the same answer each time, and a larger share keeps who was drawn.

    Parameters
    ----------
    share
        Of all requests, 0 to 1.
    key
        A secret: who knows the identifier alone cannot tell the answer.  Source: HMAC, RFC 2104, with SHA-256.
    """
    drawn = hmac.new(key, request_id.bytes, hashlib.sha256).digest()
    # 53 bits are what a float between 0 and 1 holds exactly
    return (int.from_bytes(drawn[:8]) >> 11) / (1 << 53) < share


def may_verify(wait: Wait, *, is_reporter: bool, is_staff: bool, has_reporter: bool) -> bool:
    """Say whether somebody may say that it is done.

    Parameters
    ----------
    is_reporter, is_staff
        In what capacity they come; who is both comes as either.
    has_reporter
        Whether there is an account to ask.
    """
    if wait.policy is Policy.RESIDENT:
        return is_reporter or (is_staff and (wait.verify_by_at is None or not has_reporter))
    if wait.policy is Policy.STAFF or (wait.policy is Policy.SAMPLE and wait.verify_by_at is None):
        return is_staff
    return is_reporter or is_staff


def problems(body: Mapping[str, Any], known: Known) -> list[Problem]:
    """Return every problem of a document of policies."""
    reader = Reader()
    entries = reader.entries(body, "policies")
    reader.codes(entries)
    for where, one in entries:
        reader.names(where, one, _ENTRY)
        reader.line(where, one, "name_zh")
        reader.line(where, one, "name_en")
        reader.flag(where, one, "is_active")
        reader.texts(where, one, "services", known=known.service_codes)
        reader.texts(where, one, "groups", known=known.groups)
        policy = reader.choice(where, one, "policy", known={str(one) for one in Policy if one})
        reader.number(where, one, "days", low=1, high=365, whole=True)
        share = reader.number(where, one, "share", low=0.0, high=1.0)
        if policy == Policy.SAMPLE and share is None and one.get("share") is None:
            reader.note(f"{where}.share", "required", mark("A sample needs a share."))
    return reader.problems
