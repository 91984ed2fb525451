"""The staff set what everybody reads of a request."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from banyan.apps.service_requests import actions
from banyan.apps.service_requests.pages import panels, shared, steps
from banyan.base.errors import BanyanError, InvalidInput
from banyan.kit.asking import TownRequest
from banyan.kit.problem import spoken_problems


@never_cache
@require_POST
def redact(request: TownRequest, town: str, service_request_id: UUID) -> HttpResponse:
    """Keep the words for everybody, and publish them or keep them back."""
    back = steps.href_of(town, service_request_id)
    text = "" if request.POST.get("deed") == "automatic" else steps.text_of(request.POST, "public_text")
    try:
        actions.redact(
            actor=request.actor,
            town=request.town,
            service_request_id=service_request_id,
            text=text,
            is_text_public=request.POST.get("is_public") == "on",
            version=steps.version_of(request.POST),
            at=timezone.now(),
        )
    except InvalidInput as error:
        problems = [{**one, "where": "public_text"} for one in spoken_problems(error)]
        refused = panels.Refused("words", typed=request.POST.dict(), problems=problems)
        return steps.with_panel(request, service_request_id, refused)
    except BanyanError as error:
        return shared.said_of_conflict(request, error, back=back)
    messages.success(request, gettext("The words for everybody have been kept."))
    return redirect(back)
