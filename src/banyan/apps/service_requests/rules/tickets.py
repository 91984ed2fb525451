"""Tickets of a district's desk (12345): a profile says how their columns and words become ours, and back again.

Desks of different cities write different columns: nothing here knows any of them but the profile.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

from banyan.apps.service_requests.rules.drafts import Draft
from banyan.apps.service_requests.rules.imports.times import LocalTimes, Skipped
from banyan.apps.service_requests.rules.states import ENDED, Intake, Status, Urgency
from banyan.base.coordinates import System
from banyan.base.errors import InvalidInput, Problem, mark
from banyan.base.rowfiles import ENCODINGS, Layout

_TABLES: Final = ("columns", "times", "states", "answers")
_OTHERS: Final = ("file", "places", "urgency", "services", "yes_no", "satisfaction")
_COLUMNS: Final = frozenset(
    {
        *("ticket", "requested_at", "deadline_at", "service", "urgency", "status", "title", "description"),
        *("contact_name", "contact_phone", "contact_email", "address", "place", "lon", "lat"),
    }
)
_NEEDED: Final = ("ticket", "service", "description")
#: What goes back to the desk.
ANSWERS: Final = (
    *("ticket", "status", "answer", "party", "service", "place", "address", "requested_at", "deadline_at"),
    *("responded_at", "resolved_at", "updated_at", "is_overdue", "n_reopened", "satisfaction"),
)
_MOST_CHARACTERS: Final = 200_000
_MOST_KEY: Final = 80
_CONTACT: Final = ("contact_name", "contact_phone", "contact_email")


@dataclass(frozen=True)
class TicketProfile:
    """A profile of tickets, checked."""

    tables: Mapping[str, Any]
    name: str
    zone: ZoneInfo

    @cached_property
    def layout(self) -> Layout:
        """How files of the desk are written."""
        found = self.tables.get("file", {})
        return Layout(encodings=tuple(found.get("encodings", ("utf-8",))), delimiter=found.get("delimiter", ","))

    @property
    def writes(self) -> str:
        """The encoding of a CSV file for the desk."""
        return str(self.tables.get("file", {}).get("write", "utf-8"))

    @cached_property
    def times(self) -> LocalTimes:
        """How local times of the desk are read."""
        found = self.tables["times"]
        formats = found.get("format", [])
        formats = (formats,) if isinstance(formats, str) else tuple(formats)
        return LocalTimes(self.zone, formats=formats, takes_serials=found.get("serials", False))

    @cached_property
    def our_states(self) -> Mapping[str, str]:
        """The desk's state -> ours."""
        return {theirs: ours for ours, theirs in self.tables["states"].items()}

    def cell(self, row: Mapping[str, str], name: str) -> str:
        """Return the text of one of our fields, stripped; "" where the desk has no such column."""
        return (row.get(self.tables["columns"].get(name, ""), "") or "").strip()

    def missing_columns(self, head: Sequence[str]) -> list[Problem]:
        """Return a problem for each needed column that a file does not have; the others may be missing."""
        columns = self.tables["columns"]
        return [
            Problem(f"columns.{name}", "required", mark("The column “{name}” is missing."), {"name": columns[name]})
            for name in _NEEDED
            if columns[name] not in head
        ]

    def time(self, at: datetime | None) -> str:
        """Write an instant as the desk does."""
        return at.astimezone(self.zone).strftime(self.tables["times"].get("write", "%Y-%m-%d %H:%M:%S")) if at else ""

    def yes(self, value: bool) -> str:
        """Write yes or no as the desk does."""
        return str(self.tables.get("yes_no", {}).get("yes" if value else "no", "1" if value else "0"))

    def satisfaction(self, rating: int | None) -> str:
        """Write a rating, 1 to 5, as the desk does; "" where there is none."""
        return str(self.tables.get("satisfaction", {}).get(str(rating), rating)) if rating else ""


@dataclass(frozen=True, slots=True)
class ReadTicket:
    """What became of a row of the desk: a draft, or every reason against it."""

    ticket: str
    draft: Draft | None
    problems: tuple[Problem, ...] = ()


