"""Promise: towns, areas, parties and people are kept apart; each refusal stands beside what is allowed.

Two towns are the mirror of each other.  Who reaches what is written out here by name, apart from the product's policy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from banyan.apps.accounts import actions as accounts
from banyan.apps.accounts import queries as account_queries
from banyan.apps.audit import queries as audit
from banyan.apps.audit.models import Entry
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.models import Comment, ServiceRequest
from banyan.apps.service_requests.rules import OWN_ACTIONS, STEPS, Step, Wanted
from banyan.base.errors import BanyanError, Forbidden, NotFound, SignInNeeded
from banyan.kit import guard, scopes
from banyan.kit.guard import ANYONE, Actor, Channel, Grant, Near, Role
from banyan.kit.policy import MAY
from tests.towns import FOUNDER, NOW, PEOPLE, SmallTown, small_town

pytestmark = pytest.mark.django_db

#: request -> reporter, words, who dispatches it to which party (None: it has just been received)
REQUESTS: Final[dict[str, tuple[str, dict[str, Any], tuple[str, str] | None]]] = {
    "north": ("resident", {"lon": 113.31, "lat": 23.06}, ("coordinator", "great_property")),
    "lift": ("neighbour", {"lon": 113.36, "lat": 23.06, "service_code": "lift"}, ("coordinator", "lift_company")),
    "south": ("neighbour", {"lon": 113.31, "lat": 23.01}, ("other_coordinator", "south_property")),
    "fresh_north": ("resident", {"lon": 113.36, "lat": 23.09}, None),
    "fresh_south": ("neighbour", {"lon": 113.36, "lat": 23.01}, None),
    "nowhere": ("resident", {"lon": None, "lat": None, "service_code": "idea"}, None),
}
ALL: Final = frozenset(REQUESTS)
NOTHING: Final = frozenset[str]()

OWNS: Final = {
    "resident": frozenset({"north", "fresh_north", "nowhere"}),
    "neighbour": frozenset({"lift", "south", "fresh_south"}),
}
COORDINATES: Final = {
    "coordinator": frozenset({"north", "lift", "fresh_north"}),
    "other_coordinator": frozenset({"south", "fresh_south"}),
    "property_manager": frozenset({"north"}),
    "manager": ALL,
}
HANDLES: Final = COORDINATES | {"worker": frozenset({"north"}), "other_worker": frozenset({"lift"})}
READS: Final = OWNS | HANDLES | {"auditor": ALL}

BY_OWNER: Final = {Step.WITHDRAW}
BY_HANDLER: Final = {Step.ACCEPT, Step.RETURN, Step.START, Step.PAUSE, Step.RESUME, Step.RESOLVE}
BY_COORDINATOR: Final = {Step.TRIAGE, Step.DISPATCH, Step.REJECT, Step.CLOSE}
BY_OWNER_OR_COORDINATOR: Final = {Step.VERIFY, Step.REFUTE, Step.REOPEN}


def may_step(key: str, step: Step) -> frozenset[str]:
    """Say by name with which requests somebody may take a step."""
    owned, coordinated = OWNS.get(key, NOTHING), COORDINATES.get(key, NOTHING)
    if step in BY_OWNER:
        return owned
    if step in BY_HANDLER:
        return HANDLES.get(key, NOTHING)
    return coordinated | owned if step in BY_OWNER_OR_COORDINATOR else coordinated


@dataclass(frozen=True)
class Furnished:
    """A small town with requests in its corners."""

    small: SmallTown
    requests: dict[str, UUID]

    def someone(self, key: str) -> Actor:
        """Return somebody of the town; "nobody" is not signed in."""
        return ANYONE if key == "nobody" else self.small.actor(key)

    def names(self, ids: Any) -> frozenset[str]:
        """Return the names of requests; a stranger among them keeps its identifier."""
        known = {request_id: name for name, request_id in self.requests.items()}
        return frozenset(known.get(request_id, str(request_id)) for request_id in ids)


@pytest.fixture
def towns() -> tuple[Furnished, Furnished]:
    return _furnished("east"), _furnished("west")


def _furnished(slug: str) -> Furnished:
    small, made = small_town(slug), {}
    for name, (reporter, words, dispatch) in REQUESTS.items():
        contact = {"contact_name": f"secret of {slug}", "contact_phone": "13800000000"}
        made[name] = small.report(reporter, description=f"secret of {slug} {name}", **contact, **words).id
        if dispatch is not None:
            coordinator, party = dispatch
            small.step(made[name], "triage", coordinator)
            small.step(made[name], "dispatch", coordinator, party_id=small.parties[party])
    return Furnished(small, made)


EVERYBODY: Final = (*PEOPLE, "nobody")


def readable(actor: Actor, request_id: UUID, town: SmallTown) -> bool:
    try:
        queries.readable(actor, request_id, town=town.town)
    except NotFound:
        return False
    return True


def listed(actor: Actor, town: SmallTown, *, verb: str = "service_requests.read") -> list[queries.Row]:
    return list(queries.listed(actor, queries.Filter(), town=town.town, at=NOW, size=100, verb=verb).rows)


def test_everybody_reads_and_lists_their_own_part_of_the_town_and_no_other(towns: tuple[Furnished, Furnished]) -> None:
    counts: Counter[str] = Counter()
    for here, there in (towns, towns[::-1]):
        with here.small.scope():
            for key in EVERYBODY:
                actor, expected = here.someone(key), READS.get(key, NOTHING)
                read = {name for name, request_id in here.requests.items() if readable(actor, request_id, here.small)}
                foreign = [name for name, other in there.requests.items() if readable(actor, other, here.small)]
                rows = listed(actor, here.small)

                assert read == expected, key
                assert here.names(row.id for row in rows) == expected, key
                assert sum(queries.n_by_status(actor, town=here.small.town).values()) == len(expected), key
                assert not foreign, key
                counts += Counter(allowed=len(read), refused=len(ALL) - len(read), refused_elsewhere=len(ALL))

    print(dict(counts))
    assert counts["allowed"] == 2 * sum(len(names) for names in READS.values()) > 40
    assert counts["refused"] > 60 and counts["refused_elsewhere"] == 2 * len(EVERYBODY) * len(ALL)


def test_a_role_in_one_town_is_nothing_in_another(towns: tuple[Furnished, Furnished]) -> None:
    here, there = towns
    for key in PEOPLE:
        visitor = account_queries.actor_of(here.small.accounts[key], town_id=there.small.town.id, channel=Channel.WEB)
        with there.small.scope():
            assert visitor.grants == ()
            assert listed(visitor, there.small) == []
            assert not any(readable(visitor, request_id, there.small) for request_id in there.requests.values())
    with there.small.scope():
        assert len(listed(there.someone("manager"), there.small)) == len(ALL), "the control: the manager of there"


def test_everybody_sees_the_public_part_and_no_words(towns: tuple[Furnished, Furnished]) -> None:
    here, _ = towns
    with here.small.scope():
        for key in EVERYBODY:
            rows = listed(here.someone(key), here.small, verb="service_requests.read_public")
            assert here.names(row.id for row in rows) == ALL, key
            assert not any(row.description or row.address for row in rows), key
        own = listed(here.someone("manager"), here.small)
        assert all("secret of east" in row.description for row in own), "the control: words are there"


def attempt(deed: Callable[[], object]) -> str:
    """Return how an attempt ends: allowed (done, or refused for its state or words), hidden, forbidden or sign_in."""
    try:
        with transaction.atomic():
            deed()
            transaction.set_rollback(True)
    except NotFound as refused:
        return "hidden" if refused.facts["what"] == "service request" else "allowed"
    except Forbidden as refused:
        return "forbidden" if type(refused) is Forbidden else "allowed"
    except SignInNeeded:
        return "sign_in"
    except BanyanError:
        return "allowed"
    return "allowed"


def test_every_step_is_taken_by_whom_it_is_for_and_by_nobody_else(towns: tuple[Furnished, Furnished]) -> None:
    here, there = towns
    outcomes: Counter[str] = Counter()
    with here.small.scope():
        n_entries = Entry.objects.count()
        for key, name, step, is_foreign in _attempts():
            actor = here.someone(key)
            request_id = (there if is_foreign else here).requests[name]
            outcome = attempt(lambda a=actor, r=request_id, s=step: _take(here, a, r, s))
            is_read = not is_foreign and name in READS.get(key, NOTHING)
            allowed = not is_foreign and name in may_step(key, step)
            assert outcome == ("allowed" if allowed else "forbidden" if is_read else "hidden"), (key, name, step)
            outcomes[f"{outcome}{' elsewhere' if is_foreign else ''}"] += 1
        assert Entry.objects.count() == n_entries, "what was refused or rolled back left no trace"

    print(dict(outcomes))
    assert outcomes["hidden elsewhere"] == len(EVERYBODY) * len(Step) * 2
    assert min(outcomes["allowed"], outcomes["forbidden"], outcomes["hidden"]) > 90


def _attempts() -> Iterator[tuple[str, str, Step, bool]]:
    for key in EVERYBODY:
        for step in Step:
            yield from ((key, name, step, False) for name in REQUESTS)
            yield from ((key, name, step, True) for name in ("north", "fresh_north"))


def _take(here: Furnished, actor: Actor, request_id: UUID, step: Step) -> object:
    words = Wanted(reason="x") if step in (Step.RETURN, Step.REJECT) else Wanted()
    return actions.take_step(
        actor=actor, town=here.small.town, service_request_id=request_id, step=step, at=NOW, wanted=words
    )


def test_the_steps_offered_are_those_that_may_be_taken(towns: tuple[Furnished, Furnished]) -> None:
    here, _ = towns
    n_offered = 0
    with here.small.scope():
        for key in EVERYBODY:
            for name, request_id in here.requests.items():
                request = ServiceRequest.objects.get(id=request_id)
                offered = queries.steps_for(here.someone(key), request, town=here.small.town)
                taken = [step for step in STEPS[request.status] if step not in OWN_ACTIONS]
                assert offered == [step for step in taken if name in may_step(key, step)], (key, name)
                n_offered += len(offered)

    assert n_offered > 30


WORDS: Final[dict[str, dict[str, frozenset[str]]]] = {
    "comment": {key: OWNS.get(key, NOTHING) | HANDLES.get(key, NOTHING) for key in EVERYBODY},
    "comment_internal": HANDLES,
    "read_contact": HANDLES,
    "rate": OWNS,
    "add_photos": {key: OWNS.get(key, NOTHING) | HANDLES.get(key, NOTHING) for key in EVERYBODY},
}


def _deeds(here: Furnished, actor: Actor, request_id: UUID) -> dict[str, Callable[[], object]]:
    same = {"actor": actor, "town": here.small.town, "service_request_id": request_id, "at": NOW}
    return {
        "comment": lambda: actions.comment(**same, text="x"),
        "comment_internal": lambda: actions.comment(**same, text="x", is_internal=True),
        "read_contact": lambda: actions.read_contact(**same, reason="a test"),
        "rate": lambda: actions.rate(**same, rating=5),
        "add_photos": lambda: actions.add_photos(**same, photos=[_pixel()], moment="during"),
    }


def _pixel() -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    return out.getvalue()


def test_words_photos_and_contacts_are_for_those_they_are_for(towns: tuple[Furnished, Furnished]) -> None:
    here, there = towns
    allowed: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    with here.small.scope():
        for key in EVERYBODY:
            for name in REQUESTS:
                for deed, act in _deeds(here, here.someone(key), here.requests[name]).items():
                    is_allowed = name in WORDS[deed].get(key, NOTHING)
                    outcome = attempt(act)
                    assert (outcome == "allowed") is is_allowed, (key, name, deed, outcome)
                    (allowed if is_allowed else refused)[deed] += 1
            for deed, act in _deeds(here, here.someone(key), there.requests["north"]).items():
                assert attempt(act) == "hidden", (key, deed)
        assert not Comment.objects.exists()

    print("allowed", dict(allowed), "refused", dict(refused))
    assert set(allowed) == set(refused) == set(WORDS)


def test_internal_words_are_read_by_the_staff_concerned_only(towns: tuple[Furnished, Furnished]) -> None:
    here, _ = towns
    readers = HANDLES | {"auditor": ALL}
    with here.small.scope():
        for key in EVERYBODY:
            actor = here.someone(key)
            for name, request_id in here.requests.items():
                subject = queries.subject_of(ServiceRequest.objects.get(id=request_id), town=here.small.town)
                may = guard.may(actor, "service_requests.read_internal", subject=subject)
                assert may is (name in readers.get(key, NOTHING)), (key, name)


def test_who_knows_the_number_is_as_the_reporter_and_only_for_that_request(towns: tuple[Furnished, Furnished]) -> None:
    here, there = towns
    bearer = replace(ANYONE, bearer_of=frozenset({here.requests["north"]}))

    with here.small.scope():
        read = {name for name, request_id in here.requests.items() if readable(bearer, request_id, here.small)}
        outcome = attempt(lambda: _take(here, bearer, here.requests["north"], Step.WITHDRAW))
        refused = attempt(lambda: _take(here, bearer, here.requests["north"], Step.TRIAGE))
    with there.small.scope():
        elsewhere = attempt(lambda: _take(there, bearer, here.requests["north"], Step.WITHDRAW))

    assert read == {"north"}
    assert (outcome, refused, elsewhere) == ("allowed", "sign_in", "hidden")


def test_a_role_that_ends_is_gone_at_the_next_question(towns: tuple[Furnished, Furnished]) -> None:
    here, _ = towns
    with here.small.scope():
        assert len(listed(here.someone("coordinator"), here.small)) == 3
        held = account_queries.members(town_id=here.small.town.id, role=Role.COORDINATOR)
        ended = next(member for member in held if member.account_id == here.small.accounts["coordinator"])

        accounts.end_role(actor=FOUNDER, membership_id=ended.membership_id, at=NOW)

        assert listed(here.someone("coordinator"), here.small) == []
        assert len(listed(here.someone("other_coordinator"), here.small)) == 2


def test_history_of_one_town_is_not_told_in_another(towns: tuple[Furnished, Furnished]) -> None:
    here, there = towns
    subject = ("service_request", here.requests["north"])
    with there.small.scope():
        assert audit.timeline(subject) == audit.timelines([subject]) == audit.chain(subject) == []
    with here.small.scope():
        assert len(audit.timeline(subject)) == 3


def test_a_list_is_what_covering_says_one_by_one(towns: tuple[Furnished, Furnished]) -> None:
    """The filter of a list and the question for one record are two writings of one rule: they always agree."""
    here, _ = towns
    random = Random(20260318)
    verbs = [verb for verb in MAY if verb.startswith("service_requests.")]
    n_inside = n_outside = 0
    with here.small.scope():
        _scatter(here, random)
        rows = list(ServiceRequest.objects.all())
        subjects = {row.id: queries.subject_of(row, town=here.small.town) for row in rows}
        for _ in range(400):
            actor, verb = _anybody(here, random), random.choice(verbs)
            reached = guard.reach(actor, verb)

            inside = set(queries.within(reached, town=here.small.town).values_list("id", flat=True))

            covered = {row.id for row in rows if reached.covers(subjects[row.id])}
            assert inside == covered, (actor, verb)
            assert all(guard.may(actor, verb, subject=subjects[each]) for each in inside)
            n_inside, n_outside = n_inside + len(inside), n_outside + len(rows) - len(inside)

    print(f"{n_inside} reached, {n_outside} not")
    assert min(n_inside, n_outside) > 1000


def _scatter(here: Furnished, random: Random) -> None:
    """Give the town more requests, with every mixture of place and party."""
    places = [place.id for place in _tree(here).places if place.level != "building"]
    for reporter in ("resident", "neighbour", "worker") * 5:
        request_id = here.small.report(reporter).id
        ServiceRequest.objects.filter(id=request_id).update(
            place_id=random.choice([None, *places]),
            party_id=random.choice([None, *here.small.parties.values()]),
            reporter_account_id=random.choice([None, here.small.accounts[reporter]]),
        )


def _tree(here: Furnished) -> Any:
    from banyan.apps.territory import queries as territory

    return territory.tree(here.small.town)


def _anybody(here: Furnished, random: Random) -> Actor:
    """Make an actor with any mixture of grants, known numbers and account."""
    paths = ["", *(place.path for place in _tree(here).places)]
    parties = [None, *here.small.parties.values(), uuid4()]
    grants = tuple(
        Grant(random.choice(list(Role)), random.choice(paths), random.choice(parties))
        for _ in range(random.randrange(4))
    )
    known = random.sample(list(here.requests.values()), random.randrange(3))
    account = random.choice([None, uuid4(), *here.small.accounts.values()])
    return Actor(account_id=account, grants=grants, bearer_of=frozenset([*known, uuid4()]))


RULES_THE_TOWN: Final = (
    *("service_requests.import", "service_requests.edit_catalogue", "territory.edit", "parties.edit"),
    *("accounts.edit_roles", "accounts.read_roles", "audit.read", "audit.verify"),
)


@pytest.mark.parametrize("verb", RULES_THE_TOWN)
def test_who_manages_a_part_of_the_town_does_not_rule_the_whole(verb: str) -> None:
    whole = Grant(Role.MANAGER)
    parts = [Grant(Role.MANAGER, "north/"), Grant(Role.MANAGER, "", uuid4()), Grant(Role.MANAGER, "north/", uuid4())]

    assert guard.may(Actor(account_id=uuid4(), grants=(whole,)), verb, subject=guard.Subject())
    for part in parts:
        assert not guard.may(Actor(account_id=uuid4(), grants=(part,)), verb, subject=guard.Subject())


def test_the_manager_of_a_community_makes_nobody_manager_of_the_town(towns: tuple[Furnished, Furnished]) -> None:
    held = towns[0].small
    part = Actor(account_id=held.accounts["coordinator"], grants=(Grant(Role.MANAGER, "north/"),))
    words = {"town": held.town, "account_id": held.accounts["coordinator"], "role": "manager", "at": NOW}

    with held.scope():
        with pytest.raises(Forbidden):
            accounts.grant(actor=part, **words)
        assert accounts.grant(actor=held.actor("manager"), **words).role == "manager"


def test_every_verb_of_the_policy_names_roles_and_distances_that_exist() -> None:
    assert len(MAY) > 30
    for verb, table in MAY.items():
        assert set(table) <= set(Role), verb
        assert set(table.values()) <= set(Near), verb
    with pytest.raises(KeyError):
        guard.reach(ANYONE, "service_requests.no_such_verb")


def test_a_scope_is_closed_when_nobody_opened_it() -> None:
    assert scopes.town_in_scope() is None
