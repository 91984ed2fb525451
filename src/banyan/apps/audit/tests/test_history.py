"""Reading history, and erasing the words beside it."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from uuid import uuid4

import pytest

from banyan.apps.audit import actions, queries
from banyan.apps.audit.models import Disclosure, Entry
from banyan.apps.audit.tests.histories import CLERK, MORNING, a_town, lived_in
from banyan.base.errors import InvalidInput
from banyan.kit import scopes

pytestmark = pytest.mark.django_db


def test_a_timeline_tells_what_happened_in_order_with_its_words() -> None:
    subject = ("service_request", uuid4())
    with scopes.town(a_town("told").id):
        actions.record(actor=CLERK, verb="received", subject=subject, at=MORNING, personal={"text": "灯坏了"})
        actions.record(actor=CLERK, verb="triaged", subject=subject, at=MORNING, facts={"to": "triaged"})
        actions.record(actor=CLERK, verb="received", subject=("service_request", uuid4()), at=MORNING)

        told = queries.timeline(subject)

    assert [(moment.sequence, moment.verb, dict(moment.words)) for moment in told] == [
        (1, "received", {"text": "灯坏了"}),
        (2, "triaged", {}),
    ]
    assert told[0].role == "coordinator"


def test_one_thread_tells_of_several_records_in_the_order_of_time() -> None:
    need, vote = ("service_request", uuid4()), ("motion", uuid4())
    with scopes.town(a_town("thread").id):
        for minutes, subject in enumerate([need, vote, need, ("motion", uuid4()), vote]):
            at = MORNING + timedelta(minutes=minutes)
            actions.record(actor=CLERK, verb=f"step_{minutes}", subject=subject, at=at)

        thread = queries.timelines([need, vote])

        assert [(moment.verb, moment.subject) for moment in thread] == [
            ("step_0", need),
            ("step_1", vote),
            ("step_2", need),
            ("step_4", vote),
        ]
        assert queries.timelines([]) == []


def test_a_thread_is_read_in_two_statements_however_long(django_assert_num_queries: object) -> None:
    subjects = [("service_request", uuid4()) for _ in range(30)]
    with scopes.town(a_town("long").id):
        for subject in subjects:
            actions.record(actor=CLERK, verb="received", subject=subject, at=MORNING, personal={"text": "x"})

        with django_assert_num_queries(2):  # type: ignore[operator]
            assert len(queries.timelines(subjects)) == 30


def test_erased_words_are_gone_and_the_history_stays_whole() -> None:
    town, person, other = a_town("erased"), uuid4(), uuid4()
    lived_in(town, Random(2), n_checkpoints=1)
    subject = ("service_request", uuid4())
    with scopes.town(town.id):
        for who in (person, other):
            words = {"text": f"secret of {who}", "phone": "13812345678"}
            actions.record(actor=CLERK, verb="x", subject=subject, at=MORNING, personal=words, person_id=who)
        before = queries.verify()

        n = actions.erase_words(actor=CLERK, person_id=person, at=MORNING)
        actions.seal(at=MORNING)

        after = queries.verify()
        told = queries.timeline(subject)
        assert n == 2
        assert dict(told[0].words) == {"text": None, "phone": None}
        assert told[1].words["phone"] == "13812345678"
        assert not Disclosure.objects.filter(value__contains=str(person)).exists()
        assert not Disclosure.objects.filter(person_id=person).exists()
        assert before.is_clean and after.is_clean, after.found
        assert after.n_erased == before.n_erased + 2
        assert actions.erase_words(actor=CLERK, person_id=person, at=MORNING) == 0


def test_a_history_of_nothing_proves_nothing() -> None:
    with scopes.town(a_town("empty").id):
        findings = queries.verify()

    assert findings.is_empty
    assert not findings.is_clean


def test_a_checkpoint_of_another_town_is_refused() -> None:
    town, other = a_town("here"), a_town("there")
    for each in (town, other):
        lived_in(each, Random(4), n_checkpoints=1)
    with scopes.town(other.id):
        foreign = queries.newest_checkpoint()
    with scopes.town(town.id):
        own = queries.newest_checkpoint()
        with pytest.raises(InvalidInput, match="another town"):
            queries.verify(outside=foreign)
        assert queries.verify(outside=own).is_clean


def test_verification_holds_few_rows_in_memory_however_long_the_history(django_assert_max_num_queries: object) -> None:
    """Chunks of 500: a history three times as long costs a few more statements, not one for each entry."""
    with scopes.town(a_town("deep").id):
        actions.record_first([actions.First(CLERK, "x.y", ("thing", uuid4()), MORNING, {"n": n}) for n in range(1600)])
        actions.seal(at=MORNING)
        with django_assert_max_num_queries(20):  # type: ignore[operator]
            findings = queries.verify()

        assert findings.is_clean
        assert findings.n_entries == Entry.objects.count() == 1600
