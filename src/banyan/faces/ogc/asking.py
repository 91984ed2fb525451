"""The arguments of items: `bbox`, `datetime`, `limit`, `offset` and the properties that may narrow a collection."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from banyan.apps.service_requests.rules import Status
from banyan.base.errors import InvalidInput, Problem, mark
from banyan.faces.ogc.holdings import Box, Holding, Wanted

CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
MOST: Final = 1000
USUAL: Final = 10
_OWN: Final = frozenset({"bbox", "bbox-crs", "crs", "datetime", "limit", "offset", "f"})


def wanted_of(words: Mapping[str, str], holding: Holding) -> Wanted:
    """Read the arguments of items (clauses 7.15.2 to 7.15.5 and 7.15.8: an unknown argument is an error).

    Raises
    ------
    InvalidInput
        Lists every argument that is unknown or cannot be read.
    """
    known = _OWN | set(holding.queryables)
    problems = [
        Problem(name[:60], "unknown", mark("There is no argument “{name}”."), {"name": name[:60]})
        for name in words
        if name not in known
    ]
    problems += [
        Problem(name, "unknown", mark("Only CRS84 (WGS84 longitude, latitude) is served."))
        for name in ("crs", "bbox-crs")
        if words.get(name, CRS84) != CRS84
    ]
    if words.get("f", "json") not in ("json", "geojson"):
        problems.append(Problem("f", "unknown", mark("Only JSON is served.")))
    since, until = _interval(words.get("datetime", ""), problems)
    equal = {name: words[name] for name in holding.queryables if words.get(name)}
    if "status" in equal and equal["status"] not in set(Status):
        value = {"value": equal["status"][:40]}
        problems.append(Problem("status", "unknown", mark("There is no state “{value}”."), value))
    wanted = Wanted(
        within=_box(words.get("bbox", ""), problems),
        since=since,
        until=until,
        equal=equal,
        limit=min(_whole(words, "limit", USUAL, 1, problems), MOST),
        offset=_whole(words, "offset", 0, 0, problems),
    )
    if problems:
        raise InvalidInput(mark("The arguments"), problems)
    return wanted


def _box(text: str, problems: list[Problem]) -> Box | None:
    """Read four numbers, or six of which the heights are left out."""
    if not text:
        return None
    try:
        numbers = [float(word) for word in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 6:
        numbers = [numbers[i] for i in (0, 1, 3, 4)]
    sound = len(numbers) == 4 and all(abs(n) <= most for n, most in zip(numbers, (180, 90, 180, 90), strict=True))
    if not sound or numbers[1] > numbers[3]:
        sentence = mark("A box is west, south, east and north in degrees, joined by commas.")
        problems.append(Problem("bbox", "invalid", sentence))
        return None
    return Box(*numbers)


def _interval(text: str, problems: list[Problem]) -> tuple[datetime | None, datetime | None]:
    """Read an instant or an interval (RFC 3339, open ends as ``..`` or nothing)."""
    if not text:
        return None, None
    ends = text.split("/")
    read = [None if end in ("", "..") else _instant(end) for end in ends]
    broken = len(ends) > 2 or any(end is None and word not in ("", "..") for end, word in zip(read, ends, strict=True))
    since, until = read[0], read[-1]
    if broken or text in ("..", "/", "../..") or (since and until and until < since):
        sentence = mark("A time is an instant with its zone, or two joined by a slash, such as 2026-03-01T00:00:00Z/..")
        problems.append(Problem("datetime", "invalid", sentence))
        return None, None
    return since, until


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None and len(text) == 10 else at if at.tzinfo else None


def _whole(words: Mapping[str, str], name: str, usual: int, least: int, problems: list[Problem]) -> int:
    text = words.get(name, "")
    if not text:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) >= least):
        values = {"least": least}
        problems.append(Problem(name, "invalid", mark("A whole number of {least} or more is needed."), values))
        return usual
    return int(text)
