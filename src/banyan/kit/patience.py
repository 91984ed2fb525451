"""Trying again what another writer kept from beginning.

SQLite lets one writer in at a time; who has waited `BANYAN_SQLITE_WAIT_S` in vain is told that the database is locked.
PostgreSQL ends one of two transactions that wait for each other.  Neither has done anything then: it may begin anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

from django.db import OperationalError, connection

#: Seconds of rest before each further try.
RESTS_S: Final = (0.2, 0.5, 1.0)
#: What PostgreSQL says where others were in the way: serialization_failure, deadlock_detected, lock_not_available.
_IN_THE_WAY: Final = frozenset({"40001", "40P01", "55P03"})

ResultT = TypeVar("ResultT")


def is_lock(error: OperationalError) -> bool:
    """Say whether an error of the database means that another writer was in the way, and nothing else."""
    return getattr(error.__cause__, "sqlstate", None) in _IN_THE_WAY or "is locked" in str(error)


def patiently(work: Callable[[], ResultT], *, rests_s: tuple[float, ...] = RESTS_S) -> ResultT:
    """Do work that opens its own transaction; where another writer kept it from that, rest and do it anew.

    Raises
    ------
    OperationalError
        The database was locked at each try, or a transaction of the caller's is open, which cannot begin anew.
    """
    for rest_s in rests_s:
        try:
            return work()
        except OperationalError as error:
            if connection.in_atomic_block or not is_lock(error):
                raise
            time.sleep(rest_s)
    return work()
