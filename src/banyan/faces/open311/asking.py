"""The arguments of a request as they come in: read, checked, and every fault kept.

An empty argument counts as one that is not there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from django.http import QueryDict

from banyan.base.errors import mark
from banyan.faces.open311.refusals import Fault, Refused

#: W3C date and time (ISO 8601 profile) with its zone; a plus that a client forgot to encode arrives as a space.
_W3C: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(:\d\d)?(\.\d{1,9})?(?:([Zz])|([-+ ]\d\d):?(\d\d))", re.ASCII
)
_NUMBER: Final = re.compile(r"[-+]?\d{1,9}(\.\d{0,20})?", re.ASCII)
_WHOLE: Final = re.compile(r"\d{1,9}", re.ASCII)
#: Characters that no keyboard makes, and the mark of bytes that were not UTF-8.
_NOT_TEXT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffd\ud800-\udfff]")
_ATTRIBUTE: Final = re.compile(r"attribute\[(?P<code>[^\[\]]{1,100})\](?:\[\])?")
_FIRST_YEAR, _LAST_YEAR = 1970, 9000


class Words:
    """The arguments of one request; `check` refuses it with every fault found so far."""

    def __init__(self, *given: QueryDict) -> None:
        self._given = given
        self._faults: list[Fault] = []

    def fault(self, where: str, sentence: str, *, code: int = 400, facts: Mapping[str, Any] | None = None) -> None:
        """Keep a fault."""
        self._faults.append(Fault(code, where, sentence, facts or {}))

    def check(self) -> None:
        """Raise `Refused` where a fault was found."""
        if self._faults:
            raise Refused(*self._faults)

    def has(self, name: str) -> bool:
        """Say whether an argument is there and not empty."""
        return any(given.get(name, "").strip() for given in self._given)

    def attributes(self) -> dict[str, list[str]]:
        """Return the values of ``attribute[code]`` and ``attribute[code][]`` by code; empty ones are left out."""
        found: dict[str, list[str]] = {}
        for given in self._given:
            for name in given:
                code = named["code"] if (named := _ATTRIBUTE.fullmatch(name)) else ""
                values = [value for value in given.getlist(name) if value.strip()] if code else []
                if any(_NOT_TEXT.search(value) for value in values) or _NOT_TEXT.search(code):
                    self.fault("attribute", mark("This holds characters that are not text."))
                elif values:
                    found.setdefault(code, []).extend(values)
        return found

    def text(self, name: str, *, limit: int = 4000) -> str:
        """Return an argument as text with plain line breaks, "" where it is not there."""
        found = next((given[name] for given in self._given if given.get(name)), "")
        text = str(found).replace("\r\n", "\n").strip()
        if _NOT_TEXT.search(text):
            self.fault(name, mark("This holds characters that are not text."))
            return ""
        if len(text) > limit:
            self.fault(name, mark("At most {limit} characters."), facts={"limit": limit})
            return ""
        return text

    def several(self, name: str, *, most: int = 1000) -> list[str]:
        """Return the members of a comma list, which may also come as several arguments; no member twice."""
        found = [text for given in self._given for text in given.getlist(name)]
        joined = ",".join(found)
        if _NOT_TEXT.search(joined):
            self.fault(name, mark("This holds characters that are not text."))
            return []
        members = list(dict.fromkeys(word for part in joined.split(",") if (word := part.strip())))
        if len(members) > most:
            self.fault(name, mark("At most {max_length} of these."), facts={"max_length": most})
            return []
        return members

    def among(self, name: str, known: Iterable[str]) -> list[str]:
        """Return the members of a comma list, each of which has to be one of the known words."""
        members, words = self.several(name), list(known)
        if any(member not in words for member in members):
            self.fault(name, mark("This is none of: {expected}."), facts={"expected": ", ".join(words)})
        return members

    def flag(self, name: str) -> bool:
        """Return an argument that is true or false; false where it is not there."""
        word = self.text(name, limit=100).lower()
        if word not in ("", "true", "false"):
            self.fault(name, mark("true or false is needed."))
        return word == "true"

    def instant(self, name: str) -> datetime | None:
        """Return an argument as an instant in UTC, None where it is not there."""
        text = self.text(name, limit=100)
        if not text:
            return None
        found = read_instant(text)
        if found is None:
            self.fault(name, mark("A date and time with its zone is needed, such as 2026-03-18T10:00:00+08:00."))
        return found

    def number(self, name: str, *, least: float, most: float) -> float | None:
        """Return an argument as a finite number, both ends included; None where it is not there."""
        text = self.text(name, limit=100)
        if not text:
            return None
        number = read_number(text)
        if not least <= number <= most:
            facts = {"least": f"{least:g}", "most": f"{most:g}"}
            self.fault(name, mark("A number from {least} to {most} is needed."), facts=facts)
            return None
        return number

    def whole(self, name: str, *, default: int, most: int) -> int:
        """Return an argument as a whole number from 1 on."""
        text = self.text(name, limit=1000)
        if not text:
            return default
        number = int(text) if _WHOLE.fullmatch(text) else 0
        if not 1 <= number <= most:
            facts = {"least": "1", "most": str(most)}
            self.fault(name, mark("A number from {least} to {most} is needed."), facts=facts)
            return default
        return number


def read_number(text: str) -> float:
    """Return a plain decimal number, not a number where it is none."""
    return float(text) if _NUMBER.fullmatch(text) else math.nan


def read_instant(text: str) -> datetime | None:
    """Return a W3C date and time with its zone as an instant in UTC, None where it is none or out of all measure."""
    found = _W3C.fullmatch(text)
    if found is None:
        return None
    on, hour, second, fraction, is_utc, zone_hour, zone_minute = found.groups()
    zone = "+00:00" if is_utc else f"{zone_hour.replace(' ', '+')}:{zone_minute}"
    try:
        at = datetime.fromisoformat(f"{on}T{hour}{second or ':00'}{(fraction or '')[:7]}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if _FIRST_YEAR <= at.year <= _LAST_YEAR else None
