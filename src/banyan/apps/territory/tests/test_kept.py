"""What a process keeps in memory is what the database holds, after rollbacks and beside other writers too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from django.db import transaction

from banyan.apps.territory import actions, queries
from banyan.apps.territory.models import Town
from tests.towns import FOUNDER, NOW, SmallTown

pytestmark = pytest.mark.django_db(transaction=True)


def _seen(small: SmallTown) -> str:
    """Return the English name of the north as the next request sees it."""
    town = queries.town_by_id(small.town.id)
    return queries.tree(town).by_code["north"].name_en


def _rename(small: SmallTown, name: str, *, town: Town | None = None) -> None:
    place = actions.NewPlace(code="north", level="community", name_zh="北", name_en=name)
    actions.lay_out(actor=FOUNDER, town=town or queries.town_by_id(small.town.id), places=[place], at=NOW)


def test_a_change_is_seen_in_its_own_transaction_and_by_the_next_request(small_town: SmallTown) -> None:
    with small_town.scope():
        before = _seen(small_town)
        with transaction.atomic():
            _rename(small_town, "Hill")
            inside = _seen(small_town)
        after = _seen(small_town)

    assert before != "Hill"
    assert (inside, after) == ("Hill", "Hill")


@pytest.mark.parametrize("savepoint", [False, True])
def test_what_was_read_before_a_rollback_is_forgotten_with_it(small_town: SmallTown, savepoint: bool) -> None:
    with small_town.scope():
        before = _seen(small_town)
        with transaction.atomic():
            with transaction.atomic():
                _rename(small_town, "Never")
                assert _seen(small_town) == "Never"
                transaction.set_rollback(True)
            transaction.set_rollback(not savepoint)
        # The next change takes the number that the rolled-back one had.
        actions.draw(actor=FOUNDER, town=queries.town_by_id(small_town.town.id), features=[], at=NOW)
        assert _seen(small_town) == before


def test_a_calendar_changed_by_another_is_not_kept_in_its_old_form(small_town: SmallTown) -> None:
    with small_town.scope():
        mine, other = queries.town_by_id(small_town.town.id), queries.town_by_id(small_town.town.id)
        day = {"on": "2026-03-20", "hours": [], "reason": "停电"}
        changed = {**other.calendar, "overrides": [day]}
        actions.keep_calendar(actor=FOUNDER, town=other, calendar=changed, at=NOW)
        actions.draw(actor=FOUNDER, town=mine, features=[], at=NOW)
        queries.calendar(mine)

        seen = queries.calendar(queries.town_by_id(small_town.town.id)).to_json()

    assert [one["on"] for one in seen["overrides"]] == ["2026-03-20"]


def test_threads_share_what_is_kept_while_the_oldest_is_forgotten() -> None:
    kept = queries.Kept()
    towns = [cast("Town", SimpleNamespace(id=uuid4(), edition=1)) for _ in range(400)]

    def read(n: int) -> list[Any]:
        return [kept.get("name", town=town, make=lambda one=town: one.id) for town in towns[n:] + towns[:n]]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(read, range(0, 400, 50)))

    assert [set(ids) for ids in found] == [{town.id for town in towns}] * 8
