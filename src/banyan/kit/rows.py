"""Rows that belong to a town."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models.base import ModelState

from banyan.base.errors import TownScopeMissing
from banyan.base.ids import uuid7
from banyan.base.instants import in_utc
from banyan.kit import scopes

RowT = TypeVar("RowT", bound="TownRow")


class TownQuerySet(models.QuerySet[RowT]):
    """A query set that neither leaves its town nor writes into another one."""

    def bulk_create(self, objs: Iterable[RowT], *args: Any, **kwargs: Any) -> list[RowT]:
        rows = list(objs)
        for row in rows:
            row.check_town()
        return super().bulk_create(rows, *args, **kwargs)


class TownRows(models.Manager[RowT]):
    """Manager of a town's rows: filters by the scope in force, raises `TownScopeMissing` outside one."""

    def get_queryset(self) -> TownQuerySet[RowT]:
        return TownQuerySet[RowT](self.model, using=self._db).filter(town_id=scopes.current_town())


class TownRow(models.Model):
    """A row of one town.  Its key is made by the application (UUIDv7), so that clients without network can make one."""

    #: True: the database itself refuses UPDATE and DELETE on this table (see `kit.walls`).
    append_only: ClassVar[bool] = False

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    town = models.ForeignKey(
        "territory.Town",
        on_delete=models.PROTECT,
        default=scopes.town_in_scope,
        editable=False,
        related_name="+",
        db_index=False,
    )

    town_id: UUID
    objects: ClassVar[TownRows[Any]] = TownRows()

    class Meta:
        abstract = True
        base_manager_name = "objects"
        default_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.check_town()
        super().save(*args, **kwargs)

    def check_town(self) -> None:
        """Raise `TownScopeMissing` unless this row belongs to the town in scope."""
        if self.town_id != scopes.current_town():
            raise TownScopeMissing()


@contextmanager
def much_to_write() -> Iterator[None]:
    """Look for no garbage in cycles while much is written; on SQLite, keep more in memory and tidy the log less often.

    Durability stays: each commit is synchronised to disk before it is told of.
    """
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        with _larger_cache():
            yield
    finally:
        if was_collecting:
            gc.enable()


@contextmanager
def _larger_cache() -> Iterator[None]:
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        held = [(name, cursor.execute(f"PRAGMA {name}").fetchone()[0]) for name in _LARGER]
        for name, value in _LARGER.items():
            cursor.execute(f"PRAGMA {name} = {value}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for name, value in held:
                cursor.execute(f"PRAGMA {name} = {value}")


#: KiB of pages kept in memory, below zero; pages of the log after which it is tidied; and where SQLite keeps what it
#: needs to take one statement back: beside triggers it does so for each row, and writes a file unless told not to.
_LARGER = {"cache_size": -131_072, "wal_autocheckpoint": 16_000, "temp_store": 2}


class Stencil(Generic[RowT]):
    """Makes many new rows of one model, ten times as fast as calling it, for `insert_many`.

    Made inside the scope of the town and used there.  Every row has the model's defaults, which are the same objects
    for all of them, and the given values by their attribute names; the key has to be given.
    """

    def __init__(self, model: type[RowT]) -> None:
        self._model = model
        self._defaults = {name: value for name, value in model().__dict__.items() if name not in ("_state", "id")}

    def row(self, **values: Any) -> RowT:
        """Return one new row, not stored."""
        row = self._model.__new__(self._model)
        row._state = ModelState()
        row.__dict__.update(self._defaults)
        row.__dict__.update(values)
        return row


def insert_many(model: type[TownRow], rows: Sequence[TownRow]) -> None:
    """Insert many new rows of the town in scope in one statement.

    On SQLite one prepared statement runs for all rows, which is several times as fast as the statements of
    `bulk_create` that hold a thousand values each; elsewhere it is `bulk_create`.
    """
    if not rows:
        return
    if connection.vendor != "sqlite":
        model.objects.bulk_create(rows)
        return
    town_id = scopes.current_town()
    if any(row.town_id != town_id for row in rows):
        raise TownScopeMissing()
    fields = model._meta.concrete_fields
    columns = [_column(field, [getattr(row, field.attname) for row in rows]) for field in fields]
    names = ", ".join(f'"{field.column}"' for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.executemany(
            f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES ({marks})',  # noqa: S608 - names of the model
            list(zip(*columns, strict=True)),
        )


#: Values that a database takes as they are.
_PLAIN = frozenset({str, int, float, bool, type(None)})


def _column(field: models.Field[Any, Any], values: list[Any]) -> list[Any]:
    """Return the values of one column as SQLite stores them; the common kinds by the short way, to the same end."""
    kind = field.target_field if isinstance(field, models.ForeignKey) else field
    if isinstance(kind, models.UUIDField):
        return [value.hex if isinstance(value, UUID) else value for value in values]
    if isinstance(kind, models.DateTimeField):
        return [None if value is None else str(in_utc(value).replace(tzinfo=None)) for value in values]
    if isinstance(kind, models.JSONField):
        database = connections[DEFAULT_DB_ALIAS]
        empty = {kind_of: kind.get_db_prep_save(kind_of(), database) for kind_of in (dict, list)}
        return [
            None if value is None else kind.get_db_prep_save(value, database) if value else empty[type(value)]
            for value in values
        ]
    if not _PLAIN.issuperset(map(type, values)):
        database = connections[DEFAULT_DB_ALIAS]  # not the proxy, which looks for its thread at each use
        return [None if value is None else kind.get_db_prep_save(value, database) for value in values]
    return values


def is_town_row(model: type[models.Model]) -> bool:
    """Say whether a model's rows belong to a town."""
    return issubclass(model, TownRow)


def town_rows() -> models.QuerySet[Any]:
    """Return all towns, for rooms that stand below the app of territory and so cannot import it."""
    return apps.get_model("territory", "Town")._default_manager.all()
