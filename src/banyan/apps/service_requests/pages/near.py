"""Whether it has been reported already: what is near and alike, following it, what hangs together with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.models import Incident, ServiceRequest
from banyan.apps.service_requests.pages import shared
from banyan.apps.service_requests.rules import ENDED
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.coordinates import LonLat
from banyan.base.errors import BanyanError, InvalidInput, NotFound
from banyan.kit import limits
from banyan.kit.asking import TownRequest
from banyan.kit.guard import Actor
from banyan.kit.problem import spoken, spoken_problems

#: Reports that are offered while somebody writes theirs.
MOST_OFFERED: Final = 3
#: Looks from one address: enough to write many reports, too few to feel the town out point by point.
_LOOKS: Final = "240/h/ip"


@dataclass(frozen=True, slots=True)
class Offer:
    """A report that may be of the same thing, as the page of a report offers it."""

    id: UUID
    service: queries.ServiceView
    place: territory.PlaceView | None
    status: str
    words: str
    distance_m: int
    """Metres, to the next 50: points of others are blurred."""
    requested_at: datetime
    n_others: int


@dataclass(frozen=True, slots=True)
class Near:
    """What is offered instead of one more report."""

    offers: Sequence[Offer]
    incidents: Sequence[Incident]

    def __bool__(self) -> bool:
        return bool(self.offers or self.incidents)


NOTHING: Final = Near((), ())


def near_to(request: TownRequest, service: queries.ServiceView) -> Near:
    """Return what is near and alike to what stands in the fields of a report."""
    town, at, words = request.town, timezone.now(), request.POST
    point = _point(words)
    place = _place(words, point, town=town)
    incidents = queries.incidents_at(town, at=at, place=place, service_code=service.code) if point or place else []
    if point is None:
        return Near((), incidents)
    found = queries.near_and_similar(
        town, point, service=service, words=words.get("description", ""), at=at, limit=MOST_OFFERED
    )
    return Near([_offer(one, town=town) for one in found], incidents)


def asks_first(request: HttpRequest) -> bool:
    """Say whether a page without scripts has still to show what is near: with scripts it stands there already."""
    return bool(request.POST.get("without_scripts")) and not request.POST.get("near_seen")


def _point(words: Any) -> LonLat | None:
    try:
        lon, lat = float(words.get("lon", "")), float(words.get("lat", ""))
    except ValueError:
        return None
    return LonLat(lon, lat) if abs(lon) <= 180 and abs(lat) <= 90 else None


def _place(words: Any, point: LonLat | None, *, town: Town) -> territory.PlaceView | None:
    tree = territory.tree(town)
    named = tree.by_code.get(words.get("building", "") or words.get("grid", ""))
    return named or (tree.locate(point.lon, point.lat) if point else None)


def _offer(one: queries.Similar, *, town: Town) -> Offer:
    return Offer(
        id=one.id,
        service=queries.catalogue(town).by_id[one.service_id],
        place=territory.tree(town).by_id.get(one.place_id) if one.place_id else None,
        status=one.status,
        words=one.words,
        distance_m=max(50, 50 * round(one.distance_m / 50)),
        requested_at=one.requested_at,
        n_others=one.n_followers + one.n_merged,
    )


@never_cache
@require_POST
def report_near(request: TownRequest, town: str, code: str) -> HttpResponse:  # noqa: ARG001
    """Answer what is near to a report that is being written; htmx puts it into the page."""
    service = queries.catalogue(request.town).offered.get(code)
    if service is None:
        raise NotFound("service")
    try:
        limits.spend_try(request, "near", rates=_LOOKS)
        near = near_to(request, service)
    except limits.TooManyTries:
        near = NOTHING  # the report goes on without suggestions
    return render(request, "service_requests/_near.html", {"near": near, "service": service})


# --- following -------------------------------------------------------------------------------------------------------


@never_cache
@require_POST
def follow(request: TownRequest, town: str, service_request_id: UUID) -> HttpResponse:
    """Follow a request instead of reporting the same once more."""
    return _followed(request, town, service_request_id, starts=True)


@never_cache
@require_POST
def unfollow(request: TownRequest, town: str, service_request_id: UUID) -> HttpResponse:
    """Follow it no more."""
    return _followed(request, town, service_request_id, starts=False)


def _followed(request: TownRequest, town: str, service_request_id: UUID, *, starts: bool) -> HttpResponse:
    deed = actions.follow if starts else actions.unfollow
    try:
        found = deed(actor=request.actor, town=request.town, service_request_id=service_request_id, at=timezone.now())
    except InvalidInput as error:
        messages.error(request, " ".join(problem["sentence"] for problem in spoken_problems(error)))
        return redirect("one_request", town, service_request_id)
    except BanyanError as error:
        if error.kind != "conflict":
            raise
        messages.error(request, spoken(error))
        return redirect("one_request", town, service_request_id)
    said = gettext("You follow this request: its news come to you.") if starts else gettext("You no longer follow it.")
    messages.success(request, said)
    return redirect("one_request", town, found.id)


# --- what hangs together with a request ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Together:
    """What everybody may know of what hangs together with a request."""

    root: ServiceRequest | None
    """The report it was merged into, which is handled."""
    root_service: queries.ServiceView | None
    incident: Incident | None
    follows: bool
    may_follow: bool
    answered_by: parties.PartyView | None


def together(actor: Actor, found: ServiceRequest, *, town: Town) -> Together:
    """Return what hangs together with a request, for one reader."""
    root = queries.public(found.merged_into_id) if found.merged_into_id else None
    handled = root or found
    follows = queries.is_followed_by(actor.account_id, handled.id)
    is_mine = actor.account_id is not None and actor.account_id in _reporters(found, handled)
    may_follow = not (follows or is_mine or handled.status in ENDED or found.id in actor.bearer_of)
    register = parties.register(town)
    return Together(
        root=root,
        root_service=queries.catalogue(town).by_id[root.service_id] if root else None,
        incident=queries.incident(found.incident_id) if found.incident_id else None,
        follows=follows,
        may_follow=may_follow,
        answered_by=register.by_id.get(found.party_id) if found.party_id else None,
    )


def _reporters(found: ServiceRequest, handled: ServiceRequest) -> set[UUID | None]:
    """Return who reported it, or something that was merged into it: its news come to all of them."""
    merged = queries.merged_into(handled) if handled.n_merged else ()
    told = {child.reporter_account_id for child, _ in merged}
    return {found.reporter_account_id, handled.reporter_account_id, *told}


def followed_entries(request: TownRequest) -> list[shared.Entry]:
    """Return the requests that the reader follows, last followed first, as everybody may see them."""
    if request.actor.account_id is None:
        return []
    rows = queries.followed_rows(request.actor.account_id)
    return shared.entries(rows, town=request.town, at=timezone.now())
