"""What a role has to come with."""

from __future__ import annotations

from uuid import UUID

from banyan.base.errors import Problem, mark
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
