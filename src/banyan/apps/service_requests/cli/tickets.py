"""Exchanging tickets with a district's desk."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from django.utils import timezone

from banyan.apps.service_requests import actions
from banyan.apps.service_requests.actions import uploads
from banyan.apps.service_requests.cli.root import as_whom, entered, in_town, requests
from banyan.apps.service_requests.rules.tickets import TicketProfile, read_ticket_profile
from banyan.apps.territory.queries import Town


@requests.group()
def tickets() -> None:
    """Exchange tickets with a district's desk (12345), so that nobody types anything twice."""


_desk = click.option("--profile", "name", default="desk12345", show_default=True, help="Name or path of a profile.")


def _ticket_profile(name: str, town: Town) -> TicketProfile:
    return read_ticket_profile(uploads.profile_text(name), name=Path(name).stem, time_zone=town.time_zone)


@tickets.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@in_town
@as_whom
@_desk
def import_tickets(file: Path, slug: str, who: str, name: str) -> None:
    """Take over the tickets of a file (.csv or .xlsx); those that are here already are left as they are."""
    with entered(slug, who) as (town, actor):
        done = actions.take_tickets(
            file, actor=actor, town=town, profile=_ticket_profile(name, town), at=timezone.now()
        )
    for one in done:
        click.echo(f"{one.row:>6}  {one.ticket:<30} {one.outcome:<9} {'; '.join(map(str, one.problems))}".rstrip())
    count = Counter(one.outcome for one in done)
    click.echo(f"read {len(done)} = taken {count['taken']} + there {count['there']} + rejected {count['rejected']}")


@tickets.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@in_town
@as_whom
@_desk
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only what has changed since that day began.")
@click.option("--all", "is_all", is_flag=True, help="Also requests that did not come from the desk.")
def export_tickets(file: Path, slug: str, who: str, name: str, since: datetime | None, is_all: bool) -> None:
    """Write what became of the desk's tickets into a file (.csv or .xlsx) for the desk."""
    form = file.suffix.lstrip(".").lower()
    if form not in ("csv", "xlsx"):
        raise click.UsageError("The file is a .csv or an .xlsx.")
    with entered(slug, who) as (town, actor):
        content, n = actions.give_tickets(
            actor=actor,
            town=town,
            profile=_ticket_profile(name, town),
            form=form,
            at=timezone.now(),
            since=since.replace(tzinfo=ZoneInfo(town.time_zone)) if since else None,
            is_all=is_all,
        )
        file.write_bytes(content)
    click.echo(f"{n} tickets written")
