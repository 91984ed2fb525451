"""The API of notices: the asker's own inbox and how they hear, and announcements."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from ninja import Router

from banyan.apps.notices import actions, queries
from banyan.apps.notices.rules import clock
from banyan.apps.notices.schemas import (
    AnnouncementChangeIn,
    AnnouncementIn,
    AnnouncementOut,
    AnnouncementsOut,
    ChoicesIn,
    HabitsIn,
    HearingOut,
    InboxOut,
    ReadOut,
    Sort,
    VersionIn,
    WithdrawalIn,
)
from banyan.apps.territory import queries as territory
from banyan.base.errors import InvalidInput, Problem, SignInNeeded, mark
from banyan.kit.api import Cursor, Flag, Limit, answered, paged
from banyan.kit.asking import TownRequest

router = Router(tags=["notices"])


@router.get("/me/inbox", response=InboxOut, operation_id="list_inbox", summary="My news")
def list_inbox(request: TownRequest, limit: Limit = 50, cursor: Cursor = "") -> HttpResponse:
    page = queries.inbox_page(_asker(request), size=limit, cursor=cursor)
    return paged(request, page, items=page.rows)


@router.post("/me/inbox/read", response=ReadOut, operation_id="read_inbox", summary="Mark all my news as read")
def read_inbox(request: TownRequest) -> HttpResponse:
    _asker(request)
    return answered({"n_read": actions.read_all(actor=request.actor, at=timezone.now())})


# --- how one hears ---------------------------------------------------------------------------------------------------


@router.get("/me/hearing", response=HearingOut, operation_id="read_hearing", summary="How I hear of news")
def read_hearing(request: TownRequest) -> HttpResponse:
    return _hearing(request)


@router.put("/me/hearing/habits", response=HearingOut, operation_id="keep_habits", summary="My place and my hours")
def keep_habits(request: TownRequest, body: HabitsIn) -> HttpResponse:
    _asker(request)
    wishes = actions.Wishes(body.place, body.quiet_from, body.quiet_until, body.digest_at)
    try:
        actions.keep_habits(actor=request.actor, town=request.town, wishes=wishes, at=timezone.now())
    except InvalidInput as error:
        raise _renamed(error) from None
    return _hearing(request)


@router.put(
    "/me/hearing/channels/{uuid:channel_id}",
    response=HearingOut,
    operation_id="choose_for_channel",
    summary="What goes to one of my channels, and when",
)
def choose(request: TownRequest, channel_id: UUID, body: ChoicesIn) -> HttpResponse:
    _asker(request)
    wanted = {channel_id: {str(kind): str(mode) for kind, mode in body.modes.items()}}
    actions.choose(actor=request.actor, wanted=wanted, at=timezone.now())
    return _hearing(request)


def _hearing(request: TownRequest) -> HttpResponse:
    account_id = _asker(request)
    held = queries.habits_of(account_id)
    place = territory.tree(request.town).by_id.get(held.place_id) if held.place_id else None
    return answered(
        {
            "channels": queries.channels_of(account_id),
            "place": place.code if place else "",
            "quiet_from": clock(held.hours.quiet_from_min),
            "quiet_until": clock(held.hours.quiet_until_min),
            "digest_at": clock(held.hours.digest_at_min),
        }
    )


# --- announcements ---------------------------------------------------------------------------------------------------

_ONE = "/announcements/{uuid:announcement_id}"


@router.get("/announcements", response=AnnouncementsOut, operation_id="list_announcements", summary="Announcements")
def list_announcements(
    request: TownRequest,
    kind: Sort | None = None,
    place: str = "",
    with_past: Flag = False,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> HttpResponse:
    held = territory.tree(request.town).by_code.get(place)
    if place and held is None:
        raise InvalidInput(mark("The list"), [Problem("place", "unknown", mark("There is no such place."))])
    wanted = queries.Wanted(kind=kind or "", place_path=held.path if held else "", with_past=with_past)
    page = queries.public_page(wanted, at=timezone.now(), size=limit, cursor=cursor)
    return paged(request, page, items=[_shown(request, view) for view in page.rows])


@router.get(_ONE, response=AnnouncementOut, operation_id="read_announcement", summary="One announcement")
def read_announcement(request: TownRequest, announcement_id: UUID) -> HttpResponse:
    return _one(request, announcement_id)


@router.post(
    "/announcements",
    response={201: AnnouncementOut},
    operation_id="write_announcement",
    summary="Write an announcement as a draft",
)
def write_announcement(request: TownRequest, body: AnnouncementIn) -> HttpResponse:
    try:
        made = actions.write(actor=request.actor, town=request.town, words=_words(body), at=timezone.now())
    except InvalidInput as error:
        raise _renamed(error) from None
    view = queries.one_for_desk(request.actor, made.id, town=request.town)
    return answered(_shown(request, view), status=201, headers={"Location": f"{request.path}/{made.id}"})


@router.put(_ONE, response=AnnouncementOut, operation_id="change_announcement", summary="Change an announcement")
def change_announcement(request: TownRequest, announcement_id: UUID, body: AnnouncementChangeIn) -> HttpResponse:
    try:
        changed = actions.change(
            actor=request.actor,
            town=request.town,
            announcement_id=announcement_id,
            words=_words(body, held=queries.photo_words(announcement_id)),
            version=body.version,
            at=timezone.now(),
        )
    except InvalidInput as error:
        raise _renamed(error) from None
    return _one(request, changed.id)


@router.post(
    f"{_ONE}/publish", response=AnnouncementOut, operation_id="publish_announcement", summary="Publish a draft"
)
def publish_announcement(request: TownRequest, announcement_id: UUID, body: VersionIn) -> HttpResponse:
    done = actions.publish(
        actor=request.actor,
        town=request.town,
        announcement_id=announcement_id,
        version=body.version,
        at=timezone.now(),
    )
    return _one(request, done.id)


@router.post(
    f"{_ONE}/withdraw",
    response=AnnouncementOut,
    operation_id="withdraw_announcement",
    summary="Withdraw an announcement with a reason",
)
def withdraw_announcement(request: TownRequest, announcement_id: UUID, body: WithdrawalIn) -> HttpResponse:
    done = actions.withdraw(
        actor=request.actor,
        town=request.town,
        announcement_id=announcement_id,
        version=body.version,
        reason=(body.reason_zh, body.reason_en),
        at=timezone.now(),
    )
    return _one(request, done.id)


def _words(body: AnnouncementIn, *, held: tuple[str, str] = ("", "")) -> actions.Words:
    return actions.Words(
        kind=body.kind,
        title_zh=body.title_zh,
        title_en=body.title_en,
        text_zh=body.text_zh,
        text_en=body.text_en,
        from_at=body.from_at,
        until_at=body.until_at,
        place_code=body.place,
        link=body.link,
        photo_zh=held[0],
        photo_en=held[1],
    )


def _one(request: TownRequest, announcement_id: UUID) -> HttpResponse:
    """Answer with an announcement for its staff, a draft too; for staff of elsewhere, as for everybody."""
    view = queries.one_readable(request.actor, announcement_id, town=request.town)
    return answered(_shown(request, view))


def _shown(request: TownRequest, view: queries.AnnouncementView) -> dict[str, Any]:
    place = territory.tree(request.town).by_id.get(view.place_id) if view.place_id else None
    left_out = ("place_id", "place_path", "photo_id", "photo_width", "photo_height", "sequence", "made_at")
    words = {name: getattr(view, name) for name in view.__slots__ if name not in left_out}
    photo = reverse("announcement_photo", args=[request.town.slug, view.id]) if view.photo_id else ""
    return {**words, "place": place.code if place else "", "photo": photo}


def _renamed(error: InvalidInput) -> InvalidInput:
    """Name the place as the body of a request names it."""
    wrong = [
        Problem({"place_code": "place"}.get(p.where, p.where), p.code, p.sentence, p.facts) for p in error.problems
    ]
    return InvalidInput(error.facts["what"], wrong)


# --- who asks --------------------------------------------------------------------------------------------------------


def _asker(request: TownRequest) -> UUID:
    if request.actor.account_id is None:
        raise SignInNeeded()
    return request.actor.account_id
