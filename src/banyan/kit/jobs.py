"""Work that happens after the answer: django-q2 with its database broker.

A task is enqueued in the transaction of the writer, so a rolled-back writer leaves none.  A task whose worker died is
delivered again: every task is idempotent and carries identifiers, never personal data.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any
from uuid import UUID

from django_q.tasks import async_task

from banyan.kit import scopes


def enqueue(path: str, *, town_id: UUID, **words: Any) -> None:
    """Enqueue the function at a dotted path; it will run in the scope of the town with the given plain arguments."""
    async_task("banyan.kit.jobs.run", path, str(town_id), words)


def run(path: str, town_id: str, words: dict[str, Any]) -> None:
    """Run one task in the scope of its town, in one transaction."""
    module, _, function = path.rpartition(".")
    with scopes.town(UUID(town_id)), scopes.action_transaction():
        getattr(import_module(module), function)(**words)
