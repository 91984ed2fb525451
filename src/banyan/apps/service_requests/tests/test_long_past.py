"""Lists of a town with a long past: each page begins in an index where it has to, whatever lies before it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from banyan.apps.service_requests import queries
from banyan.apps.service_requests.queries import Filter
from tests.towns import NOW, SmallTown

pytestmark = pytest.mark.django_db


def _plan(town: SmallTown, wanted: Filter, *, cursor: str = "") -> str:
    """Return how the database means to read a list of the manager; a small table is read as a large one would be."""
    with town.scope(), CaptureQueriesContext(connection) as captured:
        queries.listed(town.actor("manager"), wanted, town=town.town, at=NOW, size=2, cursor=cursor)
    (sql,) = [query["sql"] for query in captured.captured_queries if "service_requests_servicerequest" in query["sql"]]
    with town.scope(), connection.cursor() as asked:
        if connection.vendor == "postgresql":
            asked.execute("SET LOCAL enable_seqscan = off")
            asked.execute("SET LOCAL enable_bitmapscan = off")
            asked.execute("SET LOCAL enable_sort = off")
        asked.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{sql}")
        return "\n".join(str(row[-1]) for row in asked.fetchall())


def _second_page(town: SmallTown) -> str:
    for n in range(6):
        town.report(at=NOW - timedelta(hours=n))
    with town.scope():
        page = queries.listed(town.actor("manager"), Filter(), town=town.town, at=NOW, size=2)
    return page.next_cursor


def test_a_page_deep_in_the_past_begins_in_the_index(small_town):
    cursor = _second_page(small_town)

    plan = _plan(small_town, Filter(), cursor=cursor)

    bound = "requested_at<?" if connection.vendor == "sqlite" else "requested_at <= "
    assert "requests_newest" in plan and bound in plan, plan


def test_a_list_by_clock_reads_no_clock_that_has_stopped(small_town):
    small_town.report(at=NOW)

    plan = _plan(small_town, Filter(order="clock"))

    assert "requests_by_running_clock" in plan, plan
