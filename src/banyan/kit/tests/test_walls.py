"""The walls between towns: the first in Python, the second in the database itself."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, models, transaction

from banyan.base.errors import TownScopeMissing
from banyan.base.ids import uuid7
from banyan.kit import scopes, walls
from banyan.kit.rows import TownRow
from banyan.kit.tests.furnished import furnished_town
from tests.towns import SmallTown
from tools.testbed import TestDatabase

#: Every table without a town.  A new one needs a reason: it can be seen from every town.
GLOBAL: Final = {
    # accounts sign in before a town is chosen; a membership and a token name their town all the same
    *("accounts_account", "accounts_membership", "accounts_apitoken"),
    *("account_emailaddress", "account_emailconfirmation"),
    # towns themselves, and what lies above them
    *("territory_town", "territory_region"),
    # tasks carry identifiers only
    *("django_q_ormq", "django_q_schedule", "django_q_task"),
    # Django's own: sessions, kinds of records, permissions that nobody is given
    *("django_session", "django_content_type", "django_admin_log"),
    *("auth_group", "auth_group_permissions", "auth_permission"),
}
#: Tables without a model.
FRAMEWORK: Final = {"banyan_cache", "django_migrations"}

Towns = tuple[SmallTown, SmallTown]


@pytest.fixture
def towns(db: None) -> Towns:
    """Two towns in which no table is empty."""
    return furnished_town("east"), furnished_town("west")


def rows(sql: str, words: Any = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(words))
        return list(cursor.fetchall())


def key(value: Any) -> str:
    """Write a key as the database holds it."""
    return value.hex if connection.vendor == "sqlite" else str(value)


def test_the_tables_without_a_town_are_a_short_list() -> None:
    sign_in = {
        table for table in walls.global_tables() if table.startswith(("mfa_", "socialaccount_", "usersessions_"))
    }

    assert set(walls.global_tables()) - sign_in == GLOBAL


@pytest.mark.django_db
def test_every_table_of_the_database_is_behind_the_walls_or_on_the_list() -> None:
    there = set(connection.introspection.table_names())
    of_towns = {model._meta.db_table for model in walls.town_tables()}

    assert there == of_towns | set(walls.global_tables()) | FRAMEWORK
    assert len(of_towns) >= 19


@pytest.mark.parametrize("model", walls.town_tables(), ids=lambda model: model._meta.label)
@pytest.mark.django_db
def test_a_query_outside_a_scope_raises(model: type[TownRow]) -> None:
    deeds = {
        "count": lambda: model.objects.count(),
        "all": lambda: list(model.objects.all()),
        "filter": lambda: model.objects.filter(pk=uuid4()).exists(),
        "values": lambda: list(model.objects.values_list("pk")),
        "base": lambda: list(model._base_manager.all()),
        "default": lambda: list(model._default_manager.all()),
        "update": lambda: model.objects.update(town_id=uuid4()),
        "delete": lambda: model.objects.filter(pk=uuid4()).delete(),
        "create": lambda: model(town_id=uuid4()).save(),
        "bulk": lambda: model.objects.bulk_create([model(town_id=uuid4())]),
    }
    for name, deed in deeds.items():
        with pytest.raises(TownScopeMissing):
            deed()
            pytest.fail(name)

    with scopes.town(uuid4()):
        assert model.objects.count() == 0, "the control: inside a scope the same query answers"


def test_a_scope_shows_its_own_town_only(towns: Towns) -> None:
    east, west = towns
    n_seen = 0
    for model in walls.town_tables():
        with east.scope():
            seen = set(model.objects.values_list("town_id", flat=True))
            keys = list(model.objects.values_list("pk", flat=True))
        with west.scope():
            assert not model.objects.filter(pk__in=keys).exists(), model
            assert not model.objects.filter(town_id=east.town.id).exists(), model
        assert seen == {east.town.id}, model
        n_seen += len(keys)

    assert n_seen > 60


def test_a_scope_is_never_left_for_another_town(towns: Towns) -> None:
    east, west = towns
    with east.scope():
        with east.scope():
            assert scopes.current_town() == east.town.id
        with pytest.raises(TownScopeMissing), west.scope():
            pass
        assert scopes.current_town() == east.town.id


def test_a_row_cannot_be_written_into_another_town(towns: Towns) -> None:
    from banyan.apps.parties.models import Party

    east, west = towns
    with east.scope():
        foreign = Party(town_id=west.town.id, code="new", kind="contractor", name_zh="新", name_en="New")
        with pytest.raises(TownScopeMissing):
            foreign.save()
        with pytest.raises(TownScopeMissing):
            Party.objects.bulk_create([foreign])
        foreign.town_id = east.town.id
        foreign.save()

        assert Party.objects.filter(code="new").exists()


def test_a_row_stays_in_its_town(towns: Towns) -> None:
    east, west = towns
    with east.scope():
        for model in walls.town_tables():
            held = model.objects.count()
            with pytest.raises(DatabaseError), transaction.atomic():
                model.objects.update(town_id=west.town.id)
                pytest.fail(model._meta.label)
            assert model.objects.count() == held > 0


# --- references ------------------------------------------------------------------------------------------------------

_REFERENCES: Final = list(walls.references())


def test_the_database_itself_refuses_every_reference_into_another_town(
    transactional_db: None, test_database: TestDatabase
) -> None:
    """The superuser too: what holds is no right of a role but a key.  Each refusal beside a copy that is let pass."""
    east, west = furnished_town("east"), furnished_town("west")
    connection.close()
    raw = test_database.superuser()
    try:
        for reference in _REFERENCES:
            row = _row_of(raw, reference, east.town.id)
            own, foreign = (_some_target(raw, reference, town.town.id) for town in (east, west))
            _insert_again(raw, reference, row, target=own)
            with pytest.raises(Exception, match=reference.name):
                _insert_again(raw, reference, row, target=foreign)
    finally:
        raw.close()

    assert len(_REFERENCES) >= 21


def _row_of(raw: Any, reference: walls.Reference, town_id: Any) -> dict[str, Any]:
    cursor = raw.cursor()
    cursor.execute(
        f'SELECT * FROM "{reference.table}" '
        f"WHERE town_id = '{key(town_id)}' AND \"{reference.column}\" IS NOT NULL LIMIT 1"
    )
    values = cursor.fetchone()
    assert values is not None, f"furnished.py leaves {reference.table}.{reference.column} empty"
    return dict(zip([column[0] for column in cursor.description], values, strict=True))


def _some_target(raw: Any, reference: walls.Reference, town_id: Any) -> Any:
    cursor = raw.cursor()
    cursor.execute(f"SELECT id FROM \"{reference.target}\" WHERE town_id = '{key(town_id)}' ORDER BY id DESC LIMIT 1")
    return cursor.fetchone()[0]


def _insert_again(raw: Any, reference: walls.Reference, row: dict[str, Any], *, target: Any) -> None:
    """Insert a copy of a row with another target, in a transaction that is rolled back; every constraint is asked."""
    from psycopg.types.json import Jsonb

    is_sqlite = connection.vendor == "sqlite"
    wanted = row | {"id": uuid7().hex if is_sqlite else uuid7(), reference.column: target} | _unlike(reference, row)
    mark = "?" if is_sqlite else "%s"
    names = ", ".join(f'"{name}"' for name in wanted)
    values = [Jsonb(value) if isinstance(value, dict | list) else value for value in wanted.values()]
    cursor = raw.cursor()
    cursor.execute("BEGIN")
    try:
        cursor.execute(f'INSERT INTO "{reference.table}" ({names}) VALUES ({", ".join([mark] * len(wanted))})', values)
        if not is_sqlite:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    finally:
        cursor.execute("ROLLBACK")


def _unlike(reference: walls.Reference, row: dict[str, Any]) -> dict[str, Any]:
    """Return values for a copy that unique constraints let pass."""
    fresh = uuid7().hex if connection.vendor == "sqlite" else uuid7()
    columns = {
        "audit_disclosure": {"field": "copy"},
        "service_requests_part": {"status": "declined"},
        "service_requests_ruling": {"status": "refused"},
        "service_requests_supervision": {"key": "copy"},
        "service_requests_follow": {"account_id": fresh},
        "service_requests_merge": {"undone_at": row.get("at")},
        "service_requests_rejection": {"row": 10**6},
        "service_requests_rateexclusion": {"lifted_at": row.get("at")},
        "service_requests_externalupdate": {"update_id": "copy"},
        "audit_seal": {"position": 10**6, "entry_id": fresh},
        "territory_place": {"code": "copy", "path": "copy/"},
        "parties_duty": {"topic": "copy"},
        "accounts_membership": {"role": "copy"},
        "notices_channel": {"address_hash": "copy"},
        "notices_choice": {"kind": "copy"},
        "notices_habits": {"account_id": fresh},
        "matters_matter": {"origin_id": fresh},
        "matters_strand": {"subject_id": fresh},
        "service_requests_servicerequest": {"tracking_number": "COPY", "source_key": None},
    }
    return {name: value for name, value in columns.get(reference.table, {}).items() if name != reference.column}


# --- append-only -----------------------------------------------------------------------------------------------------

_APPEND_ONLY: Final = [model for model in walls.town_tables() if model.append_only]


def test_history_seals_and_looks_are_append_only() -> None:
    assert {model._meta.label for model in _APPEND_ONLY} >= {
        *("audit.Entry", "audit.Checkpoint", "audit.Seal", "people.Look")
    }


def test_an_append_only_row_can_be_neither_changed_nor_deleted(towns: Towns) -> None:
    from banyan.apps.people.models import Person

    with towns[0].scope():
        for model in _APPEND_ONLY:
            table, held = model._meta.db_table, model.objects.count()
            for sql in (f'UPDATE "{table}" SET id = id', f'DELETE FROM "{table}"'):
                with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(sql)
            assert model.objects.count() == held > 0, table
        assert Person.objects.update(language="en"), "the control: another table can be changed"


def test_not_even_the_owner_changes_an_append_only_row_in_passing(
    transactional_db: None, test_database: TestDatabase
) -> None:
    town = furnished_town("owned")
    with town.scope():
        held = {model._meta.db_table: model.objects.count() for model in _APPEND_ONLY}
    connection.close()
    raw = test_database.owner()
    try:
        cursor = raw.cursor()
        if test_database.vendor == "postgresql":
            cursor.execute("SELECT set_config('banyan.town', %s, false)", [str(town.town.id)])
        for table, n in held.items():
            for sql in (f'UPDATE "{table}" SET id = id', f'DELETE FROM "{table}"'):
                with pytest.raises(Exception, match="are never changed"):
                    cursor.execute(sql)
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            assert cursor.fetchone()[0] == n > 0
    finally:
        raw.close()


# --- row security ----------------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_raw_sql_in_a_scope_sees_its_own_town_only(transactional_db: None, test_database: TestDatabase) -> None:
    east, west = furnished_town("east"), furnished_town("west")
    with test_database.superuser() as raw:
        for model in walls.town_tables():
            table = model._meta.db_table
            everything = raw.execute(f'SELECT count(DISTINCT town_id) FROM "{table}"').fetchone()[0]
            with east.scope():
                seen = {town_id for (town_id,) in rows(f'SELECT DISTINCT town_id FROM "{table}"')}
                aimed = rows(f'SELECT count(*) FROM "{table}" WHERE town_id = %s', [west.town.id])[0][0]
            assert rows(f'SELECT count(*) FROM "{table}"') == [(0,)], f"{table} is seen outside a scope"
            assert (everything, seen, aimed) == (2, {east.town.id}, 0), table


@pytest.mark.postgres
def test_raw_sql_in_a_scope_writes_nothing_into_another_town(towns: Towns) -> None:
    east, west = towns
    insert = (
        "INSERT INTO parties_party (id, town_id, kind, code, name_zh, name_en, public_phone, is_active) "
        "VALUES (%s, %s, 'contractor', 'new', '新', 'New', '', true)"
    )
    with east.scope(), connection.cursor() as cursor:
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            cursor.execute(insert, [uuid7(), west.town.id])
        cursor.execute("UPDATE parties_party SET name_en = 'Mine' WHERE town_id = %s", [west.town.id])
        assert cursor.rowcount == 0
        cursor.execute("DELETE FROM parties_duty WHERE town_id = %s", [west.town.id])
        assert cursor.rowcount == 0
        cursor.execute(insert, [uuid7(), east.town.id])
        assert cursor.rowcount == 1
    with west.scope():
        assert rows("SELECT count(*) FROM parties_party WHERE name_en = 'Mine'") == [(0,)]


@pytest.mark.postgres
def test_a_scope_that_failed_leaves_no_town_behind(towns: Towns) -> None:
    def current() -> str:
        return rows("SELECT coalesce(current_setting('banyan.town', true), '')")[0][0]

    with pytest.raises(ZeroDivisionError), towns[0].scope():
        assert current() == str(towns[0].town.id)
        1 / 0  # noqa: B018 - the defect
    assert current() == ""
    with towns[1].scope():
        assert current() == str(towns[1].town.id)
    assert current() == ""


@pytest.mark.sqlite
def test_a_migration_may_make_a_table_anew_once_the_walls_are_lowered(transactional_db: None) -> None:
    from banyan.apps.audit.models import Checkpoint

    def triggers() -> set[str]:
        return {name for (name,) in rows("SELECT name FROM sqlite_master WHERE type = 'trigger'")}

    def make_anew(model: type[models.Model]) -> None:
        with connection.schema_editor() as editor:
            editor._remake_table(model)

    before = triggers()
    with pytest.raises(DatabaseError, match="error in trigger"):
        make_anew(Checkpoint)
    walls.lower_walls(connection)
    make_anew(Checkpoint)
    walls.raise_walls(connection)

    assert triggers() == before
    assert len(before) > 40


@pytest.mark.django_db
def test_a_reference_that_hangs_in_the_air_is_refused() -> None:
    town = furnished_town("loose")
    from banyan.apps.parties.models import Duty

    with town.scope(), pytest.raises(IntegrityError), transaction.atomic():
        Duty.objects.update(party_id=uuid7())
        connection.check_constraints()
