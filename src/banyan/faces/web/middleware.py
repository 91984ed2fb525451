"""What happens to every request: headers, language, the scope of the town, errors as pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

from banyan.apps.accounts import queries as accounts
from banyan.apps.territory import queries as territory
from banyan.base.errors import HTTP_STATUS, BanyanError, NotFound, TooLarge
from banyan.faces.web.errors import error_page
from banyan.kit import scopes
from banyan.kit.guard import ANYONE, Channel
from banyan.kit.images import MOST_BYTES_OF_A_FORM

Handler = Callable[[HttpRequest], HttpResponse]

_CSP = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
_IN_TOWN = re.compile(r"^/t/(?P<slug>[-a-z0-9]{1,40})(?:/|$)")


def security_headers(get_response: Handler) -> Handler:
    """Say what a browser may load: our own files only, no inline script, no inline style."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", _CSP)
        response.headers.setdefault("Permissions-Policy", "geolocation=(self), camera=(self), microphone=()")
        return response

    return middleware


def language(get_response: Handler) -> Handler:
    """Speak the language chosen by cookie, else the browser's, else the installation's."""

    def middleware(request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) or request.headers.get("Accept-Language")
        tag = translation.get_language_from_request(request) if chosen else settings.DEFAULT_LANGUAGE
        with translation.override(tag):
            request.LANGUAGE_CODE = tag
            response = get_response(request)
            response.headers.setdefault("Content-Language", tag)
            patch_vary_headers(response, ["Accept-Language", "Cookie"])
            return response

    return middleware


def _length(request: HttpRequest) -> int:
    """Return the announced length of the body; a body without one is not read at all."""
    said = str(request.META.get("CONTENT_LENGTH") or "0")
    return int(said[:20]) if said.isascii() and said.isdigit() else 0


class TownMiddleware:
    """Open the scope of the town named in the path and find out who asks.

    An error inside the scope leaves it first, so that its transaction is rolled back, and becomes a page afterwards.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("/api/"):
            return self.get_response(request)  # faces.api.middleware has done the same for programs
        request.town, request.actor = None, ANYONE  # type: ignore[attr-defined]
        if _length(request) > MOST_BYTES_OF_A_FORM:
            return error_page(request, TooLarge())
        named = _IN_TOWN.match(request.path_info)
        if named is None:
            return self._finished(request, self.get_response(request))
        town = territory.town_named(named["slug"])
        if town is None:
            return error_page(request, NotFound("town"))
        request.town = town  # type: ignore[attr-defined]
        with timezone.override(ZoneInfo(town.time_zone)):
            return self._finished(request, self._in_scope(request, town.id))

    def _in_scope(self, request: HttpRequest, town_id: UUID) -> HttpResponse:
        with scopes.town(town_id):
            if request.user.is_authenticated:
                request.actor = accounts.actor_of(request.user.pk, town_id=town_id, channel=Channel.WEB)  # type: ignore[attr-defined]
            response = self.get_response(request)
            if response.status_code >= 400:
                scopes.undo()
            return response

    def _finished(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        error = getattr(response, "banyan_error", None)
        if error is None:
            return response
        if request.town is None:  # type: ignore[attr-defined]
            return error_page(request, error)
        with scopes.town(request.town.id):  # type: ignore[attr-defined]
            return error_page(request, error)

    def process_exception(self, _request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Carry an error of ours out of the scope; anything else is a defect and stays a 500."""
        if not isinstance(error, BanyanError):
            return None
        response = HttpResponse(status=HTTP_STATUS[error.kind])
        response.banyan_error = error  # type: ignore[attr-defined]
        return response
