"""Profiles: small TOML files that say how the export of another system becomes cases, checked whole before use."""

from __future__ import annotations

import hashlib
import math
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from banyan.apps.service_requests.rules.imports.times import LocalTimes
from banyan.apps.service_requests.rules.states import Intake, Kind, Status
from banyan.base.calendar import Calendar
from banyan.base.errors import InvalidInput, Problem, mark
from banyan.base.rowfiles import ENCODINGS, Layout

_NEEDED: Final = ("columns", "times", "status", "kinds")
_TABLES: Final = frozenset({*_NEEDED, "town", "file", "channels", "parties", "titles", "remarks", "extras", "services"})
REQUIRED: Final = ("source_key", "requested_at", "status", "service", "group")
TIMES: Final = ("requested_at", "deadline_at", "responded_at", "resolved_at", "closed_at")
_COLUMNS: Final = frozenset(
    {*REQUIRED, *TIMES, "remedy", "title", "party", "address", "place", "lon", "lat", "channel"}
)
_TOWN: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("slug", "name_zh", "name_en", "bounds", "time_zone", "country"), True),
    **dict.fromkeys(("within", "calendar", "always_working"), False),
}
_MOST_CHARACTERS: Final = 200_000
_MOST_SERVICES: Final = 10_000
_EARTH: Final = (-180.0, -90.0, 180.0, 90.0)


@dataclass(frozen=True, slots=True)
class SourceService:
    """A service that the export names."""

    code: str
    kind: str
    group: str
    group_name: str
    name: str


@dataclass(frozen=True, slots=True)
class Extra:
    """A column that is kept in the first entry of history, cleaned: ``Ward 7`` and ``07`` become ``7``."""

    name: str
    column: str
    prefix: str = ""
    width: int = 0
    """Digits to which a number is filled up with zeros; 0: as it stands, without zeros before it."""


@dataclass(frozen=True)
class Profile:
    """A profile file, checked."""

    tables: Mapping[str, Any]
    name: str = ""
    town_zone: str = ""
    """Time zone of the town it is brought into; "" where the profile founds one."""
    town_bounds: tuple[float, float, float, float] | None = None
    """Bounds of the town it is brought into."""

    @cached_property
    def columns(self) -> Mapping[str, str]:
        """Our name -> the export's column."""
        return dict(self.tables["columns"])

    @cached_property
    def layout(self) -> Layout:
        """How the file is written."""
        found = self.tables.get("file", {})
        return Layout(
            encodings=tuple(found.get("encodings", ("utf-8",))),
            delimiter=found.get("delimiter", ","),
            head_row=found.get("head_row", 1),
        )

    @property
    def has_public_words(self) -> bool:
        """Say whether everybody may read the words and doors of the file: so with open data, not with a hotline's."""
        return bool(self.tables.get("file", {}).get("public_words", False))

    @cached_property
    def times(self) -> LocalTimes:
        """How local times of the file are read."""
        found = self.tables["times"]
        zone = found.get("time_zone") or self.town_zone or self.tables.get("town", {}).get("time_zone") or "UTC"
        formats = found.get("format", [])
        formats = (formats,) if isinstance(formats, str) else tuple(formats)
        return LocalTimes(ZoneInfo(zone), formats=formats, takes_serials=found.get("serials", False))

    @cached_property
    def within(self) -> tuple[float, float, float, float]:
        """West, south, east and north of where a point may lie."""
        if self.town_bounds is not None:
            return self.town_bounds
        town = self.tables.get("town", {})
        west, south, east, north = town.get("within") or (_EARTH if self.finds_bounds else town.get("bounds", _EARTH))
        return (west, south, east, north)

    @property
    def finds_bounds(self) -> bool:
        """Say whether the bounds of the town are those of the points of the file."""
        return bool(self.tables.get("town", {}).get("bounds") == "points")

    @cached_property
    def extras(self) -> tuple[Extra, ...]:
        """Columns that are kept beside the fields of a request."""
        return tuple(Extra(name=name, **words) for name, words in self.tables.get("extras", {}).items())

    @cached_property
    def remarks(self) -> Mapping[tuple[float, float], str]:
        """Point that is known to stand for no place -> what is remarked of its cases."""
        return {(one["lon"], one["lat"]): one["code"] for one in self.tables.get("remarks", [])}

    @cached_property
    def ignored_titles(self) -> frozenset[str]:
        """Titles that say nothing."""
        return frozenset(self.tables.get("titles", {}).get("ignore", []))

    @cached_property
    def service_codes(self) -> Mapping[str, str]:
        """Their type -> code of a service that the town has already."""
        return dict(self.tables.get("services", {}).get("codes", {}))

    @cached_property
    def _services(self) -> dict[tuple[str, str], SourceService]:
        return {}

    def cell(self, row: Mapping[str, str], name: str) -> str:
        """Return the text of one of our fields, stripped; "" where the export has no such column."""
        return (row.get(self.columns.get(name, ""), "") or "").strip()

    def service(self, row: Mapping[str, str]) -> SourceService:
        """Return the service that a row names."""
        group, name = self.cell(row, "group"), self.cell(row, "service")
        held = self._services.get((group, name))
        if held is None:
            kinds = self.tables["kinds"]
            code = self.service_codes.get(name) or f"{slug(group, limit=24)}.{slug(name, limit=34)}"
            held = SourceService(
                code, kinds.get(group, kinds["default"]), slug(group, limit=40), group[:80], name[:120]
            )
            if len(self._services) > _MOST_SERVICES:  # a hostile file may name another one in each row
                self._services.clear()
                self._by_code.clear()
            self._services[(group, name)] = self._by_code[code] = held
        return held

    @cached_property
    def _by_code(self) -> dict[str, SourceService]:
        return {}

    def named_service(self, code: str) -> SourceService:
        """Return the service of a code that a row has just named."""
        return self._by_code[code]

    def missing_columns(self, head: Sequence[str]) -> list[Problem]:
        """Return a problem for each column of the profile that a file does not have."""
        wanted = [*self.columns.items(), *((f"extras.{one.name}", one.column) for one in self.extras)]
        return [
            Problem(where, "required", mark("The column “{name}” is missing."), {"name": column})
            for where, column in wanted
            if column not in head
        ]


