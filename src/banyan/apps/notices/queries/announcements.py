"""Reading announcements: what is public, what staff prepare, what stands now, and whom one concerns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from banyan.apps.accounts import queries as accounts
from banyan.apps.notices.models import Announcement, Habits, ReadCount
from banyan.apps.notices.rules import Sort, State, in_force_between, told_count
from banyan.apps.parties import queries as parties
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import NotFound
from banyan.kit import guard
from banyan.kit.guard import Actor, Subject
from banyan.kit.paging import Page, page_of

#: How long after its end an announcement stays in the calendar.
KEPT_IN_CALENDAR: Final = timedelta(days=90)
MOST_IN_CALENDAR: Final = 500
_MOST_IN_FORCE: Final = 50
_GRAVEST: Final = (Sort.WARNING, Sort.POWER_CUT, Sort.WATER_CUT, Sort.EVENT, Sort.POLICY)


@dataclass(frozen=True, slots=True)
class AnnouncementView:
    """An announcement as it is read."""

    id: UUID
    kind: str
    status: str
    place_id: UUID | None
    place_path: str
    title_zh: str
    title_en: str
    text_zh: str
    text_en: str
    from_at: datetime
    until_at: datetime | None
    link: str
    photo_id: UUID | None
    photo_width: int
    photo_height: int
    photo_zh: str
    photo_en: str
    version: int
    sequence: int
    made_at: datetime
    changed_at: datetime
    published_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_zh: str
    withdrawn_en: str


_COLUMNS: Final = tuple(AnnouncementView.__slots__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader looks for: a kind, a place with all that concerns it, and whether what is over is shown too."""

    kind: str = ""
    place_path: str = ""
    with_past: bool = False


def public_page(wanted: Wanted, *, at: datetime, size: int, cursor: str = "") -> Page[AnnouncementView]:
    """Return one page of what was published, newest first; what was withdrawn is shown as such."""
    rows = _public()
    if wanted.kind in set(Sort):
        rows = rows.filter(kind=wanted.kind)
    if wanted.place_path:
        rows = rows.filter(_concerning(wanted.place_path))
    if not wanted.with_past:
        rows = rows.filter(status=State.PUBLISHED).filter(Q(until_at__isnull=True) | Q(until_at__gt=at))
    return _page(rows, order=("-published_at", "-id"), size=size, cursor=cursor)


def one_public(announcement_id: UUID) -> AnnouncementView:
    """Return one published (or since withdrawn) announcement; `NotFound` where there is none."""
    return _one(_public(), announcement_id)


def in_force(*, at: datetime) -> list[AnnouncementView]:
    """Return what stands now or begins within a day, the gravest first."""
    latest, earliest = in_force_between(at)
    rows = _public().filter(status=State.PUBLISHED, from_at__lte=latest)
    rows = rows.filter(Q(until_at__gt=at) | Q(until_at__isnull=True, from_at__gt=earliest))
    views = _views(rows.order_by("from_at", "id")[:_MOST_IN_FORCE])
    return sorted(views, key=lambda view: _GRAVEST.index(Sort(view.kind)))


def for_calendar(wanted: Wanted, *, at: datetime) -> list[AnnouncementView]:
    """Return what a calendar shows: what is to come and what ended not long ago, the withdrawn ones too."""
    since = at - KEPT_IN_CALENDAR
    rows = _public().filter(Q(until_at__gt=since) | Q(until_at__isnull=True, from_at__gt=since))
    if wanted.kind in set(Sort):
        rows = rows.filter(kind=wanted.kind)
    if wanted.place_path:
        rows = rows.filter(_concerning(wanted.place_path))
    return _views(rows.order_by("from_at", "id")[:MOST_IN_CALENDAR])


def desk_page(actor: Actor, *, town: Town, size: int, cursor: str = "") -> Page[AnnouncementView]:
    """Return one page of all announcements that staff may change, drafts too, newest first."""
    reached = guard.reach(actor, "notices.announce")
    rows = Announcement.objects.all()
    if not reached.everything:
        within = Q(pk__in=[])
        for path in {place.path for place in territory.tree(town).places}:
            if reached.covers(subject_of(town, path)):
                within |= Q(place_path=path)
        rows = rows.filter(within)
    return _page(rows, order=("-made_at", "-id"), size=size, cursor=cursor)


