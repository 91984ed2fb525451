"""Sealing: every committed entry gets one place, whoever else is writing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from random import Random
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from banyan.apps.audit import actions, queries, rules, tasks
from banyan.apps.audit.actions import sealing
from banyan.apps.audit.models import Checkpoint, Entry, Seal
from banyan.apps.audit.tests.histories import CLERK, MORNING, a_town, lived_in, written
from banyan.apps.matters.models import Matter
from banyan.apps.territory.queries import Town
from banyan.base.ids import uuid7
from banyan.kit import scopes

N_WRITERS = 20
N_ENTRIES_EACH = 6


def write(n: int) -> list[UUID]:
    """Write entries on records of their own and return their identifiers."""
    return [
        actions.record(actor=CLERK, verb="x.y", subject=("thing", uuid4()), at=MORNING, is_first=True).id
        for _ in range(n)
    ]


@pytest.mark.django_db
def test_entries_get_places_in_the_order_of_their_making() -> None:
    with scopes.town(a_town("sealed").id):
        made = write(3)
        first = actions.seal(at=MORNING)
        made += write(2)
        second = actions.seal(at=MORNING + timedelta(minutes=1))

        assert [(first.n_entries, first.n_checkpoints), (second.n_entries, second.n_checkpoints)] == [(3, 1), (2, 1)]
        assert list(Seal.objects.order_by("position").values_list("entry_id", "position")) == [
            (entry_id, place) for place, entry_id in enumerate(made)
        ]
        assert list(Checkpoint.objects.order_by("number").values_list("number", "length")) == [(1, 3), (2, 5)]


@pytest.mark.django_db
def test_sealing_when_nothing_happened_makes_no_checkpoint() -> None:
    with scopes.town(a_town("quiet").id):
        assert actions.seal(at=MORNING).n_checkpoints == 0
        write(1)
        actions.seal(at=MORNING)

        assert actions.seal(at=MORNING, sweep=True).n_checkpoints == 0
        assert Checkpoint.objects.count() == 1


@pytest.mark.django_db
def test_a_long_backlog_is_sealed_in_several_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "LARGEST_CHECKPOINT", 3)
    with scopes.town(a_town("backlog").id):
        write(8)

        sealed = actions.seal(at=MORNING)

        assert (sealed.n_entries, sealed.n_checkpoints) == (8, 3)
        assert queries.verify().is_clean


@pytest.mark.django_db
def test_an_entry_committed_hours_late_is_sealed_by_the_sweep() -> None:
    with scopes.town(a_town("late").id):
        write(1)
        actions.seal(at=timezone.now())
        late = Entry.objects.get()
        late.pk = uuid7(timezone.now() - 2 * sealing.SLOWEST_WRITER)
        late.subject_id = uuid4()
        late.hash = rules.Written(**{name: getattr(late, name) for name in rules.Written.__slots__}).hash()
        late.save(force_insert=True)

        assert actions.seal(at=timezone.now()).n_entries == 0
        assert queries.verify().n_unsealed == 1
        assert actions.seal(at=timezone.now(), sweep=True).n_entries == 1
        assert queries.verify().n_unsealed == 0


@pytest.mark.django_db
def test_an_entry_is_proved_from_the_checkpoint_alone() -> None:
    town = a_town("proved")
    lived_in(town, Random(1))
    with scopes.town(town.id):
        kept = queries.newest_checkpoint()
        entry_ids = list(Entry.objects.values_list("id", flat=True))
        proofs = [queries.proof(entry_id) for entry_id in entry_ids]

    assert len(proofs) > 20
    assert kept is not None and all(proof.leads_to(kept.merkle_root) for proof in proofs)
    assert not any(proof.leads_to("00" * 32) for proof in proofs)


@pytest.mark.django_db
def test_the_job_seals_every_town() -> None:
    towns = [a_town("east"), a_town("west")]
    for town in towns:
        with scopes.town(town.id):
            write(2)

    tasks.seal_towns()

    for town in towns:
        with scopes.town(town.id):
            assert queries.verify().n_sealed == 2


@pytest.mark.django_db(transaction=True)
def test_twenty_writers_and_two_sealers_leave_one_clean_history() -> None:
    """Each writer appends to a record of its own and to one that all share; transactions last and end out of order."""
    town = a_town("busy")
    with scopes.town(town.id):
        shared = Matter.objects.create(opened_at=MORNING, origin_type="need", origin_id=uuid4()).id
    failed: list[BaseException] = []
    still_writing = threading.Event()

    def writer(number: int) -> None:
        random, own = Random(number), uuid4()
        for turn in range(N_ENTRIES_EACH):
            with scopes.town(town.id), transaction.atomic():
                if turn % 2:
                    Matter.objects.select_for_update().get(id=shared)
                    written(("matter", shared), random, at=MORNING, people=[uuid4(), uuid4()])
                else:
                    written(("person", own), random, at=MORNING, people=[uuid4(), uuid4()])
                if connection.vendor == "postgresql":
                    time.sleep(random.random() / 50)

    def sealer() -> None:
        while not still_writing.wait(0.01):
            with scopes.town(town.id):
                actions.seal(at=timezone.now())

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failed.append(error)
        finally:
            connection.close()

    writers = [threading.Thread(target=guarded, args=[lambda n=n: writer(n)]) for n in range(N_WRITERS)]
    sealers = [threading.Thread(target=guarded, args=[sealer]) for _ in range(2)]
    for thread in (*sealers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    still_writing.set()
    for thread in sealers:
        thread.join()

    assert not failed
    with scopes.town(town.id):
        n_while_writing = Checkpoint.objects.count()
        actions.seal(at=timezone.now())
        findings = queries.verify()
    assert findings.is_clean, findings.found
    assert findings.n_entries == findings.n_sealed == N_WRITERS * N_ENTRIES_EACH
    assert findings.n_unsealed == 0
    assert findings.n_chains == N_WRITERS + 1
    assert n_while_writing > 1
    print(f"{findings.n_entries} entries of {N_WRITERS} writers under {findings.n_checkpoints} checkpoints")


@pytest.mark.django_db
def test_towns_are_sealed_apart() -> None:
    one, two = a_town("one"), a_town("two")
    for town in (one, two):
        lived_in(town, Random(3), n_checkpoints=2)

    heads = []
    for town in (one, two):
        with scopes.town(town.id):
            findings = queries.verify()
            assert findings.is_clean
            heads.append(findings.newest.head)

    assert heads[0] != heads[1]
    assert Town.objects.count() == 2
