"""Work that happens after the answer: django-q2 with its database broker.

A task is enqueued in the transaction of the writer, so a rolled-back writer leaves none.  A task whose worker died is
delivered again: every task is idempotent and carries identifiers, never personal data.  What has to happen every so
often is an `Every`, listed in `faces/wiring.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from uuid import UUID

from django.db import transaction
from django_q.models import Schedule
from django_q.tasks import async_task

from banyan.kit import scopes
from banyan.kit.patience import patiently


def enqueue(path: str, *, town_id: UUID, **words: Any) -> None:
    """Enqueue the function at a dotted path; it will run in the scope of the town with the given plain arguments."""
    async_task("banyan.kit.jobs.run", path, str(town_id), words=words)


def enqueue_unscoped(path: str, *, town_id: UUID, **words: str) -> None:
    """Enqueue a function that gets the identifier of a town and opens its scope itself, as often as it needs to.

    For work that speaks with somebody outside: no transaction of ours waits meanwhile.
    """
    async_task(path, str(town_id), **words)


def run(path: str, town_id: str, *, words: dict[str, Any]) -> None:
    """Run one task in the scope of its town, in one transaction; begin it anew where another writer was in the way."""
    module, _, function = path.rpartition(".")
    work = getattr(import_module(module), function)

    def once() -> None:
        with scopes.town(UUID(town_id)), scopes.action_transaction():
            work(**words)

    patiently(once)


def enqueue_alone(path: str, *, town_id: UUID, **words: Any) -> None:
    """Enqueue a function of long work that opens the town's scope itself, once for each of its short transactions.

    It is called with ``town_id`` as text and the given plain arguments.
    """
    async_task("banyan.kit.jobs.run_alone", path, words={"town_id": str(town_id), **words})


def run_alone(path: str, *, words: dict[str, Any]) -> None:
    """Run one piece of long work outside any scope and transaction."""
    module, _, function = path.rpartition(".")
    getattr(import_module(module), function)(**words)


@dataclass(frozen=True, slots=True)
class Every:
    """A function without arguments that runs again and again, outside the scope of any town."""

    name: str
    path: str
    minutes: int


def keep_running(schedules: Iterable[Every]) -> None:
    """Write down in the database what has to run every so often; doing it again changes nothing.

    A schedule that is no longer listed ends; the ones that are listed keep the time of their next run.
    """
    listed = {every.name: every for every in schedules}
    patiently(lambda: _keep(listed))


def _keep(listed: Mapping[str, Every]) -> None:
    with transaction.atomic():
        ours = Schedule.objects.filter(func__startswith="banyan.")
        ours.exclude(name__in=listed).delete()
        held = {row.name: row for row in ours.select_for_update()}
        for name, every in listed.items():
            row = held.get(name) or Schedule(name=name)
            words = {"func": every.path, "schedule_type": Schedule.MINUTES, "minutes": every.minutes, "repeats": -1}
            if row.pk is None or any(getattr(row, column) != value for column, value in words.items()):
                for column, value in words.items():
                    setattr(row, column, value)
                row.save()
