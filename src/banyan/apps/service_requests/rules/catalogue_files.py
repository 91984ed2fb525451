"""The service catalogue as a file: JSON as it is published, CSV for spreadsheets.  Reading lists every problem."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from banyan.apps.service_requests.rules.attributes import read_attributes
from banyan.apps.service_requests.rules.states import CLOCKS, Urgency
from banyan.base import tables
from banyan.base.errors import Problem, mark

#: Words of a service in a file, beside its targets: name -> what it holds.
WORDS: Final = (
    *("code", "kind", "group", "group_zh", "group_en", "name_zh", "name_en", "description_zh", "description_en"),
    *("keywords_zh", "keywords_en", "default_urgency", "source"),
)
FLAGS: Final[Mapping[str, bool]] = {
    "is_clock_always_on": False,
    "needs_place": True,
    "advises_photo": True,
    "is_active": True,
}
#: Column of CSV -> urgency and clock of a target in minutes.
TARGETS: Final[Mapping[str, tuple[str, str]]] = {
    f"target_{urgency}_{clock}_min": (str(urgency), clock) for urgency in Urgency for clock in CLOCKS
}
COLUMNS: Final = (*WORDS, *FLAGS, "responsible_kinds", *TARGETS)
MOST_BYTES: Final = 2_000_000
_REQUIRED: Final = ("code", "kind", "group", "name_zh", "name_en")
_LIMITS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("code",), 60),
    **dict.fromkeys(("kind", "default_urgency"), 20),
    "group": 40,
    **dict.fromkeys(("group_zh", "group_en"), 80),
    **dict.fromkeys(("name_zh", "name_en"), 120),
    **dict.fromkeys(("keywords_zh", "keywords_en"), 300),
    "source": 200,
    **dict.fromkeys(("description_zh", "description_en"), 4000),
}
_YES: Final = frozenset({"true", "yes", "1", "是"})
_NO: Final = frozenset({"false", "no", "0", "否"})
_Rows = tuple[list[dict[str, Any]], list[Problem]]


def read(content: bytes, *, form: str) -> _Rows:
    """Read services from a file of the given form: ``json``, or ``csv`` for any table, CSV or .xlsx.

    Returns
    -------
    tuple
        One mapping of the fields of `actions.NewService` for each service, in the order of the file, and every problem
        of reading them.  A field that cannot be read has its default, so that the rest can be checked as well.
    """
    found, problems = _from_json(content) if form == "json" else _from_table(content)
    rows = [_service(i, row, problems) for i, row in enumerate(found)]
    return rows, problems


def _from_json(content: bytes) -> _Rows:
    text, problems = tables.text_of(content, most_bytes=MOST_BYTES)
    if problems:
        return [], problems
    try:
        held = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = {"line": getattr(error, "lineno", 1)}
        return [], [Problem("file", "not_json", mark("The file is not JSON (line {line})."), line)]
    services = held.get("services") if isinstance(held, dict) else held
    if not isinstance(services, list) or not all(isinstance(one, dict) for one in services):
        return [], [Problem("services", "invalid", mark("The file needs a list of services."))]
    return services, []


def _from_table(content: bytes) -> _Rows:
    rows, problems = tables.rows_of_file(
        content, columns=COLUMNS, required=_REQUIRED, name="services", most_bytes=MOST_BYTES
    )
    return [_unfolded(row) for row in rows], problems


def _unfolded(row: Mapping[str, str]) -> dict[str, Any]:
    """Return a row of CSV in the shape of JSON."""
    held = dict(row)
    targets: dict[str, dict[str, Any]] = {}
    for name, (urgency, clock) in TARGETS.items():
        if cell := held.pop(name, "").strip():
            targets.setdefault(urgency, {})[clock] = int(cell) if cell.isdecimal() and len(cell) < 9 else cell
    kinds = held.pop("responsible_kinds", "").replace(";", " ").split()
    flags = {name: _flag(held.pop(name)) for name in FLAGS if held.get(name, "").strip()}
    words = {name: value for name, value in held.items() if name in WORDS}
    return {**words, **flags, "targets": targets, "responsible_kinds": kinds}


def _flag(cell: str) -> bool | str:
    word = cell.strip().lower()
    return True if word in _YES else False if word in _NO else cell


def checked(row: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Return the fields of one service that was written into a form, and every problem of their types and lengths."""
    problems: list[Problem] = []
    return _service(0, row, problems), problems


