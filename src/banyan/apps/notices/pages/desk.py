"""The desk of announcements: write, preview in both languages, publish, change, withdraw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from banyan.apps.accounts import queries as accounts
from banyan.apps.audit import queries as audit
from banyan.apps.notices import actions, queries
from banyan.apps.notices.actions import Words
from banyan.apps.notices.pages.announcements import parts, shown
from banyan.apps.notices.pages.places import place_options
from banyan.apps.notices.queries import AnnouncementView
from banyan.apps.notices.rules import Sort, is_urgent
from banyan.apps.territory import queries as territory
from banyan.base.errors import InvalidInput, StaleVersion
from banyan.kit import guard, images
from banyan.kit.asking import TownRequest
from banyan.kit.problem import spoken, spoken_problems

_ON_A_PAGE: Final = 30
_TEXTS: Final = ("kind", "place_code", "title_zh", "title_en", "text_zh", "text_en", "link", "photo_zh", "photo_en")
_HAPPENED: Final[Mapping[str, str]] = {
    "notices.written": gettext_noop("Written"),
    "notices.changed": gettext_noop("Changed"),
    "notices.published": gettext_noop("Was published"),
    "notices.withdrawn": gettext_noop("Withdrawn"),
}


@never_cache
@require_safe
def desk(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """List all announcements that one may change."""
    guard.authorise(request.actor, "notices.announce")
    at, cursor = timezone.now(), request.GET.get("cursor", "")
    page = queries.desk_page(request.actor, town=request.town, size=_ON_A_PAGE, cursor=cursor)
    context = {
        "rows": [shown(view, town=request.town, at=at) for view in page.rows],
        "newer": f"?cursor={page.previous_cursor}" if page.previous_cursor else "",
        "older": f"?cursor={page.next_cursor}" if page.next_cursor else "",
    }
    return render(request, "notices/desk.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: TownRequest, town: str) -> HttpResponse:
    """Write an announcement; it becomes a draft."""
    guard.authorise(request.actor, "notices.announce")
    if request.method != "POST":
        return _form(request, typed={"kind": request.GET.get("kind", "")})
    try:
        made = actions.write(
            actor=request.actor, town=request.town, words=_words(request), at=timezone.now(), photo=_photo(request)
        )
    except InvalidInput as error:
        return _form(request, typed=request.POST, problems=spoken_problems(error))
    return redirect("announcement_at_desk", town, made.id)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: TownRequest, town: str, announcement_id: UUID) -> HttpResponse:
    """Change a draft or what is public."""
    view = queries.one_for_desk(request.actor, announcement_id, town=request.town)
    if request.method != "POST":
        return _form(request, typed=_typed(view, request.town), view=view)
    try:
        actions.change(
            actor=request.actor,
            town=request.town,
            announcement_id=announcement_id,
            words=_words(request),
            version=_version(request),
            at=timezone.now(),
            photo=_photo(request),
            drops_photo=request.POST.get("drops_photo") == "on",
        )
    except InvalidInput as error:
        return _form(request, typed=request.POST, view=view, problems=spoken_problems(error))
    except StaleVersion as error:
        return _form(request, typed=request.POST, view=view, late=spoken(error))
    messages.success(request, gettext("Saved."))
    return redirect("announcement_at_desk", town, announcement_id)


def _words(request: TownRequest) -> Words:
    typed, zone = request.POST, ZoneInfo(request.town.time_zone)
    words = {name: typed.get(name, "").replace("\r\n", "\n") for name in _TEXTS}
    times = {name: _instant(typed.get(name, ""), zone) for name in ("from_at", "until_at")}
    return Words(**words, **times)  # type: ignore[arg-type]


def _instant(text: str, zone: ZoneInfo) -> datetime | None:
    """Read the time of a form by the town's clocks; None where it is none."""
    try:
        read = datetime.fromisoformat(text.strip()[:16])
    except ValueError:
        return None
    return read.replace(tzinfo=zone).astimezone(UTC) if 1970 < read.year < 9000 else None


def _photo(request: TownRequest) -> bytes | None:
    sent = request.FILES.get("photo")
    return sent.read(images.MOST_BYTES + 1) if sent is not None and sent.size else None


