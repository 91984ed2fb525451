"""What is on its way, for the office: numbers and problems, never words, names or addresses."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from banyan.apps.notices import queries
from banyan.kit import guard
from banyan.kit.asking import TownRequest

_SHOWN: Final = timedelta(days=7)
_STATES: Final = ("waiting", "sending", "sent", "unknown", "failed", "dropped")


@never_cache
@require_safe
def deliveries(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """Show how many messages went which way and what did not get through."""
    guard.authorise(request.actor, "notices.read_deliveries", subject=guard.Subject())
    at = timezone.now()
    counted = {(one.way, one.status): one.n for one in queries.tallies(since=at - _SHOWN)}
    page = queries.troubled_page(size=50, cursor=request.GET.get("cursor", ""))
    late = queries.oldest_waiting(at=at)
    context = {
        "ways": sorted({way for way, _ in counted}),
        "states": _STATES,
        "tallies": counted,
        "rows": page.rows,
        "newer": f"?cursor={page.previous_cursor}" if page.previous_cursor else "",
        "older": f"?cursor={page.next_cursor}" if page.next_cursor else "",
        "late_min": late.total_seconds() / 60 if late else 0,
        "lacks_email": not settings.EMAIL_HOST,
    }
    return render(request, "notices/deliveries.html", context)
