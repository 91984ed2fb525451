"""Commands that keep the house running."""

from __future__ import annotations

import os
import sys
from typing import Final

import click


@click.command()
def migrate() -> None:
    """Prepare the database: tables, and the walls between towns.

    On PostgreSQL the owner of the tables is taken from BANYAN_OWNER_DATABASE_URL, and rows (never tables) are granted
    to the role of BANYAN_DATABASE_URL.  Running it again changes nothing.
    """
    prepare_database(say=click.echo)


def prepare_database(*, say: object = None) -> None:
    """Migrate and raise the walls, as the owner of the tables where one is named."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from banyan.faces import wiring
    from banyan.faces.settings import database
    from banyan.kit import jobs, walls

    app_role = None
    held = dict(connections.settings["default"])
    if settings.OWNER_DATABASE_URL != settings.DATABASE_URL:
        app_role = str(held["USER"])
        _point_default_at(database(settings.OWNER_DATABASE_URL))
    try:
        walls.lower_walls(connections["default"])
        call_command("migrate", interactive=False, verbosity=1 if say else 0)
        call_command("createcachetable", verbosity=0)
        n = walls.raise_walls(connections["default"], app_role=app_role)
        jobs.keep_running(wiring.SCHEDULES)
    finally:
        if app_role:
            _point_default_at(held)
    if callable(say):
        say(f"The database is ready ({n} statements for the walls).")
    if warning := walls.missing_wall(connections["default"]):
        click.echo(f"Warning: {warning}", err=True)


def _point_default_at(settings: dict[str, object]) -> None:
    """Let the default connection speak to another role of the same database."""
    from django.db import connections

    connections["default"].close()
    connections["default"].settings_dict.update(settings)


#: How glibc keeps memory (other C libraries do not read it): by itself it keeps what one photo or one large map took.
_GIVES_BACK: Final = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}


@click.command()
@click.option("--port", default=8000, show_default=True, help="Port on which the pages and the API answer.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--workers", default=2, show_default=True, help="Web processes.")
def serve(port: int, host: str, workers: int) -> None:
    """Serve pages and API with granian until stopped."""
    arguments = ["granian", "--interface", "wsgi", "--host", host, "--port", str(port), "--workers", str(workers)]
    arguments += ["--blocking-threads", "2", "--backpressure", "64", "--no-ws", "--log-level", "warning"]
    arguments += ["banyan.faces.wsgi:application"]
    from django.conf import settings

    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    os.execve(sys.executable, [sys.executable, "-m", *arguments], _GIVES_BACK | os.environ)  # noqa: S606


@click.command()
def worker() -> None:
    """Work off the jobs (news, seals of history) until stopped."""
    from django.core.management import call_command

    from banyan.faces import wiring
    from banyan.kit import jobs

    jobs.keep_running(wiring.SCHEDULES)
    call_command("qcluster")


@click.command()
def check() -> None:
    """Check settings and database: what a careful operator would look at before opening the doors."""
    from django.core.management import call_command
    from django.db import connection

    from banyan.kit.doors import doors

    call_command("check", deploy=True)
    found = doors(connection) if connection.vendor == "postgresql" else []
    for sentence in found:
        click.echo(f"A door in the wall between towns: {sentence}.", err=True)
    if found:
        raise SystemExit(1)


@click.command()
@click.option("--port", default=8000, show_default=True, help="Port on which the pages answer.")
@click.option("--reset", is_flag=True, help="Throw the demonstration's data away and begin anew.")
@click.option("--postgres", "postgres_url", default="", metavar="URL", help="Use this PostgreSQL instead of SQLite.")
@click.option("--scale", default=1.0, show_default=True, help="Size of the town's life: dwellings and requests.")
def demo(port: int, reset: bool, postgres_url: str, scale: float) -> None:
    """Show a synthetic town: generates it once, starts web server and worker, prints the accounts of each role."""
    from banyan.faces.cli.demonstration import show

    show(port=port, reset=reset, postgres_url=postgres_url, scale=scale)
