"""A notice in words: the sentence, its picture and the page of its record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from banyan.apps.notices import queries
from banyan.kit.templating import bi

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
    "announced": (gettext_noop("The town announces: {name}"), "flag"),
    "announcement_changed": (gettext_noop("{name}: the announcement was changed"), "edit"),
    "announcement_withdrawn": (gettext_noop("{name}: the announcement was withdrawn"), "withdrawn"),
    "tried": (gettext_noop("A test message from {name}. You asked for it."), "bell"),
}
#: Type of record -> name of the page that shows it.
PAGES: Final[Mapping[str, str]] = {"service_request": "one_request", "announcement": "one_announcement"}


@dataclass(frozen=True, slots=True)
class News:
    """One notice in the reader's language."""

    sentence: str
    href: str
    icon: str
    at: datetime
    is_unread: bool


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
    )
