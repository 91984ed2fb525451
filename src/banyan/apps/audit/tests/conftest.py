"""Ways past the walls, for the tests that play whoever holds the database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tools.private_postgres import SUPERUSER
from tools.testbed import TestDatabase


@pytest.fixture
def as_superuser(transactional_db: None, test_database: TestDatabase) -> Iterator[None]:
    """Let Django's connection be the superuser's, with every trigger of ours out of force; the server is our own."""
    from django.db import connection

    from banyan.kit.walls import lower_walls

    if test_database.server is None:
        lower_walls(connection)
        yield
        # A plain restore copies the file as it was before, triggers included.
        return
    role = connection.settings_dict["USER"]
    connection.close()
    connection.settings_dict["USER"] = SUPERUSER
    connection.ensure_connection()
    test_database.server.refuse_others(connection.connection)
    with connection.cursor() as cursor:
        # As a replica no trigger and no foreign key fires: the superuser need not even drop them.
        cursor.execute("SET session_replication_role = replica")
    yield
    connection.close()
    connection.settings_dict["USER"] = role
