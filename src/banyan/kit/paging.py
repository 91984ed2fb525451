"""Pages of a long list by cursor: the place where the last page ended, so that new rows never shift the next."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from banyan.base.errors import InvalidInput, Problem, mark

RowT = TypeVar("RowT")
LARGEST = 200


@dataclass(frozen=True, slots=True)
class Page(Generic[RowT]):
    """One page; a cursor is "" where there is no page on that side."""

    rows: Sequence[RowT]
    next_cursor: str = ""
    previous_cursor: str = ""


def page_of(
    rows: QuerySet[Model], *, order: tuple[str, str], columns: Sequence[str], size: int, cursor: str = ""
) -> Page[tuple[Any, ...]]:
    """Read one page of tuples of `columns` in one SQL statement.

    Parameters
    ----------
    order
        A column of instants or of days and the unique `id`, both with or both without a leading minus.
    size
        Rows on a page, 1 to 200.

    Raises
    ------
    InvalidInput
        The size is out of range or the cursor is none of ours.
    """
    if not 1 <= size <= LARGEST:
        raise InvalidInput(mark("The page"), [Problem("limit", "range", mark("From 1 to {most}."), {"most": LARGEST})])
    backward, at, row_id = _read(cursor) if cursor else (False, None, None)
    falling = order[0].startswith("-") != backward
    first, second = (name.lstrip("-") for name in order)
    if at is not None:
        beyond = "lt" if falling else "gt"
        # The first bound is implied by what follows, and it is the one from which a database starts in its index.
        rows = rows.filter(**{f"{first}__{beyond}e": at})
        rows = rows.filter(Q(**{f"{first}__{beyond}": at}) | Q(**{first: at, f"{second}__{beyond}": row_id}))
    sign = "-" if falling else ""
    found = list(rows.order_by(f"{sign}{first}", f"{sign}{second}").values_list(*columns, first, second)[: size + 1])
    more, found = len(found) > size, found[:size]
    if backward:
        found.reverse()
    ends = [(row[-2], row[-1]) for row in (found[0], found[-1])] if found else []
    return Page(
        rows=[row[:-2] for row in found],
        next_cursor=_written(False, *ends[1]) if ends and (more or backward) else "",
        previous_cursor=_written(True, *ends[0]) if ends and (more if backward else bool(cursor)) else "",
    )


def _written(backward: bool, at: date, row_id: UUID) -> str:
    words = json.dumps([int(backward), at.isoformat(), str(row_id)])
    return base64.urlsafe_b64encode(words.encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[bool, date, UUID]:
    try:
        words = json.loads(base64.urlsafe_b64decode(cursor[:300] + "=" * (-len(cursor[:300]) % 4)))
        backward, at, row_id = words
        place = datetime.fromisoformat(at) if "T" in at else date.fromisoformat(at)
        if isinstance(place, datetime) and place.tzinfo is None:
            raise ValueError("no time zone")
        return bool(backward), place, UUID(row_id)
    except (ValueError, TypeError, AttributeError, binascii.Error, UnicodeError, OverflowError, RecursionError):
        raise InvalidInput(
            mark("The page"), [Problem("cursor", "invalid", mark("This is no cursor of ours."))]
        ) from None
