"""What happens to every request to the API: its scope, who asks, once only, and problems instead of pages."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse

from banyan.apps.territory import queries as territory
from banyan.apps.territory.models import Town
from banyan.base.errors import BanyanError, NotFound
from banyan.faces.api import problems, repeats, who
from banyan.kit import images, scopes
from banyan.kit.guard import ANYONE
from banyan.kit.problem import CONTENT_TYPE

Handler = Callable[[HttpRequest], HttpResponse]

_log = logging.getLogger("banyan.api")
_IN_TOWN: Final = re.compile(r"^/api/v1/towns/(?P<slug>[^/]+)(?:/|$)")
_SLUG: Final = re.compile(r"[a-z][-a-z0-9]{1,39}")
#: Photos of one request, and what is packed around them.


class ApiMiddleware:
    """Open the scope of the town, find out who asks, answer repeats once; every refusal is a problem, never a page."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/api/"):
            return self.get_response(request)
        if request.method == "HEAD":
            return _without_body(request, self._answered)
        return self._answered(request)

    def _answered(self, request: HttpRequest) -> HttpResponse:
        try:
            return _as_problem(self._answer(request))
        except BanyanError as error:
            return problems.of_error(error)
        except Exception as error:  # noqa: BLE001 - the edge of the face: logged, and answered without a page
            return _refused(error)

    def process_view(self, request: HttpRequest, _view: object, _args: object, _words: object) -> HttpResponse | None:
        """Refuse words in the address that the operation does not know: a misspelt filter must not list everything."""
        if not request.path_info.startswith("/api/"):
            return None
        from banyan.faces.api.contract import unknown_words

        error = unknown_words(request)
        return problems.of_error(error) if error is not None else None

    def _answer(self, request: HttpRequest) -> HttpResponse:
        request.town, request.actor = None, ANYONE  # type: ignore[attr-defined]
        if status := refusal_of_form(request):
            return problems.of_status(status)
        named = _IN_TOWN.match(request.path_info)
        if named is None:
            return self.get_response(request)
        who.check_guesses(request)
        town = territory.town_named(named["slug"]) if _SLUG.fullmatch(named["slug"]) else None
        if town is None:
            raise NotFound("town")
        if who.is_anonymous_report(request):
            who.count_anonymous_report(request)
        try:
            return self._in_scope(request, town)
        except who.NumberUnknown:
            who.count_guess(request)
            raise

    def _in_scope(self, request: Any, town: Town) -> HttpResponse:
        with scopes.town(town.id):
            request.town, request.actor = town, who.actor_of(request, town=town)
            if request.method in who.SAFE_METHODS:
                response = self.get_response(request)
            else:
                asker = who.asker_of(request, request.actor, town=town)
                response = repeats.once(request, asker, answer=self.get_response)
            if response.status_code >= 400 and connection.vendor == "postgresql":
                transaction.set_rollback(True)
            return response


def _without_body(request: HttpRequest, answer: Handler) -> HttpResponse:
    """Answer HEAD as GET would be answered, without the body; the length is the one that GET has (RFC 9110, 9.3.2)."""
    request.method = "GET"
    try:
        response = answer(request)
    finally:
        request.method = "HEAD"
    if response.streaming:
        response.close()
        empty = HttpResponse(status=response.status_code, headers=dict(response.headers))
        empty.cookies = response.cookies
        return empty
    response.headers.setdefault("Content-Length", str(len(response.content)))
    response.content = b""
    return response


def refusal_of_form(request: HttpRequest) -> int:
    """Return the status with which a request is refused before anything of it is believed, 0 where it is sound."""
    if not _is_readable(request):
        return 400
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    if not (length.isascii() and length.isdigit()):
        return 400
    return 413 if int(length[:20]) > images.MOST_BYTES_OF_A_FORM else 0


def _is_readable(request: HttpRequest) -> bool:
    """Say whether the address is UTF-8 without NUL, which neither database would take."""
    try:
        words = unquote_to_bytes(request.META.get("QUERY_STRING", "")).decode("utf-8") + request.path_info
    except UnicodeDecodeError:
        return False
    return "\0" not in words and "\ufffd" not in request.path_info


def _as_problem(response: HttpResponse) -> HttpResponse:
    """Turn what the framework answers by itself (no such path, method, host) into a problem."""
    if response.status_code < 400 or response.headers.get("Content-Type", "").startswith(CONTENT_TYPE):
        return response
    return problems.of_status(response.status_code, allow=response.headers.get("Allow", ""))


def _refused(error: Exception) -> HttpResponse:
    status = problems.status_of(error)
    if status == 500:
        _log.error("An operation of the API failed", exc_info=error)
    return problems.of_status(status)
