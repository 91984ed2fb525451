"""Founding a town leaves its first entry in history."""

from __future__ import annotations

import pytest

from banyan.apps.audit import queries as audit
from banyan.apps.territory import actions
from banyan.base.errors import InvalidInput
from tests.towns import NOW, SmallTown

pytestmark = pytest.mark.django_db


def test_the_history_of_a_town_begins_with_its_founding(small_town: SmallTown):
    with small_town.scope():
        first = audit.timeline(("town", small_town.town.id))[0]

    assert (first.verb, first.at) == ("territory.founded", NOW)


def test_a_town_lies_in_a_region_laid_before():
    actions.lay_region(actions.NewRegion("44", "province", "广东省", "Guangdong"))
    region = actions.lay_region(actions.NewRegion("4401", "city", "广州市", "Guangzhou", parent_code="44"))

    assert region.parent is not None
    assert region.parent.code == "44"


def test_every_problem_of_a_region_is_listed():
    with pytest.raises(InvalidInput) as refused:
        actions.lay_region(actions.NewRegion("", "city", "", "Guangzhou", parent_code="nowhere"))

    assert [one.where for one in refused.value.problems] == ["code", "name_zh", "parent_code"]
