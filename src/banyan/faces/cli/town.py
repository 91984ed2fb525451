"""Towns on the command line: found one, give people their roles, bring its territory in and out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from django.utils import timezone

from banyan.apps.accounts import actions as account_actions
from banyan.apps.accounts import queries as accounts
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import actions as request_actions
from banyan.apps.territory import actions as territory_actions
from banyan.apps.territory import queries as territory
from banyan.apps.territory.models import Town
from banyan.base.calendar import OFFICE_WEEK, WEEKDAYS
from banyan.base.errors import InvalidInput, NotFound, Problem, mark
from banyan.kit import scopes
from banyan.kit.guard import Actor, Channel, Grant, Role

#: Whoever has the shell of the server stands in for the town's manager.
OPERATOR = Actor(grants=(Grant(Role.MANAGER),), channel=Channel.CLI)


@click.group()
def town() -> None:
    """Found towns, give roles, bring territory and catalogue in and out.

    \b
      banyan town found --slug haizhu --name-zh 海珠 --name-en Haizhu --bounds 113.2 23.0 113.4 23.2
      banyan town territory haizhu grids.geojson
      banyan town catalogue haizhu services.json
      banyan town account --email wang@example.org --name "Wang"
      banyan town grant haizhu wang@example.org coordinator --place c1
    """


@contextmanager
def _entered(slug: str) -> Iterator[Town]:
    found = territory.town_named(slug)
    if found is None:
        raise NotFound("town")
    with scopes.town(found.id):
        yield found


@town.command("list")
def list_towns() -> None:
    """List the towns of this installation."""
    for found in territory.open_towns():
        click.echo(f"{found.slug:<24} {found.name_zh} / {found.name_en}  {found.time_zone}")


@town.command()
@click.option("--slug", required=True, help="Name in the address: lower-case letters, digits, hyphens.")
@click.option("--name-zh", required=True)
@click.option("--name-en", required=True)
@click.option("--bounds", nargs=4, type=float, required=True, metavar="W S E N", help="WGS84 degrees.")
@click.option("--time-zone", default="Asia/Shanghai", show_default=True)
@click.option("--country", default="CN", show_default=True, help="Country of the public holidays, ISO 3166.")
@click.option("--region", "region_code", default="", help="Code of the region it lies in (banyan town region).")
@click.option(
    "--levels", default="community,village,grid,building", show_default=True, help="Levels of places, from the top."
)
def found(
    slug: str,
    name_zh: str,
    name_en: str,
    bounds: tuple[float, float, float, float],
    levels: str,
    time_zone: str,
    country: str,
    region_code: str,
) -> None:
    """Found a town with office hours and its country's holidays; both can be changed in the town office."""
    week = {day: [str(period) for period in hours] for day, hours in zip(WEEKDAYS, OFFICE_WEEK, strict=True)}
    made = territory_actions.found(
        territory_actions.NewTown(
            slug=slug,
            name_zh=name_zh,
            name_en=name_en,
            bounds=bounds,
            time_zone=time_zone,
            country=country,
            region_code=region_code,
            levels=tuple(level.strip() for level in levels.split(",")),
            calendar={"timezone": time_zone, "country": country, "week": week},
        ),
        at=timezone.now(),
    )
    click.echo(f"{made.slug} is founded: /t/{made.slug}/")


@town.command()
@click.argument("code")
@click.option("--level", required=True, help="country, province, city, district ...")
@click.option("--name-zh", required=True)
@click.option("--name-en", required=True)
@click.option("--parent", "parent_code", default="", help="Code of the region above.")
def region(code: str, level: str, name_zh: str, name_en: str, parent_code: str) -> None:
    """Make or rename a region above towns, such as a province or a city."""
    new = territory_actions.NewRegion(code, level, name_zh, name_en, parent_code)
    territory_actions.lay_region(new)
    click.echo(f"{code} {name_zh} / {name_en}")


@town.command()
@click.option("--email", default="")
@click.option("--phone", default="")
@click.option("--name", "display_name", default="", help="Name that colleagues see.")
@click.password_option(help="For signing in by e-mail; leave empty for phone and code only.", default="")
def account(email: str, phone: str, display_name: str, password: str) -> None:
    """Make an account."""
    if not (email or phone):
        raise InvalidInput(mark("The account"), [Problem("email", "required", mark("An e-mail or a phone is needed."))])
    if accounts.account_called(email or phone):
        raise InvalidInput(mark("The account"), [Problem("email", "taken", mark("There is an account by this name."))])
    made = account_actions.register(email=email, phone=phone, password=password or None, display_name=display_name)
    click.echo(str(made.id))


@town.command()
@click.argument("slug")
@click.argument("who")
@click.argument("role", type=click.Choice([str(role) for role in Role]))
@click.option("--place", "place_code", default="", help="Code of the place; default: the whole town.")
@click.option("--party", "party_code", default="", help="Code of the party they work for.")
def grant(slug: str, who: str, role: str, place_code: str, party_code: str) -> None:
    """Give an account (e-mail or phone) a role in a town."""
    account_id = accounts.account_called(who)
    if account_id is None:
        raise NotFound("account")
    with _entered(slug) as entered:
        party_id = parties.register(entered).by_code.get(party_code)
        if party_code and party_id is None:
            raise NotFound("party")
        account_actions.grant(
            actor=OPERATOR,
            town=entered,
            account_id=account_id,
            role=role,
            place_code=place_code,
            party_id=party_id,
            at=timezone.now(),
        )
    click.echo(f"{who} is {role} in {slug}.")


@town.command("parties")
@click.argument("slug")
def list_parties(slug: str) -> None:
    """List the parties of a town."""
    with _entered(slug) as entered:
        for party in parties.register(entered).by_id.values():
            click.echo(f"{party.code:<28} {party.kind:<20} {party.name_zh} / {party.name_en}")


@town.command()
@click.argument("slug")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def catalogue(slug: str, file: Path) -> None:
    """Publish a service catalogue from a JSON or CSV file; what is the same stays, what changed gets a new version."""
    services = request_actions.read_catalogue(file.read_bytes(), form="json" if file.suffix == ".json" else "csv")
    with _entered(slug) as entered:
        n = request_actions.publish_catalogue(actor=OPERATOR, town=entered, services=services, at=timezone.now())
    click.echo(f"{n} of {len(services)} services changed.")


_system = click.option(
    "--system", default="wgs84", show_default=True, help="Coordinates of the file: wgs84, gcj02 or bd09."
)


@town.command("territory")
@click.argument("slug")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--format",
    "form",
    default="",
    type=click.Choice(["", "geojson", "csv", "xlsx"]),
    help="Default: by the file's ending.",
)
@_system
def territory_file(slug: str, file: Path | None, form: str, system: str) -> None:
    """Lay out places from a GeoJSON or CSV file; without FILE, print the town's places."""
    form = form or (file.suffix[1:] if file is not None and file.suffix in (".csv", ".xlsx") else "geojson")
    with _entered(slug) as entered:
        if file is None:
            click.echo(territory.exported(entered, form=form, system=system), nl=False)
            return
        places = territory_actions.read_places(file.read_bytes(), town=entered, form=form, system=system)
        n = territory_actions.lay_out(actor=OPERATOR, town=entered, places=places, at=timezone.now())
    click.echo(f"{n} places.")
