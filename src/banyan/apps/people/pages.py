"""My data: how the town reaches me, and who looked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from banyan.apps.people import actions, queries
from banyan.base.errors import InvalidInput, SignInNeeded
from banyan.kit import guard
from banyan.kit.asking import TownRequest
from banyan.kit.problem import spoken_problems
from banyan.kit.templating import language

PURPOSES: Final[Mapping[str, str]] = {"service_request": gettext_noop("to handle a request of yours")}
FIELDS: Final[Mapping[str, str]] = {
    "name": gettext_noop("name"),
    "phone": gettext_noop("phone number"),
    "email": gettext_noop("e-mail address"),
}
ROLES: Final[Mapping[str, str]] = {
    "resident": gettext_noop("Resident"),
    "worker": gettext_noop("Handler"),
    "coordinator": gettext_noop("Coordinator"),
    "manager": gettext_noop("Town manager"),
    "operator": gettext_noop("Operator"),
    "auditor": gettext_noop("Auditor"),
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def my_data(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """Show what is held about the reader and who looked at it; change how they are reached."""
    account_id = request.actor.account_id
    if account_id is None:
        raise SignInNeeded()
    guard.authorise(request.actor, "people.read_looks", subject=guard.Subject(owner_account_id=account_id))
    if request.method != "POST":
        return _page(request, queries.own_contact(account_id) or queries.Contact(), account_id=account_id)
    typed = queries.Contact(*(request.POST.get(name, "").strip() for name in ("name", "phone", "email")))
    try:
        actions.change_own(actor=request.actor, contact=typed, at=timezone.now())
    except InvalidInput as error:
        return _page(request, typed, spoken_problems(error), account_id=account_id)
    messages.success(request, gettext("Saved."))
    return redirect("my_data", request.town.slug)


def _page(
    request: TownRequest, held: queries.Contact, problems: Sequence[Mapping[str, str]] = (), *, account_id: UUID
) -> HttpResponse:
    comma = "、" if language() == "zh-hans" else ", "
    looks = [
        {
            "at": look.at,
            "role": comma.join(gettext(ROLES.get(role, role)) for role in look.role.split(",") if role)
            or gettext("staff"),
            "fields": comma.join(gettext(FIELDS.get(name, name)) for name in look.fields),
            "purpose": gettext(PURPOSES.get(look.purpose, look.purpose)),
            "reason": look.reason,
            "is_outside_area": look.is_outside_area,
        }
        for look in queries.looks_at(account_id)
    ]
    context = {"held": held, "problems": list(problems), "looks": looks}
    return render(request, "people/my_data.html", context, status=422 if problems else 200)
