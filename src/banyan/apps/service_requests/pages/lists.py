"""The two lists that everybody reads: livelihood needs and suggestions, each item with the town's answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.http import require_safe

from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import queries
from banyan.apps.service_requests.pages import shared
from banyan.apps.service_requests.queries import lists
from banyan.apps.territory import queries as territory
from banyan.base import tables
from banyan.base.errors import NotFound
from banyan.kit.asking import TownRequest
from banyan.kit.templating import bi, local

TITLES: Final[Mapping[str, tuple[str, str]]] = {
    "needs": (
        gettext_noop("What people need"),
        gettext_noop("Repairs, needs, complaints and hazards, with what the town says and does about each."),
    ),
    "suggestions": (
        gettext_noop("What people suggest"),
        gettext_noop("Ideas for the town, each with an answer: taken up, later, or why not."),
    ),
}
STATES: Final[Mapping[str, str]] = {
    "waiting": gettext_noop("Waiting for an answer"),
    "answered": gettext_noop("Answered"),
    "done": gettext_noop("Done"),
}


#: Heads of the exported table.
HEADS: Final = (
    gettext_noop("Reported"),
    gettext_noop("Service"),
    gettext_noop("Place"),
    gettext_noop("State"),
    gettext_noop("In charge"),
    gettext_noop("Words"),
    gettext_noop("Answer"),
    gettext_noop("Answered on"),
    gettext_noop("Reports joined"),
    gettext_noop("Page"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; unknown words are dropped."""

    state: str = ""
    group: str = ""
    place: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> Asked:
        """Read the address."""
        return cls(**{name: request.GET.get(name, "")[:60] for name in cls.__slots__})

    def query(self, **changes: str) -> str:
        """Return the query of an address that asks for this, with changes."""
        held = {name: getattr(self, name) for name in self.__slots__} | changes
        return urlencode({name: value for name, value in held.items() if value})


@dataclass(frozen=True, slots=True)
class Shown:
    """An item with the words of its list."""

    item: lists.Item
    service: queries.ServiceView
    place: territory.PlaceView | None
    party: parties.PartyView | None
    href: str


@require_safe
def one_list(request: TownRequest, town: str, name: str) -> HttpResponse:
    """Show one of the two lists."""
    _check(name)
    asked = Asked.of(request)
    wanted = _wanted(asked, request)
    page = lists.list_page(name, wanted, town=request.town, cursor=request.GET.get("cursor", ""))
    title, lead = TITLES[name]
    counts = lists.list_counts(name, wanted, town=request.town)
    context = {
        "name": name,
        "title": gettext(title),
        "lead": gettext(lead),
        "tabs": [
            (gettext(words[0]), reverse("public_items", args=[town, key]), key == name) for key, words in TITLES.items()
        ],
        "asked": asked,
        "states": [(code, gettext(words)) for code, words in STATES.items()],
        "counts": {state: f"{n}+" if n >= lists.MOST_COUNTED else str(n) for state, n in counts.items()},
        "groups": shared.group_options(request.town),
        "places": [place for place in shared.place_options(request.town) if place.level != "building"],
        "shown": [_shown(item, request) for item in page.rows],
        "page": page,
    }
    return render(request, "service_requests/items.html", context)


@require_safe
def export(request: TownRequest, town: str, name: str, form: str = "csv") -> HttpResponse:  # noqa: ARG001
    """Answer a list as CSV or .xlsx, with the words that everybody may read."""
    _check(name)
    wanted = _wanted(Asked.of(request), request)
    items = lists.list_items(name, wanted, town=request.town)
    heads = [gettext(head) for head in HEADS]
    table = tables.as_file(heads, (_cells(_shown(one, request), request) for one in items), form=form)
    headers = {"Content-Disposition": f'attachment; filename="{request.town.slug}-{name}.{form}"'}
    return HttpResponse(table, content_type=tables.TYPES[form], headers=headers)


def _cells(one: Shown, request: TownRequest) -> list[Any]:
    item = one.item
    return [
        local(item.requested_at),
        bi(one.service),
        bi(one.place),
        item.status,
        bi(one.party),
        item.words,
        item.answer,
        local(item.answered_at),
        item.n_merged,
        request.build_absolute_uri(one.href),
    ]


def _check(name: str) -> None:
    if name not in TITLES:
        raise NotFound("page")


def _wanted(asked: Asked, request: TownRequest) -> lists.Asked:
    place = territory.tree(request.town).by_code.get(asked.place)
    return lists.Asked(asked.group, place.path if place else "", asked.state if asked.state in STATES else "")


def _shown(item: lists.Item, request: TownRequest) -> Shown:
    town = request.town
    register: Mapping[UUID, parties.PartyView] = parties.register(town).by_id
    return Shown(
        item=item,
        service=queries.catalogue(town).by_id[item.service_id],
        place=territory.tree(town).by_id.get(item.place_id) if item.place_id else None,
        party=register.get(item.party_id) if item.party_id else None,
        href=reverse("one_request", args=[town.slug, item.id]),
    )
