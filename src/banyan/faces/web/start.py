"""The first pages: choice of a town, home of a town, language, health."""

from __future__ import annotations

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from banyan.apps.accounts import queries as accounts
from banyan.apps.territory import queries as territory


def towns(request: HttpRequest) -> HttpResponse:
    """Choose a town; who belongs to exactly one goes straight there."""
    own = accounts.towns_of(request.user.pk) if request.user.is_authenticated else []
    offered = territory.open_towns()
    only = own if len(own) == 1 else offered if len(offered) == 1 else []
    if only and "all" not in request.GET:
        return HttpResponseRedirect(f"/t/{only[0].slug}/")
    return render(request, "towns.html", {"own": own, "towns": offered})


def town_home(request: HttpRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """What needs me now, and what this place is."""
    return render(request, "town_home.html", {})


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Remember the language in a cookie and go back to where the reader was."""
    wanted = request.POST.get("language", "")
    onward = request.POST.get("next", "/")
    safe = url_has_allowed_host_and_scheme(onward, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    response = HttpResponseRedirect(onward if safe else "/")
    if wanted in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, wanted, max_age=365 * 86400, samesite="Lax", secure=settings.SECURE, httponly=True
        )
    return response


def health(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """Say that the process answers and the database with it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})
