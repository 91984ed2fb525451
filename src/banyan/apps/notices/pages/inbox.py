"""The inbox: news in sentences, newest first."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from banyan.apps.notices import actions, queries
from banyan.apps.notices.pages.telling import told
from banyan.base.errors import SignInNeeded
from banyan.kit import guard
from banyan.kit.asking import TownRequest


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
