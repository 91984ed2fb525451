"""What everybody reads: the list, one announcement, its photo, the calendar feed, the banner on the town's home."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.http import FileResponse, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext, override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from banyan.apps.notices import actions, queries
from banyan.apps.notices.pages.places import place_name, place_options
from banyan.apps.notices.queries import AnnouncementView, Wanted
from banyan.apps.notices.rules import Sort, concerns, ical
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import NotFound
from banyan.kit import files, guard
from banyan.kit.asking import TownRequest
from banyan.kit.templating import bi, language, local

_ON_A_PAGE: Final = 20
_ON_THE_HOME: Final = 2
#: Cookie in which a browser keeps which announcements it has opened, so that it counts once.
_OPENED: Final = "banyan_opened"
_MOST_OPENED: Final = 60


@dataclass(frozen=True, slots=True)
class Shown:
    """An announcement with when and where in words."""

    view: AnnouncementView
    when: str
    where: str
    is_now: bool
    is_over: bool

    @property
    def paragraphs(self) -> list[str]:
        """Return its text in the reader's language, paragraph by paragraph."""
        return parts(bi(self.view, "text"))


def parts(text: str) -> list[str]:
    """Return a text paragraph by paragraph."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def shown(view: AnnouncementView, *, town: Town, at: datetime) -> Shown:
    """Return an announcement with when and where in the reader's language."""
    when = (
        f"{local(view.from_at)} – {local(view.until_at)}"
        if view.until_at
        else gettext("from %(day)s") % {"day": local(view.from_at)}
    )
    is_over = view.until_at is not None and view.until_at <= at
    return Shown(
        view=view,
        when=when,
        where=place_name(town, view.place_id) or gettext("whole town"),
        is_now=view.until_at is not None and view.from_at <= at < view.until_at,
        is_over=is_over,
    )


def standing(request: TownRequest, *, at: datetime) -> dict[str, Any]:
    """Return what stands on the home of a town now, the gravest first, for the place that the reader has chosen."""
    account_id, found = request.actor.account_id, queries.in_force(at=at)
    if found and account_id is not None and (path := queries.habits_of(account_id).place_path):
        found = [view for view in found if concerns(path, announced_for=view.place_path)]
    return {
        "in_force": [shown(view, town=request.town, at=at) for view in found[:_ON_THE_HOME]],
        "n_more_in_force": len(found[_ON_THE_HOME:]),
    }


@require_safe
def announcements(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """List what was announced, by kind and place, what holds first of all."""
    at, held = timezone.now(), request.town
    wanted, code = _wanted(request)
    page = queries.public_page(wanted, at=at, size=_ON_A_PAGE, cursor=request.GET.get("cursor", ""))
    kept = {name: value for name in ("kind", "place", "past") if (value := request.GET.get(name, ""))}
    context = {
        "rows": [shown(view, town=held, at=at) for view in page.rows],
        "wanted": wanted,
        "place_code": code,
        "is_filtered": bool(kept),
        "places": place_options(held, keeps=code),
        "sorts": [str(sort) for sort in Sort],
        "newer": _turned(kept, page.previous_cursor),
        "older": _turned(kept, page.next_cursor),
        "may_write": guard.may(request.actor, "notices.announce"),
        "feed": _feed(request, kept),
    }
    return render(request, "notices/announcements.html", context)


def _wanted(request: TownRequest) -> tuple[Wanted, str]:
    code = request.GET.get("place", "")
    place = territory.tree(request.town).by_code.get(code)
    wanted = Wanted(
        kind=request.GET.get("kind", "")[:20],
        place_path=place.path if place else "",
        with_past=bool(request.GET.get("past")),
    )
    return wanted, place.code if place else ""


def _turned(kept: dict[str, str], cursor: str) -> str:
    return f"?{urlencode({**kept, 'cursor': cursor})}" if cursor else ""


def _feed(request: TownRequest, kept: dict[str, str]) -> str:
    words = {name: kept[name] for name in ("kind", "place") if name in kept} | {"language": language()}
    return f"{reverse('announcements_ics', args=[request.town.slug])}?{urlencode(words)}"


@never_cache
@require_safe
def one_announcement(request: TownRequest, town: str, announcement_id: UUID) -> HttpResponse:  # noqa: ARG001
    """Show one announcement; the first time a browser opens it is counted."""
    view, at = queries.one_public(announcement_id), timezone.now()
    subject = queries.subject_of(request.town, view.place_path)
    if request.actor.account_id is not None:
        actions.read_of(actor=request.actor, subject=("announcement", view.id), at=at)
    context = {
        "one": shown(view, town=request.town, at=at),
        "may_write": guard.may(request.actor, "notices.announce", subject=subject),
    }
    response = render(request, "notices/announcement.html", context)
    if request.method == "GET":
        _count(request, response, view)
    return response


def _count(request: TownRequest, response: HttpResponse, view: AnnouncementView) -> None:
    mark = view.id.hex[-12:]
    opened = [one for one in request.COOKIES.get(_OPENED, "").split(".") if len(one) == 12]
    if mark in opened:
        return
    actions.count_read(view.id)
    response.set_cookie(
        _OPENED,
        ".".join([*opened, mark][-_MOST_OPENED:]),
        max_age=365 * 86400,
        path=reverse("announcements", args=[request.town.slug]),
        samesite="Lax",
        secure=settings.SECURE,
        httponly=True,
    )


@require_safe
def announcement_photo(request: TownRequest, town: str, announcement_id: UUID) -> FileResponse:  # noqa: ARG001
    """Send the photo of an announcement: of a public one to everybody, of a draft to its staff."""
    view = queries.one_readable(request.actor, announcement_id, town=request.town)
    path = files.path_of(request.town.id, view.photo_id, suffix="jpg") if view.photo_id else None
    if path is None or not path.exists():
        raise NotFound("photo")
    response = FileResponse(path.open("rb"), content_type="image/jpeg")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, max-age=300"
    return response


@require_safe
def announcements_ics(request: TownRequest, town: str) -> HttpResponse:
    """Send the announcements as a calendar to subscribe to; what was withdrawn is cancelled there."""
    wanted, _ = _wanted(request)
    asked = request.GET.get("language", "")
    at, held = timezone.now(), request.town
    with override(asked if asked in dict(settings.LANGUAGES) else request.LANGUAGE_CODE):
        entries = [_entry(view, held) for view in queries.for_calendar(wanted, at=at)]
        name = f"{bi(held)} · {gettext('Announcements')}"
        tag = "zh-Hans" if language() == "zh-hans" else "en"
        content = ical.calendar(entries, name=name, zone_name=held.time_zone, language=tag)
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f'inline; filename="{town}-announcements.ics"'
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def _entry(view: AnnouncementView, town: Town) -> ical.Entry:
    words: dict[str, Any] = {"title": bi(view, "title"), "text": bi(view, "text")}
    url = f"{settings.PUBLIC_URL}{reverse('one_announcement', args=[town.slug, view.id])}"
    return ical.Entry(
        uid=f"{view.id}@{town.slug}.banyan",
        sequence=view.sequence,
        changed_at=view.changed_at,
        from_at=view.from_at,
        until_at=view.until_at,
        place=place_name(town, view.place_id) or bi(town),
        url=url,
        kind=view.kind,
        is_cancelled=view.status == "withdrawn",
        **words,
    )
