"""The group of commands, and what every command about requests begins with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import click

from banyan.apps.accounts import queries as accounts
from banyan.apps.service_requests import queries
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import NotFound
from banyan.base.ids import read_tracking_number
from banyan.kit import guard, scopes
from banyan.kit.guard import Actor, Channel


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


in_town = click.option("--town", "slug", required=True, help="Name of the town in its address.")
as_whom = click.option("--as", "who", default="", help="E-mail or phone of the account that acts.")


@contextmanager
def entered(slug: str, who: str) -> Iterator[tuple[Town, Actor]]:
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


def id_of(name: str) -> UUID:
    """Return the identifier that a tracking number or an identifier names."""
    try:
        return UUID(name)
    except ValueError:
        return queries.by_tracking_number(read_tracking_number(name)).id
