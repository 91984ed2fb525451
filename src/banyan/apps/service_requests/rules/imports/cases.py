"""Rows of another system: each is believed and becomes a case, or is rejected with every reason; nothing is guessed.

What is odd but harmless is a quirk: it is counted, and the case stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from banyan.apps.service_requests.rules.imports.profiles import TIMES, Extra, Profile, slug
from banyan.apps.service_requests.rules.imports.times import Skipped
from banyan.apps.service_requests.rules.states import ENDED, Intake, Status
from banyan.base.errors import Problem, mark

#: Quirks: what is odd in a row, whether it is believed or not.
QUIRKS: Final[Mapping[str, str]] = {
    "no_target": mark("no deadline"),
    "no_closing": mark("no time of closing"),
    "no_place": mark("no place"),
    "no_point": mark("no point"),
    "fallback_point": mark("a point that is known to stand for no place"),
    "target_before_opening": mark("a deadline before the opening"),
    "closing_before_opening": mark("a closing before the opening"),
    "skipped_time": mark("a local time that the clocks never showed"),
    "doubled_time": mark("a local time that the clocks showed twice; the first is taken"),
    "number_as_float": mark("a number written with a decimal point"),
    "prefixed_number": mark("a number written with a word before it"),
    "zero_filled_number": mark("a number with zeros before it"),
    "unknown_channel": mark("a channel that the profile does not name"),
    "long_text": mark("a text that was cut at our limit"),
    "doubled_key": mark("a number of its own that stood in the file before"),
}
_MOST_KEY: Final = 80


@dataclass(frozen=True, slots=True)
class Case:
    """One case of another system, believed.  Instants are aware; the point is WGS84."""

    source_key: str
    service_code: str
    description: str
    status: Status
    channel: str
    requested_at: datetime
    deadline_at: datetime | None
    closed_at: datetime | None
    remedy: str
    address: str
    place_code: str
    party_code: str
    lon: float | None
    lat: float | None
    remarks: tuple[str, ...] = ()
    responded_at: datetime | None = None
    resolved_at: datetime | None = None
    place_name: str = ""
    extras: tuple[tuple[str, str], ...] = ()
    has_public_words: bool = False
    """Everybody may read its words; otherwise staff publish them one by one, as those of any report."""


@dataclass(frozen=True, slots=True)
class Read:
    """What became of a row: a case, or every reason against it; and what is odd about it."""

    case: Case | None
    problems: tuple[Problem, ...] = ()
    quirks: tuple[str, ...] = ()
    source_key: str = ""
    """What the row called itself, also where it is not believed."""


def read_case(row: Mapping[str, str], profile: Profile, *, at: datetime) -> Read:
    """Read one row of an export: a case, or every reason why it cannot be believed."""
    problems: list[Problem] = []
    quirks: list[str] = []
    key = profile.cell(row, "source_key")
    if not key:
        problems.append(Problem("source_key", "required", mark("The case has no number of its own.")))
    elif len(key) > _MOST_KEY:
        limit = {"limit": _MOST_KEY}
        problems.append(Problem("source_key", "too_long", mark("At most {limit} characters."), limit))
    status = profile.tables["status"].get(profile.cell(row, "status"))
    if status is None:
        value = {"value": profile.cell(row, "status")[:40]}
        problems.append(Problem("status", "unknown", mark("There is no state “{value}” in the profile."), value))
    if not profile.cell(row, "service"):
        problems.append(Problem("service", "required", mark("The case has no type.")))
    times = {name: _time(row, profile, name, problems, quirks) for name in TIMES}
    problems += _time_problems(times, at=at, ended=status is not None and Status(status) in ENDED)
    quirks += _time_quirks(times)
    lon, lat = _point(row, profile, problems, quirks)
    extras = tuple((one.name, _cleaned(row, one, quirks)) for one in profile.extras)
    opened_at = times["requested_at"]
    if problems or opened_at is None:
        return Read(None, tuple(problems), tuple(quirks), key[:_MOST_KEY])
    place = profile.cell(row, "place")
    if not place and "place" in profile.columns:
        quirks.append("no_place")
    remark = profile.remarks.get((lon, lat)) if lon is not None and lat is not None else None
    case = Case(
        source_key=key,
        service_code=profile.service(row).code,
        description=_description(row, profile),
        status=Status(status),
        channel=_channel(row, profile, quirks),
        requested_at=opened_at,
        deadline_at=times["deadline_at"],
        closed_at=times["closed_at"],
        responded_at=times["responded_at"],
        resolved_at=times["resolved_at"],
        remedy=_cut(profile.cell(row, "remedy"), 4000, quirks),
        address=_cut(" ".join(profile.cell(row, "address").split()), 200, quirks),
        place_code=slug(place, limit=40) if place else "",
        place_name=place[:120],
        party_code=profile.cell(row, "party")[:40],
        lon=lon,
        lat=lat,
        remarks=(remark,) if remark else (),
        extras=tuple((name, text) for name, text in extras if text),
        has_public_words=profile.has_public_words,
    )
    return Read(case, (), tuple(quirks), key)


def _description(row: Mapping[str, str], profile: Profile) -> str:
    title, name = profile.cell(row, "title"), profile.cell(row, "service")
    if not title or title == name or title in profile.ignored_titles:
        return name[:4000]
    return f"{name} · {title}"[:4000]


def _channel(row: Mapping[str, str], profile: Profile, quirks: list[str]) -> str:
    said = profile.cell(row, "channel")
    known: str | None = profile.tables.get("channels", {}).get(said)
    if known is None and said:
        quirks.append("unknown_channel")
    return known or str(Intake.IMPORT)


def _cut(text: str, limit: int, quirks: list[str]) -> str:
    if len(text) > limit:
        quirks.append("long_text")
    return text[:limit]


def _time(
    row: Mapping[str, str], profile: Profile, name: str, problems: list[Problem], quirks: list[str]
) -> datetime | None:
    text = profile.cell(row, name)
    if not text:
        return None
    try:
        at, is_doubled = profile.times.read(text)
    except Skipped:
        quirks.append("skipped_time")
        value = {"value": text[:40]}
        sentence = mark("“{value}” is a time that this town's clocks never showed.")
        problems.append(Problem(name, "skipped", sentence, value))
        return None
    except (ValueError, OverflowError):
        value = {"value": text[:40]}
        problems.append(Problem(name, "time", mark("“{value}” is no time as the profile describes it."), value))
        return None
    if is_doubled:
        quirks.append("doubled_time")
    return at


def _time_problems(times: Mapping[str, datetime | None], *, at: datetime, ended: bool) -> list[Problem]:
    opened, closed = times["requested_at"], times["closed_at"]
    problems = []
    if opened is None:
        problems.append(Problem("requested_at", "required", mark("The case has no time of opening.")))
    problems += [
        Problem(name, "future", mark("The time lies in the future."))
        for name in ("requested_at", "responded_at", "resolved_at", "closed_at")
        if (held := times[name]) is not None and held > at
    ]
    if opened is not None and closed is not None and closed < opened:
        problems.append(Problem("closed_at", "order", mark("The case was closed before it was opened.")))
    if ended and closed is None:
        problems.append(Problem("closed_at", "required", mark("The case has ended without a time of closing.")))
    return problems


def _time_quirks(times: Mapping[str, datetime | None]) -> list[str]:
    opened, target, closed = times["requested_at"], times["deadline_at"], times["closed_at"]
    found = []
    if target is None:
        found.append("no_target")
    elif opened is not None and target < opened:
        found.append("target_before_opening")
    if closed is None:
        found.append("no_closing")
    elif opened is not None and closed < opened:
        found.append("closing_before_opening")
    return found


def _point(
    row: Mapping[str, str], profile: Profile, problems: list[Problem], quirks: list[str]
) -> tuple[float | None, float | None]:
    texts = profile.cell(row, "lon"), profile.cell(row, "lat")
    if not any(texts):
        quirks.append("no_point")
        return None, None
    try:
        lon, lat = float(texts[0]), float(texts[1])
    except ValueError:
        problems.append(Problem("lon", "number", mark("The coordinates are not numbers.")))
        return None, None
    west, south, east, north = profile.within
    if not (math.isfinite(lon) and math.isfinite(lat) and west <= lon <= east and south <= lat <= north):
        problems.append(Problem("lon", "outside", mark("The point lies outside the town.")))
    if (lon, lat) in profile.remarks:
        quirks.append("fallback_point")
    return lon, lat


def _cleaned(row: Mapping[str, str], extra: Extra, quirks: list[str]) -> str:
    """Return a number that was written in several ways in the one way: ``Ward 7``, ``07`` and ``7.0`` are ``7``."""
    text = (row.get(extra.column) or "").strip()[:200]
    if extra.prefix and text.startswith(extra.prefix):
        quirks.append("prefixed_number")
        text = text[len(extra.prefix) :].strip()
    whole, point, rest = text.partition(".")
    if point and whole.isdecimal() and not rest.strip("0"):
        quirks.append("number_as_float")
        text = whole
    if text.isdecimal() and extra.width:
        text = text.zfill(extra.width)
    elif text.isdecimal() and text.startswith("0") and len(text) > 1:
        quirks.append("zero_filled_number")
        text = text.lstrip("0") or "0"
    return text