def read_profile(
    text: str,
    *,
    name: str,
    town_zone: str = "",
    town_bounds: tuple[float, float, float, float] | None = None,
) -> Profile:
    """Read a profile; zone and bounds are those of the town it is brought into, where that is there already.

    Raises
    ------
    InvalidInput
        Lists every missing or unknown table and column, unknown state, channel, kind, zone or encoding, every value of
        the wrong type.
    """
    try:
        tables = tomllib.loads(text[: _MOST_CHARACTERS + 1])
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason = {"reason": str(error)}
        raise InvalidInput(mark("The profile"), [Problem("", "toml", mark("{reason}"), reason)]) from None
    tables.pop("kind", None)
    problems = _shape_problems(tables)
    if len(text) > _MOST_CHARACTERS:
        problems.append(Problem("", "too_large", mark("A profile is a small file.")))
    if not problems:
        problems = [*_mapping_problems(tables), *_file_problems(tables), *_town_problems(tables.get("town"))]
    if problems:
        raise InvalidInput(mark("The profile"), problems)
    return Profile(tables, name=name, town_zone=town_zone, town_bounds=town_bounds)


def _shape_problems(tables: Mapping[str, Any]) -> list[Problem]:
    problems = [Problem(name, "required", mark("This table is missing.")) for name in _NEEDED if name not in tables]
    problems += [
        Problem(name[:60], "unknown", mark("This is not known here.")) for name in tables if name not in _TABLES
    ]
    problems += [
        Problem(name, "type", mark("This is not a table."))
        for name in sorted(_TABLES & tables.keys())
        if not isinstance(tables[name], list if name == "remarks" else dict)
    ]
    return problems


def _mapping_problems(tables: Mapping[str, Any]) -> list[Problem]:
    columns = tables["columns"]
    problems = [
        Problem(f"columns.{column}", "required", mark("This column has to be mapped."))
        for column in REQUIRED
        if column not in columns
    ]
    problems += [
        Problem(f"columns.{column[:60]}", "unknown", mark("This is not known here."))
        for column in columns
        if column not in _COLUMNS
    ]
    problems += [
        Problem(f"columns.{column[:60]}", "type", mark("This is the name of a column."))
        for column, held in columns.items()
        if not isinstance(held, str) or not held.strip()
    ]
    if ("lon" in columns) != ("lat" in columns):
        problems.append(Problem("columns", "required", mark("A point needs longitude and latitude.")))
    for table, allowed in (("status", set(Status)), ("channels", set(Intake)), ("kinds", set(Kind))):
        problems += [
            Problem(f"{table}.{key[:60]}", "unknown", mark("There is no “{value}”."), {"value": str(value)[:60]})
            for key, value in tables.get(table, {}).items()
            if value not in allowed
        ]
    if "default" not in tables["kinds"]:
        problems.append(Problem("kinds.default", "required", mark("This is missing.")))
    if not tables["status"]:
        problems.append(Problem("status", "required", mark("This is missing.")))
    return problems + _extra_problems(tables) + _remark_problems(tables)


def _extra_problems(tables: Mapping[str, Any]) -> list[Problem]:
    sentence = mark("This needs a column, and may have a prefix and a width of digits.")
    return [
        Problem(f"extras.{name[:60]}", "invalid", sentence)
        for name, words in tables.get("extras", {}).items()
        if not isinstance(words, dict)
        or not words.keys() <= {"column", "prefix", "width"}
        or not isinstance(words.get("column"), str)
        or not isinstance(words.get("prefix", ""), str)
        or not isinstance(words.get("width", 0), int)
        or not 0 <= words.get("width", 0) <= 20
    ]


def _remark_problems(tables: Mapping[str, Any]) -> list[Problem]:
    return [
        Problem(f"remarks[{i}]", "invalid", mark("A remark has a code, words, and the point it is about (lon, lat)."))
        for i, remark in enumerate(tables.get("remarks", []))
        if not isinstance(remark, dict)
        or not all(isinstance(remark.get(name), str) for name in ("code", "words"))
        or not all(isinstance(remark.get(name), int | float) for name in ("lon", "lat"))
    ]


