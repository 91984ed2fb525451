"""A long past, made fast: the first requests of the town again and again, each time further back.

Ten thousand requests come in through the import of cases (`rig.town`), with their matters and search words.  Their
copies are rows as well: of the request, its matter and its search words, with identifiers of their own, in the same
places and under the same services, moved into the past by whole lengths of the first ones.  They have no history and no
photos, which neither lists nor maps nor the search read.  Of what was on somebody's desk one copy in 256 still is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.db import connection
from django.db.models import Max, Min

from banyan.apps.matters.models import Matter
from banyan.apps.service_requests.models import SearchWord, ServiceRequest
from banyan.apps.service_requests.rules import OPEN
from banyan.kit import scopes, walls
from benchmarks.rig.town import Bench
from tools.private_postgres import Server

#: Columns of a request that say when something happened or is due.
_INSTANTS: Final = frozenset(
    field.column for field in ServiceRequest._meta.concrete_fields if field.get_internal_type() == "DateTimeField"
)
#: Columns that make a request one on somebody's desk, and what they are in a copy that is on nobody's.
_PUT_AWAY: Final = {
    "status": "'closed'",
    "stage": "''",
    **dict.fromkeys(("stage_started_at", "stage_deadline_at", "stage_remaining_min", "next_rung_at"), "NULL"),
    **dict.fromkeys(("verify_by_at", "review_on"), "NULL"),
}


def multiply(bench: Bench, *, times: int, folder: Path | None) -> int:
    """Add `times` copies of every request of the town; return how many requests there are now."""
    with scopes.town(bench.town.id):
        ends = ServiceRequest.objects.aggregate(first=Min("requested_at"), last=Max("requested_at"))
        base = min(int(one.hex[:8], 16) for one in ServiceRequest.objects.values_list("id", flat=True)[:1000])
    length = ends["last"] - ends["first"] + timedelta(minutes=1)
    statements = _statements(bench, times=times, length_s=int(length.total_seconds()), base=base)
    if folder is None:
        _on_sqlite(statements)
    else:
        _on_postgres(statements, folder)
    with scopes.town(bench.town.id):
        return int(ServiceRequest.objects.count())


def _statements(bench: Bench, *, times: int, length_s: int, base: int) -> list[str]:
    """Return the copying as statements: requests, matters, then the words in the order of their key."""
    words = _Words(connection.vendor, town=bench.town.id.hex, times=times, length_s=length_s, base=base)
    return [words.of_matters(), words.of_requests(), *words.of_words()]


class _Words:
    """SQL of one database.  `k` counts the copies from 1."""

    def __init__(self, vendor: str, *, town: str, times: int, length_s: int, base: int) -> None:
        self.is_postgres, self.times, self.length_s, self.base = vendor == "postgresql", times, length_s, base
        self.town = f"'{town}'"

    @property
    def series(self) -> str:
        """Return the table of k."""
        if self.is_postgres:
            return f"generate_series(1, {self.times}) AS n(k)"
        counting = f"SELECT 1 UNION ALL SELECT k + 1 FROM c WHERE k < {self.times}"
        return f"(WITH RECURSIVE c(k) AS ({counting}) SELECT k FROM c) AS n"

    def identifier(self, column: str) -> str:
        """Return the identifier of a copy: the first eight digits, which are of time, say which copy it is."""
        if self.is_postgres:
            plain = f"replace(b.{column}::text, '-', '')"
            return f"(lpad(to_hex({self.base} - 1000 - n.k), 8, '0') || substr({plain}, 9))::uuid"
        return f"printf('%08x', {self.base} - 1000 - n.k) || substr(b.{column}, 9)"

    def earlier(self, column: str) -> str:
        """Return an instant of a copy."""
        if self.is_postgres:
            return f"b.{column} - n.k * interval '{self.length_s} seconds'"
        moved = f"datetime(b.{column}, '-' || (n.k * {self.length_s}) || ' seconds')"
        return (
            f"CASE WHEN b.{column} IS NULL THEN NULL ELSE {moved} || '.' || substr(b.{column} || '.000000', 21, 6) END"
        )

    def end_of(self, column: str, n: int) -> str:
        """Return the last characters of a column."""
        return f"right(b.{column}::text, {n})" if self.is_postgres else f"substr(b.{column}, -{n})"

    def of_requests(self) -> str:
        """Copy the requests; of those on somebody's desk one copy in 256 stays there."""
        states = ", ".join(f"'{status}'" for status in sorted(OPEN))
        is_put_away = f"b.status IN ({states}) AND {self.end_of('id', 2)} <> '00'"
        made = []
        columns = [str(field.column) for field in ServiceRequest._meta.concrete_fields]
        for column in columns:
            value = self._value(column)
            if column in _PUT_AWAY:
                value = f"CASE WHEN {is_put_away} THEN {_PUT_AWAY[column]} ELSE {value} END"
            if column == "stopped_at":
                value = f"CASE WHEN {is_put_away} THEN {self.earlier('requested_at')} ELSE {value} END"
            made.append(value)
        return self._insert(ServiceRequest._meta.db_table, columns, made)

    def _value(self, column: str) -> str:
        if column in ("id", "matter_id"):
            return self.identifier(column)
        if column == "tracking_number":
            return "n.k || '-' || " + self.end_of("tracking_number", 14)
        if column == "source_key":
            return "'k' || n.k || '-' || b.source_key"
        return self.earlier(column) if column in _INSTANTS else f"b.{column}"

    def of_matters(self) -> str:
        """Copy the matters."""
        columns = [str(field.column) for field in Matter._meta.concrete_fields]
        own = {"id", "origin_id"}
        instants = {f.column for f in Matter._meta.concrete_fields if f.get_internal_type() == "DateTimeField"}
        made = [
            self.identifier(one) if one in own else self.earlier(one) if one in instants else f"b.{one}"
            for one in columns
        ]
        return self._insert(Matter._meta.db_table, columns, made)

    def of_words(self) -> list[str]:
        """Copy the search words in the order of their key, so that their table grows at its end."""
        columns = ["town_id", "word", "is_public", "requested_s", "service_request_id", "weight"]
        made = ["b.town_id", "b.word", "b.is_public", f"b.requested_s - n.k * {self.length_s}"]
        made += [self.identifier("service_request_id"), "b.weight"]
        return [self._insert(SearchWord._meta.db_table, columns, made) + " ORDER BY 1, 2, 3, 4, 5"]

    def _insert(self, table: str, columns: Sequence[str], made: Sequence[str]) -> str:
        names = ", ".join(f'"{column}"' for column in columns)
        return (
            f'INSERT INTO "{table}" ({names}) SELECT {", ".join(made)} FROM "{table}" AS b CROSS JOIN {self.series} '
            f"WHERE b.town_id = {self.town}"
        )


def _on_sqlite(statements: Sequence[str]) -> None:
    """Copy without the triggers of the walls, whose question was answered for the rows that are copied."""
    walls.lower_walls(connection)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA cache_size = -400000")
        for statement in statements:
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute(statement)
            cursor.execute("COMMIT")
        cursor.execute("ANALYZE")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    walls.raise_walls(connection)


def _on_postgres(statements: Sequence[str], folder: Path) -> None:
    """Copy as the superuser, without the checks of references, which hold for the rows that are copied."""
    with Server(folder).connect(connection.settings_dict["NAME"]) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("SET work_mem = '256MB'")
        for statement in statements:
            superuser.execute(statement)
        superuser.execute("VACUUM ANALYZE")


def sizes() -> dict[str, Any]:
    """Return how many rows there are: requests of the town in scope, how many of them open, search words."""
    return {
        "n_requests": ServiceRequest.objects.count(),
        "n_open": ServiceRequest.objects.filter(status__in=OPEN).count(),
        "n_words": SearchWord.objects.count(),
    }
