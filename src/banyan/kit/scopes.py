"""The scope of a town: every query on a town's rows runs inside one, or raises.

First wall: `TownRows` (see `kit.rows`) filters by the scope and refuses to run without it.  Second wall, on PostgreSQL:
the scope opens a transaction and sets ``banyan.town`` in it, which row-level security compares with each row.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from django.db import connection, transaction

from banyan.base.errors import TownScopeMissing

_town: ContextVar[UUID | None] = ContextVar("banyan_town", default=None)
_acting: ContextVar[bool] = ContextVar("banyan_acting", default=False)


def current_town() -> UUID:
    """Return the identifier of the town in scope.

    Raises
    ------
    TownScopeMissing
        No scope is open.
    """
    town_id = _town.get()
    if town_id is None:
        raise TownScopeMissing()
    return town_id


def town_in_scope() -> UUID | None:
    """Return the identifier of the town in scope, or None outside one (a row made there cannot be saved)."""
    return _town.get()


@contextmanager
def town(town_id: UUID) -> Iterator[None]:
    """Open the scope of one town; a scope may be opened again inside itself, never for another town."""
    held = _town.get()
    if held is not None and held != town_id:
        raise TownScopeMissing()
    if held == town_id:
        yield
        return
    token = _town.set(town_id)
    try:
        if connection.vendor == "postgresql":
            with transaction.atomic():
                _tell_database(str(town_id))
                yield
                if not connection.needs_rollback:
                    _tell_database("")
        else:
            yield
    finally:
        _town.reset(token)


def _tell_database(town_id: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('banyan.town', %s, true)", [town_id])


def undo() -> None:
    """Let the scope's transaction be rolled back at its end; outside PostgreSQL a scope has none of its own."""
    if connection.vendor == "postgresql":
        transaction.set_rollback(True)


@contextmanager
def action_transaction() -> Iterator[None]:
    """Run one action whole or not at all.

    The outermost action has a savepoint where a transaction is open already, so that a refusal leaves that transaction
    usable; actions that it calls are part of it and have none of their own.
    """
    if _acting.get():
        with transaction.atomic(savepoint=False):
            yield
        return
    token = _acting.set(True)
    try:
        with transaction.atomic():
            yield
    finally:
        _acting.reset(token)
