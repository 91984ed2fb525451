"""Turns of the job queue: bringing in an uploaded file, taking an import back."""

from __future__ import annotations

import time
from typing import Final
from uuid import UUID

from django.utils import timezone

from banyan.apps.service_requests.actions import import_files, importing, uploads
from banyan.apps.service_requests.actions.import_towns import prepare_town
from banyan.apps.service_requests.actions.import_undo import undo_import
from banyan.apps.service_requests.models import ImportRun
from banyan.apps.territory import queries as territory
from banyan.base.errors import InvalidInput
from banyan.kit import jobs, scopes
from banyan.kit.guard import Actor, Channel, Grant, Role

#: The town's own importer; who began the run stands in its first entry.
_IMPORTER: Final = Actor(grants=(Grant(Role.MANAGER),), channel=Channel.TASK)
#: After so long a task hands over to the next one, well before the queue takes its worker for dead.
_TURN_S: Final = 45.0


def bring_in(*, town_id: str, run_id: str) -> None:
    """Bring in an uploaded file, batch by batch; a task that is broken off or has had its turn is gone on with."""
    town, run_uuid = territory.town_by_id(UUID(town_id)), UUID(run_id)
    with scopes.town(town.id):
        run = ImportRun.objects.get(id=run_uuid)
    until = time.monotonic() + _TURN_S
    if run.status not in (importing.WAITING, importing.RUNNING):
        return
    path, profile = uploads.stored(town, run)
    if run.status == importing.WAITING:
        try:
            checked = import_files.check_file(path, profile, at=run.started_at)
            prepare_town(actor=_IMPORTER, profile=profile, named=checked.named, town=town, at=run.started_at)
        except InvalidInput as error:
            _end(town.id, run, status=importing.REFUSED, error=error)
            return
        with scopes.town(town.id):
            importing.keep_quirks(run_id=run.id, quirks=checked.quirks, n_rows=checked.n_rows)
    for _ in import_files.store_rows(path, actor=_IMPORTER, profile=profile, town=town, run=run):
        if time.monotonic() > until:
            jobs.enqueue_alone(f"{__name__}.bring_in", town_id=town.id, run_id=run_id)
            return
    _end(town.id, run, status=importing.DONE)


def _end(town_id: UUID, run: ImportRun, *, status: str, error: InvalidInput | None = None) -> None:
    problems = error.problems if error else ()
    with scopes.town(town_id):
        importing.end_import(actor=_IMPORTER, run_id=run.id, at=timezone.now(), status=status, problems=problems)
    uploads.drop(town_id, run.id)


def take_back(*, town_id: str, run_id: str) -> None:
    """Take an import back, batch by batch, in turns."""
    town, until = territory.town_by_id(UUID(town_id)), time.monotonic() + _TURN_S
    undone = undo_import(actor=_IMPORTER, town=town, run_id=UUID(run_id), at=timezone.now())
    for _ in undone:
        if time.monotonic() > until:
            jobs.enqueue_alone(f"{__name__}.take_back", town_id=town.id, run_id=run_id)
            return
    uploads.drop(town.id, UUID(run_id))
