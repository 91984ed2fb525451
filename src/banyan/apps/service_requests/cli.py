"""Service requests on the command line: the whole loop, and bringing in cases of another system."""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID

import click
from django.utils import timezone

from banyan.apps.accounts import queries as accounts
from banyan.apps.audit import queries as audit
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.rules import Intake, Step, Urgency
from banyan.apps.service_requests.rules.imports import Case, Profile, read_case, read_profile
from banyan.apps.service_requests.tasks import prepare_town_of
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import NotFound
from banyan.base.ids import read_tracking_number
from banyan.kit import guard, scopes
from banyan.kit.guard import Actor, Channel

_PROFILES = Path(__file__).parent / "profiles"


@click.group()
def requests() -> None:
    """Report, list, handle, verify and rate service requests; bring in cases of another system.

    \b
    The loop by four people (--as takes the e-mail or phone of an account):
      banyan requests report --town rongjiang --as resident@example.org \\
          --service stair_light --text "The lamp is out" --place RY-08
      banyan requests step NUMBER triage   --town rongjiang --as coordinator@example.org
      banyan requests step NUMBER dispatch --town rongjiang --as coordinator@example.org
      banyan requests step NUMBER accept   --town rongjiang --as worker@example.org
      banyan requests step NUMBER start    --town rongjiang --as worker@example.org
      banyan requests step NUMBER resolve  --town rongjiang --as worker@example.org --remedy "New bulb"
      banyan requests step NUMBER verify   --town rongjiang --as coordinator@example.org
      banyan requests rate NUMBER 5        --town rongjiang --as resident@example.org
      banyan requests show NUMBER          --town rongjiang --as resident@example.org
    """


_town = click.option("--town", "slug", required=True, help="Name of the town in its address.")
_as = click.option("--as", "who", default="", help="E-mail or phone of the account that acts.")


@contextmanager
def _entered(slug: str, who: str) -> Iterator[tuple[Town, Actor]]:
    """Enter a town as somebody."""
    town = territory.town_named(slug)
    if town is None:
        raise NotFound("town")
    with scopes.town(town.id):
        yield town, _actor(who, town) if who else guard.Actor(channel=Channel.CLI)


def _actor(who: str, town: Town) -> Actor:
    account_id = accounts.account_called(who)
    if account_id is None:
        raise NotFound("account")
    return accounts.actor_of(account_id, town_id=town.id, channel=Channel.CLI)


def _id_of(name: str) -> UUID:
    """Return the identifier that a tracking number or an identifier names."""
    try:
        return UUID(name)
    except ValueError:
        return queries.by_tracking_number(read_tracking_number(name)).id


@requests.command()
@_town
@_as
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
def report(slug: str, who: str, photos: tuple[Path, ...], **words: object) -> None:
    """Report something; prints the tracking number, which is a secret of the reporter."""
    draft = actions.Draft(**words)  # type: ignore[arg-type]
    with _entered(slug, who) as (town, actor):
        shots = [photo.read_bytes() for photo in photos]
        received = actions.report(actor=actor, town=town, draft=draft, at=timezone.now(), photos=shots)
    click.echo(f"{received.tracking_number}  {received.id}")


@requests.command()
@click.argument("number")
@click.argument("step", type=click.Choice(list(map(str, Step))))
@_town
@_as
@click.option("--reason", default="", help="Why (return, pause, refute, reopen, reject).")
@click.option("--remedy", default="", help="What was done (resolve).")
@click.option("--party", "party_code", default="", help="Code of the party (dispatch); default: who answers there.")
@click.option("--service", "service_code", default="", help="The right service (triage).")
@click.option("--urgency", default="", type=click.Choice(["", *map(str, Urgency)]), help="The right urgency (triage).")
@click.option("--publish/--no-publish", "is_text_public", default=None, help="Show the words to everybody (triage).")
def step(number: str, step: str, slug: str, who: str, party_code: str, **words: object) -> None:
    """Take one step of the state table with a request (tracking number or identifier)."""
    from banyan.apps.parties import queries as parties

    with _entered(slug, who) as (town, actor):
        party_id = parties.register(town).by_code.get(party_code) if party_code else None
        if party_code and party_id is None:
            raise NotFound("party")
        wanted = actions.Wanted(party_id=party_id, **words)  # type: ignore[arg-type]
        done = actions.take_step(
            actor=actor, town=town, service_request_id=_id_of(number), step=Step(step), at=timezone.now(), wanted=wanted
        )
    click.echo(f"{number}: {done.status}")


@requests.command()
@click.argument("number")
@click.argument("rating", type=int)
@_town
@_as
@click.option("--words", default="", help="In your own words.")
def rate(number: str, rating: int, slug: str, who: str, words: str) -> None:
    """Rate how a request was handled, 1 (poor) to 5 (very good)."""
    with _entered(slug, who) as (town, actor):
        actions.rate(
            actor=actor, town=town, service_request_id=_id_of(number), rating=rating, words=words, at=timezone.now()
        )
    click.echo("Thank you.")


