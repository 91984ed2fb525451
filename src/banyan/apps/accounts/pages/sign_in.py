"""Signing in: by phone number and code (the first time opens the account), by e-mail and password, and out again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from allauth.account.forms import LoginForm
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from banyan.apps.accounts import actions, queries, rules
from banyan.apps.accounts.models import Account
from banyan.apps.accounts.pages import codes
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import InvalidInput, NotFound
from banyan.kit import scopes
from banyan.kit.guard import Channel
from banyan.kit.problem import spoken_problems

Problems = Sequence[Mapping[str, str]]
_TOWN: Final = re.compile(r"^/t/(?P<slug>[-a-z0-9]{1,40})/")
_SHOWN: Final = "code_on_screen"


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask who it is, by phone number or by e-mail and password."""
    if request.user.is_authenticated:
        return redirect(_onward(request))
    if request.method != "POST":
        return _page(request, way=request.GET.get("way", "phone"))
    return _by_password(request) if request.POST.get("way") == "email" else _by_phone(request)


def _by_phone(request: HttpRequest) -> HttpResponse:
    typed = request.POST.get("phone", "")
    try:
        phone = rules.read_phone(typed)
    except InvalidInput as error:
        return _page(request, way="phone", typed=typed, problems=spoken_problems(error))
    request.session[_SHOWN] = codes.send_code(request, phone)
    return redirect(_with_next(request, "sign_in_code"))


def _by_password(request: HttpRequest) -> HttpResponse:
    email = request.POST.get("email", "").strip()
    form = LoginForm({"login": email, "password": request.POST.get("password", "")}, request=request)
    if not form.is_valid():
        is_limited = any(e.code == "too_many_login_attempts" for es in form.errors.as_data().values() for e in es)
        said = (
            gettext("Too many tries. Please wait a few minutes.")
            if is_limited
            else gettext("The e-mail address or the password is not right.")
        )
        problems = [{"where": "email", "code": "refused", "sentence": said}]
        return _page(request, way="email", typed=email, problems=problems, status=429 if is_limited else 422)
    return _in_own_language(form.login(request, redirect_url=_onward(request)), form.user)


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Ask for the code that was sent; the right one signs in, and opens the account at the first time."""
    phone = codes.waiting_phone(request)
    if not phone:
        return redirect(_with_next(request, "account_login"))
    problems: Problems = ()
    if request.method == "POST":
        if codes.is_right(request, request.POST.get("code", "")):
            return _entered(request, phone)
        if not codes.waiting_phone(request):
            problem = gettext("This code was wrong too often. Ask for a new one.")
            return _page(
                request, way="phone", typed=phone, problems=[{"where": "phone", "code": "used_up", "sentence": problem}]
            )
        problems = [{"where": "code", "code": "wrong", "sentence": gettext("This is not the code that was sent.")}]
    context = {
        "phone": phone,
        "problems": problems,
        "shown": request.session.get(_SHOWN, "") if settings.DEMO else "",
        "onward": _onward(request),
        "length": codes.LENGTH,
        "n_minutes": codes.LIVES_S // 60,
    }
    return render(request, "accounts/code.html", context, status=422 if problems else 200)


def _entered(request: HttpRequest, phone: str) -> HttpResponse:
    """Sign in whoever holds the phone; a number that was never seen becomes an account and a resident of the town."""
    request.session.pop(_SHOWN, None)
    account = queries.account_by_phone(phone)
    if account is None:
        account = actions.register(phone=phone, language=getattr(request, "LANGUAGE_CODE", ""))
        _join(account, _town(request))
    record_authentication(request, account, method="code", phone=phone)
    return _in_own_language(perform_login(request, Login(user=account, redirect_url=_onward(request))), account)


def _join(account: Account, town: Town | None) -> None:
    if town is not None:
        with scopes.town(town.id):
            actor = queries.actor_of(account.id, town_id=town.id, channel=Channel.WEB)
            actions.join_as_resident(actor=actor, town=town, at=timezone.now())


def _town(request: HttpRequest) -> Town | None:
    """Return the town from which somebody came to sign in, else the only one there is."""
    named = _TOWN.match(_onward(request))
    if named is not None:
        return territory.town_named(named["slug"])
    towns = territory.open_towns()
    return towns[0] if len(towns) == 1 else None


def _in_own_language(response: HttpResponse, account: Account) -> HttpResponse:
    if account.language in dict(settings.LANGUAGES):
        set_language(response, account.language)
    return response


def set_language(response: HttpResponse, language: str) -> None:
    """Let the browser remember the language of the reader."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 86400,
        samesite="Lax",
        secure=settings.SECURE,
        httponly=True,
    )


@never_cache
def inactive(request: HttpRequest) -> HttpResponse:
    """Say that an account is closed."""
    return render(request, "accounts/inactive.html", status=403)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("home")


@require_POST
def sign_in_as(request: HttpRequest) -> HttpResponse:
    """Sign in as somebody of a demonstration town; anywhere else this page does not exist."""
    if not settings.DEMO:
        raise NotFound("page")
    try:
        account_id = UUID(request.POST.get("account", ""))
    except ValueError:
        raise NotFound("account") from None
    account = queries.synthetic_account(account_id)
    if account is None:
        raise NotFound("account")
    record_authentication(request, account, method="demonstration")
    return _in_own_language(perform_login(request, Login(user=account, redirect_url=_onward(request))), account)


def _onward(request: HttpRequest) -> str:
    """Return where to go afterwards: a page of our own, else the start."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else "/"


def _with_next(request: HttpRequest, name: str) -> str:
    return f"{reverse(name)}?{urlencode({'next': _onward(request)})}"


def _page(request: HttpRequest, *, way: str, typed: str = "", problems: Problems = (), status: int = 0) -> HttpResponse:
    onward = _onward(request)
    context: dict[str, Any] = {
        "way": "email" if way == "email" else "phone",
        "typed": typed,
        "problems": list(problems),
        "onward": onward,
        "ways": {one: f"?{urlencode({'way': one, 'next': onward})}" for one in ("phone", "email")},
        "cast": queries.synthetic_cast() if settings.DEMO else [],
    }
    return render(request, "accounts/sign_in.html", context, status=status or (422 if problems else 200))
