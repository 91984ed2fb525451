"""The service catalogue of the demonstration town, read from `catalogue.json`.

The file is the form in which catalogues travel: an object with `catalogue`, `version`, `source` and `services`.  Every
service names its classes after Chinese grid practice (parts and events), its targets in minutes by urgency and stage,
and where its time limits come from; what is our own illustrative choice says so in `source`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

PATH: Final = Path(__file__).with_name("catalogue.json")


@dataclass(frozen=True, slots=True)
class Service:
    """One service, field by field as in the file.

    `targets`: urgency -> stage (triage, dispatch, accept, handle, verify, whole) -> minutes, of the wall clock where
    `is_clock_always_on`, otherwise working minutes.  `responsible_kinds`: kinds of party, the first that answers for
    the area (`group` is the topic of its duty) has it.  `attributes`: what it asks beside the words.
    """

    code: str
    group: str
    group_zh: str
    group_en: str
    kind: str
    name_zh: str
    name_en: str
    description_zh: str
    description_en: str
    keywords_zh: str
    keywords_en: str
    default_urgency: str
    is_clock_always_on: bool
    targets: Mapping[str, Mapping[str, int]]
    responsible_kinds: tuple[str, ...]
    needs_place: bool
    advises_photo: bool
    source: str
    attributes: tuple[Mapping[str, Any], ...] = ()


def document() -> dict[str, Any]:
    """Return the catalogue file as it stands."""
    found: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
    return found


@cache
def services() -> tuple[Service, ...]:
    """Return the services in the order of the file."""
    return tuple(_service(fields) for fields in document()["services"])


def _service(fields: dict[str, Any]) -> Service:
    lists = {name: tuple(fields.get(name, ())) for name in ("responsible_kinds", "attributes")}
    return Service(**fields | lists)
