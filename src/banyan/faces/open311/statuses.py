"""States of ours in the words of GeoReport v2 and of the updates extension, and the other way round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext, gettext_noop

from banyan.apps.service_requests.rules import ENDED, OPEN, Status, Step

#: Status of GeoReport v2 -> states of ours.
STATES: Final = {"open": frozenset(map(str, OPEN)), "closed": frozenset(map(str, ENDED))}
#: State -> its word, its name among the statuses of the updates extension, its name in GeoReport Bulk.
STATE_WORDS: Final[Mapping[str, tuple[str, str, str]]] = {
    Status.RECEIVED: (gettext_noop("Received"), "OPEN", "Open"),
    Status.TRIAGED: (gettext_noop("Triaged"), "INVESTIGATING", "Open"),
    Status.DISPATCHED: (gettext_noop("Dispatched"), "ACTION_SCHEDULED", "Processing"),
    Status.ACCEPTED: (gettext_noop("Accepted"), "ACTION_SCHEDULED", "Processing"),
    Status.IN_PROGRESS: (gettext_noop("In progress"), "IN_PROGRESS", "Processing"),
    Status.PAUSED: (gettext_noop("Paused"), "ACTION_SCHEDULED", "Hold"),
    Status.RESOLVED: (gettext_noop("Resolved"), "FIXED", "Processing"),
    Status.VERIFIED: (gettext_noop("Verified"), "FIXED", "Processing"),
    Status.CLOSED: (gettext_noop("Closed"), "CLOSED", "Closed"),
    Status.REOPENED: (gettext_noop("Reopened"), "REOPEN", "Open"),
    Status.RETURNED: (gettext_noop("Returned"), "INVESTIGATING", "Open"),
    Status.REJECTED: (gettext_noop("Rejected"), "NO_FURTHER_ACTION", "Closed"),
    Status.WITHDRAWN: (gettext_noop("Withdrawn"), "CANCELLED", "Closed"),
    Status.PARKED: (gettext_noop("Put aside until it is looked at again"), "INVESTIGATING", "Hold"),
    Status.MERGED: (gettext_noop("Handled with another report of the same thing"), "DUPLICATE", "Closed"),
}
#: How a request came to be verified -> the words for it.
_VERIFIED: Final[Mapping[str, str]] = {
    "resident": gettext_noop("verified by a resident"),
    "staff": gettext_noop("verified by somebody of the staff"),
    "silence": gettext_noop("taken as settled: nobody spoke up in time"),
    "unsampled": gettext_noop("not looked at: it was not in the sample"),
}
_S, _P = Status, Step
_RESOLVE: Final = (
    (_P.RESOLVE,),
    (_P.START, _P.RESOLVE),
    (_P.RESUME, _P.RESOLVE),
    (_P.ACCEPT, _P.START, _P.RESOLVE),
)
_RETURN: Final = ((_P.REJECT,), (_P.RETURN,))
#: Status that another system sends -> the states in which it says nothing new, and the ways that lead there.
RECEIVED: Final[Mapping[str, tuple[frozenset[Status], tuple[tuple[Step, ...], ...]]]] = {
    "OPEN": (OPEN, ((_P.REOPEN,),)),
    "REOPEN": (frozenset({_S.REOPENED}), ((_P.REOPEN,), (_P.REFUTE,))),
    "INVESTIGATING": (frozenset({_S.TRIAGED, _S.PARKED, _S.RETURNED}), ((_P.TRIAGE,),)),
    "FOR_TRIAGE": (frozenset({_S.RECEIVED, _S.RETURNED}), ()),
    "ACTION_SCHEDULED": (frozenset({_S.ACCEPTED, _S.PAUSED}), ((_P.ACCEPT,),)),
    "IN_PROGRESS": (frozenset({_S.IN_PROGRESS}), ((_P.START,), (_P.RESUME,), (_P.ACCEPT, _P.START))),
    "FIXED": (frozenset({_S.RESOLVED, _S.VERIFIED, _S.CLOSED}), _RESOLVE),
    "CLOSED": (ENDED, ((_P.CLOSE,), *_RESOLVE)),
    "NO_FURTHER_ACTION": (frozenset({_S.REJECTED, _S.CLOSED}), _RETURN),
    "NOT_COUNCILS_RESPONSIBILITY": (frozenset({_S.REJECTED, _S.RETURNED}), _RETURN),
    "INTERNAL_REFERRAL": (frozenset({_S.RETURNED, _S.DISPATCHED}), ((_P.RETURN,),)),
    "CANCELLED": (frozenset({_S.WITHDRAWN}), ((_P.WITHDRAW,),)),
    "DUPLICATE": (frozenset({_S.MERGED}), ()),
}
#: Of these, those that may come while a request is open, even where no step leads there.
MILD: Final = frozenset({"OPEN", "INVESTIGATING", "FOR_TRIAGE", "ACTION_SCHEDULED", "IN_PROGRESS"})


def status_of(state: str) -> str:
    """Return open or closed for a state of ours."""
    return "closed" if state in ENDED else "open"


def notes_of(state: str, *, verified_how: str = "", merged_into: str = "") -> str:
    """Return the status notes: the state in a word, how it was verified, and into what it was merged."""
    words = gettext(STATE_WORDS[state][0])
    if state == Status.MERGED and merged_into:
        words = gettext("{words}: {service_request_id}").format(words=words, service_request_id=merged_into)
    if state in (Status.VERIFIED, Status.CLOSED) and verified_how in _VERIFIED:
        words = gettext("{words} ({how})").format(words=words, how=gettext(_VERIFIED[verified_how]))
    return words