def _file_problems(tables: Mapping[str, Any]) -> list[Problem]:
    file, times = tables.get("file", {}), tables["times"]
    encodings = file.get("encodings", ["utf-8"])
    problems = []
    if not isinstance(encodings, list) or not encodings or not all(one in ENCODINGS for one in encodings):
        named = {"known": ", ".join(ENCODINGS)}
        problems.append(Problem("file.encodings", "unknown", mark("This is a list of encodings: {known}."), named))
    if file.get("delimiter", ",") not in (",", ";", "\t", "|"):
        problems.append(Problem("file.delimiter", "unknown", mark("Cells are parted by , ; | or a tabulator.")))
    head_row = file.get("head_row", 1)
    if not isinstance(head_row, int) or not 1 <= head_row <= 100:
        problems.append(Problem("file.head_row", "range", mark("From 1 to {most}."), {"most": 100}))
    if not isinstance(file.get("public_words", False), bool):
        problems.append(Problem("file.public_words", "type", mark("This is yes or no (true or false).")))
    formats = times.get("format", [])
    formats = [formats] if isinstance(formats, str) else formats
    if not isinstance(formats, list) or not all(isinstance(one, str) and "%" in one for one in formats):
        problems.append(Problem("times.format", "type", mark("This is a format of times, such as %Y-%m-%d %H:%M:%S.")))
    if not isinstance(times.get("serials", False), bool):
        problems.append(Problem("times.serials", "type", mark("This is yes or no (true or false).")))
    problems += _zone_problems("times.time_zone", times.get("time_zone"))
    for table, known in (
        ("file", {"encodings", "delimiter", "head_row", "public_words"}),
        ("times", {"format", "serials", "time_zone"}),
    ):
        problems += _strangers(table, tables.get(table, {}), known)
    problems += _strangers("services", tables.get("services", {}), {"always_on", "codes"})
    codes = tables.get("services", {}).get("codes", {})
    if not isinstance(codes, dict) or not all(isinstance(one, str) and one for one in codes.values()):
        problems.append(Problem("services.codes", "type", mark("This is not a table.")))
    return problems


def _strangers(table: str, held: Mapping[str, Any], known: Collection[str]) -> list[Problem]:
    return [
        Problem(f"{table}.{name[:60]}", "unknown", mark("This is not known here."))
        for name in held
        if name not in known
    ]


def _zone_problems(where: str, zone: Any) -> list[Problem]:
    if zone is None or (isinstance(zone, str) and zone in available_timezones()):
        return []
    return [Problem(where, "unknown", mark("There is no time zone “{value}”."), {"value": str(zone)[:60]})]


def _town_problems(town: Mapping[str, Any] | None) -> list[Problem]:
    if town is None:
        return []
    problems = [
        Problem(f"town.{name}", "required", mark("This is missing."))
        for name, needed in _TOWN.items()
        if needed and name not in town
    ]
    problems += _strangers("town", town, set(_TOWN))
    problems += [
        Problem(f"town.{name}", "type", mark("This is text."))
        for name in ("slug", "name_zh", "name_en", "time_zone", "country")
        if name in town and not isinstance(town[name], str)
    ]
    problems += _zone_problems("town.time_zone", town.get("time_zone"))
    if "bounds" in town and town["bounds"] != "points":
        problems += _box_problems("town.bounds", town["bounds"])
    if "within" in town:
        problems += _box_problems("town.within", town["within"])
    if town.get("bounds") == "points" and "within" not in town:
        sentence = mark("Where bounds are taken from the points, say within what a point can be believed.")
        problems.append(Problem("town.within", "required", sentence))
    if not problems and isinstance(town.get("calendar"), Mapping):
        problems += _calendar_problems(town)
    return problems


def _calendar_problems(town: Mapping[str, Any]) -> list[Problem]:
    try:
        Calendar.from_json({"timezone": town["time_zone"], "country": town["country"], **town["calendar"]})
    except InvalidInput as error:
        return [Problem(f"town.calendar.{one.where}", one.code, one.sentence, one.facts) for one in error.problems]
    return []


def _box_problems(where: str, box: Any) -> list[Problem]:
    sound = (
        isinstance(box, list)
        and len(box) == 4
        and all(isinstance(one, int | float) and math.isfinite(one) for one in box)
        and -180 <= box[0] < box[2] <= 180
        and -90 <= box[1] < box[3] <= 90
    )
    sentence = mark("This is west, south, east and north in degrees.")
    return [] if sound else [Problem(where, "invalid", sentence)]


def slug(text: str, *, limit: int) -> str:
    """Return lower-case ASCII words joined by hyphens, the same for the same text.

    Where words of other scripts or the end are lost, a few digits that stand for the whole text follow.
    """
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    is_whole = len(words) <= limit and not any(one.isalnum() and not one.isascii() for one in text)
    if is_whole:
        return words
    stand_in = hashlib.sha256(text.encode(errors="replace")).hexdigest()[:8]
    return f"{words[: limit - 9].strip('-')}-{stand_in}".lstrip("-")
