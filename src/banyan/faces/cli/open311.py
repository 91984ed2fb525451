"""Open311 on the command line: holding a server against the specification."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from banyan.faces.open311 import conformance
from banyan.faces.open311.conformance.wire import MOST_REQUESTS, TIMEOUT_S, Unreachable


@click.group()
def open311() -> None:
    """Speak Open311 GeoReport v2 with other servers."""


@open311.command()
@click.argument("url")
@click.option("--jurisdiction", default="", help="jurisdiction_id, where the endpoint serves several.")
@click.option("--api-key", default="", envvar="OPEN311_API_KEY", help="API key of that server, for --write.")
@click.option("--write", "writes", is_flag=True, help="Make reports as well: on a test endpoint only.")
@click.option("--at", "point", default="", metavar="LAT,LONG", help="A place that can be reported there.")
@click.option("--discovery", default="", metavar="URL", help="Discovery, where it does not stand beside the endpoint.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--requests", "most", type=click.IntRange(1, 1000), default=MOST_REQUESTS, show_default=True)
@click.option("--timeout", type=click.FloatRange(0.1, 300), default=TIMEOUT_S, show_default=True, help="Seconds each.")
def check(
    url: str,
    jurisdiction: str,
    api_key: str,
    writes: bool,
    point: str,
    discovery: str,
    form: str,
    most: int,
    timeout: float,
) -> None:
    """Check whether the server at URL keeps GeoReport v2.

    URL is an endpoint (https://town.example/open311/town/v2) or its discovery (.../discovery.json).  The check is a
    plain client: it makes a bounded number of reads, follows no redirect to another host, and writes only with --write.

    \b
    Exit code: 0 every clause that binds is kept, 1 one is broken, 2 the server could not be examined.
    """
    wish = conformance.Wish(
        url=url,
        jurisdiction=jurisdiction,
        api_key=api_key,
        writes=writes,
        point=_point(point),
        discovery=discovery,
        most_requests=most,
        timeout_s=timeout,
    )
    try:
        report = conformance.examine(wish, at=datetime.now(UTC))
    except Unreachable as error:
        click.echo(str(error), err=True)
        raise SystemExit(2) from None
    click.echo(conformance.as_json(report) if form == "json" else conformance.as_text(report))
    raise SystemExit(0 if report.is_kept else 1)


def _point(text: str) -> tuple[float, float] | None:
    if not text:
        return None
    try:
        lat, lon = (float(word) for word in text.split(","))
    except ValueError:
        raise click.BadParameter("two numbers with a comma are needed: 23.06,113.31", param_hint="--at") from None
    return lat, lon
