"""The inbox, how one hears, and announcements, as the API shows and takes them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from banyan.kit.api import TEXT_PATTERN, Body, Instant, Version


class NoticeOut(Schema):
    """One piece of news: what happened (`verb`) to which record."""

    id: UUID
    subject_type: str
    subject_id: UUID
    verb: str
    facts: dict[str, Any]
    at: datetime
    read_at: datetime | None


class InboxOut(Schema):
    """One page of the asker's inbox, newest first."""

    items: list[NoticeOut]
    next: str | None
    previous: str | None


class ReadOut(Schema):
    """How many notices were unread."""

    n_read: int


# --- how one hears ---------------------------------------------------------------------------------------------------

Mode = Literal["at_once", "digest", "off"]
NewsKind = Literal["asked", "mine", "followed", "announcement"]
ClockTime = Annotated[str, Field(max_length=5, description="A time of day by the town's clocks, 22:30, or empty.")]


class ChannelOut(Schema):
    """One of the asker's channels; its address and its secret are never shown."""

    id: UUID
    kind: str
    label: str
    hint: str
    is_confirmed: bool
    stopped_for: str
    made_at: datetime
    modes: dict[str, str]


class HearingOut(Schema):
    """How the asker hears of news: channels with what goes there when, place and hours."""

    channels: list[ChannelOut]
    place: str
    quiet_from: str
    quiet_until: str
    digest_at: str


class ChoicesIn(Body):
    """Which kind of news goes to one channel, and when."""

    modes: dict[NewsKind, Mode]


class HabitsIn(Body):
    """Place (its code, or empty) and hours."""

    place: Annotated[str, Field(max_length=40, pattern=TEXT_PATTERN)] = ""
    quiet_from: ClockTime = ""
    quiet_until: ClockTime = ""
    digest_at: ClockTime = "18:00"


# --- announcements ---------------------------------------------------------------------------------------------------

Sort = Literal["water_cut", "power_cut", "warning", "event", "policy"]


class AnnouncementOut(Schema):
    """One announcement in both languages; `place` is the code of a place, empty for the whole town."""

    id: UUID
    kind: str
    status: str
    place: str
    title_zh: str
    title_en: str
    text_zh: str
    text_en: str
    from_at: datetime
    until_at: datetime | None
    link: str
    photo: str
    photo_zh: str
    photo_en: str
    version: int
    changed_at: datetime
    published_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_zh: str
    withdrawn_en: str


class AnnouncementsOut(Schema):
    """One page of announcements, newest first."""

    items: list[AnnouncementOut]
    next: str | None
    previous: str | None


class AnnouncementIn(Body):
    """An announcement as it is written; both languages are needed."""

    kind: Sort
    title_zh: Annotated[str, Field(max_length=120, pattern=TEXT_PATTERN)]
    title_en: Annotated[str, Field(max_length=200, pattern=TEXT_PATTERN)]
    text_zh: Annotated[str, Field(max_length=4000, pattern=TEXT_PATTERN)]
    text_en: Annotated[str, Field(max_length=8000, pattern=TEXT_PATTERN)]
    from_at: Instant
    until_at: Instant | None = None
    place: Annotated[str, Field(max_length=40, pattern=TEXT_PATTERN)] = ""
    link: Annotated[str, Field(max_length=400, pattern=TEXT_PATTERN)] = ""


class AnnouncementChangeIn(AnnouncementIn):
    """An announcement as it should be from now on, with the version that was read."""

    version: Version


class VersionIn(Body):
    """The version that was read."""

    version: Version


class WithdrawalIn(VersionIn):
    """Why an announcement is withdrawn, in both languages; empty for a draft."""

    reason_zh: Annotated[str, Field(max_length=300, pattern=TEXT_PATTERN)] = ""
    reason_en: Annotated[str, Field(max_length=300, pattern=TEXT_PATTERN)] = ""