def _service(i: int, row: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """Return the fields of one service, each of the right type; what is not has its default and a problem."""
    at = f"services[{i}]"
    problems += [
        Problem(f"{at}.{name[:60]}", "unknown", mark("There is no field “{name}”."), {"name": name[:60]})
        for name in row
        if name not in {*WORDS, *FLAGS, "targets", "responsible_kinds", "attributes"}
    ]
    found: dict[str, Any] = {}
    for name in WORDS:
        default = "normal" if name == "default_urgency" else ""
        found[name] = _word(at, name, row.get(name, default), problems)
    for name, default_flag in FLAGS.items():
        value = row.get(name, default_flag)
        if not isinstance(value, bool):
            problems.append(Problem(f"{at}.{name}", "type", mark("This is yes or no (true or false).")))
        found[name] = value if isinstance(value, bool) else default_flag
    found["responsible_kinds"] = _kinds(at, row.get("responsible_kinds", []), problems)
    found["targets"] = _targets(at, row.get("targets", {}), problems)
    if row.get("attributes") is not None:  # a file without them, such as CSV, leaves them as they are
        found["attributes"], of_attributes = read_attributes(row["attributes"], at=f"{at}.attributes")
        problems += of_attributes
    return found


def _word(at: str, name: str, value: Any, problems: list[Problem]) -> str:
    if not isinstance(value, str):
        problems.append(Problem(f"{at}.{name}", "type", mark("This is text.")))
        return ""
    if len(value) > _LIMITS[name]:
        limit = {"limit": _LIMITS[name]}
        problems.append(Problem(f"{at}.{name}", "too_long", mark("At most {limit} characters."), limit))
    return value.strip()


def _kinds(at: str, value: Any, problems: list[Problem]) -> list[str]:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return value
    problems.append(Problem(f"{at}.responsible_kinds", "type", mark("This is a list of kinds of party.")))
    return []


def _targets(at: str, value: Any, problems: list[Problem]) -> dict[str, dict[str, Any]]:
    if isinstance(value, dict) and all(isinstance(clocks, dict) for clocks in value.values()):
        return {str(urgency): dict(clocks) for urgency, clocks in value.items()}
    problems.append(Problem(f"{at}.targets", "type", mark("Targets are minutes by urgency and clock.")))
    return {}


def as_json(services: Iterable[Any]) -> bytes:
    """Return services as a JSON file that `read` takes back unchanged."""
    rows = [_plain(service) for service in services]
    return json.dumps({"services": rows}, ensure_ascii=False, indent=1).encode()


def as_rows(services: Iterable[Any]) -> tuple[Sequence[str], list[list[Any]]]:
    """Return the head and the rows of services for a CSV file that `read` takes back unchanged."""
    return COLUMNS, [_row(_plain(service)) for service in services]


def _plain(service: Any) -> dict[str, Any]:
    words: dict[str, Any] = {name: getattr(service, name) for name in (*WORDS, *FLAGS)}
    words["targets"] = {urgency: dict(clocks) for urgency, clocks in service.targets.items()}
    words["responsible_kinds"] = list(service.responsible_kinds)
    words["attributes"] = list(service.attributes)
    return words


def _row(words: Mapping[str, Any]) -> list[Any]:
    targets = [words["targets"].get(urgency, {}).get(clock, "") for urgency, clock in TARGETS.values()]
    flags = [str(words[name]).lower() for name in FLAGS]
    return [*(words[name] for name in WORDS), *flags, " ".join(words["responsible_kinds"]), *targets]
