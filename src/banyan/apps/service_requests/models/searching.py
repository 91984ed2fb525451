"""The words under which requests are found."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models

from banyan.kit import scopes
from banyan.kit.rows import TownRow


class SearchWord(TownRow):
    """A word of a request.  Everything about it can be made anew from the requests (`banyan requests index`).

    A table of plain columns, because row-level security lets PostgreSQL use an index only for operators that leak
    nothing: equality does, the operators of full-text search do not.
    """

    id = None  # type: ignore[assignment]  # the key below is the index that is searched; another one would only cost
    pk = models.CompositePrimaryKey("town", "word", "is_public", "requested_s", "service_request_id")
    town = models.ForeignKey(
        "territory.Town",
        on_delete=models.PROTECT,
        default=scopes.town_in_scope,
        editable=False,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    word = models.CharField(max_length=24)
    is_public = models.BooleanField()
    """Everybody may find the request by this word; otherwise only those who may read it in full."""
    requested_s = models.BigIntegerField()
    """Seconds from 1970 to the report: the newest are looked at first."""
    service_request_id = models.UUIDField()
    """No foreign key: checking one for every word would cost more than writing it."""
    weight = models.PositiveSmallIntegerField()

    town_id: UUID

    class Meta(TownRow.Meta):
        indexes: ClassVar = [models.Index(fields=["service_request_id"], name="search_words_of_request")]
