"""A step whose form is wrong in several places: every place is named at once, and nothing has changed."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from banyan.apps.audit.models import Entry
from banyan.apps.service_requests.models import ServiceRequest
from banyan.base.errors import InvalidInput
from tests.towns import SmallTown


def refused(town: SmallTown, step: str, *, until: str = "", **words: Any) -> set[tuple[str, str]]:
    """Return every problem that is told; nothing may have been stored."""
    made = town.report()
    if until:
        town.walk(made.id, until=until)
    with town.scope():
        before = vars(ServiceRequest.objects.get(id=made.id)) | {"_state": None}, Entry.objects.count()
    with pytest.raises(InvalidInput) as error:
        town.step(made.id, step, "coordinator", **words)
    with town.scope():
        assert (vars(ServiceRequest.objects.get(id=made.id)) | {"_state": None}, Entry.objects.count()) == before
    return {(problem.where, problem.code) for problem in error.value.problems}


def test_a_dispatch_with_four_things_wrong_names_all_four(small_town: SmallTown):
    words = {"party_id": uuid4(), "handler_account_id": small_town.accounts["resident"], "urgency": "soonish"}

    found = refused(small_town, "dispatch", until="triaged", remedy="x", **words)

    assert found == {
        ("party_id", "unknown"),
        ("handler_account_id", "unknown"),
        ("urgency", "not_taken"),
        ("urgency", "unknown"),
        ("remedy", "not_taken"),
    }


def test_a_handler_of_another_party_and_an_unknown_way_are_named_together(small_town: SmallTown):
    words = {"party_id": small_town.parties["great_property"], "way": "lottery", "reason": "\x00"}

    found = refused(
        small_town, "dispatch", until="triaged", handler_account_id=small_town.accounts["other_worker"], **words
    )

    assert found == {("way", "unknown"), ("handler_account_id", "unknown"), ("reason", "not_text")}


def test_a_triage_with_four_things_wrong_names_all_four(small_town: SmallTown):
    words = {"service_code": "dragons", "urgency": "soonish", "party_id": uuid4(), "public_text": "x" * 4001}

    found = refused(small_town, "triage", is_text_public=True, **words)

    assert found == {
        ("service_code", "unknown"),
        ("urgency", "unknown"),
        ("party_id", "not_taken"),
        ("public_text", "too_long"),
    }


def test_nobody_takes_turns_in_a_party_that_is_not_there(small_town: SmallTown):
    found = refused(small_town, "dispatch", until="triaged", party_id=uuid4(), way="round_robin")

    assert found == {("party_id", "unknown")}
