"""The door of the face: opens the scope of the town, asks for the key of a write, and lets nothing out unformatted."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from banyan.apps.accounts import queries as accounts
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import BanyanError, mark
from banyan.faces.api import problems, repeats
from banyan.faces.api.middleware import refusal_of_form
from banyan.faces.open311.asking import Words
from banyan.faces.open311.formats import Answer, Form, refused, written
from banyan.faces.open311.refusals import Fault, Refused, faults_of
from banyan.kit import scopes
from banyan.kit.guard import ANYONE, Actor, Channel

_log = logging.getLogger("banyan.open311")
_SLUG: Final = re.compile(r"[a-z][-a-z0-9]{1,39}", re.ASCII)
_BODIES: Final = ("", "application/x-www-form-urlencoded", "multipart/form-data")
#: Troubles that only HTTP knows.
_OF_HTTP: Final[Mapping[int, str]] = {
    400: mark("The request cannot be read."),
    404: mark("There is nothing at this address."),
    405: mark("This address does not take this method."),
    413: mark("The request is too large."),
    500: mark("Something went wrong on our side. Nothing was changed."),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a view receives: the town in scope, the arguments, who asks (nobody known, except for writes)."""

    request: HttpRequest
    town: Town
    words: Words
    actor: Actor
    at: datetime

    def url(self, name: str, *words: object) -> str:
        """Return the whole address of something in the town."""
        return self.request.build_absolute_uri(reverse(name, args=[self.town.slug, *words]))


View = Callable[..., Answer | HttpResponseBase]


def door(*, get: View | None = None, post: View | None = None) -> Callable[..., HttpResponseBase]:
    """Return the view of an address from what answers its methods; every refusal leaves in the format asked for.

    The address names a town, or none: then the argument `jurisdiction_id` has to.
    """
    views = {method: view for method, view in (("GET", get), ("HEAD", get), ("POST", post)) if view is not None}

    @csrf_exempt  # a browser's session counts for nothing here: writes carry a key
    def answered(request: HttpRequest, town: str = "", form: str = "xml", **named: str) -> HttpResponseBase:
        wanted = Form(form)
        response: HttpResponseBase
        try:
            response = _answered(request, town, wanted, views, named)
        except Refused as error:
            response = refused(error.faults, wanted)
        except BanyanError as error:
            response = refused(faults_of(error), wanted)
        except Exception as error:  # noqa: BLE001 - the edge of the face: logged, and answered in the format
            response = refused([_trouble(problems.status_of(error), error)], wanted)
        if response.status_code == 405:
            response.headers["Allow"] = ", ".join(views)
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    return answered


def nothing_here(request: HttpRequest, town: str = "") -> HttpResponse:  # noqa: ARG001
    """Refuse an address that GeoReport v2 does not have, in the format of its ending."""
    form = next((one for one in Form if request.path_info.endswith(f".{one}")), Form.XML)
    return refused([_trouble(404)], form)


def _answered(
    request: HttpRequest, slug: str, form: Form, views: Mapping[str, View], named: Mapping[str, str]
) -> HttpResponseBase:
    if status := refusal_of_form(request):
        raise Refused(_trouble(status))
    view = views.get(request.method or "")
    if view is None:
        raise Refused(_trouble(405))
    words = Words(request.POST, request.GET) if request.method == "POST" else Words(request.GET)
    town = _town_of(words, slug)
    with scopes.town(town.id):
        if request.method == "POST":
            return _one_write(request, town, words, form, lambda asked: view(asked, **named))
        return _sent(view(Asked(request, town, words, ANYONE, timezone.now()), **named), form)


def _sent(answer: Answer | HttpResponseBase, form: Form) -> HttpResponseBase:
    return written(answer, form) if isinstance(answer, Answer) else answer


def _town_of(words: Words, slug: str) -> Town:
    """Return the town that the address names or, at the address of all towns, `jurisdiction_id`."""
    wanted = words.text("jurisdiction_id", limit=200)
    if not (slug or wanted):
        words.fault("jurisdiction_id", mark("This is needed: this endpoint serves several jurisdictions."))
    words.check()
    for name in dict.fromkeys(name for name in (slug, wanted) if name):
        if (slug and name != slug) or not _SLUG.fullmatch(name):
            raise Refused(_jurisdiction_unknown(name))
    town = territory.town_named(slug or wanted)
    if town is None:
        raise Refused(_jurisdiction_unknown(slug or wanted))
    return town


def _one_write(
    request: HttpRequest, town: Town, words: Words, form: Form, view: Callable[[Asked], Any]
) -> HttpResponse:
    """Write once, also where the same request comes again with its idempotency key."""
    if request.content_type not in _BODIES:
        sentence = mark("The body has to come as application/x-www-form-urlencoded or multipart/form-data.")
        raise Refused(Fault(400, "", sentence))
    at = timezone.now()
    account_id = _account_of(words, town_id=town.id, at=at)
    actor = accounts.actor_of(account_id, town_id=town.id, channel=Channel.API)
    asked = Asked(request, town, words, actor, at)
    response = repeats.once(request, f"account:{account_id}", answer=lambda _: written(view(asked), form))
    response.headers["Content-Type"] = form.content_type
    return response


def _account_of(words: Words, *, town_id: UUID, at: datetime) -> UUID:
    key = words.text("api_key", limit=200)
    if not key:
        raise Refused(Fault(403, "api_key", mark("An API key is needed: a token of an account in this town.")))
    account_id = accounts.account_of_token(key, town_id=town_id, at=at) if key.isascii() else None
    if account_id is None:
        sentence = mark(
            "This token is not good here: it is unknown, has expired, was revoked, or belongs to another town."
        )
        raise Refused(Fault(403, "api_key", sentence))
    return account_id


def _jurisdiction_unknown(slug: str) -> Fault:
    return Fault(404, "jurisdiction_id", mark("There is no jurisdiction “{value}” here."), {"value": slug[:60]})


def _trouble(status: int, error: Exception | None = None) -> Fault:
    if status == 500:
        _log.error("An operation of Open311 failed", exc_info=error)
    return Fault(status, "", _OF_HTTP.get(status, _OF_HTTP[400]))


__all__ = ["Asked", "door", "nothing_here"]
