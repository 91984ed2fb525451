"""One's own account in a town: name, language, roles, API tokens, password; and becoming a resident."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from banyan.apps.accounts import actions, queries
from banyan.apps.accounts.pages.sign_in import set_language
from banyan.apps.parties import queries as parties
from banyan.apps.territory import queries as territory
from banyan.base.errors import InvalidInput, SignInNeeded
from banyan.kit.asking import TownRequest
from banyan.kit.problem import spoken_problems

_LIVES = (30, 90, 365)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """Show one's own account, and change its name and language."""
    account_id = _known(request)
    if request.method != "POST":
        return _page(request)
    name, language = request.POST.get("display_name", ""), request.POST.get("language", "")
    try:
        actions.change_profile(account_id=account_id, display_name=name, language=language)
    except InvalidInput as error:
        return _page(request, problems=spoken_problems(error))
    messages.success(request, gettext("Saved."))
    response = redirect("account", request.town.slug)
    if language in dict(settings.LANGUAGES):
        set_language(response, language)
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def issue_token(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """Issue an API token and show its secret, this once."""
    _known(request)
    if request.method != "POST":  # the language was changed on the page that showed it
        return redirect("account", request.town.slug)
    days = request.POST.get("token_days", "")
    at = timezone.now()
    expires_at = at + timedelta(days=int(days)) if days in {str(n) for n in _LIVES} else None
    try:
        secret = actions.issue_token(
            actor=request.actor,
            town=request.town,
            name=request.POST.get("token_name", ""),
            at=at,
            expires_at=expires_at,
        )
    except InvalidInput as error:
        return _page(request, problems=[{**one, "where": f"token_{one['where']}"} for one in spoken_problems(error)])
    return _page(request, secret=secret)


@require_POST
def revoke_token(request: TownRequest, town: str, token_id: UUID) -> HttpResponse:  # noqa: ARG001
    """Revoke one of one's own tokens."""
    _known(request)
    actions.revoke_token(actor=request.actor, token_id=token_id, at=timezone.now())
    messages.success(request, gettext("The token is revoked: programs that use it are shut out."))
    return redirect(f"{reverse('account', args=[request.town.slug])}#tokens")


@require_POST
def join(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """Become a resident of the town."""
    _known(request)
    actions.join_as_resident(actor=request.actor, town=request.town, at=timezone.now())
    messages.success(request, gettext("Welcome. You take part in this town now."))
    return redirect("town_home", request.town.slug)


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """Change the password, or set a first one."""
    _known(request)
    held: Any = request.user
    kind = PasswordChangeForm if held.has_usable_password() else SetPasswordForm
    form = kind(held, request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        update_session_auth_hash(request, held)
        messages.success(request, gettext("Your new password holds from now on."))
        return redirect("account", request.town.slug)
    problems = [
        {"where": "" if name == "__all__" else name, "code": "refused", "sentence": str(said)}
        for name, sentences in form.errors.items()
        for said in sentences
    ]
    context = {"problems": problems, "has_password": held.has_usable_password()}
    return render(request, "accounts/password.html", context, status=422 if problems else 200)


def _known(request: TownRequest) -> UUID:
    if request.actor.account_id is None:
        raise SignInNeeded()
    return request.actor.account_id


def _page(request: TownRequest, *, problems: list[dict[str, str]] | None = None, secret: str = "") -> HttpResponse:
    account_id, town = _known(request), request.town
    places = {place.path: place for place in territory.tree(town).places}
    context = {
        "problems": problems or [],
        "typed": request.POST,
        "held": request.user,
        "roles": [
            (
                str(grant.role),
                places.get(grant.place_path),
                parties.register(town).by_id.get(grant.party_id) if grant.party_id else None,
            )
            for grant in request.actor.grants
        ],
        "tokens": queries.tokens_of(account_id, town_id=town.id, at=timezone.now()),
        "languages": settings.LANGUAGES,
        "secret": secret,
        "lives": _LIVES,
    }
    return render(request, "accounts/account.html", context, status=422 if problems else 200)
