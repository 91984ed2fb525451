"""What accounts do by themselves from time to time."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone

from banyan.apps.accounts import actions
from banyan.kit import scopes
from banyan.kit.rows import town_rows

#: How long the answer to a write is kept for a repeat: a phone may be without network over a weekend.
KEPT: Final = timedelta(days=3)


def forget_answers() -> None:
    """Forget the stored answers of every town that are older than `KEPT`: no copy of what people wrote outlives it."""
    before = timezone.now() - KEPT
    for town_id in town_rows().values_list("id", flat=True):
        with scopes.town(town_id):
            actions.forget_answers(before=before)
