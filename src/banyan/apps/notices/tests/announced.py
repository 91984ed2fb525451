"""A small town in which something is announced."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import Client

from banyan.apps.accounts.models import Account
from banyan.apps.notices import actions
from banyan.apps.notices.models import Announcement, Notice
from tests.towns import NOW, SmallTown


def words(**other: Any) -> actions.Words:
    held: dict[str, Any] = {
        "kind": "water_cut",
        "title_zh": "北一格停水",
        "title_en": "Water off in North 1",
        "text_zh": "水管检修，请提前储水。\n不便之处，敬请谅解。",
        "text_en": "Pipes are repaired. Please store water.\nThank you.",
        "from_at": NOW + timedelta(days=1),
        "until_at": NOW + timedelta(days=1, hours=6),
        "place_code": "n1",
    }
    return actions.Words(**{**held, **other})


def written(town: SmallTown, key: str = "coordinator", **other: Any) -> Announcement:
    with town.scope():
        return actions.write(actor=town.actor(key), town=town.town, words=words(**other), at=NOW)


def published(town: SmallTown, key: str = "coordinator", **other: Any) -> Announcement:
    row = written(town, key, **other)
    with town.scope():
        return actions.publish(
            actor=town.actor(key), town=town.town, announcement_id=row.id, version=row.version, at=NOW
        )


def lives_at(town: SmallTown, key: str, place: str) -> None:
    wishes = actions.Wishes(place_code=place, digest_at="18:00")
    with town.scope():
        actions.keep_habits(actor=town.actor(key), town=town.town, wishes=wishes, at=NOW)


def told(town: SmallTown) -> dict[str, list[str]]:
    names = {account_id: key for key, account_id in town.accounts.items()}
    found: dict[str, list[str]] = {}
    with town.scope():
        for notice in Notice.objects.order_by("at", "id"):
            found.setdefault(names[notice.account_id], []).append(notice.verb)
    return found


def client(town: SmallTown, key: str = "", language: str = "en") -> Client:
    made = Client(headers={"Accept-Language": language})
    if key:
        made.force_login(Account.objects.get(id=town.accounts[key]))
    return made


def at(town: SmallTown, path: str = "announcements/") -> str:
    return f"/t/{town.town.slug}/{path}"
