"""The code that is sent to a phone: six digits, five minutes, five tries, kept in the session as a keyed hash."""

from __future__ import annotations

import secrets
import time
from typing import Final

from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext

from banyan.kit import limits, sms

LENGTH: Final = 6
LIVES_S: Final = 300
MOST_TRIES: Final = 5
#: How often a code may be sent, and how often codes may be tried, for one number and from one address.
SENDING: Final = "5/15m/key,30/h/ip"
TRYING: Final = "10/15m/key,60/15m/ip"
_KEY: Final = "phone_code"


def words_of(code: str) -> str:
    """Return the message that brings a code."""
    said = gettext("Your Banyan code is {code}. It is valid for {n} minutes. Never give it to anybody.")
    return said.format(code=code, n=LIVES_S // 60)


def send_code(request: HttpRequest, phone: str) -> str:
    """Send a fresh code to a number, known or not; return words for the screen in a demonstration.

    Raises
    ------
    TooManyTries
        Too many codes went to this number or from this address.
    """
    limits.spend_try(request, "send_code", rates=SENDING, key=phone)
    code = f"{secrets.randbelow(10**LENGTH):0{LENGTH}}"
    request.session[_KEY] = {"phone": phone, "hash": _hash(phone, code), "at": time.time(), "n_tries": 0}
    return sms.send(phone, words_of(code))


def waiting_phone(request: HttpRequest) -> str:
    """Return the number whose code this session waits for, "" where it waits for none."""
    held = request.session.get(_KEY)
    if held is None or time.time() - held["at"] > LIVES_S or held["n_tries"] >= MOST_TRIES:
        return ""
    return str(held["phone"])


def is_right(request: HttpRequest, code: str) -> bool:
    """Try a code.  The right one is used up at once; the fifth wrong one ends it.

    Raises
    ------
    TooManyTries
        Too many codes were tried for this number or from this address, in whatever sessions.
    """
    phone = waiting_phone(request)
    if not phone:
        return False
    limits.spend_try(request, "try_code", rates=TRYING, key=phone)
    held = request.session[_KEY]
    if constant_time_compare(held["hash"], _hash(phone, "".join(code.split()))):
        del request.session[_KEY]
        return True
    request.session[_KEY] = {**held, "n_tries": held["n_tries"] + 1}
    return False


def _hash(phone: str, code: str) -> str:
    return salted_hmac("banyan.accounts.code", f"{phone}:{code}", algorithm="sha256").hexdigest()
