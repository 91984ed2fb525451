"""A notice in words: the sentence, its picture and the page of its record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from banyan.apps.notices import queries
from banyan.kit.templating import bi, local

#: Verb -> sentence and icon.
SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    "received": (gettext_noop("New request: {name}"), "received"),
    "triage": (gettext_noop("{name}: the town has looked at it"), "triaged"),
    "dispatch": (gettext_noop("{name}: handed on to be handled"), "dispatched"),
    "accept": (gettext_noop("{name}: somebody took it on"), "accepted"),
    "return": (gettext_noop("{name}: given back to the coordinators"), "returned"),
    "start": (gettext_noop("{name}: work has begun"), "in_progress"),
    "pause": (gettext_noop("{name}: work is paused"), "paused"),
    "resume": (gettext_noop("{name}: work goes on"), "in_progress"),
    "resolve": (gettext_noop("{name}: reported as done. Please look whether it is fixed."), "resolved"),
    "verify": (gettext_noop("{name}: checked and found fixed"), "verified"),
    "refute": (gettext_noop("{name}: checked and found not fixed"), "reopened"),
    "close": (gettext_noop("{name}: closed"), "closed"),
    "reopen": (gettext_noop("{name}: opened again"), "reopened"),
    "reject": (gettext_noop("{name}: rejected. The reason stands in the request."), "rejected"),
    "withdraw": (gettext_noop("{name}: withdrawn by the reporter"), "withdrawn"),
    "park": (gettext_noop("{name}: set aside until a day on which it is looked at again"), "paused"),
    "unpark": (gettext_noop("{name}: taken up again"), "triaged"),
    "merge": (gettext_noop("{name}: handled together with another report of the same thing"), "merged"),
    "unmerge": (gettext_noop("{name}: handled by itself again"), "triaged"),
    "commented": (gettext_noop("{name}: a new comment"), "comment"),
    "supervision_worker": (gettext_noop("{name}: please look after it in time, and answer"), "alarm"),
    "supervision_coordinator": (gettext_noop("{name}: it is late. A supervision ticket waits for an answer."), "alarm"),
    "supervision_manager": (gettext_noop("{name}: it is very late. A supervision ticket came up to you."), "alarm"),
    "supervision_answered": (gettext_noop("{name}: a supervision ticket was answered"), "comment"),
    "part_summon": (gettext_noop("{name}: your party is called in to work on it together"), "people"),
    "part_accept": (gettext_noop("{name}: a party that was called in takes part"), "accepted"),
    "part_arrive": (gettext_noop("{name}: a party that was called in has arrived"), "pin"),
    "part_finish": (gettext_noop("{name}: a party has done its part. Please look at it."), "resolved"),
    "part_decline": (gettext_noop("{name}: a party that was called in declined"), "returned"),
    "part_cancel": (gettext_noop("{name}: your party is not needed any more"), "withdrawn"),
    "part_verify": (gettext_noop("{name}: your part was checked and found done"), "verified"),
    "part_refute": (gettext_noop("{name}: your part was checked and is not done yet"), "reopened"),
    "ruling_asked": (gettext_noop("{name}: somebody asks for a decision"), "flag"),
    "ruling_granted": (gettext_noop("{name}: what your party asked for was granted"), "check"),
    "ruling_refused": (gettext_noop("{name}: what your party asked for was refused"), "rejected"),
    "ruling_withdrawn": (gettext_noop("{name}: a question was taken back"), "withdrawn"),
    "review_due": (gettext_noop("{name}: it was set aside until today. Please look at it again."), "calendar"),
    "answered": (gettext_noop("{name}: the town has answered"), "comment"),
    "attached": (gettext_noop("{name}: it belongs to an incident that the town knows of"), "warning"),
    "incident_changed": (gettext_noop("{name}: there is news about this incident"), "warning"),
    "incident_ended": (gettext_noop("{name}: this incident is over"), "resolved"),
    "announced": (gettext_noop("The town announces: {name}"), "flag"),
    "announcement_changed": (gettext_noop("{name}: the announcement was changed"), "edit"),
    "announcement_withdrawn": (gettext_noop("{name}: the announcement was withdrawn"), "withdrawn"),
    "tried": (gettext_noop("A test message from {name}. You asked for it."), "bell"),
}
#: Type of record -> name of the page that shows it.
PAGES: Final[Mapping[str, str]] = {
    "service_request": "one_request",
    "incident": "one_incident",
    "announcement": "one_announcement",
}


@dataclass(frozen=True, slots=True)
class News:
    """One notice in the reader's language."""

    sentence: str
    href: str
    icon: str
    at: datetime
    is_unread: bool
    detail: str = ""
    """When and where, where the news is about that."""


def told(notice: queries.NoticeView, *, slug: str) -> News:
    """Return a notice as a sentence with the address of its record."""
    sentence, icon = SENTENCES.get(notice.verb, (gettext_noop("{name}: there is news"), "info"))
    page = PAGES.get(notice.subject_type)
    return News(
        sentence=gettext(sentence).format(name=bi(notice.facts) or gettext("A request")),
        href=reverse(page, args=[slug, notice.subject_id]) if page else "",
        icon=icon,
        at=notice.at,
        is_unread=notice.read_at is None,
        detail=_detail(notice.facts),
    )


def _detail(facts: Mapping[str, Any]) -> str:
    """Return when and where something is, from the facts of a notice, in the zone in force."""
    begins, ends = (datetime.fromisoformat(facts[key]) if facts.get(key) else None for key in ("from_at", "until_at"))
    when = f"{local(begins)} – {local(ends)}" if begins and ends else local(begins)
    where = bi(facts, "place") or gettext("whole town") if begins else ""
    return " · ".join(words for words in (when, where) if words)
