"""How many SQL statements something costs, without those that open a transaction or set the scope of a town."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import connection
from django.test.utils import CaptureQueriesContext

#: What a scope, a savepoint and a transaction cost is not counted: it is the same everywhere, and none on SQLite.
UNCOUNTED: Final = ("BEGIN", "SELECT set_config", "SAVEPOINT", "RELEASE", "COMMIT", "ROLLBACK")


@contextmanager
def at_most(budget: int) -> Iterator[None]:
    """Fail where the block runs more statements than the budget, and show them."""
    with CaptureQueriesContext(connection) as captured:
        yield
    found = [one["sql"] for one in captured.captured_queries if not one["sql"].startswith(UNCOUNTED)]
    assert len(found) <= budget, f"{len(found)} statements instead of {budget}:\n" + "\n".join(found)