def read_ticket_profile(text: str, *, name: str, time_zone: str) -> TicketProfile:
    """Read a profile of tickets; local times are those of `time_zone`.

    Raises
    ------
    InvalidInput
        Lists every missing table and column, unknown state, urgency, encoding or coordinate system.
    """
    try:
        tables = tomllib.loads(text[: _MOST_CHARACTERS + 1])
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason = {"reason": str(error)}
        raise InvalidInput(mark("The profile"), [Problem("", "toml", mark("{reason}"), reason)]) from None
    problems = _shape_problems(tables)
    if not problems:
        problems = [*_column_problems(tables), *_word_problems(tables)]
    if problems:
        raise InvalidInput(mark("The profile"), problems)
    return TicketProfile(tables, name, ZoneInfo(time_zone))


def _shape_problems(tables: Mapping[str, Any]) -> list[Problem]:
    problems = [Problem(name, "required", mark("This table is missing.")) for name in _TABLES if name not in tables]
    if tables.get("kind") != "tickets":
        problems.append(Problem("kind", "unknown", mark('A profile of tickets says kind = "tickets".')))
    problems += [
        Problem(name[:60], "unknown", mark("This is not known here."))
        for name in tables
        if name not in (*_TABLES, *_OTHERS, "kind")
    ]
    return problems + [
        Problem(name, "type", mark("This is not a table."))
        for name in (*_TABLES, *_OTHERS)
        if name in tables and not isinstance(tables[name], dict)
    ]


def _column_problems(tables: Mapping[str, Any]) -> list[Problem]:
    problems = [
        Problem(f"columns.{name}", "required", mark("This column has to be mapped."))
        for name in _NEEDED
        if name not in tables["columns"]
    ]
    if "ticket" not in tables["answers"]:
        problems.append(Problem("answers.ticket", "required", mark("This column has to be mapped.")))
    for table, known in (("columns", _COLUMNS), ("answers", frozenset(ANSWERS))):
        problems += [
            Problem(f"{table}.{name[:60]}", "unknown", mark("This is not known here."))
            for name in tables[table]
            if name not in known
        ]
        problems += [
            Problem(f"{table}.{name[:60]}", "type", mark("This is the name of a column."))
            for name, held in tables[table].items()
            if not isinstance(held, str) or not held.strip()
        ]
        held = [one for one in tables[table].values() if isinstance(one, str)]
        problems += [
            Problem(table, "doubled", mark("The column “{name}” is there twice."), {"name": one[:60]})
            for one in sorted({one for one in held if held.count(one) > 1})
        ]
    return problems


def _word_problems(tables: Mapping[str, Any]) -> list[Problem]:
    states = tables["states"]
    problems = [
        Problem(f"states.{name}", "required", mark("This state needs the desk's word."))
        for name in Status
        if not isinstance(states.get(name), str)
    ]
    known = {*map(str, Status)}
    problems += [
        Problem(f"states.{name[:60]}", "unknown", mark("There is no “{value}”."), {"value": name[:60]})
        for name in states
        if name not in known
    ]
    problems += [
        Problem(f"urgency.{name[:60]}", "unknown", mark("There is no “{value}”."), {"value": str(ours)[:60]})
        for name, ours in tables.get("urgency", {}).items()
        if ours not in set(Urgency)
    ]
    file, times = tables.get("file", {}), tables["times"]
    named = file.get("encodings", ["utf-8"])
    if not isinstance(named, list) or not all(one in ENCODINGS for one in [*named, file.get("write", "utf-8")]):
        encodings = {"known": ", ".join(ENCODINGS)}
        problems.append(Problem("file", "unknown", mark("This is a list of encodings: {known}."), encodings))
    formats = times.get("format", [])
    if not all(isinstance(one, str) for one in ([formats] if isinstance(formats, str) else formats)):
        problems.append(Problem("times.format", "type", mark("This is a format of times, such as %Y-%m-%d %H:%M:%S.")))
    system = tables.get("places", {}).get("system", "wgs84")
    if system not in set(System):
        value = {"value": str(system)[:40]}
        problems.append(Problem("places.system", "unknown", mark("There is no coordinate system “{value}”."), value))
    return problems


