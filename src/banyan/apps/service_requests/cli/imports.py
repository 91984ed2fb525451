"""Bringing in cases of another system, and taking them back."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from uuid import UUID

import click
from django.utils import timezone

from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.actions import uploads
from banyan.apps.service_requests.cli.root import requests
from banyan.apps.service_requests.models import ImportRun
from banyan.apps.service_requests.rules.imports import QUIRKS, read_profile
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import NotFound
from banyan.kit import guard, scopes
from banyan.kit.guard import Actor, Channel


@requests.command("import")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--profile", "name", default="", help="Name of a profile (boston311), or path of a profile file.")
@click.option("--town", "slug", default="", help="Town it goes into; default: the one that the profile founds.")
@click.option("--undo", "run_id", type=click.UUID, help="Take this run back instead of bringing a file in.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Report as .json, .csv or .xlsx.")
@click.option("--batch", type=click.IntRange(1, 5000), help="Rows stored in one transaction.")
def import_file(
    file: Path | None, name: str, slug: str, run_id: UUID | None, report: Path | None, batch: int | None
) -> None:
    """Bring the cases of a file (.csv, .csv.gz or .xlsx) into a town.

    The profile says what each column means and may found a town of its own.  The file is checked to its last row
    before anything is stored: read = imported + already there + rejected, and each rejection has its row and its
    reasons.  A run that was broken off goes on when it is started again; a second run changes nothing.
    """
    if run_id is not None:
        _take_back(run_id, slug=slug)
        return
    if file is None or not name:
        raise click.UsageError("Name a FILE and its --profile, or a --town and its run to --undo.")
    held = territory.town_named(slug) if slug else None
    if slug and held is None:
        raise NotFound("town")
    text, called = uploads.profile_text(name), Path(name).stem
    profile = uploads.profile_for(held, text, name=called) if held else read_profile(text, name=called)
    words = {"batch": batch} if batch else {}
    town, run = actions.import_file(
        file, actor=_IMPORTER, profile=profile, town=held, at=timezone.now(), progress=_progress, **words
    )
    with scopes.town(town.id):
        _say(town, run, report=report)


_IMPORTER = Actor(grants=(guard.Grant(guard.Role.MANAGER),), channel=Channel.IMPORT)


def _progress(phase: str, n: int) -> None:
    if n % 10_000 < 2000:
        click.echo(f"  {n:>8} rows {phase}", err=True)


def _say(town: Town, run: ImportRun, *, report: Path | None) -> None:
    if report is not None:
        form = report.suffix.lstrip(".").lower()
        if form not in ("json", "csv", "xlsx"):
            raise click.UsageError("A report is a .json, .csv or .xlsx file.")
        report.write_bytes(queries.report_of(run, town_slug=town.slug, form=form))
    for code, n in queries.quirks(run).items():
        click.echo(f"  odd      {n:>7}: {QUIRKS.get(code, code)}")
    reasons = Counter(
        str(problem) for one in queries.rejections(run, limit=100_000) for problem in queries.reasons(one)
    )
    for reason, n in reasons.most_common(20):
        click.echo(f"  rejected {n:>7}: {reason}")
    click.echo(f"Town {town.slug}, run {run.id}")
    count = queries.counts(run)
    click.echo(
        f"read {count['read']} = imported {count['imported']} + already there {count['already_there']} "
        f"+ rejected {count['rejected']}"
    )


def _take_back(run_id: UUID, *, slug: str) -> None:
    town = territory.town_named(slug) if slug else None
    if town is None:
        raise NotFound("town")
    with scopes.town(town.id):
        actions.begin_undo(actor=_IMPORTER, run_id=run_id)
    undone = actions.Undone(0, 0)
    for undone in actions.undo_import(actor=_IMPORTER, town=town, run_id=run_id, at=timezone.now()):
        if undone.n_removed % 10_000 < 500:
            click.echo(f"  {undone.n_removed:>8} requests taken back", err=True)
    with scopes.town(town.id):
        kept = queries.kept_after_undo(queries.import_run(_IMPORTER, run_id), limit=100)
    for one in kept:
        click.echo(f"  kept, somebody has touched it: {one}")
    click.echo(f"taken back {undone.n_removed}, kept {undone.n_kept}")
