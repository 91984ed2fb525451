"""Seals of history as the API shows them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from ninja import Schema


class CheckpointOut(Schema):
    """The newest seal over the town's history: whoever keeps it can later prove truncation or rewriting.

    `length` entries are sealed; `merkle_root` and `head` are SHA-256 in hexadecimal digits.
    """

    town: UUID
    number: int
    length: int
    merkle_root: str
    head: str
    at: datetime
