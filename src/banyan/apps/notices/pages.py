"""The inbox: news in sentences, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from banyan.apps.notices import actions, queries
from banyan.base.errors import SignInNeeded
from banyan.kit import guard
from banyan.kit.asking import TownRequest
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
}
#: Type of record -> name of the page that shows it.
PAGES: Final[Mapping[str, str]] = {"service_request": "one_request"}


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


@never_cache
@require_safe
def inbox(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """Show one's own news."""
    if request.actor.account_id is None:
        raise SignInNeeded()
    guard.authorise(request.actor, "notices.read", subject=guard.Subject(owner_account_id=request.actor.account_id))
    page = queries.inbox_page(request.actor.account_id, size=30, cursor=request.GET.get("cursor", ""))
    context = {
        "news": [told(notice, slug=request.town.slug) for notice in page.rows],
        "page": page,
        "n_unread": queries.n_unread(request.actor.account_id),
    }
    return render(request, "notices/inbox.html", context)


@require_POST
def read_all(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """Mark everything as read."""
    if request.actor.account_id is None:
        raise SignInNeeded()
    actions.read_all(actor=request.actor, at=timezone.now())
    messages.success(request, gettext("Everything is marked as read."))
    return redirect("inbox", request.town.slug)
