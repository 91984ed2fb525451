"""Rows that belong to a town."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.apps import apps
from django.db import connection, models

from banyan.base.errors import TownScopeMissing
from banyan.base.ids import uuid7
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
    for row in rows:
        row.check_town()
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
    """Return the values of one column as the database stores them."""
    if isinstance(field, models.JSONField) or not _PLAIN.issuperset(map(type, values)):
        return [None if value is None else field.get_db_prep_save(value, connection) for value in values]
    return values


def is_town_row(model: type[models.Model]) -> bool:
    """Say whether a model's rows belong to a town."""
    return issubclass(model, TownRow)


def town_rows() -> models.QuerySet[Any]:
    """Return all towns, for rooms that stand below the app of territory and so cannot import it."""
    return apps.get_model("territory", "Town")._default_manager.all()
