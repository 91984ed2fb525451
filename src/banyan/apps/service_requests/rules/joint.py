"""The law of joint work: the states of a part and who takes it from one to the other."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class PartStatus(StrEnum):
    """Where the part of one party stands."""

    SUMMONED = "summoned"
    ACCEPTED = "accepted"
    ON_SITE = "on_site"
    DONE = "done"
    VERIFIED = "verified"
    DECLINED = "declined"
    CANCELLED = "cancelled"


#: States in which a party is no longer part of the work: it neither counts nor reads along.
OVER: Final = frozenset({PartStatus.DECLINED, PartStatus.CANCELLED})
