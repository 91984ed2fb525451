"""Supervision tickets by hand: raised by who stands above, answered once by those who handle."""

from __future__ import annotations

from uuid import UUID

import pytest

from banyan.apps.audit import queries as audit
from banyan.apps.service_requests import actions
from banyan.apps.service_requests.errors import AlreadyAnswered
from banyan.apps.service_requests.models import Supervision
from banyan.base.errors import Forbidden, InvalidInput, NotFound
from tests.towns import NOW, SmallTown

pytestmark = pytest.mark.django_db(transaction=True)


def verbs(town: SmallTown, request_id: UUID) -> list[str]:
    with town.scope():
        return [one.verb.removeprefix("service_requests.") for one in audit.timeline(("service_request", request_id))]


def supervise(town: SmallTown, request_id: UUID, key: str = "coordinator", words: str = "请说明进展") -> Supervision:
    with town.scope():
        return actions.supervise(
            actor=town.actor(key), town=town.town, service_request_id=request_id, words=words, at=NOW
        )


def answer(town: SmallTown, ticket: Supervision, key: str = "worker", words: str = "明天修好") -> Supervision:
    with town.scope():
        return actions.answer_supervision(
            actor=town.actor(key), town=town.town, supervision_id=ticket.id, words=words, at=NOW
        )


def test_a_ticket_by_hand_is_answered_once_by_those_who_handle(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="dispatched")
    ticket = supervise(small_town, made.id)

    with pytest.raises(NotFound):
        answer(small_town, ticket, "other_worker")
    answered = answer(small_town, ticket)
    with pytest.raises(AlreadyAnswered):
        answer(small_town, ticket, "coordinator")

    assert answered.answer == "明天修好" and verbs(small_town, made.id)[-2:] == ["supervised", "supervision_answered"]


@pytest.mark.parametrize(("key", "error"), [("worker", Forbidden), ("resident", Forbidden), ("neighbour", NotFound)])
def test_only_who_stands_above_supervises(small_town: SmallTown, key: str, error: type[Exception]):
    made = small_town.report()
    small_town.walk(made.id, until="dispatched")

    with pytest.raises(error):
        supervise(small_town, made.id, key)
    with pytest.raises(InvalidInput):
        supervise(small_town, made.id, words=" ")
