"""A small town whose post can be watched: channels, news, tasks worked off, rounds at a chosen hour."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

from django_q.models import OrmQ

from banyan.apps.accounts.models import Account
from banyan.apps.notices import actions
from banyan.apps.notices.models import Channel, Delivery
from banyan.apps.notices.rules import Kind
from banyan.apps.notices.tasks import rounds
from banyan.base.ids import uuid7
from tests.towns import NOW, SmallTown, small_town

LAMP = {"name_zh": "路灯不亮", "name_en": "Street lamp out"}


def tell(
    town: SmallTown,
    key: str = "resident",
    *,
    verb: str = "dispatch",
    at: datetime = NOW,
    kind: Kind = Kind.MINE,
    **words: Any,
) -> UUID:
    """Tell somebody one piece of news and put it on its way; return its cause."""
    cause_id = uuid7()
    with town.scope():
        actions.tell(
            [town.accounts[key]],
            subject=("service_request", uuid4()),
            verb=verb,
            cause_id=cause_id,
            at=at,
            facts=LAMP,
            kind=kind,
            **words,
        )
    work(only="banyan.kit.jobs.run")
    OrmQ.objects.all().delete()
    return cause_id


def work(*, only: str = "") -> int:
    """Work off the tasks that are waiting, and those that they enqueue, as a worker does; return how many."""
    n = 0
    while (row := next((row for row in OrmQ.objects.order_by("id") if only in row.task["func"]), None)) is not None:
        task = row.task
        row.delete()
        module, _, name = task["func"].rpartition(".")
        getattr(import_module(module), name)(*task["args"], **task["kwargs"])
        n += 1
    return n


def go_round(town: SmallTown, *, at: datetime = NOW) -> bool:
    """Send what is due at an hour."""
    return rounds.go_round(town.town.id, clock=lambda: at)


def email_channel(town: SmallTown, key: str = "resident", *, language: str = "en") -> UUID:
    """Give somebody a confirmed e-mail channel and a language."""
    Account.objects.filter(id=town.accounts[key]).update(language=language)
    with town.scope():
        added = actions.add_email(actor=town.actor(key), town=town.town, email=town.emails[key], at=NOW)
        Channel.objects.filter(id=added.channel_id).update(confirmed_at=NOW)
    OrmQ.objects.all().delete()
    return added.channel_id


def channel(town: SmallTown, way: str, address: str, key: str = "resident", **words: str) -> actions.Added:
    """Give somebody a channel."""
    with town.scope():
        return actions.add_channel(actor=town.actor(key), way=way, address=address, at=NOW, **words)


def states(town: SmallTown) -> list[tuple[str, int, str]]:
    """Return state, number of tries and problem of every delivery of a town, in the order of their making."""
    with town.scope():
        return list(Delivery.objects.order_by("made_at", "id").values_list("status", "n_tries", "problem"))


def later(minutes: float) -> datetime:
    """Return an instant some minutes after the town's morning."""
    return NOW + timedelta(minutes=minutes)


def another_town() -> SmallTown:
    """Found a second town."""
    return small_town()