def one_for_desk(actor: Actor, announcement_id: UUID, *, town: Town) -> AnnouncementView:
    """Return one announcement for the staff of its place; `NotFound` for everybody else."""
    found = _one(Announcement.objects.all(), announcement_id)
    if not guard.may(actor, "notices.announce", subject=subject_of(town, found.place_path)):
        raise NotFound("announcement")
    return found


def one_readable(actor: Actor, announcement_id: UUID, *, town: Town) -> AnnouncementView:
    """Return one announcement: a published one for everybody, a draft for the staff of its place alone."""
    try:
        return one_for_desk(actor, announcement_id, town=town)
    except NotFound:
        return one_public(announcement_id)


def photo_words(announcement_id: UUID) -> tuple[str, str]:
    """Return what is said of the photo of an announcement in Chinese and English, "" where it has none."""
    held = Announcement.objects.filter(id=announcement_id).values_list("photo_zh", "photo_en").first()
    return (held[0], held[1]) if held else ("", "")


def subject_of(town: Town, place_path: str) -> Subject:
    """Return what the guard has to know of an announcement for a place: place and parties that answer there."""
    tree = territory.tree(town)
    codes = place_path.strip("/").split("/") if place_path else []
    chain = [place for code in codes if (place := tree.by_code.get(code)) is not None]
    duties = parties.register(town).duties
    answering = {party for place in chain for topic, party in duties.get(place.id, []) if not topic}
    return Subject(place_path=place_path, party_ids=frozenset(answering))


def n_reads(announcement_id: UUID) -> tuple[bool, int]:
    """Return how many browsers opened an announcement, as it may be told: (True, 10) is "fewer than 10"."""
    held = ReadCount.objects.filter(announcement_id=announcement_id).values_list("n_reads", flat=True).first()
    return told_count(held or 0)


def audience(place_path: str, *, town_id: UUID) -> set[UUID]:
    """Return the accounts that an announcement concerns: those whose place or area it touches; "" is everybody.

    Somebody's place is what they chose, or the area of a role of theirs.
    """
    members = accounts.members(town_id=town_id)
    if not place_path:
        return {member.account_id for member in members} | set(Habits.objects.values_list("account_id", flat=True))
    ancestors = _ancestors(place_path)
    chosen = Habits.objects.filter(Q(place_path__startswith=place_path) | Q(place_path__in=ancestors))
    working = {
        member.account_id
        for member in members
        if member.place_path and (member.place_path.startswith(place_path) or member.place_path in ancestors)
    }
    return working | set(chosen.exclude(place_path="").values_list("account_id", flat=True))


def shortened(view: AnnouncementView, *, most: int) -> AnnouncementView:
    """Return an announcement with its texts cut after a number of characters, for lists."""
    zh, en = (text if len(text) <= most else f"{text[: most - 1].rstrip()}…" for text in (view.text_zh, view.text_en))
    return replace(view, text_zh=zh, text_en=en)


def _ancestors(path: str) -> list[str]:
    codes = path.strip("/").split("/")
    return ["/".join(codes[:n]) + "/" for n in range(1, len(codes))]


def _concerning(place_path: str) -> Q:
    return Q(place_path__startswith=place_path) | Q(place_path__in=["", *_ancestors(place_path)])


def _public() -> QuerySet[Announcement]:
    rows: QuerySet[Announcement] = Announcement.objects.filter(published_at__isnull=False)
    return rows


def _one(rows: QuerySet[Announcement], announcement_id: UUID) -> AnnouncementView:
    found = rows.filter(id=announcement_id).values_list(*_COLUMNS).first()
    if found is None:
        raise NotFound("announcement")
    return AnnouncementView(*found)


def _page(rows: QuerySet[Announcement], *, order: tuple[str, str], size: int, cursor: str) -> Page[AnnouncementView]:
    page = page_of(rows, order=order, columns=_COLUMNS, size=size, cursor=cursor)
    return Page([AnnouncementView(*row) for row in page.rows], page.next_cursor, page.previous_cursor)


def _views(rows: QuerySet[Announcement] | Sequence[Announcement]) -> list[AnnouncementView]:
    return [AnnouncementView(*row) for row in rows.values_list(*_COLUMNS)]  # type: ignore[union-attr]
