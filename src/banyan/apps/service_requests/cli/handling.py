"""Reporting, listing, handling and rating requests."""

from __future__ import annotations

from pathlib import Path

import click
from django.utils import timezone

from banyan.apps.audit import queries as audit
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.cli.root import as_whom, entered, id_of, in_town, requests
from banyan.apps.service_requests.rules import Intake, Step, Urgency
from banyan.apps.service_requests.rules.privacy import Privacy
from banyan.base.errors import NotFound
from banyan.kit import guard


@requests.command()
@in_town
@as_whom
@click.option("--service", "service_code", required=True, help="Code of the service: `banyan requests services`.")
@click.option("--text", "description", required=True, help="What it is about.")
@click.option("--lon", type=float, help="Longitude in degrees.")
@click.option("--lat", type=float, help="Latitude in degrees.")
@click.option("--system", "coordinate_system", default="wgs84", show_default=True, help="wgs84, gcj02 or bd09.")
@click.option("--place", "place_code", default="", help="Code of the place, where there is no point.")
@click.option("--address", default="", help="The place in words.")
@click.option("--urgency", default="", type=click.Choice(["", *map(str, Urgency)]), help="Default: the service's own.")
@click.option("--channel", "intake", default="api", type=click.Choice(list(map(str, Intake))), help="How it came in.")
@click.option("--photo", "photos", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", "contact_name", default="", help="Name of the one who reports.")
@click.option("--phone", "contact_phone", default="", help="Phone of the one who reports.")
@click.option("--privacy", default="named", type=click.Choice(list(map(str, Privacy))), help="Who may know of it.")
@click.option("--attribute", "answers", multiple=True, metavar="CODE=VALUE", help="What the service asks; may repeat.")
def report(slug: str, who: str, photos: tuple[Path, ...], answers: tuple[str, ...], **words: object) -> None:
    """Report something; prints the tracking number, which is a secret of the reporter."""
    given: dict[str, list[str]] = {}
    for answer in answers:
        given.setdefault(answer.partition("=")[0], []).append(answer.partition("=")[2])
    draft = actions.Draft(**words, attributes=given)  # type: ignore[arg-type]
    with entered(slug, who) as (town, actor):
        shots = [photo.read_bytes() for photo in photos]
        received = actions.report(actor=actor, town=town, draft=draft, at=timezone.now(), photos=shots)
    click.echo(f"{received.tracking_number}  {received.id}")


@requests.command()
@click.argument("number")
@click.argument("step", type=click.Choice(list(map(str, Step))))
@in_town
@as_whom
@click.option("--reason", default="", help="Why (return, pause, refute, reopen, reject).")
@click.option("--remedy", default="", help="What was done (resolve).")
@click.option("--party", "party_code", default="", help="Code of the party (dispatch); default: who answers there.")
@click.option("--service", "service_code", default="", help="The right service (triage).")
@click.option("--urgency", default="", type=click.Choice(["", *map(str, Urgency)]), help="The right urgency (triage).")
@click.option("--publish/--no-publish", "is_text_public", default=None, help="Show the words to everybody (triage).")
def step(number: str, step: str, slug: str, who: str, party_code: str, **words: object) -> None:
    """Take one step of the state table with a request (tracking number or identifier)."""
    from banyan.apps.parties import queries as parties

    with entered(slug, who) as (town, actor):
        party_id = parties.register(town).by_code.get(party_code) if party_code else None
        if party_code and party_id is None:
            raise NotFound("party")
        wanted = actions.Wanted(party_id=party_id, **words)  # type: ignore[arg-type]
        done = actions.take_step(
            actor=actor, town=town, service_request_id=id_of(number), step=Step(step), at=timezone.now(), wanted=wanted
        )
    click.echo(f"{number}: {done.status}")


@requests.command()
@click.argument("number")
@click.argument("rating", type=int)
@in_town
@as_whom
@click.option("--words", default="", help="In your own words.")
def rate(number: str, rating: int, slug: str, who: str, words: str) -> None:
    """Rate how a request was handled, 1 (poor) to 5 (very good)."""
    with entered(slug, who) as (town, actor):
        actions.rate(
            actor=actor, town=town, service_request_id=id_of(number), rating=rating, words=words, at=timezone.now()
        )
    click.echo("Thank you.")


@requests.command()
@click.argument("number")
@in_town
@as_whom
def show(number: str, slug: str, who: str) -> None:
    """Show a request and its history, as far as the account may read it."""
    with entered(slug, who) as (town, actor):
        found = queries.readable(actor, id_of(number), town=town)
        service = queries.catalogue(town).by_id[found.service_id]
        steps = ", ".join(queries.steps_for(actor, found, town=town))
        click.echo(f"{service.name_zh} / {service.name_en}  [{found.status}]  {found.description}")
        click.echo(f"deadline {found.deadline_at or '-'}   your steps: {steps or '-'}   rating {found.rating or '-'}")
        subject = queries.subject_of(found, town=town)
        hears_inner = guard.may(actor, "service_requests.read_internal", subject=subject)
        for moment in audit.timeline(("service_request", found.id)):
            if moment.facts.get("is_internal") and not hears_inner:
                continue
            said = "; ".join(f"{name}: {text}" for name, text in moment.words.items() if text)
            click.echo(f"{moment.at:%Y-%m-%d %H:%M}  {moment.verb.partition('.')[2]:<14} {moment.role:<12} {said}")


@requests.command("list")
@in_town
@as_whom
@click.option("--status", multiple=True, help="Only these states.")
@click.option("--overdue", is_flag=True, help="Only those whose deadline has passed.")
@click.option("--limit", default=50, show_default=True, help="Rows, 1 to 200.")
@click.option("--cursor", default="", help="Where the last page ended.")
def list_requests(slug: str, who: str, status: tuple[str, ...], overdue: bool, limit: int, cursor: str) -> None:
    """List the requests that the account may see, newest first (without --as: the public part of all)."""
    wanted = queries.Filter(statuses=frozenset(status), is_overdue=overdue)
    verb = "service_requests.read" if who else "service_requests.read_public"
    with entered(slug, who) as (town, actor):
        page = queries.listed(actor, wanted, town=town, at=timezone.now(), size=limit, cursor=cursor, verb=verb)
        catalogue = queries.catalogue(town)
        for row in page.rows:
            service = catalogue.by_id[row.service_id]
            click.echo(f"{row.id}  {row.requested_at:%Y-%m-%d %H:%M}  {row.status:<12} {service.name_en}")
    if page.next_cursor:
        click.echo(f"more: --cursor {page.next_cursor}")


@requests.command()
@click.argument("number")
@in_town
@as_whom
@click.option("--text", default="", help="What everybody reads; without it, personal data is hidden by rule.")
@click.option("--publish/--no-publish", "is_text_public", default=None, help="Show the words to everybody, or not.")
def redact(number: str, slug: str, who: str, text: str, is_text_public: bool | None) -> None:
    """Set the words that everybody reads of a request; what was reported stays for those who may read it."""
    with entered(slug, who) as (town, actor):
        words = {"text": text, "is_text_public": is_text_public, "at": timezone.now()}
        done = actions.redact(actor=actor, town=town, service_request_id=id_of(number), **words)  # type: ignore[arg-type]
        click.echo(done.public_text or done.description)


@requests.command()
@in_town
def index(slug: str) -> None:
    """Make the words under which the requests of a town are found anew; the town goes on meanwhile."""
    done = 0
    with entered(slug, "") as _:
        for done in actions.reindex_town():
            click.echo(f"  {done:>7} requests", err=True)
    click.echo(f"{done} requests can be found by their words.")


@requests.command()
@in_town
def services(slug: str) -> None:
    """List the services of a town."""
    with entered(slug, "") as (town, _):
        for service in queries.catalogue(town).offered.values():
            click.echo(f"{service.code:<40} {service.kind:<11} {service.name_zh} / {service.name_en}")
