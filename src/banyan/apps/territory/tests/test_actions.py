"""Founding a town leaves its first entry in history."""

from __future__ import annotations

import pytest

from banyan.apps.audit import queries as audit
from tests.towns import NOW, SmallTown

pytestmark = pytest.mark.django_db


def test_the_history_of_a_town_begins_with_its_founding(small_town: SmallTown):
    with small_town.scope():
        first = audit.timeline(("town", small_town.town.id))[0]

    assert (first.verb, first.at) == ("territory.founded", NOW)
