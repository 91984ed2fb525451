"""Looking for doors in the second wall of PostgreSQL: its catalogue, compared with what the walls should be."""

# ruff: noqa: S608 - no word of a caller enters these statements

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper

from banyan.kit.walls import references, town_tables

_SCHEMA: Final = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%%'"


def doors(connection: BaseDatabaseWrapper) -> list[str]:
    """Return a sentence for each door through which one town could be seen or touched from another.

    The connection is the application's own, on PostgreSQL: its role is examined too.  Row-level security, forced, still
    leaks through a view that reads as its owner, a materialised view and a SECURITY DEFINER function.

    Source
    ------
    PostgreSQL manual, 5.9 Row Security Policies, and 41.5 Rules and Privileges.
    """
    return [*_role(connection), *_bypasses(connection), *_open_tables(connection), *_loose_references(connection)]


def _rows(connection: BaseDatabaseWrapper, sql: str, words: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(words))
        return list(cursor.fetchall())


def _role(connection: BaseDatabaseWrapper) -> Iterator[str]:
    powers = _rows(connection, "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")[0]
    for power, holds in zip(("is a superuser", "bypasses row security"), powers, strict=True):
        if holds:
            yield f"the role of the application {power}"
    # pg_has_role: membership in the owner's role is as good as being it.
    owned = _rows(
        connection,
        f"SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        f"WHERE {_SCHEMA} AND c.relkind IN ('r', 'p', 'v', 'm') AND pg_has_role(c.relowner, 'MEMBER') ORDER BY 1",
    )
    yield from (f"the role of the application owns {table}" for (table,) in owned)


def _bypasses(connection: BaseDatabaseWrapper) -> Iterator[str]:
    views = _rows(
        connection,
        f"SELECT c.relname, c.relkind, coalesce('security_invoker=true' = ANY(c.reloptions) "
        f"OR 'security_invoker=on' = ANY(c.reloptions) OR 'security_invoker=1' = ANY(c.reloptions), false) "
        f"FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        f"WHERE {_SCHEMA} AND c.relkind IN ('v', 'm') ORDER BY 1",
    )
    for name, kind, asks_as_reader in views:
        if kind == "m":
            yield f"{name} is a materialised view"
        elif not asks_as_reader:
            yield f"{name} is a view that reads as its owner"
    functions = _rows(
        connection,
        f"SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
        f"WHERE {_SCHEMA} AND p.prosecdef ORDER BY 1",
    )
    yield from (f"{name} is a SECURITY DEFINER function" for (name,) in functions)


def _open_tables(connection: BaseDatabaseWrapper) -> Iterator[str]:
    secured = {
        name: (enabled, forced)
        for name, enabled, forced in _rows(
            connection,
            "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class "
            "WHERE relkind IN ('r', 'p') AND pg_table_is_visible(oid)",
        )
    }
    policies: dict[str, list[tuple[str, str, str, str]]] = {}
    for table, name, command, seen, written in _rows(
        connection,
        "SELECT tablename, policyname, cmd, coalesce(qual, ''), coalesce(with_check, '') FROM pg_policies "
        "WHERE schemaname = ANY(current_schemas(false))",
    ):
        policies.setdefault(table, []).append((name, command, seen, written))
    for model in town_tables():
        table = model._meta.db_table
        if secured.get(table) != (True, True):
            yield f"row security is not enabled and forced on {table}"
        yield from _open_policies(table, policies.get(table, []))
        if model.append_only:
            yield from _changeable(connection, table)


def _open_policies(table: str, policies: Sequence[tuple[str, str, str, str]]) -> Iterator[str]:
    if [(name, command) for name, command, _, _ in policies] != [("town_only", "ALL")]:
        # Policies are permissive: a second one opens what the first closes.
        yield f"{table} has other policies than the one of its town: {sorted(name for name, *_ in policies)}"
        return
    _, _, seen, written = policies[0]
    for deed, clause in (("reading", seen), ("writing", written)):
        if "current_setting('banyan.town'" not in clause or " OR " in clause.upper():
            yield f"the policy of {table} does not compare the town when {deed}"


def _changeable(connection: BaseDatabaseWrapper, table: str) -> Iterator[str]:
    for deed in ("UPDATE", "DELETE", "TRUNCATE"):
        if _rows(connection, "SELECT has_table_privilege(current_user, %s, %s)", [f'"{table}"', deed])[0][0]:
            yield f"the application may {deed} rows of {table}, which is append-only"
    trigger = "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgenabled <> 'D'"
    held = {name for (name,) in _rows(connection, trigger, [f'"{table}"'])}
    for deed in ("update", "delete"):
        if f"{table}_no_{deed}" not in held:
            yield f"no trigger refuses to {deed} rows of {table}, which is append-only"


def _loose_references(connection: BaseDatabaseWrapper) -> Iterator[str]:
    held = {
        (table, target, tuple(columns))
        for table, target, columns in _rows(
            connection,
            "SELECT c.conrelid::regclass::text, c.confrelid::regclass::text, "
            "array(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k(n, i) "
            "JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY k.i) "
            "FROM pg_constraint c WHERE c.contype = 'f' AND c.convalidated",
        )
    }
    for reference in references():
        if (reference.table, reference.target, ("town_id", reference.column)) not in held:
            yield f"the reference {reference.table}.{reference.column} does not carry the town"