def read_ticket(
    row: Mapping[str, str], profile: TicketProfile, *, services: Mapping[str, str], places: Mapping[str, str]
) -> ReadTicket:
    """Read one row of the desk.

    Parameters
    ----------
    services, places
        What a service or a place may be called -> its code.
    """
    problems: list[Problem] = []
    ticket = profile.cell(row, "ticket")
    if not ticket or len(ticket) > _MOST_KEY:
        problems.append(Problem("ticket", "required", mark("The ticket has no number.")))
    words: dict[str, Any] = {
        name: profile.cell(row, name) for name in ("contact_name", "contact_phone", "contact_email")
    }
    words["service_code"] = _service(row, profile, services, problems)
    words["urgency"] = _mapped(row, profile, "urgency", problems)
    words["place_code"] = places.get(profile.cell(row, "place"), "")
    words |= {name: _time(row, profile, name, problems) for name in ("requested_at", "deadline_at")}
    words |= _point(row, profile, problems)
    _check_state(row, profile, problems)
    title, description = profile.cell(row, "title"), profile.cell(row, "description")
    said = description if not title or title in description else f"{title}\n{description}".strip()
    if problems:
        return ReadTicket(ticket[:_MOST_KEY], None, tuple(problems))
    draft = Draft(
        description=said,
        address=" ".join(profile.cell(row, "address").split())[:200],
        intake=str(Intake.PARENT),
        source_key=ticket,
        coordinate_system=profile.tables.get("places", {}).get("system", "wgs84"),
        **words,
    )
    return ReadTicket(ticket, draft)


def _service(
    row: Mapping[str, str], profile: TicketProfile, services: Mapping[str, str], problems: list[Problem]
) -> str:
    said, table = profile.cell(row, "service"), profile.tables.get("services", {})
    code = str(table.get("codes", {}).get(said) or services.get(said) or table.get("default", ""))
    if not code:
        value = {"value": said[:60]}
        problems.append(Problem("service", "unknown", mark("There is no service “{value}”."), value))
    return code


def _mapped(row: Mapping[str, str], profile: TicketProfile, name: str, problems: list[Problem]) -> str:
    said = profile.cell(row, name)
    ours = profile.tables.get(name, {}).get(said)
    if said and ours is None:
        problems.append(Problem(name, "unknown", mark("There is no “{value}”."), {"value": said[:60]}))
    return str(ours or "")


def _time(row: Mapping[str, str], profile: TicketProfile, name: str, problems: list[Problem]) -> datetime | None:
    text = profile.cell(row, name)
    if not text:
        return None
    try:
        return profile.times.read(text)[0]
    except (Skipped, ValueError, OverflowError):
        value = {"value": text[:40]}
        problems.append(Problem(name, "time", mark("“{value}” is no time as the profile describes it."), value))
        return None


def _point(row: Mapping[str, str], profile: TicketProfile, problems: list[Problem]) -> dict[str, float]:
    texts = profile.cell(row, "lon"), profile.cell(row, "lat")
    if not any(texts):
        return {}
    try:
        return {"lon": float(texts[0]), "lat": float(texts[1])}
    except ValueError:
        problems.append(Problem("lon", "number", mark("The coordinates are not numbers.")))
        return {}


def _check_state(row: Mapping[str, str], profile: TicketProfile, problems: list[Problem]) -> None:
    said = profile.cell(row, "status")
    if not said:
        return
    ours = profile.our_states.get(said)
    if ours is None:
        value = {"value": said[:40]}
        problems.append(Problem("status", "unknown", mark("There is no state “{value}” in the profile."), value))
    elif Status(ours) in ENDED:
        problems.append(Problem("status", "ended", mark("The ticket has ended at the desk already.")))