def _version(request: TownRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _typed(view: AnnouncementView, town: Any) -> dict[str, str]:
    place = territory.tree(town).by_id.get(view.place_id) if view.place_id else None
    zone = ZoneInfo(town.time_zone)
    held = {name: getattr(view, name) for name in _TEXTS if name != "place_code"}
    for name in ("from_at", "until_at"):
        at = getattr(view, name)
        held[name] = at.astimezone(zone).strftime("%Y-%m-%dT%H:%M") if at else ""
    return {**held, "place_code": place.code if place else ""}


def _form(
    request: TownRequest,
    *,
    typed: Mapping[str, str],
    view: AnnouncementView | None = None,
    problems: Sequence[Mapping[str, str]] = (),
    late: str = "",
) -> HttpResponse:
    slug = request.town.slug
    action = reverse("announcement_edit", args=[slug, view.id]) if view else reverse("announcement_new", args=[slug])
    back = reverse("announcement_at_desk", args=[slug, view.id]) if view else reverse("announcement_desk", args=[slug])
    context = {
        "typed": typed,
        "problems": list(problems),
        "late": late,
        "action": action,
        "back": back,
        # After a clash the form still holds the old version: whoever wants to go on has to look at the new one first.
        "version": (typed.get("version") or view.version) if view else "",
        "has_photo": view is not None and view.photo_id is not None,
        "is_public": view is not None and view.status == "published",
        "sorts": [str(sort) for sort in Sort],
        "places": place_options(request.town, keeps=typed.get("place_code", "")),
    }
    return render(request, "notices/write.html", context, status=422 if problems else 409 if late else 200)


@never_cache
@require_safe
def at_desk(request: TownRequest, town: str, announcement_id: UUID) -> HttpResponse:  # noqa: ARG001
    """Show one announcement as it will be read, in both languages, with what may be done to it."""
    return _desk_page(request, announcement_id)


@require_POST
def publish(request: TownRequest, town: str, announcement_id: UUID) -> HttpResponse:
    """Publish a draft."""
    try:
        actions.publish(
            actor=request.actor,
            town=request.town,
            announcement_id=announcement_id,
            version=_version(request),
            at=timezone.now(),
        )
    except InvalidInput as error:
        return _desk_page(request, announcement_id, problems=spoken_problems(error))
    except StaleVersion as error:
        return _desk_page(request, announcement_id, late=spoken(error))
    messages.success(request, gettext("Published. Those concerned are being told."))
    return redirect("announcement_at_desk", town, announcement_id)


@require_POST
def withdraw(request: TownRequest, town: str, announcement_id: UUID) -> HttpResponse:
    """Withdraw an announcement with a reason."""
    try:
        actions.withdraw(
            actor=request.actor,
            town=request.town,
            announcement_id=announcement_id,
            version=_version(request),
            at=timezone.now(),
            reason=(request.POST.get("reason_zh", ""), request.POST.get("reason_en", "")),
        )
    except InvalidInput as error:
        return _desk_page(request, announcement_id, problems=spoken_problems(error))
    except StaleVersion as error:
        return _desk_page(request, announcement_id, late=spoken(error))
    messages.success(request, gettext("Withdrawn."))
    return redirect("announcement_at_desk", town, announcement_id)


def _desk_page(
    request: TownRequest, announcement_id: UUID, *, problems: Sequence[Mapping[str, str]] = (), late: str = ""
) -> HttpResponse:
    view, at = queries.one_for_desk(request.actor, announcement_id, town=request.town), timezone.now()
    moments = audit.timeline(("announcement", view.id))
    names = accounts.names(moment.account_id for moment in moments)
    is_draft = view.status == "draft"
    context = {
        "one": shown(view, town=request.town, at=at),
        "both": [
            ("zh-Hans", view.title_zh, parts(view.text_zh), view.photo_zh),
            ("en", view.title_en, parts(view.text_en), view.photo_en),
        ],
        "reads": queries.n_reads(view.id),
        "n_audience": len(queries.audience(view.place_path, town_id=request.town.id)) if is_draft else 0,
        "is_urgent": is_urgent(view.kind, from_at=view.from_at, at=at),
        "line": [
            (gettext(_HAPPENED.get(one.verb, one.verb)), one.at, names.get(one.account_id) if one.account_id else None)
            for one in moments
        ],
        "problems": list(problems),
        "late": late,
        "typed": request.POST,
    }
    return render(request, "notices/at_desk.html", context, status=422 if problems else 409 if late else 200)
