"""Return calls on pages."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.actions import Call
from banyan.apps.service_requests.pages import answer_words, steps
from banyan.apps.service_requests.pages.panels import Refused
from banyan.apps.service_requests.pages.shared import said_of_conflict
from banyan.apps.service_requests.pages.steps import href_of, text_of, version_of
from banyan.base.errors import BanyanError, InvalidInput
from banyan.kit.asking import TownRequest
from banyan.kit.problem import spoken_problems


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def record(request: TownRequest, town: str, service_request_id: UUID) -> HttpResponse:
    """Write down a return call; where it is not settled, open the request again in the same form."""
    back = href_of(town, service_request_id) + "#calls"
    if request.method != "POST":  # the language was changed on a page that listed problems
        return redirect(back)
    if request.POST.get("fill"):
        found = queries.readable(request.actor, service_request_id, town=request.town)
        typed = answer_words.put_in(request, found, field="call-words")
        return steps.with_panel(request, service_request_id, Refused("call", typed=typed), status=200)
    call = _call(request.POST)
    try:
        actions.record_return_call(
            actor=request.actor,
            town=request.town,
            service_request_id=service_request_id,
            call=call,
            version=version_of(request.POST),
            at=timezone.now(),
        )
    except InvalidInput as error:
        problems = [{**one, "where": f"call-{one['where']}"} for one in spoken_problems(error)]
        refused = Refused("call", typed=request.POST.dict(), problems=problems)
        return steps.with_panel(request, service_request_id, refused)
    except BanyanError as error:
        return said_of_conflict(request, error, back=back)
    said = gettext("The call was written down, and the request is open again.")
    messages.success(request, said if call.reopens else gettext("The call was written down."))
    return redirect(back)


def _call(words: Mapping[str, str]) -> Call:
    satisfaction, settled = words.get("call-satisfaction", ""), words.get("call-is_settled", "")
    return Call(
        outcome=words.get("call-outcome", "")[:12],
        is_settled={"yes": True, "no": False}.get(settled),
        satisfaction=int(satisfaction) if satisfaction.isdecimal() and len(satisfaction) < 3 else None,
        words=text_of(words, "call-words"),
        reopens=words.get("call-reopens") == "on",
    )
