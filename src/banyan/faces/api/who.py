"""Who asks through the API: by token, by tracking number, or nobody known.  A browser's session counts for nothing."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone

from banyan.apps.accounts import queries as accounts
from banyan.apps.service_requests import queries as service_requests
from banyan.apps.territory.models import Town
from banyan.base.errors import InvalidInput, SignInNeeded, mark
from banyan.base.ids import read_tracking_number
from banyan.kit import limits
from banyan.kit.guard import Actor, Channel

TRACKING_HEADER = "X-Tracking-Number"
#: Wrong tracking numbers of one address.
_GUESSES = "20/15m/ip"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class TokenUnknown(SignInNeeded):
    """The token is unknown, expired, revoked or of another town."""

    code = "accounts.token_unknown"
    sentence = mark("This token is not good here: it is unknown, has expired, was revoked, or belongs to another town.")


class NumberUnknown(SignInNeeded):
    """There is no request with this tracking number."""

    code = "service_requests.number_unknown"
    sentence = mark("No request has this tracking number. Please check it.")


def actor_of(request: HttpRequest, *, town: Town) -> Actor:
    """Return who asks, inside the scope of the town.

    Raises
    ------
    TokenUnknown, NumberUnknown
        A secret came and is not good.
    """
    actor = _by_token(request, town=town)
    number = request.headers.get(TRACKING_HEADER, "")
    if not number:
        return actor
    try:
        found = service_requests.by_tracking_number(read_tracking_number(number[:80]))
    except (InvalidInput, LookupError):
        raise NumberUnknown() from None
    return replace(actor, bearer_of=frozenset({found.id}))


def _by_token(request: HttpRequest, *, town: Town) -> Actor:
    given = request.headers.get("Authorization", "")
    if not given:
        return Actor(channel=Channel.API)
    scheme, _, secret = given.partition(" ")
    known = scheme.lower() == "bearer" and secret.strip().isascii()
    account_id = accounts.account_of_token(secret.strip(), town_id=town.id, at=timezone.now()) if known else None
    if account_id is None:
        raise TokenUnknown()
    return accounts.actor_of(account_id, town_id=town.id, channel=Channel.API)


def check_guesses(request: HttpRequest) -> None:
    """Refuse a tracking number from an address that has guessed too often; a token has 256 bits, nobody guesses one."""
    if request.headers.get(TRACKING_HEADER):
        limits.check_tries(request, "api_number", rates=_GUESSES)


def count_guess(request: HttpRequest) -> None:
    """Count a tracking number that was not good; outside the scope, so that no rollback forgets it."""
    limits.spend_try(request, "api_number", rates=_GUESSES)


def is_anonymous_report(request: HttpRequest) -> bool:
    """Say whether a report comes from somebody unknown."""
    is_report = request.method == "POST" and request.path_info.endswith("/service_requests")
    return is_report and not request.headers.get("Authorization")


def count_anonymous_report(request: HttpRequest) -> None:
    """Count a report from somebody unknown: at most BANYAN_REPORTS_PER_HOUR from one address, 0 is no limit."""
    if settings.REPORTS_PER_HOUR:
        limits.spend_try(request, "api_report", rates=f"{settings.REPORTS_PER_HOUR}/h/ip")


def asker_of(request: HttpRequest, actor: Actor, *, town: Town) -> str:
    """Return whose idempotency keys these are, in 64 characters: an account's, or of a sealed address in this town."""
    if actor.account_id is not None:
        return f"account:{actor.account_id}"
    try:
        address = get_adapter(request).get_client_ip(request)
    except PermissionDenied:
        address = ""
    words = "|".join((str(town.id), address, request.headers.get(TRACKING_HEADER, "")))
    return hmac.new(settings.SECRET_KEY.encode(), words.encode(), hashlib.sha256).hexdigest()
