"""The page “How I hear”, and the two pages behind links in messages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from banyan.apps.notices import actions, queries
from banyan.apps.notices.actions import Wishes
from banyan.apps.notices.pages.places import place_options
from banyan.apps.notices.pages.telling import told
from banyan.apps.notices.rules import Kind, Mode, Way, clock
from banyan.apps.notices.tasks.letters import CONFIRM_SALT, STOP_SALT
from banyan.apps.people import queries as people
from banyan.apps.territory import queries as territory
from banyan.base.errors import InvalidInput, SignInNeeded
from banyan.kit import guard
from banyan.kit.asking import TownRequest
from banyan.kit.limits import spend_try
from banyan.kit.problem import spoken_problems

CONFIRM_WITHIN_S: Final = 3 * 86400
_LAST_SENT: Final = 15
#: Messages that somebody may ask for: to confirm an address, to try a channel.
_RATES: Final = "10/h/key"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def hearing(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """Show how one hears of news, and change it: one form for each thing that can be changed."""
    account_id = request.actor.account_id
    if account_id is None:
        raise SignInNeeded()
    guard.authorise(request.actor, "notices.choose", subject=guard.Subject(owner_account_id=account_id))
    if request.method != "POST":
        return _page(request, account_id)
    try:
        secret = _done(request, account_id)
    except InvalidInput as error:
        return _page(request, account_id, problems=spoken_problems(error))
    if secret:
        return _page(request, account_id, secret=secret)
    return redirect(reverse("hearing", args=[request.town.slug]))


def _done(request: TownRequest, account_id: UUID) -> str:
    """Do what the form asks for; return a secret that is shown this once, "" as a rule."""
    same: dict[str, Any] = {"actor": request.actor, "at": timezone.now()}
    typed, town = request.POST, request.town
    deed = typed.get("deed", "")
    if deed == "habits":
        times = {name: typed.get(name, "") for name in ("place_code", "quiet_from", "quiet_until", "digest_at")}
        actions.keep_habits(town=town, wishes=Wishes(**times), **same)
        messages.success(request, gettext("Saved."))
    elif deed == "email":
        spend_try(request, "hearing_email", rates=_RATES, key=str(account_id))
        actions.add_email(town=town, email=typed.get("email", ""), **same)
        messages.success(request, gettext("A message is on its way to this address. Press the button in it."))
    elif deed == "add":
        pasted: dict[str, Any] = {name: typed.get(name, "") for name in ("way", "address", "secret", "label")}
        added = actions.add_channel(**same, **pasted)
        messages.success(request, gettext("Added. Send a test message to see whether it works."))
        return added.secret
    elif (channel_id := _uuid(typed.get("remove", ""))) is not None:
        actions.remove_channel(channel_id=channel_id, **same)
        messages.success(request, gettext("Removed, and its address is forgotten."))
    elif (channel_id := _uuid(typed.get("try", ""))) is not None:
        spend_try(request, "hearing_try", rates=_RATES, key=str(account_id))
        actions.try_channel(town=town, channel_id=channel_id, **same)
        messages.success(request, gettext("A test message is on its way. What became of it is said below."))
    else:
        actions.choose(wanted=_choices(typed), **same)
        messages.success(request, gettext("Saved."))
    return ""


def _choices(typed: Mapping[str, str]) -> dict[UUID, dict[str, str]]:
    """Read the selects of the form: their names are channel, a dot, and the kind of news."""
    wanted: dict[UUID, dict[str, str]] = defaultdict(dict)
    for name, mode in typed.items():
        channel, _, kind = name.partition(".")
        if kind and (channel_id := _uuid(channel)) is not None:
            wanted[channel_id][kind] = mode
    return wanted


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _page(
    request: TownRequest, account_id: UUID, *, problems: Sequence[Mapping[str, str]] = (), secret: str = ""
) -> HttpResponse:
    town = request.town
    held = queries.habits_of(account_id)
    place = territory.tree(town).by_id.get(held.place_id) if held.place_id else None
    habits = {
        "place_code": place.code if place else "",
        "quiet_from": clock(held.hours.quiet_from_min),
        "quiet_until": clock(held.hours.quiet_until_min),
        "digest_at": clock(held.hours.digest_at_min),
    }
    if problems and request.POST.get("deed") == "habits":
        habits = {name: request.POST.get(name, "") for name in habits}
    contact = people.own_contact(account_id)
    context = {
        "channels": queries.channels_of(account_id),
        "kinds": [str(kind) for kind in Kind],
        "modes": [str(mode) for mode in Mode],
        "ways": [str(way) for way in Way if way is not Way.EMAIL and (way is not Way.PUSH or settings.PUSH_SERVICES)],
        "push_services": ", ".join(f"{schema}://…" for schema in settings.PUSH_SERVICES),
        "habits": habits,
        "places": place_options(town, keeps=place.code if place else ""),
        "deliveries": [
            (one, told(notice, slug=town.slug)) for one, notice in queries.own_deliveries(account_id, most=_LAST_SENT)
        ],
        "offers_email": bool(settings.EMAIL_HOST),
        "suggested": (contact.email if contact else "") or getattr(request.user, "email", "") or "",
        "secret": secret,
        "problems": list(problems),
        "typed": request.POST if problems else {},
    }
    return render(request, "notices/hearing.html", context, status=422 if problems else 200)


@csrf_exempt  # a mail program presses this button without a cookie (RFC 8058, section 3.2); the signed link is the key
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop_news(request: TownRequest, town: str, token: str) -> HttpResponse:  # noqa: ARG001
    """Stop some kinds of news on one channel, for whoever holds the link from a message; nobody signs in.

    A look changes nothing: programs that fetch links in mail must not unsubscribe their reader.
    """
    found = _read(token, salt=STOP_SALT)
    channel_id = _uuid(str(found.get("c", "")))
    kinds = [str(kind) for kind in found.get("k", [])]
    way = queries.channel_kind(channel_id) if channel_id else ""
    context: dict[str, Any] = {"way": way, "kinds": kinds, "token": token, "is_done": False, "is_gone": not way}
    if request.method == "POST" and channel_id is not None and way:
        context["is_done"] = actions.stop(channel_id=channel_id, kinds=kinds, at=timezone.now())
    return render(request, "notices/stop.html", context, status=200 if way else 404)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_email(request: TownRequest, town: str, token: str) -> HttpResponse:  # noqa: ARG001
    """Confirm an e-mail address, for whoever read the message that went there."""
    found = _read(token, salt=CONFIRM_SALT, max_age=CONFIRM_WITHIN_S)
    channel_id = _uuid(str(found.get("c", "")))
    is_gone = channel_id is None or not queries.channel_kind(channel_id)
    is_done = False
    if request.method == "POST" and channel_id is not None and not is_gone:
        is_done = actions.confirm_email(channel_id=channel_id, address_hash=str(found["h"]), at=timezone.now())
        is_gone = not is_done
    context = {"token": token, "is_done": is_done, "is_gone": is_gone}
    return render(request, "notices/confirm_email.html", context, status=404 if is_gone else 200)


def _read(token: str, *, salt: str, max_age: int | None = None) -> dict[str, Any]:
    """Return what was signed, {} where it was not signed here or is too old."""
    try:
        found = signing.loads(token, salt=salt, max_age=max_age)
    except signing.BadSignature:
        return {}
    return found if isinstance(found, dict) else {}
