"""What every page shows around its content: town, reader, navigation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext

from banyan.apps.notices import queries as notices
from banyan.apps.territory.models import Town
from banyan.apps.territory.pages import layers
from banyan.kit import guard
from banyan.kit.guard import ANYONE, Actor, Role
from banyan.kit.templating import language


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the navigation."""

    label: str
    href: str
    icon: str
    current: bool = False
    badge: int = 0


@dataclass(frozen=True, slots=True)
class Shell:
    """The frame of a page."""

    town: Town | None
    language: str
    account: Any
    roles: list[str]
    nav: list[Item]
    is_demo: bool
    unread: int
    layers: dict[str, str]
    """Addresses of what the town's maps draw (kit/maps.html)."""


def context(request: HttpRequest) -> dict[str, Any]:
    """Give `shell` and `actor` to every page."""
    return {"shell": SimpleLazyObject(lambda: _shell(request)), "actor": getattr(request, "actor", ANYONE)}


def _shell(request: HttpRequest) -> Shell:
    town = getattr(request, "town", None)
    actor: Actor = getattr(request, "actor", ANYONE)
    signed_in = request.user.is_authenticated
    unread = notices.n_unread(actor.account_id) if town is not None and actor.account_id else 0
    return Shell(
        town=town,
        language=language(),
        account=request.user if signed_in else None,
        roles=sorted(actor.roles),
        nav=_nav(request, town, actor, unread) if town is not None else [],
        is_demo=town.is_synthetic if town is not None else settings.DEMO,
        unread=unread,
        layers=layers.addresses(town) if town is not None else {},
    )


#: Pages that belong to an entry of the navigation without being it begin like this.
_INSIDE: Final = {"administration": "office_", "rates": "rates_"}


def _nav(request: HttpRequest, town: Town, actor: Actor, unread: int) -> list[Item]:
    wanted: list[tuple[str, str, str, bool]] = [
        ("town_home", gettext("Home"), "home", True),
        ("report", gettext("Report"), "plus", True),
        ("tasks", gettext("My tasks"), "wrench", Role.WORKER in actor.roles),
        ("board", gettext("Board"), "board", bool(actor.roles & {Role.COORDINATOR, Role.MANAGER, Role.AUDITOR})),
        ("rulings", gettext("Decisions"), "flag", bool(actor.roles & {Role.COORDINATOR, Role.MANAGER})),
        ("public_list", gettext("In town"), "map", True),
        ("my_requests", gettext("Mine"), "list", signed_in(actor)),
        ("inbox", gettext("News"), "bell", signed_in(actor)),
        ("rates", gettext("Rates"), "chart", may_read_rates(actor)),
        ("administration", gettext("Town office"), "settings", bool(actor.roles & {Role.MANAGER, Role.AUDITOR})),
    ]
    here = getattr(getattr(request, "resolver_match", None), "url_name", "")
    return [
        Item(
            label,
            reverse(name, args=[town.slug]),
            icon,
            current=_is_here(name, here),
            badge=unread if name == "inbox" else 0,
        )
        for name, label, icon, shown in wanted
        if shown
    ]


def _is_here(name: str, here: str) -> bool:
    return here == name or (name in _INSIDE and here.startswith(_INSIDE[name]))


def may_read_rates(actor: Actor) -> bool:
    """Say whether the actor reads the rates of the town or of a part of it."""
    return guard.may(actor, "service_requests.read_rates")


def signed_in(actor: Actor) -> bool:
    """Say whether the actor is known."""
    return actor.account_id is not None
