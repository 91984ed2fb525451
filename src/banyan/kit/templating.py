"""The Jinja2 environment of all pages: languages, times of the town, words for lengths of time."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import get_language, gettext, ngettext, npgettext, pgettext
from jinja2 import Environment


def environment(**options: Any) -> Environment:
    """Make the environment (Django's Jinja2 backend calls this once)."""
    ours = {"extensions": ["jinja2.ext.i18n", "jinja2.ext.do"], "trim_blocks": True, "lstrip_blocks": True}
    env = Environment(**{**options, "autoescape": True, **ours})  # noqa: S701  (it reads no dictionary)
    env.install_gettext_callables(gettext, ngettext, newstyle=True, pgettext=pgettext, npgettext=npgettext)  # type: ignore[attr-defined]
    env.globals.update(static=static, url=url, language=language)
    env.filters.update(bi=bi, local=local, since=since, minutes=minutes, working=working, day=day)
    return env


def language() -> str:
    """Return the language of the reader: ``zh-hans`` or ``en``."""
    return "zh-hans" if (get_language() or "en").startswith("zh") else "en"


def url(name: str, *args: Any, **kwargs: Any) -> str:
    """Return the path of a named page."""
    return reverse(name, args=args or None, kwargs=kwargs or None)


def bi(thing: Any, stem: str = "name") -> str:
    """Return ``<stem>_zh`` or ``<stem>_en`` of a thing in the reader's language; the other one fills a gap."""
    if thing is None:
        return ""

    def words(suffix: str) -> str:
        key = f"{stem}_{suffix}"
        return str((thing.get(key) if isinstance(thing, dict) else getattr(thing, key, "")) or "")

    first, second = ("zh", "en") if language() == "zh-hans" else ("en", "zh")
    return words(first) or words(second)


def local(at: datetime | None) -> str:
    """Return an instant as date and time in the zone in force (the town's, inside a town)."""
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else ""


def day(at: date | None) -> str:
    """Return an instant as a date in the zone in force (the town's, inside a town)."""
    if isinstance(at, datetime):
        at = timezone.localtime(at)
    return formats.date_format(at, "DATE_FORMAT") if at else ""


def since(at: datetime | None) -> str:
    """Return how long ago an instant was (or how far ahead it is), in words."""
    if at is None:
        return ""
    passed = timezone.now() - at
    if passed < timedelta(0):
        return gettext("in %(time)s") % {"time": minutes(-passed.total_seconds() / 60)}
    if passed < timedelta(minutes=1):
        return gettext("just now")
    return gettext("%(time)s ago") % {"time": minutes(passed.total_seconds() / 60)}


def working(length: float | None) -> str:
    """Return working minutes in words, in hours from two hours on: working days differ in length."""
    if length is None:
        return ""
    n_minutes = round(abs(length))
    if n_minutes < 120:
        return ngettext("%(n)d working minute", "%(n)d working minutes", n_minutes) % {"n": n_minutes}
    n_hours = round(n_minutes / 60)
    return ngettext("%(n)d working hour", "%(n)d working hours", n_hours) % {"n": n_hours}


def minutes(length: float | None) -> str:
    """Return a length of time given in minutes in words, in the largest unit that fits about twice."""
    if length is None:
        return ""
    n_minutes = round(abs(length))
    if n_minutes < 90:
        return ngettext("%(n)d minute", "%(n)d minutes", n_minutes) % {"n": n_minutes}
    if n_minutes < 48 * 60:
        n_hours = round(n_minutes / 60)
        return ngettext("%(n)d hour", "%(n)d hours", n_hours) % {"n": n_hours}
    n_days = round(n_minutes / 1440)
    return ngettext("%(n)d day", "%(n)d days", n_days) % {"n": n_days}
