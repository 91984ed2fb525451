"""Composing what goes out: the sentences of the inbox with their links, in the language of whoever reads it.

A message names the service or the announcement and says what happened; words that people wrote stay in the town.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core import signing
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext, ngettext

from banyan.apps.notices.pages.telling import News, told
from banyan.apps.notices.queries import NoticeView
from banyan.apps.notices.rules import TRIED, Kind
from banyan.apps.territory.queries import Town
from banyan.kit.templating import bi

STOP_SALT: Final = "banyan.notices.stop"
CONFIRM_SALT: Final = "banyan.notices.confirm"


@dataclass(frozen=True, slots=True)
class Line:
    """One piece of news in a message."""

    notice_id: UUID
    kind: str
    verb: str
    sentence: str
    detail: str
    url: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in the reader's language."""

    number: str
    subject: str
    lines: tuple[Line, ...]
    text: str
    html: str
    inbox_url: str
    stop_url: str
    language: str
    town_slug: str


def letter(
    batch: UUID, *, town: Town, channel_id: UUID, notices: Sequence[NoticeView], kinds: Sequence[str], language: str
) -> Letter:
    """Compose the message about some notices for one channel; `batch` is its number."""
    with translation.override(language or settings.DEFAULT_LANGUAGE), timezone.override(ZoneInfo(town.time_zone)):
        lines = tuple(_line(notice, kind, town) for notice, kind in zip(notices, kinds, strict=True))
        subject = _subject(lines, town)
        tried = any(notice.verb == TRIED for notice in notices)
        stop_url = absolute("stop_news", town.slug, stop_token(channel_id, list(Kind) if tried else sorted(set(kinds))))
        urls = {"inbox_url": absolute("inbox", town.slug), "stop_url": stop_url}
        context: dict[str, Any] = {
            **urls,
            "subject": subject,
            "lines": lines,
            "town": bi(town),
            "hearing_url": absolute("hearing", town.slug),
            "tag": "zh-Hans" if translation.get_language() == "zh-hans" else "en",
        }
        return Letter(
            number=str(batch),
            subject=subject,
            lines=lines,
            text=render_to_string("notices/letter.txt", context),
            html=render_to_string("notices/letter.html", context),
            language=context["tag"],
            town_slug=town.slug,
            **urls,
        )


def _line(notice: NoticeView, kind: str, town: Town) -> Line:
    news: News = told(notice, slug=town.slug)
    url = f"{settings.PUBLIC_URL}{news.href}" if news.href else absolute("inbox", town.slug)
    return Line(notice.id, kind, notice.verb, news.sentence, news.detail, url, notice.at)


def _subject(lines: Sequence[Line], town: Town) -> str:
    if len(lines) == 1:
        said = lines[0].sentence
    else:
        said = ngettext("%(num)s piece of news", "%(num)s pieces of news", len(lines)) % {"num": len(lines)}
    return f"[{bi(town)}] {said}"[:180]


def confirmation(channel_id: UUID, *, address_hash: str, town: Town, language: str) -> tuple[str, str, str]:
    """Compose the message that asks whether an address is right; return subject, text and HTML."""
    token = signing.dumps({"c": str(channel_id), "h": address_hash}, salt=CONFIRM_SALT)
    with translation.override(language or settings.DEFAULT_LANGUAGE):
        subject = f"[{bi(town)}] {gettext('Please confirm your e-mail address')}"
        context = {
            "subject": subject,
            "town": bi(town),
            "url": absolute("confirm_email", town.slug, token),
            "tag": "zh-Hans" if translation.get_language() == "zh-hans" else "en",
        }
        return (
            subject,
            render_to_string("notices/confirm.txt", context),
            render_to_string("notices/confirm.html", context),
        )


def stop_token(channel_id: UUID, kinds: Sequence[str]) -> str:
    """Return what lets its holder stop some kinds of news on one channel, without signing in."""
    return signing.dumps({"c": str(channel_id), "k": [str(kind) for kind in kinds]}, salt=STOP_SALT)


def absolute(page: str, *words: Any) -> str:
    """Return the whole address of a page."""
    return f"{settings.PUBLIC_URL}{reverse(page, args=words)}"


def host() -> str:
    """Return the name under which this installation is known."""
    return urlsplit(settings.PUBLIC_URL).hostname or "localhost"
