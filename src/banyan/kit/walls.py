"""The second wall between towns, built into the database after every migration.

* PostgreSQL: row-level security on every table of town rows, references that carry the town (composite keys, because a
  plain foreign-key check does not ask row security), append-only tables by trigger and by grant.
* SQLite: triggers that refuse a reference into another town, a row that moves to another town and any change of an
  append-only row.

Raising the walls is idempotent.  No view, no materialised view and no SECURITY DEFINER function is made: each of the
three would be a door in the wall.  `kit.doors` looks for doors that somebody else has made.
"""

# ruff: noqa: S608 - the names of tables and columns come from the models

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from banyan.kit.rows import TownRow, is_town_row


@dataclass(frozen=True, slots=True)
class Reference:
    """A column that points from a row with a town to a row of the same town."""

    table: str
    column: str
    target: str

    @property
    def name(self) -> str:
        """Return the name of the constraint, within the 63 characters that PostgreSQL keeps."""
        return f"{self.table}_{self.column}_same_town"[:63]


def town_tables() -> list[type[TownRow]]:
    """Return every model whose rows belong to a town."""
    return [model for model in apps.get_models(include_auto_created=True) if issubclass(model, TownRow)]


def global_tables() -> list[str]:
    """Return the names of all tables without a town, the framework's own included."""
    return sorted({m._meta.db_table for m in apps.get_models(include_auto_created=True) if not is_town_row(m)})


def references() -> Iterator[Reference]:
    """Yield every reference between rows that carry a town."""
    for model in apps.get_models(include_auto_created=True):
        names = {field.column for field in model._meta.concrete_fields}
        if "town_id" not in names:
            continue
        for field in model._meta.concrete_fields:
            target = field.related_model
            if isinstance(field, models.ForeignKey) and isinstance(target, type) and is_town_row(target):
                yield Reference(model._meta.db_table, field.column, target._meta.db_table)


def raise_walls(connection: BaseDatabaseWrapper, *, app_role: str | None = None) -> int:
    """Raise the walls in one database and return the number of statements run.

    Parameters
    ----------
    connection
        A connection that owns the tables.
    app_role
        PostgreSQL role that the application runs under; it is granted rows, never tables.
    """
    statements = list(_postgres(app_role) if connection.vendor == "postgresql" else _sqlite())
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    return len(statements)


def lower_walls(connection: BaseDatabaseWrapper) -> None:
    """Drop our triggers on SQLite before a migration: it makes a table anew and stumbles over triggers that name it.

    On PostgreSQL the walls stand while tables change.
    """
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in cursor.fetchall():
            if name.endswith(_OUR_TRIGGERS):
                cursor.execute(f'DROP TRIGGER "{name}"')


_OUR_TRIGGERS = ("_no_update", "_no_delete", "_same_town_insert", "_same_town_update", "_stays_in_its_town")
_ROW_TOWN = "town_id = nullif(current_setting('banyan.town', true), '')::uuid"


def _postgres(app_role: str | None) -> Iterator[str]:
    targets = {reference.target for reference in references()}
    yield (
        "CREATE OR REPLACE FUNCTION banyan_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME; END $$"
    )
    if app_role:
        yield f'GRANT USAGE ON SCHEMA public TO "{app_role}"'
        yield f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "{app_role}"'
        yield f'GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO "{app_role}"'
    for model in town_tables():
        table = model._meta.db_table
        yield f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY'
        yield f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY'
        yield f'DROP POLICY IF EXISTS town_only ON "{table}"'
        yield f'CREATE POLICY town_only ON "{table}" USING ({_ROW_TOWN}) WITH CHECK ({_ROW_TOWN})'
        if table in targets:
            yield f'CREATE UNIQUE INDEX IF NOT EXISTS "{table}_town_id_id" ON "{table}" (town_id, id)'
        if model.append_only:
            for deed in ("update", "delete"):
                yield (
                    f'CREATE OR REPLACE TRIGGER "{table}_no_{deed}" BEFORE {deed.upper()} ON "{table}" '
                    "FOR EACH ROW EXECUTE FUNCTION banyan_append_only()"
                )
            if app_role:
                yield f'REVOKE UPDATE, DELETE, TRUNCATE ON "{table}" FROM "{app_role}"'
    for reference in references():
        yield f'ALTER TABLE "{reference.table}" DROP CONSTRAINT IF EXISTS "{reference.name}"'
        yield (
            f'ALTER TABLE "{reference.table}" ADD CONSTRAINT "{reference.name}" '
            f'FOREIGN KEY (town_id, "{reference.column}") '
            f'REFERENCES "{reference.target}" (town_id, id) DEFERRABLE INITIALLY DEFERRED'
        )


def _sqlite() -> Iterator[str]:
    for model in town_tables():
        table = model._meta.db_table
        yield (
            f'CREATE TRIGGER IF NOT EXISTS "{table}_stays_in_its_town" BEFORE UPDATE OF town_id ON "{table}" '
            f"WHEN NEW.town_id IS NOT OLD.town_id BEGIN SELECT RAISE(ABORT, 'a row of {table} stays in its town'); END"
        )
        if model.append_only:
            for deed in ("update", "delete"):
                yield (
                    f'CREATE TRIGGER IF NOT EXISTS "{table}_no_{deed}" BEFORE {deed.upper()} ON "{table}" '
                    f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed'); END"
                )
    for reference in references():
        for deed in ("INSERT", f'UPDATE OF "{reference.column}", town_id'):
            name = f"{reference.name}_{deed.split()[0].lower()}"
            yield f'DROP TRIGGER IF EXISTS "{name}"'
            yield (
                f'CREATE TRIGGER "{name}" BEFORE {deed} ON "{reference.table}" '
                f'WHEN NEW."{reference.column}" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "{reference.target}" '
                f'WHERE id = NEW."{reference.column}" AND town_id = NEW.town_id) '
                f"BEGIN SELECT RAISE(ABORT, '{reference.name}'); END"
            )


def missing_wall(connection: BaseDatabaseWrapper) -> str:
    """Return in words why row security would not bind the role of this connection, or "" where it does."""
    if connection.vendor != "postgresql":
        return ""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        is_superuser, bypasses = cursor.fetchone()
    if is_superuser or bypasses:
        return (
            "this PostgreSQL role is not bound by row security; "
            "let the application use a role of its own (docs/how-to)."
        )
    return ""
