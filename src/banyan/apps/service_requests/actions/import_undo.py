"""Taking an import back: what nobody has touched since goes, what somebody has worked on stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import PROTECT

from banyan.apps.audit import actions as audit
from banyan.apps.audit import queries as history
from banyan.apps.matters import actions as matters
from banyan.apps.matters import queries as threads
from banyan.apps.service_requests.actions import importing
from banyan.apps.service_requests.actions.searching import unindex
from banyan.apps.service_requests.errors import ImportOver
from banyan.apps.service_requests.models import ImportRun, ServiceRequest
from banyan.apps.territory.queries import Town
from banyan.base.errors import NotFound
from banyan.kit import guard, scopes
from banyan.kit.guard import Actor

_BATCH: Final = 500
_UNDOABLE: Final = (importing.DONE, importing.BROKEN, importing.RUNNING, importing.UNDOING)


@dataclass(frozen=True, slots=True)
class Undone:
    """What one run of taking back has come to."""

    n_removed: int
    n_kept: int


def begin_undo(*, actor: Actor, run_id: UUID) -> ImportRun:
    """Say that a run is taken back from now on: no row of it is stored any more.

    Raises
    ------
    ImportOver
        The run was refused, never began, or is taken back already.
    """
    guard.authorise(actor, "service_requests.import", subject=guard.Subject())
    with scopes.action_transaction():
        run: ImportRun | None = ImportRun.objects.select_for_update().filter(id=run_id).first()
        if run is None:
            raise NotFound("import")
        if run.status not in _UNDOABLE:
            raise ImportOver()
        run.status = importing.UNDOING
        run.save(update_fields=["status"])
    return run


def undo_import(*, actor: Actor, town: Town, run_id: UUID, at: datetime) -> Iterator[Undone]:
    """Take the requests of a run back, batch by batch; yield after each how far it is.

    A request that nobody has touched since goes with its matter and its search words.  History is append-only: the
    entry that it was imported stays, and the run says in an entry of its own how many went.  A request that somebody
    has worked on, commented, followed or joined to anything stays as it is.  What was broken off goes on when begun
    again; the outermost caller has no transaction open, so that each batch is one.
    """
    guard.authorise(actor, "service_requests.import", subject=guard.Subject())
    done, last = Undone(0, 0), UUID(int=0)
    while True:
        with scopes.town(town.id), scopes.action_transaction():
            run = ImportRun.objects.select_for_update().get(id=run_id)
            if run.status != importing.UNDOING:
                raise ImportOver()
            mine = ServiceRequest.objects.select_for_update().filter(import_run_id=run_id, id__gt=last).order_by("id")
            found = dict(mine.values_list("id", "matter_id")[:_BATCH])
            if not found:
                _end(actor, run, at=at)
                return
            kept = _touched(found)
            gone = {one: matter for one, matter in found.items() if one not in kept}
            _remove(gone)
        done, last = Undone(done.n_removed + len(gone), done.n_kept + len(kept)), max(found)
        yield done


def _touched(found: dict[UUID, UUID]) -> set[UUID]:
    """Return those requests about which anything has happened, or to which anything points, since they came."""
    touched = history.continued("service_request", found)
    for relation in ServiceRequest._meta.related_objects:
        if relation.on_delete is PROTECT:
            name = relation.field.attname
            rows = relation.related_model._default_manager.filter(**{f"{relation.field.name}__in": list(found)})
            touched |= set(rows.values_list(name, flat=True).distinct())
    busy = threads.with_strands(found.values())
    return touched | {one for one, matter in found.items() if matter in busy}


def _remove(gone: dict[UUID, UUID]) -> None:
    unindex(gone)
    ServiceRequest.objects.filter(id__in=list(gone))._raw_delete(connection.alias)
    matters.take_back_matters(gone.values())


def _end(actor: Actor, run: ImportRun, *, at: datetime) -> None:
    n_kept = ServiceRequest.objects.filter(import_run=run).count()
    run.status, run.ended_at = importing.UNDONE, at
    run.save(update_fields=["status", "ended_at"])
    facts = {"n_removed": run.n_imported - n_kept, "n_kept": n_kept}
    audit.record(actor=actor, verb="service_requests.import_undone", subject=("import_run", run.id), at=at, facts=facts)
