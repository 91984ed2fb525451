"""Reading a document of rules: every problem is noted with where it stands, nothing stops at the first."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from banyan.base.errors import Problem, mark
from banyan.base.words import is_one_line

#: Entries of one document; a town that needs more has made a catalogue of its rules.
MOST_ENTRIES: Final = 200
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)
_MOST_VALUES: Final = 500


@dataclass
class Reader:
    """Reads values out of a document and notes what is wrong with them."""

    problems: list[Problem] = field(default_factory=list)

    def note(self, where: str, code: str, sentence: str, **facts: Any) -> None:
        """Note a problem."""
        self.problems.append(Problem(where, code, sentence, facts))

    def names(self, where: str, found: Mapping[str, Any], known: Collection[str]) -> None:
        """Note every name that the document may not have here."""
        for name in found:
            if name not in known:
                self.note(f"{where}.{name}".lstrip("."), "unknown", mark("This name is not known here."))

    def entries(self, body: Mapping[str, Any], name: str) -> list[tuple[str, Mapping[str, Any]]]:
        """Return the entries of the list called `name`, each with where it stands."""
        self.names("", body, (name,))
        found = body.get(name)
        if not isinstance(found, list):
            self.note(name, "type", mark("A list is needed."))
            return []
        if len(found) > MOST_ENTRIES:
            self.note(name, "too_long", mark("At most {limit} entries."), limit=MOST_ENTRIES)
            return []
        entries = []
        for i, one in enumerate(found):
            if isinstance(one, Mapping):
                entries.append((f"{name}[{i}]", one))
            else:
                self.note(f"{name}[{i}]", "type", mark("An object is needed."))
        return entries

    def codes(self, entries: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Check that every entry has a code of its own."""
        seen: set[str] = set()
        for where, one in entries:
            code = one.get("code")
            if not isinstance(code, str) or not _CODE.fullmatch(code):
                sentence = mark("A code of small letters, digits, hyphens and underscores is needed.")
                self.note(f"{where}.code", "code", sentence)
            elif code in seen:
                self.note(f"{where}.code", "taken", mark("Another entry has this code."))
            else:
                seen.add(code)

    def line(self, where: str, found: Mapping[str, Any], name: str, *, required: bool = True) -> None:
        """Check a line of words."""
        value = found.get(name, "")
        at = f"{where}.{name}"
        if not isinstance(value, str) or not is_one_line(value):
            self.note(at, "not_text", mark("This holds characters that are not text."))
        elif required and not value.strip():
            self.note(at, "required", mark("This is needed."))
        elif len(value) > 120:
            self.note(at, "too_long", mark("At most {limit} characters."), limit=120)

    def flag(self, where: str, found: Mapping[str, Any], name: str) -> None:
        """Check a yes or no."""
        if not isinstance(found.get(name, False), bool):
            self.note(f"{where}.{name}", "type", mark("Yes or no is needed."))

    def choice(
        self, where: str, found: Mapping[str, Any], name: str, *, known: Collection[str], required: bool = True
    ) -> str:
        """Return a word out of a list, "" where it is missing or wrong."""
        value = found.get(name, "")
        if value in ("", None) and not required:
            return ""
        if not isinstance(value, str) or value not in known:
            self.note(f"{where}.{name}", "unknown", mark("“{value}” is not known here."), value=str(value)[:40])
            return ""
        return value

    def texts(
        self, where: str, found: Mapping[str, Any], name: str, *, known: Collection[str] | None = None
    ) -> list[str]:
        """Return the words of a list; with `known`, only those."""
        value, at = found.get(name) or [], f"{where}.{name}"
        if not isinstance(value, list) or len(value) > _MOST_VALUES:
            self.note(at, "type", mark("A list is needed."))
            return []
        good = []
        for i, one in enumerate(value):
            if not isinstance(one, str) or not one.strip() or len(one) > 60 or not is_one_line(one):
                self.note(f"{at}[{i}]", "not_text", mark("A word or a code is needed."))
            elif known is not None and one not in known:
                self.note(f"{at}[{i}]", "unknown", mark("“{value}” is not known here."), value=one[:40])
            else:
                good.append(one)
        return good

    def number(
        self, where: str, found: Mapping[str, Any], name: str, *, low: float, high: float, whole: bool = False
    ) -> float | None:
        """Return a number within bounds, None where it is missing or wrong."""
        value = found.get(name)
        if value is None:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not low <= value <= high or (whole and not float(value).is_integer()):
            sentence = mark("A whole number from {low} to {high} is needed.") if whole else _BETWEEN
            self.note(f"{where}.{name}", "range", sentence, low=low, high=high)
            return None
        return float(value)

    def day(self, where: str, found: Mapping[str, Any], name: str) -> date | None:
        """Return a date, None where it is missing or wrong."""
        value = found.get(name)
        if value in ("", None):
            return None
        try:
            return date.fromisoformat(str(value)[:10])
        except ValueError:
            self.note(f"{where}.{name}", "date", mark("A date such as 2026-03-18 is needed."))
            return None


_BETWEEN: Final = mark("A number from {low} to {high} is needed.")
