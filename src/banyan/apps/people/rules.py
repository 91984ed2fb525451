"""What a contact may be, and how it is masked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from banyan.base.errors import Problem, mark

#: ITU-T E.164 digits with common separators; at least seven digits.
_PHONE: Final = re.compile(r"\+?[0-9][0-9 ()/-]{5,22}[0-9]")
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach somebody; every field may be empty."""

    name: str = ""
    phone: str = ""
    email: str = ""
    language: str = ""

    def __bool__(self) -> bool:
        return bool(self.name or self.phone or self.email)


def contact_problems(*, name: str, phone: str, email: str) -> list[Problem]:
    """Return every problem of a contact; an empty contact has none."""
    problems = []
    if len(name) > 80:
        problems.append(Problem("name", "too_long", mark("At most {limit} characters."), {"limit": 80}))
    if phone and not _PHONE.fullmatch(phone):
        problems.append(Problem("phone", "pattern", mark("This is not a phone number.")))
    if email and (len(email) > 254 or not _EMAIL.fullmatch(email)):
        problems.append(Problem("email", "pattern", mark("This is not an e-mail address.")))
    return problems


def masked(value: str) -> str:
    """Return a value with its middle hidden: the first and the last two characters remain, at most a third in all."""
    if len(value) < 6:
        return "•" * len(value)
    kept = max(1, min(2, len(value) // 6))
    return value[:kept] + "•" * (len(value) - 2 * kept) + value[-kept:]
