"""How an entry is hashed and how a personal field is committed to."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

#: What the first entry of every chain points back to.
GENESIS: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class Written:
    """The hashed content of one entry."""

    town_id: UUID
    subject_type: str
    subject_id: UUID
    sequence: int
    verb: str
    at: datetime
    account_id: UUID | None
    role: str
    channel: str
    facts: Mapping[str, Any]
    commitments: Mapping[str, str]
    previous_hash: str

    def hash(self) -> str:
        """Return the SHA-256 of the canonical JSON of this entry, 64 hexadecimal digits."""
        words = {
            "town": str(self.town_id),
            "subject": [self.subject_type, str(self.subject_id)],
            "sequence": self.sequence,
            "verb": self.verb,
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "account": str(self.account_id) if self.account_id else None,
            "role": self.role,
            "channel": self.channel,
            "facts": self.facts,
            "commitments": self.commitments,
            "previous": self.previous_hash,
        }
        return hashlib.sha256(canonical(words)).hexdigest()


def canonical(words: Any) -> bytes:
    """Return JSON with sorted keys and no spaces, UTF-8: the same value always gives the same bytes."""
    return json.dumps(words, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def commitment(value: str, *, salt: str) -> str:
    """Return HMAC-SHA-256 of a personal value under its own random salt: nothing is learned once the salt is gone."""
    return hmac.new(bytes.fromhex(salt), value.encode(), hashlib.sha256).hexdigest()
