"""The sealing job, for every town of this database."""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from django.db import Error
from django.utils import timezone

from banyan.apps.audit.actions import seal
from banyan.kit import scopes
from banyan.kit.rows import town_rows

_log = logging.getLogger(__name__)


def seal_towns() -> None:
    """Seal what was committed since about the last checkpoint, in every town; runs every minute."""
    _seal_each(at=timezone.now(), sweep=False)


def sweep_towns() -> None:
    """Seal also what took its writer longer than `actions.sealing.SLOWEST_WRITER`; runs every hour."""
    _seal_each(at=timezone.now(), sweep=True)


def _seal_each(*, at: datetime, sweep: bool) -> None:
    failed: list[UUID] = []
    for town_id in town_rows().values_list("id", flat=True):
        try:
            with scopes.town(town_id):
                seal(at=at, sweep=sweep)
        except Error:
            # One town's damaged history must not keep the others unsealed.
            _log.exception("The history of town %s could not be sealed.", town_id)
            failed.append(town_id)
    if failed:
        raise RuntimeError(f"{len(failed)} towns could not be sealed; the log names them.")
