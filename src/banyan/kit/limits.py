"""How often somebody may try: counted in the cache that all processes share."""

from __future__ import annotations

from allauth.core.internal import ratelimit
from django.http import HttpRequest

from banyan.base.errors import BanyanError, mark


class TooManyTries(BanyanError):
    """Somebody tries too often; whoever waits may try again."""

    kind, code = "too_many", "banyan.too_many_tries"
    sentence = mark("Too many tries. Please wait a few minutes.")


def spend_try(request: HttpRequest, what: str, *, rates: str, key: str = "") -> None:
    """Count one try and refuse it when too many came before.

    The count lies in the database.  Inside a town's scope an answer of 400 or more rolls it back with everything else:
    answer a failed try with a redirect.

    Parameters
    ----------
    what
        The thing that is tried, a word of ours.
    rates
        Tries in a time, separated by commas: ``"10/15m/key,30/h/ip"``.
    key
        Whose tries are counted together where a rate says ``key``.

    Raises
    ------
    TooManyTries
        One of the rates is used up.
    """
    usage = ratelimit.consume(request, app="banyan", action=what, config={what: rates}, key=key, limit_get=True)
    if usage is None:
        raise TooManyTries()


def check_tries(request: HttpRequest, what: str, *, rates: str, key: str = "") -> None:
    """Refuse a further try when too many failed before; the failed ones were counted by `spend_try`."""
    config = {what: rates}
    left = ratelimit.consume(request, app="banyan", action=what, config=config, key=key, limit_get=True, dry_run=True)
    if left is None:
        raise TooManyTries()
