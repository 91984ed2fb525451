"""How an entry is hashed and how a personal word is committed to."""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid5

#: What the first entry of every chain, and the first checkpoint of every town, points back to.
GENESIS: Final = "0" * 64
#: Subject and verb of the entry that says that personal words of another entry were erased.
ERASED_SUBJECT: Final = "audit_entry"
ERASED_VERB: Final = "audit.words_erased"


@dataclass(frozen=True, slots=True)
class Written:
    """The hashed content of one entry: every column but the hash itself."""

    id: UUID
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
            "id": str(self.id),
            "town": str(self.town_id),
            "subject": [self.subject_type, str(self.subject_id)],
            "sequence": self.sequence,
            "verb": self.verb,
            "at": instant(self.at),
            "account": str(self.account_id) if self.account_id else None,
            "role": self.role,
            "channel": self.channel,
            "facts": self.facts,
            "commitments": self.commitments,
            "previous": self.previous_hash,
        }
        return digest(words)


def digest(words: Any) -> str:
    """Return the SHA-256 of the canonical JSON of plain words, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(words)).hexdigest()


def instant(at: datetime) -> str:
    """Write an aware instant in the one way in which it is hashed: UTC, to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def canonical(words: Any) -> bytes:
    """Return JSON with sorted keys and no spaces, UTF-8: the same value always gives the same bytes.

    A number with nothing after its point is written as a whole number of the digits that were written, because a
    database may bring 1e20 back as 100000000000000000000.

    Raises
    ------
    ValueError
        A number is not finite.
    """
    steady = _steady(words)
    return json.dumps(steady, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _steady(value: Any) -> Any:
    if value is None or type(value) in (str, int, bool):  # most are, and asking for a mapping is dear
        return value
    if isinstance(value, float):
        return int(Decimal(repr(value))) if math.isfinite(value) and value.is_integer() else value
    if isinstance(value, Mapping):
        return {key: _steady(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_steady(held) for held in value]
    return value


def commitment(value: str, *, salt: str, person_id: UUID | None) -> str:
    """Return HMAC-SHA-256 of a personal word and whom it is about, under its own random salt.

    Nothing can be learned from it once the salt is gone.
    """
    about = canonical([str(person_id) if person_id else None, value])
    return hmac.new(bytes.fromhex(salt), about, hashlib.sha256).hexdigest()


def key_of(kind: str, *, holder_id: UUID, name: object) -> UUID:
    """Return the key of a row that stands beside history, made from what the row is: it cannot be another.

    A disclosure is named by its entry and field, a seal by its town and position, a checkpoint by its town and number.

    Source
    ------
    RFC 9562, section 5.5.
    """
    return uuid5(holder_id, f"banyan/{kind}/{name}")
