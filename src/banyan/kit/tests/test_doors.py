"""The catalogue of PostgreSQL is searched for doors in the wall; each known kind is planted once and found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from banyan.kit.doors import doors
from banyan.kit.tests.furnished import furnished_town
from tools.private_postgres import APP, OWNER
from tools.testbed import TestDatabase

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

_COUNT = "SELECT count(*) FROM people_person"
#: what is planted, how it is undone, what is said of it, what the application then sees through it without any scope
DOORS: dict[str, tuple[str, str, str, str]] = {
    "view": (
        f"CREATE VIEW door AS SELECT * FROM people_person; GRANT SELECT ON door TO {APP}",
        "DROP VIEW door",
        "door is a view that reads as its owner",
        "SELECT count(*) FROM door",
    ),
    "materialised view": (
        f"CREATE MATERIALIZED VIEW door AS SELECT * FROM people_person; GRANT SELECT ON door TO {APP}",
        "DROP MATERIALIZED VIEW door",
        "door is a materialised view",
        "SELECT count(*) FROM door",
    ),
    "SECURITY DEFINER function": (
        f"CREATE FUNCTION door() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS '{_COUNT}'",
        "DROP FUNCTION door()",
        "door is a SECURITY DEFINER function",
        "SELECT door()",
    ),
    "no row security": (
        "ALTER TABLE people_person DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE people_person ENABLE ROW LEVEL SECURITY",
        "row security is not enabled and forced on people_person",
        _COUNT,
    ),
    "second policy": (
        "CREATE POLICY door ON people_person USING (true)",
        "DROP POLICY door ON people_person",
        "people_person has other policies than the one of its town: ['door', 'town_only']",
        _COUNT,
    ),
    "policy that lets everything pass": (
        "ALTER POLICY town_only ON people_person "
        "USING (town_id IS NOT NULL OR current_setting('banyan.town', true) = '')",
        "ALTER POLICY town_only ON people_person "
        "USING (town_id = nullif(current_setting('banyan.town', true), '')::uuid)",
        "the policy of people_person does not compare the town when reading",
        _COUNT,
    ),
    "role that bypasses": (
        f"ALTER ROLE {APP} BYPASSRLS",
        f"ALTER ROLE {APP} NOBYPASSRLS",
        "the role of the application bypasses row security",
        _COUNT,
    ),
    "superuser": (
        f"ALTER ROLE {APP} SUPERUSER",
        f"ALTER ROLE {APP} NOSUPERUSER",
        "the role of the application is a superuser",
        _COUNT,
    ),
}
#: doors for writing or to come, through which nothing is seen at once
WEAKNESSES: dict[str, tuple[str, str, str]] = {
    "not forced": (
        "ALTER TABLE people_person NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE people_person FORCE ROW LEVEL SECURITY",
        "row security is not enabled and forced on people_person",
    ),
    "writing unchecked": (
        "ALTER POLICY town_only ON people_person WITH CHECK (true)",
        "ALTER POLICY town_only ON people_person "
        "WITH CHECK (town_id = nullif(current_setting('banyan.town', true), '')::uuid)",
        "the policy of people_person does not compare the town when writing",
    ),
    "member of the owner": (
        f"GRANT {OWNER} TO {APP}",
        f"REVOKE {OWNER} FROM {APP}",
        "the role of the application owns people_person",
    ),
    "history may be changed": (
        f"GRANT UPDATE ON audit_entry TO {APP}",
        f"REVOKE UPDATE ON audit_entry FROM {APP}",
        "the application may UPDATE rows of audit_entry, which is append-only",
    ),
    "history may be emptied": (
        f"GRANT TRUNCATE ON audit_entry TO {APP}",
        f"REVOKE TRUNCATE ON audit_entry FROM {APP}",
        "the application may TRUNCATE rows of audit_entry, which is append-only",
    ),
    "no trigger": (
        "ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_no_delete",
        "ALTER TABLE audit_entry ENABLE TRIGGER audit_entry_no_delete",
        "no trigger refuses to delete rows of audit_entry, which is append-only",
    ),
    "plain reference": (
        "ALTER TABLE parties_duty DROP CONSTRAINT parties_duty_place_id_same_town",
        "ALTER TABLE parties_duty ADD CONSTRAINT parties_duty_place_id_same_town "
        "FOREIGN KEY (town_id, place_id) REFERENCES territory_place (town_id, id) DEFERRABLE INITIALLY DEFERRED",
        "the reference parties_duty.place_id does not carry the town",
    ),
}


@contextmanager
def planted(test_database: TestDatabase, *, deed: str, undoing: str) -> Iterator[None]:
    """Let the superuser make a door and close it again."""
    with test_database.superuser() as raw:
        raw.execute(deed)
        try:
            yield
        finally:
            raw.execute(undoing)


def seen(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


def test_the_house_has_no_door() -> None:
    assert doors(connection) == []
    assert len(WEAKNESSES) + len(DOORS) == 15


@pytest.mark.parametrize("name", DOORS)
def test_a_door_leaks_and_is_found(test_database: TestDatabase, name: str) -> None:
    furnished_town("leaking")
    deed, undoing, sentence, reading = DOORS[name]
    assert seen(_COUNT) == 0, "the control: without a door nothing is seen outside a scope"

    with planted(test_database, deed=deed, undoing=undoing):
        leaked, found = seen(reading), doors(connection)

    assert leaked > 0
    assert sentence in found
    assert doors(connection) == []


@pytest.mark.parametrize("name", WEAKNESSES)
def test_a_weakness_is_found(test_database: TestDatabase, name: str) -> None:
    deed, undoing, sentence = WEAKNESSES[name]

    with planted(test_database, deed=deed, undoing=undoing):
        found = doors(connection)

    assert sentence in found
    assert doors(connection) == []


def test_a_view_that_asks_as_its_reader_is_no_door(test_database: TestDatabase) -> None:
    furnished_town("holding")
    deed = (
        f"CREATE VIEW pane WITH (security_invoker = true) AS SELECT * FROM people_person; GRANT SELECT ON pane TO {APP}"
    )

    with planted(test_database, deed=deed, undoing="DROP VIEW pane"):
        assert seen("SELECT count(*) FROM pane") == 0
        assert doors(connection) == []
