"""One request: the same page for everybody, with as much on it as the reader may see and do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from banyan.apps.accounts import queries as accounts
from banyan.apps.audit import queries as audit
from banyan.apps.notices import actions as notices
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.pages import attributes, panels, shared
from banyan.apps.service_requests.pages.near import together
from banyan.apps.service_requests.pages.residents import shown_problems
from banyan.apps.service_requests.pages.steps import staff_part, version_of
from banyan.apps.service_requests.pages.telling import Ear, steps_done, told
from banyan.apps.service_requests.rules import RATEABLE, Status, Step, Wanted
from banyan.apps.service_requests.rules.public_words import public_address, public_description
from banyan.apps.territory import queries as territory
from banyan.base.errors import BanyanError, InvalidInput, NotFound
from banyan.kit import files, guard, images
from banyan.kit.asking import TownRequest
from banyan.kit.guard import Actor
from banyan.kit.problem import spoken

#: Steps that a reporter takes on this page.
OWN_STEPS: Final = (Step.VERIFY, Step.REFUTE, Step.REOPEN, Step.WITHDRAW)
_THANKS: Final[Mapping[str, str]] = {
    "comment": gettext_noop("Your comment has been added."),
    "photos": gettext_noop("Your photos have been added."),
    "rate": gettext_noop("Thank you for your rating."),
    "verify": gettext_noop("Thank you for confirming that it is fixed."),
    "refute": gettext_noop("Thank you. The town will look at it again."),
    "reopen": gettext_noop("The request is open again."),
    "withdraw": gettext_noop("The request has been withdrawn."),
}


@never_cache
@require_safe
def one_request(request: TownRequest, town: str, service_request_id: UUID) -> HttpResponse:  # noqa: ARG001
    """Show one request."""
    return _page(request, queries.seen(shared.reader(request), service_request_id, town=request.town))


def _page(
    request: TownRequest,
    found: ServiceRequest,
    *,
    act: str = "",
    problems: Sequence[Mapping[str, str]] = (),
    status: int = 200,
) -> HttpResponse:
    actor, town, at = shared.reader(request), request.town, timezone.now()
    subject = queries.subject_of(found, town=town)
    reads = guard.may(actor, "service_requests.read", subject=subject)
    inner = guard.may(actor, "service_requests.read_internal", subject=subject)
    is_own = guard.reach(shared.as_reporter(request), "service_requests.read").covers(subject)
    steps = queries.steps_for(actor, found, town=town) if reads else []
    photos = queries.photos_for(actor, found, town=town)
    moments = audit.timeline(("service_request", found.id))
    ear = Ear(hears_words=reads, hears_names=inner, hears_inner=inner)
    if actor.account_id is not None:
        notices.read_of(actor=actor, subject=("service_request", found.id), at=at)
    beside = together(actor, found, town=town)
    context = {
        "service_request": found,
        "service": queries.catalogue(town).by_id[found.service_id],
        "answers": attributes.told(found.attributes, queries.catalogue(town).by_id[found.service_id]) if reads else (),
        "places": _places(found, request),
        "party": parties.register(town).by_id.get(found.party_id) if found.party_id else None,
        "joint_parties": panels.working_together(found, town=town),
        "clock": shared.whole_clock(found, at=at),
        "looked": shared.looked(found),
        "way": steps_done((beside.root or found).status, is_rated=found.rating is not None),
        "line": told(
            moments,
            town=town,
            ear=ear,
            reporter_account_id=found.reporter_account_id,
            names=accounts.names(moment.account_id for moment in moments) if inner else {},
            photos=photos,
        ),
        "photos": [photo for photo in photos if photo.moment == "report"] if reads else photos,
        "point": _point(found, is_exact=reads or found.is_text_public),
        "reads": reads,
        "words": found.description if reads else public_description(found),
        "address": found.address if reads else public_address(found),
        "inner": inner,
        "is_own": is_own,
        "together": beside,
        "staff": staff_part(actor, found, town=town, at=at, wanted=request.GET.get("step", "")) if inner else None,
        "own_steps": [str(step) for step in OWN_STEPS if step in steps] if is_own else [],
        "may_rate": is_own and found.rating is None and Status(found.status) in RATEABLE,
        "may_comment": is_own and guard.may(actor, "service_requests.comment", subject=subject),
        "act": act,
        "problems": list(problems),
        "typed": request.POST,
        "most_photos": images.MOST_PICTURES,
    }
    return render(request, "service_requests/one.html", context, status=status)


def _places(found: ServiceRequest, request: TownRequest) -> list[Any]:
    """Return the places of a request from the town down."""
    place = queries.place_of(found, town=request.town)
    return territory.tree(request.town).upward(place)[::-1] if place else []


def _point(found: ServiceRequest, *, is_exact: bool) -> tuple[float, float] | None:
    if found.lon is None or found.lat is None:
        return None
    return (found.lon, found.lat) if is_exact else queries.blurred(found.lon, found.lat)


# --- what a reporter does --------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def own_act(request: TownRequest, town: str, service_request_id: UUID, act: str) -> HttpResponse:  # noqa: ARG001
    """Comment, add photos, rate, confirm, refute, reopen or withdraw, as the one who reported it."""
    deed = _DEEDS.get(act)
    if deed is None:
        raise NotFound("page")
    if request.method != "POST":  # the language was changed on a page that listed problems
        return redirect("one_request", request.town.slug, service_request_id)
    try:
        deed(request, shared.as_reporter(request), service_request_id, act)
    except InvalidInput as error:
        found = queries.readable(shared.reader(request), service_request_id, town=request.town)
        problems = [{**one, "where": f"{act}-{one['where']}"} for one in shown_problems(error)]
        return _page(request, found, act=act, problems=problems, status=422)
    except BanyanError as error:
        if error.kind != "conflict":
            raise
        messages.error(request, spoken(error))
    else:
        messages.success(request, gettext(_THANKS[act]))
    return redirect("one_request", request.town.slug, service_request_id)


def _comment(request: TownRequest, actor: Actor, service_request_id: UUID, act: str) -> None:
    text = request.POST.get(f"{act}-text", "").replace("\r\n", "\n")
    actions.comment(actor=actor, town=request.town, service_request_id=service_request_id, text=text, at=timezone.now())


def _add_photos(request: TownRequest, actor: Actor, service_request_id: UUID, act: str) -> None:
    chosen = request.FILES.getlist(f"{act}-photos")[: images.MOST_PICTURES + 1]
    actions.add_photos(
        actor=actor,
        town=request.town,
        service_request_id=service_request_id,
        photos=[file.read(images.MOST_BYTES + 1) for file in chosen],
        moment="during",
        at=timezone.now(),
    )


def _rate(request: TownRequest, actor: Actor, service_request_id: UUID, act: str) -> None:
    stars, words = request.POST.get(f"{act}-rating", ""), request.POST.get(f"{act}-words", "")
    actions.rate(
        actor=actor,
        town=request.town,
        service_request_id=service_request_id,
        rating=int(stars) if stars.isdecimal() and len(stars) < 3 else 0,
        words=words.replace("\r\n", "\n"),
        at=timezone.now(),
    )


def _step(request: TownRequest, actor: Actor, service_request_id: UUID, act: str) -> None:
    actions.take_step(
        actor=actor,
        town=request.town,
        service_request_id=service_request_id,
        step=Step(act),
        wanted=Wanted(reason=request.POST.get(f"{act}-reason", "").replace("\r\n", "\n")),
        version=version_of(request.POST),
        at=timezone.now(),
    )


_DEEDS: Final[Mapping[str, Callable[[TownRequest, Actor, UUID, str], None]]] = {
    "comment": _comment,
    "photos": _add_photos,
    "rate": _rate,
    **{str(step): _step for step in OWN_STEPS},
}


# --- photos ----------------------------------------------------------------------------------------------------------


@require_safe
def photo(
    request: TownRequest,
    town: str,  # noqa: ARG001
    service_request_id: UUID,
    photo_id: UUID,
    size: str = "jpg",
) -> HttpResponse:
    """Answer a photo to those who may see it (`queries.photos_for`)."""
    one = queries.seen(shared.reader(request), service_request_id, town=request.town)
    shown = queries.photos_for(shared.reader(request), one, town=request.town)
    found = next((photo for photo in shown if photo.id == photo_id), None)
    if found is None:
        raise NotFound("photo")
    path = files.path_of(request.town.id, found.id, suffix=size)
    if not path.exists():
        raise NotFound("photo")
    response = HttpResponse(path.read_bytes(), content_type="image/jpeg")
    response.headers["Content-Disposition"] = f'inline; filename="{found.id}.{size}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    patch_cache_control(response, private=True, max_age=3600)
    return response
