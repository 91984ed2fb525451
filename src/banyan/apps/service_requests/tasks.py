"""What the job queue does with the words of requests; `actions/watching.py` has what a town does by itself."""

from __future__ import annotations

import logging
from typing import Final
from uuid import UUID

from django.db import Error
from django.utils import timezone

from banyan.apps.service_requests import actions
from banyan.apps.territory import queries as territory
from banyan.kit import scopes
from banyan.kit.guard import Actor, Channel
from banyan.kit.rows import town_rows

_log = logging.getLogger(__name__)
#: Nobody in particular: what the house does by itself.
_HOUSE: Final = Actor(channel=Channel.TASK)
_FORGOTTEN_AT_ONCE: Final = 100


def forget_words() -> None:
    """Forget the words, photos and contacts whose time is over, in every town; runs every day.

    Each request is a transaction of its own, so what is done is done when the worker dies.
    """
    failed: list[UUID] = []
    for town_id in town_rows().values_list("id", flat=True):
        try:
            while _forgotten_in(town_id):
                pass
        except Error:
            _log.exception("The words of town %s could not be forgotten.", town_id)
            failed.append(town_id)
    if failed:
        raise RuntimeError(f"The words of {len(failed)} towns could not be forgotten; the log names them.")


def _forgotten_in(town_id: UUID) -> int:
    """Forget a batch of a town and return how many it was."""
    at = timezone.now()
    with scopes.town(town_id):
        town = territory.town_by_id(town_id)
        due = actions.due_for_forgetting(town=town, at=at, limit=_FORGOTTEN_AT_ONCE)
    for service_request_id in due:
        with scopes.town(town_id):
            actions.forget(actor=_HOUSE, town=town, service_request_id=service_request_id, at=at, only_if_due=True)
    return len(due)
