"""How a row of another system's export becomes a case: profiles map columns, types, times and the town.

A profile is a small TOML file (`profiles/`).  A row that cannot be believed is rejected with every reason; nothing is
guessed.  A remark keeps what is odd but harmless.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

from banyan.apps.service_requests.rules.states import ENDED, Intake, Kind, Status
from banyan.base.errors import InvalidInput, Problem, mark

_TABLES: Final = ("town", "columns", "times", "status", "channels", "kinds")
_COLUMNS: Final = ("source_key", "requested_at", "status", "service", "group")


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


@dataclass(frozen=True, slots=True)
class SourceService:
    """A service that the export names."""

    code: str
    kind: str
    group: str
    group_name: str
    name: str


@dataclass(frozen=True)
class Profile:
    """A profile file, checked."""

    tables: Mapping[str, Any]
    name: str = ""
    _zone: ZoneInfo = field(init=False, repr=False, compare=False, default=ZoneInfo("UTC"))

    def __post_init__(self) -> None:
        object.__setattr__(self, "_zone", ZoneInfo(self.tables["town"]["time_zone"]))

    @cached_property
    def columns(self) -> Mapping[str, str]:
        """Our name -> the export's column."""
        return dict(self.tables["columns"])

    def cell(self, row: Mapping[str, str], name: str) -> str:
        """Return the text of one of our fields, stripped; "" where the export has no such column."""
        return (row.get(self.columns.get(name, ""), "") or "").strip()

    def service(self, row: Mapping[str, str]) -> SourceService:
        """Return the service that a row names."""
        group, name = self.cell(row, "group"), self.cell(row, "service")
        kinds = self.tables["kinds"]
        code = f"{slug(group, limit=24)}.{slug(name, limit=34)}"
        return SourceService(code, kinds.get(group, kinds["default"]), slug(group, limit=40), group, name)

    def instant(self, text: str) -> datetime:
        """Read a local time of the export; `ValueError` where it cannot be read or never was on that clock."""
        local = datetime.strptime(text, self.tables["times"]["format"]).replace(tzinfo=self._zone)
        at = local.astimezone(UTC)
        if at.astimezone(self._zone).replace(tzinfo=None) != local.replace(tzinfo=None):
            raise ValueError(text)
        return at


def read_profile(text: str, *, name: str) -> Profile:
    """Read a profile.

    Raises
    ------
    InvalidInput
        Lists every missing table, column, unknown state, channel or kind.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason = {"reason": str(error)}
        raise InvalidInput(mark("The profile"), [Problem("", "toml", mark("{reason}"), reason)]) from None
    missing = [Problem(table, "required", mark("This table is missing.")) for table in _TABLES if table not in tables]
    if missing:
        raise InvalidInput(mark("The profile"), missing)
    problems = [
        Problem(f"columns.{column}", "required", mark("This column has to be mapped."))
        for column in _COLUMNS
        if column not in tables["columns"]
    ]
    for table, allowed in (("status", set(Status)), ("channels", set(Intake)), ("kinds", set(Kind))):
        problems += [
            Problem(f"{table}.{key}", "unknown", mark("There is no “{value}”."), {"value": value})
            for key, value in tables[table].items()
            if value not in allowed
        ]
    if problems:
        raise InvalidInput(mark("The profile"), problems)
    return Profile(tables, name=name)


def read_case(row: Mapping[str, str], profile: Profile, *, at: datetime) -> Case | list[Problem]:
    """Return the case of a row, or every reason why it cannot be believed."""
    problems: list[Problem] = []
    key = profile.cell(row, "source_key")
    if not key or len(key) > 80:
        problems.append(Problem("source_key", "required", mark("The case has no number of its own.")))
    status = profile.tables["status"].get(profile.cell(row, "status"))
    if status is None:
        value = {"value": profile.cell(row, "status")[:40]}
        problems.append(Problem("status", "unknown", mark("There is no state “{value}” in the profile."), value))
    if not profile.cell(row, "service"):
        problems.append(Problem("service", "required", mark("The case has no type.")))
    times = {name: _time(row, profile, name, problems) for name in ("requested_at", "deadline_at", "closed_at")}
    problems += _time_problems(times, at=at, ended=status is not None and Status(status) in ENDED)
    point = _point(row, profile, problems)
    opened_at = times["requested_at"]
    if problems or opened_at is None:
        return problems
    title = profile.cell(row, "title")
    titles = [title] if title and title not in profile.tables.get("titles", {}).get("ignore", []) else []
    service = profile.service(row)
    return Case(
        source_key=key,
        service_code=service.code,
        description=" · ".join(dict.fromkeys([service.name, *titles]))[:4000],
        status=Status(status),
        channel=profile.tables["channels"].get(profile.cell(row, "channel"), str(Intake.IMPORT)),
        requested_at=opened_at,
        deadline_at=times["deadline_at"],
        closed_at=times["closed_at"],
        remedy=profile.cell(row, "remedy")[:4000],
        address=" ".join(profile.cell(row, "address").split())[:200],
        place_code=slug(profile.cell(row, "place"), limit=40),
        party_code=profile.cell(row, "party")[:40],
        lon=point[0],
        lat=point[1],
        remarks=_remarks(point, profile),
    )


def _time(row: Mapping[str, str], profile: Profile, name: str, problems: list[Problem]) -> datetime | None:
    text = profile.cell(row, name)
    if not text:
        return None
    try:
        return profile.instant(text)
    except ValueError:
        value = {"value": text[:40]}
        problems.append(Problem(name, "time", mark("“{value}” is not a time that this town's clocks showed."), value))
        return None


def _time_problems(times: Mapping[str, datetime | None], *, at: datetime, ended: bool) -> list[Problem]:
    opened, closed = times["requested_at"], times["closed_at"]
    problems = []
    if opened is None:
        problems.append(Problem("requested_at", "required", mark("The case has no time of opening.")))
    elif opened > at:
        problems.append(Problem("requested_at", "future", mark("The time lies in the future.")))
    if opened is not None and closed is not None and closed < opened:
        problems.append(Problem("closed_at", "order", mark("The case was closed before it was opened.")))
    if ended and closed is None:
        problems.append(Problem("closed_at", "required", mark("The case has ended without a time of closing.")))
    return problems


def _point(row: Mapping[str, str], profile: Profile, problems: list[Problem]) -> tuple[float | None, float | None]:
    texts = profile.cell(row, "lon"), profile.cell(row, "lat")
    if not any(texts):
        return None, None
    try:
        lon, lat = (float(text) for text in texts)
    except ValueError:
        problems.append(Problem("lon", "number", mark("The coordinates are not numbers.")))
        return None, None
    west, south, east, north = profile.tables["town"]["bounds"]
    if not (math.isfinite(lon) and math.isfinite(lat) and west <= lon <= east and south <= lat <= north):
        problems.append(Problem("lon", "outside", mark("The point lies outside the town.")))
    return lon, lat


def _remarks(point: tuple[float | None, float | None], profile: Profile) -> tuple[str, ...]:
    found: Sequence[Mapping[str, Any]] = profile.tables.get("remarks", [])
    return tuple(remark["code"] for remark in found if (remark.get("lon"), remark.get("lat")) == point)


def slug(text: str, *, limit: int) -> str:
    """Return lower-case ASCII words joined by hyphens, stable for the same text."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:limit].strip("-")
