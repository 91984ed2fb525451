"""What a checkpoint says, how checkpoints are chained, and the file in which one is kept outside the database."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from banyan.apps.audit.rules.entries import digest, instant
from banyan.base.errors import InvalidInput, Problem, mark

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_FIELDS: Final = ("town", "number", "length", "merkle_root", "head", "at")


@dataclass(frozen=True, slots=True)
class Anchor:
    """A checkpoint as it is kept outside the database: on paper, in another house, with the auditor.

    `length` counts the town's sealed entries, `merkle_root` is over all of them from the first, `head` chains this
    checkpoint to the one before.
    """

    town_id: UUID
    number: int
    length: int
    merkle_root: str
    head: str
    at: datetime

    def to_json(self) -> str:
        """Write the anchor as a small JSON object."""
        words = {
            "town": str(self.town_id),
            "number": self.number,
            "length": self.length,
            "merkle_root": self.merkle_root,
            "head": self.head,
            "at": instant(self.at),
        }
        return json.dumps(words, indent=2)

    @classmethod
    def from_json(cls, text: str) -> Anchor:
        """Read an anchor that `to_json` wrote.

        Raises
        ------
        InvalidInput
            Lists every field that is missing or is not what it should be.
        """
        try:
            words = json.loads(text)
        except (ValueError, RecursionError):
            words = None
        if not isinstance(words, Mapping):
            raise InvalidInput(mark("The checkpoint"), [Problem("", "not_json", mark("This is not a JSON object."))])
        if problems := _problems(words):
            raise InvalidInput(mark("The checkpoint"), problems)
        at = datetime.fromisoformat(words["at"])
        root, head = words["merkle_root"], words["head"]
        return cls(UUID(words["town"]), words["number"], words["length"], root, head, at)


def _problems(words: Mapping[str, Any]) -> list[Problem]:
    missing = [Problem(name, "required", mark("This is missing.")) for name in _FIELDS if name not in words]
    wrong = [name for name in _FIELDS if name in words and not _is_sound(name, words[name])]
    return missing + [Problem(name, "pattern", mark("This is not what a checkpoint holds here.")) for name in wrong]


def _is_sound(name: str, value: Any) -> bool:
    if name in ("number", "length"):
        return isinstance(value, int) and not isinstance(value, bool) and value > 0
    if not isinstance(value, str):
        return False
    if name in ("merkle_root", "head"):
        return _HASH.fullmatch(value) is not None
    try:
        return bool(UUID(value)) if name == "town" else datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def head(*, town_id: UUID, number: int, length: int, merkle_root: str, at: datetime, previous_head: str) -> str:
    """Return the hash that chains a checkpoint to the one before it (`entries.GENESIS` for the first)."""
    return digest(
        {
            "town": str(town_id),
            "number": number,
            "length": length,
            "merkle_root": merkle_root,
            "at": instant(at),
            "previous": previous_head,
        }
    )
