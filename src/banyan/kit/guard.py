"""Who may see and do what: decided here and nowhere else, from the literal table in `kit.policy`.

A grant gives a role in a part of the town (a place and all below it, or the whole town) and, for people who work for a
party, only for what that party handles.  A verb says which roles may use it and how near the subject has to be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from banyan.base.errors import Forbidden, SignInNeeded


class Role(StrEnum):
    """What a person is in a town."""

    RESIDENT = "resident"
    WORKER = "worker"
    COORDINATOR = "coordinator"
    MANAGER = "manager"
    OPERATOR = "operator"
    AUDITOR = "auditor"


#: Roles of people who work for the town or for a party.
STAFF = frozenset({Role.WORKER, Role.COORDINATOR, Role.MANAGER, Role.AUDITOR, Role.OPERATOR})


class Near(StrEnum):
    """How near the subject has to be to the grant."""

    ANY = "any"
    """Anywhere in the town."""
    OWN = "own"
    """The asker's own: reported by their account, or known to them by its tracking number."""
    PARTY = "party"
    """Handled by the party of the grant."""
    AREA = "area"
    """Inside the place of the grant and, where the grant names a party, handled by it."""


class Channel(StrEnum):
    """The way an actor came in."""

    WEB = "web"
    API = "api"
    CLI = "cli"
    TASK = "task"
    DEMO = "demo"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Grant:
    """One role held by an account.  `place_path` "" means the whole town; `party_id` None means no party."""

    role: Role
    place_path: str = ""
    party_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an account with its grants in the town in scope, or somebody unknown.

    `bearer_of` holds the subjects which the actor may treat as their own because they know the tracking number.
    """

    account_id: UUID | None = None
    grants: tuple[Grant, ...] = ()
    channel: Channel = Channel.WEB
    bearer_of: frozenset[UUID] = field(default=frozenset())

    @property
    def roles(self) -> frozenset[Role]:
        """Return every role the actor holds in the town."""
        return frozenset(grant.role for grant in self.grants)

    @property
    def is_staff(self) -> bool:
        """Say whether the actor works for the town or for a party in any role."""
        return bool(self.roles & STAFF)

    def party_ids(self) -> frozenset[UUID]:
        """Parties for which the actor works."""
        return frozenset(grant.party_id for grant in self.grants if grant.party_id is not None)


#: Somebody who is not signed in.
ANYONE = Actor()


@dataclass(frozen=True, slots=True)
class Subject:
    """What the guard has to know of a record."""

    id: UUID | None = None
    place_path: str = ""
    party_ids: frozenset[UUID] = frozenset()
    owner_account_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """The part of a town's records that an actor reaches with one verb.  Queries turn it into a filter."""

    everything: bool = False
    areas: tuple[tuple[str, UUID | None], ...] = ()
    party_ids: frozenset[UUID] = frozenset()
    own_account_id: UUID | None = None
    own_ids: frozenset[UUID] = frozenset()

    @property
    def nothing(self) -> bool:
        """Say whether nothing at all is reached."""
        return not (self.everything or self.areas or self.party_ids or self.own_account_id or self.own_ids)

    def covers(self, subject: Subject) -> bool:
        """Say whether the subject lies within this reach."""
        return (
            self.everything
            or bool(self.party_ids & subject.party_ids)
            or (self.own_account_id is not None and self.own_account_id == subject.owner_account_id)
            or (subject.id is not None and subject.id in self.own_ids)
            or any(
                subject.place_path.startswith(path) and (party is None or party in subject.party_ids)
                for path, party in self.areas
            )
        )


def reach(actor: Actor, verb: str) -> Reach:
    """Return what `actor` reaches with `verb`; an unknown verb is a defect and raises `KeyError`."""
    from banyan.kit.policy import ANYONE_MAY, MAY

    table: Mapping[Role, Near] = MAY[verb]
    everything, areas, parties = verb in ANYONE_MAY, [], set()
    own = Near.OWN in table.values()
    for grant in actor.grants:
        near = table.get(grant.role)
        if near is Near.ANY or (near is Near.AREA and not grant.place_path and grant.party_id is None):
            everything = True
        elif near is Near.AREA:
            areas.append((grant.place_path, grant.party_id))
        elif near is Near.PARTY and grant.party_id is not None:
            parties.add(grant.party_id)
    return Reach(
        everything=everything,
        areas=tuple(areas),
        party_ids=frozenset(parties),
        own_account_id=actor.account_id if own else None,
        own_ids=actor.bearer_of if own else frozenset(),
    )


def authorise(actor: Actor, verb: str, *, subject: Subject | None = None) -> None:
    """Let `actor` use `verb` on `subject`, or raise.

    Raises
    ------
    SignInNeeded
        The actor is unknown and the verb is not open to anyone.
    Forbidden
        The actor is known and the policy does not give them this verb here.
    """
    if may(actor, verb, subject=subject):
        return
    raise SignInNeeded() if actor.account_id is None else Forbidden()


def may(actor: Actor, verb: str, *, subject: Subject | None = None) -> bool:
    """Say whether `actor` may use `verb` on `subject` (or at all, where no subject is given)."""
    reached = reach(actor, verb)
    return reached.covers(subject) if subject is not None else not reached.nothing
