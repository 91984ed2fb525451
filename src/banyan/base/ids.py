"""Names for records: sortable identifiers, unlinkable identifiers and numbers that people read aloud.

* `uuid7` is the primary key of almost everything: it sorts by time of making, so indexes grow at one end, and an
  offline phone can make it too.
* `uuid4` is for the few records whose time of making must not show (ballots, confidential reports): a version 7
  identifier would tell the millisecond to whoever holds it.
* `tracking_number` is what a resident writes on a note or reads over the phone.  It is drawn at random, so that knowing
  one tells nothing of another, and ends in a check character, so that a slip of the pen is noticed.
"""

from __future__ import annotations

import time
import unicodedata
import uuid
from datetime import UTC, datetime, timedelta
from random import Random
from secrets import SystemRandom
from typing import Final

from banyan.base.errors import InvalidInput, Problem, mark
from banyan.base.instants import in_utc

__all__ = ["TRACKING_ALPHABET", "read_tracking_number", "tracking_number", "uuid4", "uuid7"]

_SYSTEM_RANDOM: Final = SystemRandom()
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_TICK: Final = 1 << 60  # 48 bits of milliseconds and 12 bits of a fraction of one
_newest_tick = 0


def uuid4() -> uuid.UUID:
    """Make an identifier that tells nothing, not even when it was made.

    For ballots and confidential reports; everything else uses `uuid7`.

    Source
    ------
    RFC 9562, section 5.4.
    """
    return uuid.uuid4()


def uuid7(at: datetime | None = None, *, random: Random = _SYSTEM_RANDOM) -> uuid.UUID:
    """Make an identifier that sorts by its time of making.

    Parameters
    ----------
    at
        Instant to carry, aware, from 1970 on.  None: now, and then each identifier is greater than the one this thread
        made before, also when the clock is set back.
    random
        Where the 62 random bits come from; a seeded source makes a repeatable demonstration.

    Raises
    ------
    InvalidInput
        `at` has no time zone or lies before 1970.

    Source
    ------
    RFC 9562, section 5.7, and section 6.2, method 3: the 12 bits after the version carry the fraction of the
    millisecond.
    """
    tick = _next_tick() if at is None else _tick_of(at)
    milliseconds, fraction = tick >> 12, tick & 0xFFF
    return uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | random.getrandbits(62))


def _next_tick() -> int:
    # No lock: two threads that race may share a tick, and then 62 random bits tell their identifiers apart.
    global _newest_tick
    milliseconds, rest_ns = divmod(time.time_ns(), 1_000_000)
    tick = max(milliseconds << 12 | (rest_ns << 12) // 1_000_000, _newest_tick + 1)
    _newest_tick = tick
    return tick


def _tick_of(at: datetime) -> int:
    milliseconds, rest_us = divmod((in_utc(at) - _EPOCH) // timedelta(microseconds=1), 1000)
    tick = milliseconds << 12 | (rest_us << 12) // 1000
    if not 0 <= tick < _LAST_TICK:
        raise InvalidInput(mark("The time"), [Problem("at", "range", mark("The time lies before 1970."))])
    return tick


# --- tracking numbers ------------------------------------------------------------------------------------------------

#: Crockford's base 32: no I, L, O (they look like 1 and 0) and no U.
TRACKING_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_N_RANDOM: Final = 9  # 45 random bits
_N_CHARACTERS: Final = _N_RANDOM + 1
_VALUE: Final = {character: value for value, character in enumerate(TRACKING_ALPHABET)}
_LOOKALIKES: Final = str.maketrans("OIL", "011")
_HYPHENS: Final = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc\u00ad_.")


def tracking_number(*, random: Random = _SYSTEM_RANDOM) -> str:
    """Draw a number by which a resident follows a report without an account, such as ``K7QF-2M9X-P1``.

    Nine random characters (45 bits: one guess among a million open reports succeeds with probability 3e-8) and a check
    character.  Limit the rate of look-ups all the same.

    Parameters
    ----------
    random
        Source of randomness; leave it alone outside a demonstration.

    Source
    ------
    Alphabet: D. Crockford, "Base 32".  Check character: see `_check_of`.
    """
    if random is _SYSTEM_RANDOM:  # one draw of 45 bits in place of nine draws of 5
        bits = random.getrandbits(5 * _N_RANDOM)
        body = "".join(TRACKING_ALPHABET[bits >> 5 * place & 31] for place in range(_N_RANDOM))
    else:
        body = "".join(random.choice(TRACKING_ALPHABET) for _ in range(_N_RANDOM))
    return _grouped(body + _check_of(body))


def read_tracking_number(text: str) -> str:
    """Read a tracking number as people type it; returns its one proper form.

    Case, spaces, dashes and full-width characters do not matter; O is read as 0, I and L as 1.

    Raises
    ------
    InvalidInput
        Empty, characters that are never used, too short or too long, or a check character that does not fit: every
        wrong character and every two characters swapped, neighbours or not, are noticed.
    """
    characters = _plain(text)
    problems = _problems_of(characters)
    if problems:
        raise InvalidInput(mark("The tracking number"), problems)
    return _grouped(characters)


def _plain(text: str) -> str:
    wide = unicodedata.normalize("NFKC", text).upper()
    return "".join(c for c in wide if not c.isspace() and c not in _HYPHENS).translate(_LOOKALIKES)


def _problems_of(characters: str) -> list[Problem]:
    if not characters:
        return [Problem("", "empty", mark("Nothing was typed."))]
    problems = []
    strange = sorted(set(characters) - _VALUE.keys())
    if strange:
        sentence = mark("It has characters that are never used: {characters}")
        problems.append(Problem("", "characters", sentence, {"characters": " ".join(strange[:_N_CHARACTERS])}))
    if len(characters) != _N_CHARACTERS:
        sentence = mark("It has {n} characters and needs {needed}.")
        problems.append(Problem("", "length", sentence, {"n": len(characters), "needed": _N_CHARACTERS}))
    if not problems and _check_of(characters[:-1]) != characters[-1]:
        sentence = mark("Its last character does not fit: a character is wrong or two are swapped.")
        problems.append(Problem("", "check", sentence))
    return problems


def _check_of(body: str) -> str:
    """Check character of a body: the word of `n` characters satisfies sum(2**i * c_i) = 0 over the field GF(32).

    Single errors change the sum because no weight is zero; swaps change it because all weights differ (2 has order 31
    in the field of x**5 + x**2 + 1).  It is the one-symbol case of a Reed-Solomon code (Reed and Solomon 1960); the
    systems of ISO/IEC 7064 need 36 or 37 characters, which would bring the look-alikes back.
    """
    total = 0
    for character in body:
        total = _doubled(total) ^ _VALUE[character]
    return TRACKING_ALPHABET[_doubled(total)]


def _doubled(value: int) -> int:
    doubled = value << 1
    return doubled ^ 0b100101 if doubled & 0b100000 else doubled


def _grouped(characters: str) -> str:
    return "-".join((characters[:4], characters[4:8], characters[8:]))
