"""Instants: moments that every clock on earth agrees on."""

from __future__ import annotations

from datetime import UTC, datetime

from banyan.base.errors import InvalidInput, Problem, mark

__all__ = ["in_utc"]


def in_utc(at: datetime, *, where: str = "at") -> datetime:
    """Express an aware time in UTC.

    Raises
    ------
    InvalidInput
        The time has no zone, so it could mean any of 24 hours; `where` names the field in the problem.
    """
    if at.tzinfo is UTC:
        return at
    if at.utcoffset() is None:
        raise InvalidInput(mark("The time"), [Problem(where, "naive", mark("The time has no time zone."))])
    return at.astimezone(UTC)
