"""What a role has to come with."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import Final
from uuid import UUID

from banyan.base.errors import InvalidInput, Problem, mark
from banyan.kit.guard import Role

#: Roles that are nothing without a party: a worker works for someone.
NEEDS_PARTY = frozenset({Role.WORKER})


def role_problems(*, role: str, party_id: UUID | None) -> list[Problem]:
    """Return every problem of a role to grant."""
    if role not in set(Role):
        return [Problem("role", "unknown", mark("There is no role “{role}”."), {"role": role[:40]})]
    if Role(role) in NEEDS_PARTY and party_id is None:
        return [Problem("party_id", "required", mark("A worker works for a party: name it."))]
    return []


_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_MOBILE_IN_CHINA: Final = re.compile(r"1[3-9][0-9]{9}")
_BETWEEN_DIGITS: Final = re.compile(r"[\s()/.\u2010-\u2015-]")


def read_phone(text: str) -> str:
    """Read a phone number as people type it and return it as E.164, such as ``+8613800000000``.

    A mobile number of mainland China needs no country code; every other number does.

    Raises
    ------
    InvalidInput
        It is no phone number.

    Source
    ------
    ITU-T E.164, section 6.2; the Chinese numbering plan for mobile numbers (11 digits from 13 to 19).
    """
    digits = _BETWEEN_DIGITS.sub("", unicodedata.normalize("NFKC", text))
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    if _MOBILE_IN_CHINA.fullmatch(digits):
        digits = f"+86{digits}"
    if not _E164.fullmatch(digits):
        sentence = mark(
            "This is not a phone number that can get messages. Outside mainland China, begin with + and the country."
        )
        raise InvalidInput(mark("The phone number"), [Problem("phone", "pattern", sentence)])
    return digits


def profile_problems(*, display_name: str, language: str, languages: Collection[str]) -> list[Problem]:
    """Return every problem of what an account says of itself."""
    problems = []
    if len(display_name.strip()) > 80:
        problems.append(Problem("display_name", "too_long", mark("At most {limit} characters."), {"limit": 80}))
    if not _is_text(display_name):
        problems.append(Problem("display_name", "not_text", mark("This holds characters that are not text.")))
    if language and language not in languages:
        problems.append(Problem("language", "unknown", mark("This language is not spoken here.")))
    return problems


def token_problems(name: str) -> list[Problem]:
    """Return every problem of the name of an API token."""
    problems = []
    if not 1 <= len(name.strip()) <= 80:
        problems.append(Problem("name", "required", mark("Name what the token is for.")))
    if not _is_text(name):
        problems.append(Problem("name", "not_text", mark("This holds characters that are not text.")))
    return problems


def _is_text(words: str) -> bool:
    return not any(unicodedata.category(character)[0] == "C" for character in words)
