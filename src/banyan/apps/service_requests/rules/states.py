"""The law of service requests: the state table, what each step needs, whose hands are separate, which clock runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from banyan.apps.service_requests.errors import HandlerMayNotVerify, IllegalStep
from banyan.base.errors import Problem, mark


class Kind(StrEnum):
    """What a request is."""

    REPAIR = "repair"
    COMPLAINT = "complaint"
    NEED = "need"
    SUGGESTION = "suggestion"
    HAZARD = "hazard"
    ENQUIRY = "enquiry"
    PRAISE = "praise"


class Urgency(StrEnum):
    """How soon it has to be handled."""

    EMERGENCY = "emergency"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class Intake(StrEnum):
    """The way a request came in."""

    WEB = "web"
    API = "api"
    PHONE = "phone"
    COUNTER = "counter"
    DOOR_TO_DOOR = "door_to_door"
    PARENT = "parent"
    IMPORT = "import"


#: Ways in which somebody of the staff writes a request down for someone else.
ON_BEHALF: Final = frozenset({Intake.PHONE, Intake.COUNTER, Intake.DOOR_TO_DOOR, Intake.PARENT})


class Status(StrEnum):
    """Where a request stands."""

    RECEIVED = "received"
    TRIAGED = "triaged"
    DISPATCHED = "dispatched"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    PAUSED = "paused"
    RESOLVED = "resolved"
    VERIFIED = "verified"
    CLOSED = "closed"
    REOPENED = "reopened"
    RETURNED = "returned"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    PARKED = "parked"
    """A hard case that waits for a day on which it is looked at again."""
    MERGED = "merged"
    """Handled with another report of the same thing."""


class Step(StrEnum):
    """A step from one state to another; the name is also the verb of the policy and of history."""

    TRIAGE = "triage"
    DISPATCH = "dispatch"
    ACCEPT = "accept"
    RETURN = "return"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    RESOLVE = "resolve"
    VERIFY = "verify"
    REFUTE = "refute"
    CLOSE = "close"
    REOPEN = "reopen"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    PARK = "park"
    UNPARK = "unpark"
    MERGE = "merge"
    UNMERGE = "unmerge"


_S = Status
#: The whole state table: from which state a step leads where.  Machine checks in tests/test_rules.py.
STEPS: Final[Mapping[Status, Mapping[Step, Status]]] = {
    _S.RECEIVED: {
        Step.TRIAGE: _S.TRIAGED,
        Step.REJECT: _S.REJECTED,
        Step.WITHDRAW: _S.WITHDRAWN,
        Step.MERGE: _S.MERGED,
    },
    _S.TRIAGED: {
        Step.DISPATCH: _S.DISPATCHED,
        Step.REJECT: _S.REJECTED,
        Step.WITHDRAW: _S.WITHDRAWN,
        Step.PARK: _S.PARKED,
        Step.MERGE: _S.MERGED,
    },
    _S.DISPATCHED: {
        Step.ACCEPT: _S.ACCEPTED,
        Step.RETURN: _S.RETURNED,
        Step.WITHDRAW: _S.WITHDRAWN,
        Step.PARK: _S.PARKED,
        Step.MERGE: _S.MERGED,
    },
    _S.ACCEPTED: {
        Step.START: _S.IN_PROGRESS,
        Step.RETURN: _S.RETURNED,
        Step.WITHDRAW: _S.WITHDRAWN,
        Step.PARK: _S.PARKED,
        Step.MERGE: _S.MERGED,
    },
    _S.IN_PROGRESS: {
        Step.PAUSE: _S.PAUSED,
        Step.RESOLVE: _S.RESOLVED,
        Step.RETURN: _S.RETURNED,
        Step.WITHDRAW: _S.WITHDRAWN,
        Step.PARK: _S.PARKED,
        Step.MERGE: _S.MERGED,
    },
    _S.PAUSED: {
        Step.RESUME: _S.IN_PROGRESS,
        Step.WITHDRAW: _S.WITHDRAWN,
        Step.PARK: _S.PARKED,
        Step.MERGE: _S.MERGED,
    },
    _S.RESOLVED: {Step.VERIFY: _S.VERIFIED, Step.REFUTE: _S.REOPENED},
    _S.VERIFIED: {Step.CLOSE: _S.CLOSED, Step.REOPEN: _S.REOPENED},
    _S.CLOSED: {Step.REOPEN: _S.REOPENED},
    _S.REOPENED: {
        Step.TRIAGE: _S.TRIAGED,
        Step.DISPATCH: _S.DISPATCHED,
        Step.PARK: _S.PARKED,
        Step.MERGE: _S.MERGED,
    },
    _S.RETURNED: {
        Step.TRIAGE: _S.TRIAGED,
        Step.DISPATCH: _S.DISPATCHED,
        Step.REJECT: _S.REJECTED,
        Step.PARK: _S.PARKED,
        Step.MERGE: _S.MERGED,
    },
    _S.REJECTED: {Step.REOPEN: _S.REOPENED},
    _S.WITHDRAWN: {Step.REOPEN: _S.REOPENED},
    _S.PARKED: {
        Step.UNPARK: _S.TRIAGED,
        Step.WITHDRAW: _S.WITHDRAWN,
        Step.MERGE: _S.MERGED,
    },
    # back to the state it had, which the row of the merge holds
    _S.MERGED: {Step.UNMERGE: _S.RECEIVED},
}
#: Steps with an action of their own (`actions.merging`); `take_step` does not take them.
OWN_ACTIONS: Final = frozenset({Step.MERGE, Step.UNMERGE})

#: States in which nobody has to do anything.
ENDED: Final = frozenset({_S.CLOSED, _S.REJECTED, _S.WITHDRAWN, _S.MERGED})
OPEN: Final = frozenset(_S) - ENDED
#: States in which the whole clock stands still: the work is done or has ended.
STOPPED: Final = ENDED | {_S.RESOLVED, _S.VERIFIED}
#: States in which a request may be rated.
RATEABLE: Final = frozenset({_S.RESOLVED, _S.VERIFIED, _S.CLOSED})
#: State -> the stage whose clock runs in it.
STAGE: Final[Mapping[Status, str]] = {
    _S.RECEIVED: "triage",
    _S.TRIAGED: "dispatch",
    _S.REOPENED: "dispatch",
    _S.RETURNED: "dispatch",
    _S.DISPATCHED: "accept",
    _S.ACCEPTED: "handle",
    _S.IN_PROGRESS: "handle",
    _S.PAUSED: "handle",
    _S.RESOLVED: "verify",
    _S.VERIFIED: "verify",
    _S.PARKED: "review",
}
#: Every clock a service may have a target for, in working minutes.
CLOCKS: Final = ("triage", "dispatch", "accept", "handle", "verify", "whole")

#: Step -> words that must come with it.
NEEDS: Final[Mapping[Step, tuple[str, ...]]] = {
    Step.DISPATCH: ("party_id",),
    Step.RETURN: ("reason",),
    Step.PAUSE: ("reason",),
    Step.RESOLVE: ("remedy",),
    Step.REFUTE: ("reason",),
    Step.REOPEN: ("reason",),
    Step.REJECT: ("reason",),
    Step.WITHDRAW: (),
    Step.PARK: ("reason", "review_on"),
}
#: Step -> words that may come with it beside those it needs.
TAKES: Final[Mapping[Step, tuple[str, ...]]] = {
    Step.TRIAGE: ("service_code", "urgency", "is_text_public", "public_text", "reason"),
    Step.DISPATCH: ("handler_account_id", "way", "reason"),
    Step.VERIFY: ("reason",),
    Step.CLOSE: ("reason",),
    Step.WITHDRAW: ("reason",),
    Step.ACCEPT: (),
    Step.START: (),
    Step.RESUME: ("reason",),
    Step.UNPARK: ("reason",),
    Step.RETURN: ("asks_arbitration",),
}
WORDS_LIMIT: Final = 4000
#: Most days a case is set aside before somebody looks at it again.
MOST_DAYS_PARKED: Final = 366


@dataclass(frozen=True, slots=True)
class Wanted:
    """The words that come with a step; what a step does not take is refused."""

    reason: str = ""
    remedy: str = ""
    party_id: UUID | None = None
    handler_account_id: UUID | None = None
    service_code: str = ""
    urgency: str = ""
    is_text_public: bool | None = None
    public_text: str = ""
    """What everybody reads where the words are published; "" hides what tells who somebody is."""
    review_on: date | None = None
    way: str = ""
    """How the handler is found (`routing.Way`): assign, grab or round_robin; "" takes who is named, else nobody."""
    asks_arbitration: bool | None = None
    """Who gives a request back may ask that somebody decides who has to do it."""

    def given(self) -> frozenset[str]:
        """Return the names of the words that are there."""
        return frozenset(name for name in self.__slots__ if getattr(self, name) not in ("", None))


def steps_from(status: Status | str) -> Mapping[Step, Status]:
    """Return the steps that lead out of a state, with the state each leads to."""
    return STEPS[Status(status)]


def next_status(status: str, step: Step) -> Status:
    """Return the state a step leads to.

    Raises
    ------
    IllegalStep
        The state table has no such step from this state.
    """
    wanted = STEPS[Status(status)].get(step)
    if wanted is None:
        raise IllegalStep(status=status, step=step)
    return wanted


def step_problems(step: Step, wanted: Wanted, *, today: date | None = None) -> list[Problem]:
    """Return each missing word, each word the step does not take, each that is too long and each that nobody knows.

    `today` is the town's date, by which a day of review lies ahead.
    """
    needed, taken, given = NEEDS.get(step, ()), TAKES.get(step, ()), wanted.given()
    problems = [Problem(name, "required", mark("This is needed for the step.")) for name in needed if name not in given]
    problems += [
        Problem(name, "not_taken", mark("The step does not take this."))
        for name in sorted(given)
        if name not in needed and name not in taken
    ]
    problems += words_problems({"reason": wanted.reason, "remedy": wanted.remedy, "public_text": wanted.public_text})
    if wanted.urgency and wanted.urgency not in set(Urgency):
        problems.append(
            Problem("urgency", "unknown", mark("There is no urgency “{value}”."), {"value": wanted.urgency[:40]})
        )
    if step is Step.PARK and wanted.review_on is not None and today is not None:
        problems += review_problems(wanted.review_on, today=today)
    return problems


def review_problems(review_on: date, *, today: date) -> list[Problem]:
    """Return the problem of a day of review that is not ahead, or too far ahead; `today` is the town's date."""
    if review_on <= today:
        return [Problem("review_on", "past", mark("Choose a day ahead."))]
    if review_on > today + timedelta(days=MOST_DAYS_PARKED):
        return [Problem("review_on", "far", mark("At most {days} days ahead."), {"days": MOST_DAYS_PARKED})]
    return []


