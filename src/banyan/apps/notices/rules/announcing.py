"""What an announcement has to say, when it is in force, and whom it concerns."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from banyan.base.errors import Problem, mark
from banyan.base.words import is_one_line, line_problems


class Sort(StrEnum):
    """What is announced."""

    WATER_CUT = "water_cut"
    POWER_CUT = "power_cut"
    WARNING = "warning"
    EVENT = "event"
    POLICY = "policy"


class State(StrEnum):
    """Where an announcement stands."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


#: What cannot be announced without saying when it ends.
ENDS: Final = frozenset({Sort.WATER_CUT, Sort.POWER_CUT, Sort.EVENT})
#: A cut that begins sooner than this after it is announced goes out in quiet hours too.
SOON: Final = timedelta(hours=12)
#: How long before its beginning an announcement stands on the home of the town.
AHEAD: Final = timedelta(hours=24)
#: How long one without an end stands there.
WITHOUT_END: Final = timedelta(days=14)
LONGEST: Final = timedelta(days=366 * 3)
#: Counts below this are told as "fewer than".
SMALLEST_COUNT: Final = 10


@dataclass(frozen=True, slots=True)
class Words:
    """An announcement as it is written.  `place_code` "" is the whole town."""

    kind: str
    title_zh: str
    title_en: str
    text_zh: str
    text_en: str
    from_at: datetime | None
    until_at: datetime | None = None
    place_code: str = ""
    link: str = ""
    photo_zh: str = ""
    photo_en: str = ""


def words_problems(words: Words, *, places: Collection[str], has_photo: bool) -> list[Problem]:
    """Return every problem of an announcement, in the order of its form."""
    problems = []
    if words.kind not in set(Sort):
        problems.append(Problem("kind", "required", mark("Choose what is announced.")))
    if words.place_code and words.place_code not in places:
        problems.append(Problem("place_code", "unknown", mark("There is no such place.")))
    for name, limit in (("title_zh", 120), ("title_en", 200), ("text_zh", 4000), ("text_en", 8000)):
        problems += _text_problems(name, getattr(words, name), limit)
    problems += line_problems({"title_zh": words.title_zh, "title_en": words.title_en})
    problems += _times_problems(words)
    if words.link and not _is_link(words.link):
        problems.append(Problem("link", "pattern", mark("A link begins with https:// or http://.")))
    problems += _photo_problems(words, has_photo=has_photo)
    return problems


def _text_problems(name: str, text: str, limit: int) -> list[Problem]:
    if not text.strip():
        return [Problem(name, "required", mark("Both languages are needed: everybody should understand it."))]
    if len(text) > limit:
        return [Problem(name, "too_long", mark("At most {limit} characters."), {"limit": limit})]
    if not all(is_one_line(line) for line in text.replace("\t", " ").splitlines()):
        return [Problem(name, "not_text", mark("This holds characters that are not text."))]
    return []


def _times_problems(words: Words) -> list[Problem]:
    if words.from_at is None:
        return [Problem("from_at", "required", mark("Say when it begins."))]
    if words.until_at is None:
        needed = words.kind in ENDS
        return [Problem("until_at", "required", mark("Say when it ends."))] if needed else []
    if words.until_at <= words.from_at:
        return [Problem("until_at", "order", mark("It ends before it begins."))]
    if words.until_at - words.from_at > LONGEST:
        return [Problem("until_at", "range", mark("Longer than three years is no announcement any more."))]
    return []


def _photo_problems(words: Words, *, has_photo: bool) -> list[Problem]:
    sentence = mark("Say in both languages what the photo shows, for those who cannot see it.")
    names = ("photo_zh", "photo_en")
    problems = [Problem(name, "required", sentence) for name in names if has_photo and not getattr(words, name).strip()]
    long, limit = mark("At most {limit} characters."), {"limit": 200}
    problems += [Problem(name, "too_long", long, limit) for name in names if len(getattr(words, name)) > 200]
    return problems + line_problems({name: getattr(words, name) for name in names})


def _is_link(text: str) -> bool:
    if len(text) > 400 or not is_one_line(text) or " " in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None


def is_urgent(kind: str, *, from_at: datetime, at: datetime) -> bool:
    """Say whether an announcement told at `at` may wake people: a warning, or a cut that begins soon."""
    return kind == Sort.WARNING or (kind in (Sort.WATER_CUT, Sort.POWER_CUT) and from_at - at < SOON)


def in_force_between(at: datetime) -> tuple[datetime, datetime]:
    """Return the latest beginning and, for those without an end, the earliest beginning of what stands at `at`."""
    return at + AHEAD, at - WITHOUT_END


def concerns(place_path: str, *, announced_for: str) -> bool:
    """Say whether an announcement for one place concerns somebody whose place is another: one lies within the other."""
    return place_path.startswith(announced_for) or announced_for.startswith(place_path)


def told_count(n: int) -> tuple[bool, int]:
    """Return a count as it may be told: (False, n) as it is, (True, 10) for "fewer than 10"."""
    return (True, SMALLEST_COUNT) if n < SMALLEST_COUNT else (False, n)
