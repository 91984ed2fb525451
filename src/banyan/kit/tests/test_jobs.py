"""Jobs belong to the transaction of their writer, and what runs every so often is written down once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django_q.models import OrmQ, Schedule
from django_q.scheduler import scheduler

from banyan.apps.audit import queries as audit
from banyan.apps.notices.models import Notice
from banyan.faces import wiring
from banyan.kit import facts, jobs
from tests.towns import NOW, small_town


class Regret(Exception):
    """The writer changes its mind."""


@pytest.mark.django_db(transaction=True)
def test_a_writer_that_is_rolled_back_leaves_no_task() -> None:
    town = small_town()
    assert not OrmQ.objects.exists()

    with pytest.raises(Regret), transaction.atomic():
        town.report()
        assert OrmQ.objects.count() == 1
        raise Regret

    assert not OrmQ.objects.exists()
    town.report()
    assert OrmQ.objects.count() == 1, "the control: a writer that commits leaves its task"


@pytest.mark.django_db
def test_the_same_news_delivered_three_times_is_told_once() -> None:
    town = small_town()
    town.report()
    task = OrmQ.objects.get().task

    for _ in range(3):
        jobs.run(*task["args"], **task["kwargs"])

    with town.scope():
        assert [told.account_id for told in Notice.objects.all()] == [town.accounts["coordinator"]]


@pytest.mark.django_db
def test_a_task_carries_identifiers_and_no_word_of_a_person() -> None:
    small_town().report(description="secret words", contact_name="王小明", contact_phone="13812345678")

    carried = str(OrmQ.objects.get().task)

    assert "ServiceRequestReceived" in carried
    assert not any(word in carried for word in ("secret words", "王小明", "13812345678"))


def test_what_is_replayed_from_the_past_is_no_news(db: None) -> None:
    town = small_town()
    with facts.quietly():
        town.report()
    assert not OrmQ.objects.exists()


@pytest.mark.django_db
def test_a_prepared_database_knows_what_runs_every_so_often() -> None:
    there = {row.func: row.minutes for row in Schedule.objects.all()}

    assert there == {every.path: every.minutes for every in wiring.SCHEDULES}
    assert there["banyan.apps.audit.tasks.seal_towns"] == 1


@pytest.mark.django_db
def test_writing_the_schedules_down_again_changes_nothing() -> None:
    before = list(Schedule.objects.order_by("pk").values())

    jobs.keep_running(wiring.SCHEDULES)

    assert list(Schedule.objects.order_by("pk").values()) == before != []


@pytest.mark.django_db
def test_a_schedule_that_is_no_longer_listed_ends_and_a_stranger_stays() -> None:
    Schedule.objects.create(name="of the operator", func="backup.run")
    changed = jobs.Every("Seal history", "banyan.apps.audit.tasks.seal_towns", minutes=5)

    jobs.keep_running([changed])

    held = {row.name: row.minutes for row in Schedule.objects.all()}
    assert held == {"of the operator": None, "Seal history": 5}


@pytest.mark.django_db(transaction=True)
def test_the_clockwork_seals_what_happened() -> None:
    town = small_town()
    OrmQ.objects.all().delete()
    Schedule.objects.update(next_run=NOW - timedelta(days=1))

    scheduler()
    due = [row.task["func"] for row in OrmQ.objects.order_by("pk")]
    for path in due:
        module, _, name = path.rpartition(".")
        getattr(__import__(module, fromlist=[name]), name)()

    assert "banyan.apps.audit.tasks.seal_towns" in due
    with town.scope():
        findings = audit.verify()
    assert findings.is_clean
    assert findings.n_sealed == findings.n_entries > 0