def words_problems(words: Mapping[str, str], *, limit: int = WORDS_LIMIT) -> list[Problem]:
    """Return the problems of free words: too long, or with characters no keyboard makes."""
    problems = []
    for name, text in words.items():
        if len(text) > limit:
            problems.append(Problem(name, "too_long", mark("At most {limit} characters."), {"limit": limit}))
        if any(ord(character) < 32 and character not in "\n\r\t" for character in text) or _has_surrogate(text):
            problems.append(Problem(name, "not_text", mark("This holds characters that are not text.")))
    return problems


def _has_surrogate(text: str) -> bool:
    return any(0xD800 <= ord(character) <= 0xDFFF for character in text)


def check_separate_hands(
    step: Step | None, *, actor_account_id: UUID | None, resolved_by: UUID | None, taken_by: UUID | None = None
) -> None:
    """Refuse a verification or a rating (`step` None) by the one who handled: grid practice keeps two hands apart.

    Who wrote a report down for somebody else knows its tracking number.  Where that one handled it too, the number
    alone opens neither verification nor rating: a coordinator has to look.

    Raises
    ------
    HandlerMayNotVerify
        The same account resolved the request, or may stand behind the tracking number.
    """
    if step not in (Step.VERIFY, Step.REFUTE, None) or resolved_by is None:
        return
    if resolved_by == (taken_by if actor_account_id is None else actor_account_id):
        raise HandlerMayNotVerify()


def target_min(targets: Mapping[str, Mapping[str, Any]], *, urgency: str, clock: str) -> int | None:
    """Return the target of one clock in working minutes, or None where the catalogue sets none."""
    found = targets.get(urgency, {}).get(clock)
    return int(found) if found is not None else None