@requests.command()
@click.argument("number")
@_town
@_as
def show(number: str, slug: str, who: str) -> None:
    """Show a request and its history, as far as the account may read it."""
    with _entered(slug, who) as (town, actor):
        found = queries.readable(actor, _id_of(number), town=town)
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
@_town
@_as
@click.option("--status", multiple=True, help="Only these states.")
@click.option("--overdue", is_flag=True, help="Only those whose deadline has passed.")
@click.option("--limit", default=50, show_default=True, help="Rows, 1 to 200.")
@click.option("--cursor", default="", help="Where the last page ended.")
def list_requests(slug: str, who: str, status: tuple[str, ...], overdue: bool, limit: int, cursor: str) -> None:
    """List the requests that the account may see, newest first (without --as: the public part of all)."""
    wanted = queries.Filter(statuses=frozenset(status), is_overdue=overdue)
    verb = "service_requests.read" if who else "service_requests.read_public"
    with _entered(slug, who) as (town, actor):
        page = queries.listed(actor, wanted, town=town, at=timezone.now(), size=limit, cursor=cursor, verb=verb)
        catalogue = queries.catalogue(town)
        for row in page.rows:
            service = catalogue.by_id[row.service_id]
            click.echo(f"{row.id}  {row.requested_at:%Y-%m-%d %H:%M}  {row.status:<12} {service.name_en}")
    if page.next_cursor:
        click.echo(f"more: --cursor {page.next_cursor}")


@requests.command()
@_town
def services(slug: str) -> None:
    """List the services of a town."""
    with _entered(slug, "") as (town, _):
        for service in queries.catalogue(town).offered.values():
            click.echo(f"{service.code:<40} {service.kind:<11} {service.name_zh} / {service.name_en}")


@requests.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--profile", "name", required=True, help="Name of a profile (boston311), or path of a profile file.")
@click.option(
    "--rejections", type=click.Path(dir_okay=False, path_type=Path), help="File for rejected rows and reasons."
)
@click.option("--batch", default=1000, show_default=True, help="Cases stored in one transaction.")
def import_file(file: Path, name: str, rejections: Path | None, batch: int) -> None:
    """Bring the cases of a CSV file (.csv or .csv.gz) into a town of their own.

    The profile says what each column means and founds the town.  read = imported + already there + rejected; each
    rejection has its row and its reasons.  A second run changes nothing.
    """
    profile = _profile(name)
    at = timezone.now()
    with _rows(file) as rows:
        town = prepare_town_of(profile, rows, at=at)
    click.echo(f"Town {town.slug}: services, places and parties are ready.")
    with _rows(file) as rows:
        count = _import_all(rows, profile, town, rejections=rejections, batch=batch, at=at)
    click.echo(
        f"read {count['read']} = imported {count['imported']} + already there {count['unchanged']} "
        f"+ rejected {count['rejected']}"
    )


def _profile(name: str) -> Profile:
    path = Path(name) if name.endswith(".toml") else _PROFILES / f"{name}.toml"
    if not path.is_file():
        raise NotFound("profile")
    return read_profile(path.read_text(encoding="utf-8"), name=path.stem)


@contextmanager
def _rows(file: Path) -> Iterator[Iterator[dict[str, str]]]:
    """Read a CSV file row by row; bytes that are not UTF-8 stay visible as replacement characters."""
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rb") as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="") as text:
        yield csv.DictReader(text)


def _import_all(
    rows: Iterator[dict[str, str]], profile: Profile, town: Town, *, rejections: Path | None, batch: int, at: datetime
) -> Counter[str]:
    actor = Actor(grants=(guard.Grant(guard.Role.MANAGER),), channel=Channel.IMPORT)
    count: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    held: list[Case] = []
    with _rejection_file(rejections) as write:

        def store() -> None:
            with scopes.town(town.id):  # one scope for each batch: on PostgreSQL a scope is a transaction
                brought = actions.import_cases(actor=actor, town=town, cases=held, profile=profile.name, at=at)
            count.update(imported=brought.n_imported, unchanged=brought.n_unchanged)
            held.clear()

        for number, row in enumerate(rows, start=2):
            count["read"] += 1
            found = read_case(row, profile, at=at)
            if isinstance(found, list):
                count["rejected"] += 1
                reasons.update(str(problem) for problem in found)
                write.writerow([number, profile.cell(row, "source_key"), "; ".join(map(str, found))])
                continue
            held.append(found)
            if len(held) >= batch:
                store()
                click.echo(f"  {count['read']:>7} rows read, {count['imported']} imported", err=True)
        store()
    for reason, n in reasons.most_common(10):
        click.echo(f"  rejected {n:>6}: {reason}")
    return count


@contextmanager
def _rejection_file(path: Path | None):  # type: ignore[no-untyped-def]  # csv writers have no public type
    with path.open("w", encoding="utf-8", newline="") if path else io.StringIO() as out:
        writer = csv.writer(out)
        writer.writerow(["row", "source_key", "reasons"])
        yield writer
