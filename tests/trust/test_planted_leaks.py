"""The tests of isolation see what they should: each of two dozen planted leaks is caught by one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import pytest
from django.db import transaction

from banyan.apps.accounts import queries as accounts
from banyan.apps.accounts.models import Membership
from banyan.apps.service_requests import queries
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.queries import many
from banyan.kit import guard, policy, rows
from banyan.kit.guard import Actor, Channel, Grant, Near, Reach, Role
from tests.trust import test_isolation as isolation

Plant = Callable[[pytest.MonkeyPatch], None]


def gives(verb: str, role: Role, near: Near) -> Plant:
    """Give a role a verb that is not its own."""
    verb = f"service_requests.{verb}"
    return lambda patch: patch.setitem(policy.MAY, verb, {**policy.MAY[verb], role: near})  # type: ignore[arg-type]


def widens(change: Callable[[Reach], Reach]) -> Plant:
    """Widen every reach."""
    honest = guard.reach
    return lambda patch: patch.setattr(guard, "reach", lambda actor, verb: change(honest(actor, verb)))


def covers_if(also: Callable[[Reach], bool]) -> Plant:
    """Let a reach cover everything under a condition."""
    honest = Reach.covers
    return lambda patch: patch.setattr(Reach, "covers", lambda self, one: also(self) or honest(self, one))


def lists_if(also: Callable[[Reach], bool]) -> Plant:
    """Let a list show everything under a condition."""
    honest = many.within

    def within(reached: Reach, *, town: Any) -> Any:
        return ServiceRequest.objects.all() if also(reached) else honest(reached, town=town)

    return lambda patch: [patch.setattr(room, "within", within) for room in (queries, many)]


def holds(**wanted: Any) -> Plant:
    """Let an account hold every role that fits, instead of those of now and here."""

    def actor_of(account_id: UUID, *, town_id: UUID, channel: Channel) -> Actor:
        held = Membership.objects.filter(account_id=account_id)
        held = held.filter(town_id=town_id) if "ended_at__isnull" not in wanted else held.filter(**wanted)
        grants = tuple(Grant(Role(one.role), one.place_path, one.party_id) for one in held)
        return Actor(account_id=account_id, grants=grants, channel=channel)

    return lambda patch: patch.setattr(accounts, "actor_of", actor_of)


def says_words(patch: pytest.MonkeyPatch) -> None:
    """Show the words of a request on the public list."""
    honest = many._row
    patch.setattr(many, "_row", lambda values, *, hides: honest(values, hides=False))


def lowers_first_wall(patch: pytest.MonkeyPatch) -> None:
    """Forget the town in every query; on PostgreSQL the second wall stands, and the scope is not asked for."""
    patch.setattr(rows.TownRows, "get_queryset", lambda self: rows.TownQuerySet(self.model, using=self._db))


LEAKS: Final[dict[str, Plant]] = {
    "residents read everything": gives("read", Role.RESIDENT, Near.ANY),
    "workers read everything": gives("read", Role.WORKER, Near.ANY),
    "coordinators read everything": gives("read", Role.COORDINATOR, Near.ANY),
    "operators read": gives("read", Role.OPERATOR, Near.AREA),
    "anyone reads": lambda patch: patch.setattr(policy, "ANYONE_MAY", policy.ANYONE_MAY | {"service_requests.read"}),
    "workers triage": gives("triage", Role.WORKER, Near.PARTY),
    "auditors close": gives("close", Role.AUDITOR, Near.AREA),
    "auditors comment": gives("comment", Role.AUDITOR, Near.AREA),
    "coordinators withdraw": gives("withdraw", Role.COORDINATOR, Near.AREA),
    "residents read contacts": gives("read_contact", Role.RESIDENT, Near.OWN),
    "residents comment internally": gives("comment_internal", Role.RESIDENT, Near.OWN),
    "residents read what is internal": gives("read_internal", Role.RESIDENT, Near.OWN),
    "residents accept": gives("accept", Role.RESIDENT, Near.OWN),
    "a grant forgets its party": widens(lambda r: replace(r, areas=tuple((path, None) for path, _ in r.areas))),
    "a grant forgets its place": widens(lambda r: replace(r, areas=tuple(("", party) for _, party in r.areas))),
    "any area covers": covers_if(lambda reached: bool(reached.areas)),
    "any known number covers": covers_if(lambda reached: bool(reached.own_ids)),
    "a list forgets its areas": lists_if(lambda reached: bool(reached.areas)),
    "a list forgets its party": lists_if(lambda reached: bool(reached.party_ids)),
    "a list forgets whose it is": lists_if(lambda reached: reached.own_account_id is not None),
    "one request is read unasked": lambda patch: patch.setattr(
        queries, "readable", lambda actor, request_id, **_: queries.public(request_id)
    ),
    "steps are taken unasked": lambda patch: patch.setattr(
        queries, "locked_for", lambda actor, request_id, **_: queries.public(request_id)
    ),
    "every step is offered": lambda patch: patch.setattr(
        queries, "steps_for", lambda actor, request, *, town: list(isolation.STEPS[request.status])
    ),
    "roles of other towns count": holds(ended_at__isnull=True),
    "roles that ended count": holds(),
    "the public list says the words": says_words,
}
ON_SQLITE_ONLY: Final[dict[str, Plant]] = {"the first wall is down": lowers_first_wall}

#: Every test of the two towns, the quick ones first.
TESTS: Final = [
    isolation.test_everybody_reads_and_lists_their_own_part_of_the_town_and_no_other,
    isolation.test_a_role_in_one_town_is_nothing_in_another,
    isolation.test_everybody_sees_the_public_part_and_no_words,
    isolation.test_who_knows_the_number_is_as_the_reporter_and_only_for_that_request,
    isolation.test_a_role_that_ends_is_gone_at_the_next_question,
    isolation.test_internal_words_are_read_by_the_staff_concerned_only,
    isolation.test_the_steps_offered_are_those_that_may_be_taken,
    isolation.test_words_photos_and_contacts_are_for_those_they_are_for,
    isolation.test_every_step_is_taken_by_whom_it_is_for_and_by_nobody_else,
]


def caught_by(towns: Any) -> str:
    """Return the name of the first test that fails, "" where all pass; whatever they write is rolled back."""
    for test in TESTS:
        try:
            with transaction.atomic():
                test(towns)
                transaction.set_rollback(True)
        except AssertionError:
            return test.__name__
    return ""


@pytest.mark.django_db
def test_every_planted_leak_is_caught() -> None:
    from django.db import connection

    towns = (isolation._furnished("east"), isolation._furnished("west"))
    leaks = LEAKS | (ON_SQLITE_ONLY if connection.vendor == "sqlite" else {})
    assert caught_by(towns) == "", "the control: without a leak every test passes"

    caught = {}
    for name, plant in leaks.items():
        with pytest.MonkeyPatch.context() as patch:
            plant(patch)
            caught[name] = caught_by(towns)

    assert caught_by(towns) == "", "the control: the patches are gone"
    missed = [name for name, test in caught.items() if not test]
    print(f"{len(caught) - len(missed)} of {len(caught)} planted leaks caught")
    assert not missed
    assert len(caught) >= 26
