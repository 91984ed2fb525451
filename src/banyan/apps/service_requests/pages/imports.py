"""Imports in the office: files that were brought in, what was rejected, taking one back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from banyan.apps.accounts import queries as accounts
from banyan.apps.service_requests import queries
from banyan.apps.service_requests.actions import importing, uploads
from banyan.apps.service_requests.models import ImportRun, Rejection
from banyan.apps.service_requests.rules.imports import QUIRKS
from banyan.base import tables
from banyan.base.errors import InvalidInput, NotFound, Problem, mark
from banyan.kit import guard
from banyan.kit.asking import TownRequest
from banyan.kit.problem import say, spoken_problems

_MOST_PROFILE: Final = 200_000
#: State of a run -> its words, icon and tone.
STATES: Final[dict[str, tuple[Any, str, str]]] = {
    importing.WAITING: (gettext_lazy("Waits to be checked"), "clock", "grey"),
    importing.RUNNING: (gettext_lazy("Being brought in"), "clock", "blue"),
    importing.BROKEN: (gettext_lazy("Broken off"), "warning", "amber"),
    importing.DONE: (gettext_lazy("Brought in"), "resolved", "green"),
    importing.REFUSED: (gettext_lazy("Refused"), "problem", "red"),
    importing.UNDOING: (gettext_lazy("Being taken back"), "clock", "amber"),
    importing.UNDONE: (gettext_lazy("Taken back"), "history", "grey"),
}
_MOVING: Final = (importing.WAITING, importing.RUNNING, importing.UNDOING)


@dataclass(frozen=True, slots=True)
class Line:
    """A run in the list."""

    run: ImportRun
    by: str
    n_done: int
    n_rows: int


@dataclass(frozen=True, slots=True)
class Reasoned:
    """A rejected row with its reasons in the reader's language."""

    rejection: Rejection
    reasons: Sequence[tuple[str, str]]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: TownRequest, town: str) -> HttpResponse:
    """List the runs, or take a file to be brought in by the job queue."""
    if request.method != "POST":
        return _list(request)
    guard.authorise(request.actor, "service_requests.import", subject=guard.Subject())
    file = request.FILES.get("file")
    if file is None:
        problem = Problem("file", "required", mark("Choose a file first."))
        return _list(request, problems=[{"where": "file", "code": problem.code, "sentence": say(problem)}])
    try:
        name, text = _profile(request)
        run = uploads.take_upload(
            actor=request.actor,
            town=request.town,
            pieces=file.chunks(),
            file_name=str(file.name),
            profile=text,
            profile_name=name,
            at=timezone.now(),
        )
    except InvalidInput as error:
        return _list(request, problems=spoken_problems(error))
    messages.success(request, gettext("The file is checked to its last row first; then it is brought in."))
    return redirect("office_import", town, run.id)


def _profile(request: TownRequest) -> tuple[str, str]:
    """Return name and text of the profile: a file of the town's own, or one that comes with the product."""
    own = request.FILES.get("profile_file")
    if own is not None:
        return Path(str(own.name)).stem, uploads.text_of_profile(own.read(_MOST_PROFILE + 1))
    name = request.POST.get("profile", "")
    if name not in uploads.known_profiles():
        problem = Problem("profile", "required", mark("Choose a profile, or send one of your own."))
        raise InvalidInput(mark("The profile"), [problem])
    return name, uploads.profile_text(name)


def _list(request: TownRequest, *, problems: Sequence[Any] = ()) -> HttpResponse:
    page = queries.import_runs(request.actor, cursor=request.GET.get("cursor", ""))
    runs = queries.runs_by_id([row[0] for row in page.rows])
    names = accounts.names(run.account_id for run in runs.values())
    lines = [_line(runs[row[0]], names=names) for row in page.rows]
    context = {
        "lines": lines,
        "page": page,
        "states": STATES,
        "may_import": _may_import(request),
        "may_exchange": guard.may(request.actor, "service_requests.exchange_tickets"),
        "profile_options": [(name, name) for name in uploads.known_profiles()],
        "typed": request.POST,
        "problems": problems,
        "most_mb": uploads.MOST_BYTES // 1_000_000,
    }
    return render(request, "service_requests/imports.html", context, status=422 if problems else 200)


def _may_import(request: TownRequest) -> bool:
    return guard.may(request.actor, "service_requests.import", subject=guard.Subject())


def _line(run: ImportRun, *, names: Any) -> Line:
    return Line(run, names.get(run.account_id, "") if run.account_id else "", run.n_read, queries.n_rows(run))


@never_cache
@require_safe
def one_import(request: TownRequest, town: str, run_id: UUID) -> HttpResponse:  # noqa: ARG001
    """Show one run: how far it is, what became of its rows, what is odd, what was rejected."""
    run = queries.import_run(request.actor, run_id)
    after = request.GET.get("after", "")
    found = queries.rejections(run, after_row=int(after) if after.isdecimal() and len(after) < 9 else -1, limit=51)
    context = {
        "line": _line(run, names=accounts.names([run.account_id])),
        "run": run,
        "states": STATES,
        "is_moving": run.status in _MOVING,
        "is_undoable": _may_import(request) and run.status in (importing.DONE, importing.BROKEN),
        "counts": queries.counts(run),
        "quirks": [(gettext(QUIRKS.get(code, code)), n) for code, n in queries.quirks(run).items()],
        "rejected": [_reasoned(one) for one in found[:50]],
        "next_row": found[49].row if len(found) > 50 else None,
        "n_now": queries.n_of_run(run),
        "kept": queries.kept_after_undo(run) if run.status == importing.UNDONE else [],
    }
    return render(request, "service_requests/import.html", context)


def _reasoned(rejection: Rejection) -> Reasoned:
    return Reasoned(rejection, [(one.where, say(one)) for one in queries.reasons(rejection)])


@require_safe
def import_report(request: TownRequest, town: str, run_id: UUID, form: str) -> HttpResponse:
    """Answer the report of a run as JSON, or its rejections as CSV or .xlsx."""
    run = queries.import_run(request.actor, run_id)
    if form == "json":
        content, kind = queries.report_of(run, town_slug=town, form="json"), "application/json"
    elif form in tables.TYPES:
        content = tables.as_file(queries.REJECTION_HEAD, queries.rejection_rows(run), form=form)
        kind = tables.TYPES[form]
    else:
        raise NotFound("page")
    response = HttpResponse(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="import-{run.id}.{form}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_POST
def undo(request: TownRequest, town: str, run_id: UUID) -> HttpResponse:
    """Take a run back, once the reader has ticked that this is meant."""
    guard.authorise(request.actor, "service_requests.import", subject=guard.Subject())
    if request.POST.get("sure") != "on":
        messages.error(request, gettext("Nothing was taken back: tick that you mean it."))
        return redirect("office_import", town, run_id)
    uploads.take_back_later(actor=request.actor, town=request.town, run_id=run_id)
    messages.success(request, gettext("The import is being taken back."))
    return redirect("office_import", town, run_id)
