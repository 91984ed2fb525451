"""Runs of imports: what was read, what became of it, and what was rejected."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from banyan.apps.service_requests.models import ImportRun, Rejection, ServiceRequest
from banyan.base import tables
from banyan.base.errors import NotFound, Problem
from banyan.kit import guard
from banyan.kit.guard import Actor
from banyan.kit.paging import Page, page_of

COUNTS: Final = ("read", "imported", "already_there", "rejected")
REJECTION_HEAD: Final = ("row", "source_key", "where", "code", "reason")
_PAGE: Final = 50


def import_runs(actor: Actor, *, cursor: str = "") -> Page[tuple[Any, ...]]:
    """Return runs of the town in scope, newest first, as tuples of (identifier, started at)."""
    _check(actor)
    rows = ImportRun.objects.all()
    return page_of(rows, order=("-started_at", "-id"), columns=("id", "started_at"), size=_PAGE, cursor=cursor)


def runs_by_id(ids: Sequence[UUID]) -> dict[UUID, ImportRun]:
    """Return runs by their identifiers.  The caller has authorised the read."""
    return {run.id: run for run in ImportRun.objects.filter(id__in=list(ids))}


def import_run(actor: Actor, run_id: UUID) -> ImportRun:
    """Return one run; `NotFound` where the town in scope has none by that identifier."""
    _check(actor)
    run: ImportRun | None = ImportRun.objects.filter(id=run_id).first()
    if run is None:
        raise NotFound("import")
    return run


def _check(actor: Actor) -> None:
    guard.authorise(actor, "audit.read")  # whoever looks after the town, or after a part of it


def counts(run: ImportRun) -> dict[str, int]:
    """Return what became of the rows of a run: read = imported + already there + rejected."""
    return dict(zip(COUNTS, (run.n_read, run.n_imported, run.n_there, run.n_rejected), strict=True))


def n_rows(run: ImportRun) -> int:
    """Return how many rows the file of a run has; 0 before it was read whole."""
    return int(run.quirks.get("rows", 0))


def quirks(run: ImportRun) -> dict[str, int]:
    """Return what is odd in the file of a run, most frequent first."""
    found = ((code, n) for code, n in run.quirks.items() if code != "rows")
    return dict(sorted(found, key=lambda one: (-one[1], one[0])))


def rejections(run: ImportRun, *, after_row: int = -1, limit: int = _PAGE) -> list[Rejection]:
    """Return rejected rows in the order of the file; row 0 is the file itself.  The caller has authorised the read."""
    return list(Rejection.objects.filter(run=run, row__gt=after_row).order_by("row")[:limit])


def reasons(rejection: Rejection) -> list[Problem]:
    """Return why a row was rejected, one problem for each reason."""
    return [
        Problem(one["where"], one["code"], one.get("sentence", one["code"]), one.get("facts", {}))
        for one in rejection.reasons
    ]


def rejection_rows(run: ImportRun) -> Iterator[tuple[int, str, str, str, str]]:
    """Yield every reason of every rejected row for a file, batch by batch, with `REJECTION_HEAD`."""
    last = -1
    while batch := rejections(run, after_row=last, limit=1000):
        for one in batch:
            for problem in reasons(one):
                yield one.row, one.source_key, problem.where, problem.code, problem.sentence.format(**problem.facts)
        last = batch[-1].row


def kept_after_undo(run: ImportRun, *, limit: int = _PAGE) -> list[UUID]:
    """Return the requests of a run that were there when it was taken back and stayed, because somebody touched them."""
    mine = ServiceRequest.objects.filter(import_run=run).order_by("requested_at", "id")
    return list(mine.values_list("id", flat=True)[:limit])


def n_of_run(run: ImportRun) -> int:
    """Return how many requests of a run there are now."""
    return int(ServiceRequest.objects.filter(import_run=run).count())


def report_of(run: ImportRun, *, town_slug: str, form: str) -> bytes:
    """Return the report of a run as a file: ``json`` whole, ``csv`` or ``xlsx`` as one table."""
    if form == "json":
        return json.dumps(_as_words(run, town_slug), ensure_ascii=False, indent=1).encode()
    return tables.as_file(("what", "row", "source_key", "where", "code", "n", "reason"), _as_rows(run), form=form)


def _as_words(run: ImportRun, town_slug: str) -> Mapping[str, Any]:
    return {
        "run": str(run.id),
        "town": town_slug,
        "profile": run.profile,
        "file": run.file_name,
        "sha256": run.sha256,
        "status": run.status,
        "started_at": _instant(run.started_at),
        "ended_at": _instant(run.ended_at),
        **counts(run),
        "quirks": quirks(run),
        "rejections": [
            {
                "row": one.row,
                "source_key": one.source_key,
                "reasons": [
                    {"where": problem.where, "code": problem.code, "reason": problem.sentence.format(**problem.facts)}
                    for problem in reasons(one)
                ],
            }
            for one in Rejection.objects.filter(run=run).order_by("row").iterator(1000)
        ],
    }


def _instant(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def _as_rows(run: ImportRun) -> Iterator[tuple[Any, ...]]:
    for name, n in counts(run).items():
        yield "count", "", "", "", name, n, ""
    for code, n in quirks(run).items():
        yield "quirk", "", "", "", code, n, ""
    for row, key, where, code, reason in rejection_rows(run):
        yield "rejection", row, key, where, code, "", reason
