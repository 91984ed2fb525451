"""Accounts, roles and tokens as the API shows and takes them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from ninja import Schema
from pydantic import Field

from banyan.kit.api import TEXT_PATTERN, Body, Identifier
from banyan.kit.guard import Role


class TokenOut(Schema):
    """A token of the asker in this town; its secret was shown once, when it was issued."""

    id: UUID
    name: str
    created_at: datetime
    expires_at: datetime | None


class TokensOut(Schema):
    """The asker's tokens that are still good."""

    items: list[TokenOut]
    next: str | None
    previous: str | None


class MemberOut(Schema):
    """A role held in the town."""

    id: UUID
    account_id: UUID
    display_name: str
    role: Role
    place_path: str
    party_id: UUID | None


class MembersOut(Schema):
    """Who holds which role in the town."""

    items: list[MemberOut]
    next: str | None
    previous: str | None


class GrantIn(Body):
    """A role to give.  `place_code` "" is the whole town; a worker needs a party."""

    account_id: Identifier
    role: Annotated[Role, Field(strict=False)]
    place_code: Annotated[str, Field(max_length=40, pattern=TEXT_PATTERN)] = ""
    party_id: Identifier | None = None


class GrantedOut(Schema):
    """The role as it is held now."""

    id: UUID
    account_id: UUID
    role: Role
    place_path: str
    party_id: UUID | None
