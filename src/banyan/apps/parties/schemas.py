"""Parties as the API shows them."""

from __future__ import annotations

from uuid import UUID

from ninja import Schema

from banyan.apps.parties.rules import PartyKind


class DutyOut(Schema):
    """A party answers for a place and all below it; topic "" is whatever its kind does."""

    place_code: str
    topic: str


class PartyOut(Schema):
    """An organisation that works in the town, with what it answers for."""

    id: UUID
    code: str
    kind: PartyKind
    name_zh: str
    name_en: str
    public_phone: str
    duties: list[DutyOut]


class PartiesOut(Schema):
    """The parties of a town, by code."""

    items: list[PartyOut]
    next: str | None
    previous: str | None
