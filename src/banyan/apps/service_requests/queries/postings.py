"""Looking words up: which of the newest requests hold all of them, best first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from banyan.apps.service_requests.models import SearchWord, ServiceRequest
from banyan.apps.service_requests.rules.searching import asked_words
from banyan.base.errors import InvalidInput, Problem, mark
from banyan.base.ids import read_tracking_number
from banyan.kit.paging import LARGEST, Page

#: Requests looked at for one answer, the newest that hold the rarest word; older ones are a page further on.
WINDOW: Final = 500
#: Windows looked through for one page, where much of what they hold may not be read or does not fit the filter.
_MOST_WINDOWS: Final = 4
_MONTH_S: Final = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Hit:
    """A request that holds every word that was asked for."""

    service_request_id: UUID
    requested_s: int
    weight: int


@dataclass(frozen=True, slots=True)
class Window:
    """The hits among the newest requests with the rarest word, best first; `last` is where older ones begin."""

    hits: Sequence[Hit]
    last: tuple[int, UUID] | None = None


def window(words: Sequence[str], *, is_public: bool, before: tuple[int, UUID] | None = None) -> Window:
    """Return the requests of the town in scope that hold every word, within one window.

    What it costs depends on the size of the window and the number of words, not on how many requests there are.  The
    caller narrows the hits to what may be read.

    Parameters
    ----------
    words
        As `rules.searching.asked_words` returns them.
    is_public
        Only words that everybody may read.
    before
        Where the window before this one ended: look at what is older.
    """
    if not words:
        return Window(())
    rare = _rarest_first(words, is_public=is_public)
    if not rare:
        return Window(())
    rows = _newest(rare[0], is_public=is_public, before=before)
    others = {f"w{i}": Subquery(_same_request(word, is_public=is_public)) for i, word in enumerate(rare[1:])}
    found = [
        row
        for kept in rows
        for row in kept.annotate(**others).values_list("requested_s", "service_request_id", "weight", *others)[:WINDOW]
    ]
    found.sort(reverse=True)
    is_full, found = len(found) >= WINDOW, found[:WINDOW]
    hits = [Hit(row[1], row[0], sum(row[2:])) for row in found if None not in row[2:]]
    newest_s = found[0][0] if found else 0
    hits.sort(key=lambda hit: (-_score(hit, newest_s=newest_s), -hit.requested_s, hit.service_request_id))
    return Window(hits, (found[-1][0], found[-1][1]) if is_full else None)


def _score(hit: Hit, *, newest_s: int) -> float:
    """Return how well a hit answers: the weight of its words, and up to two for being recent."""
    return hit.weight + 2 / (1 + (newest_s - hit.requested_s) / _MONTH_S)


def _rarest_first(words: Sequence[str], *, is_public: bool) -> list[str]:
    """Return the words, the rarest first as far as a bounded look can tell; none where one of them occurs nowhere."""
    if len(words) == 1:
        return list(words)
    counted: list[tuple[int, str]] = []
    for word in words:
        n = sum(rows[:WINDOW].count() for rows in _held(word, is_public=is_public))
        if n == 0:
            return []
        counted.append((n, word))
    return [word for _, word in sorted(counted, key=lambda one: one[0])]


def _held(word: str, *, is_public: bool) -> list[QuerySet[SearchWord]]:
    """Return the rows of a word as ranges of the index, each in the order of time."""
    rows = SearchWord.objects.filter(word=word)
    return [rows.filter(is_public=value) for value in ((True,) if is_public else (True, False))]


def _newest(word: str, *, is_public: bool, before: tuple[int, UUID] | None) -> list[QuerySet[SearchWord]]:
    ranges = _held(word, is_public=is_public)
    if before is not None:
        second, request_id = before
        older = Q(requested_s__lt=second) | Q(requested_s=second, service_request_id__lt=request_id)
        ranges = [rows.filter(older, requested_s__lte=second) for rows in ranges]
    return [rows.order_by("-requested_s", "-service_request_id") for rows in ranges]


def _same_request(word: str, *, is_public: bool) -> QuerySet[SearchWord, dict[str, Any]]:
    """Return the weight of another word of the same request, looked up by its whole key."""
    same = SearchWord.objects.filter(
        word=word,
        is_public__in=(True,) if is_public else (True, False),
        requested_s=OuterRef("requested_s"),
        service_request_id=OuterRef("service_request_id"),
    )
    return same.values("weight")[:1]


# --- as a part of a list ---------------------------------------------------------------------------------------------


def holding(words: str, *, is_public: bool, own_numbers: bool) -> Q:
    """Return the condition on requests that they hold every word, within one window of the newest.

    Parameters
    ----------
    own_numbers
        A whole tracking number finds its request; the caller narrows to what may be read in full.
    """
    if own_numbers and (number := _number(words)):
        return Q(tracking_number=number)
    found = window(asked_words(words), is_public=is_public)
    return Q(id__in=[hit.service_request_id for hit in found.hits])


def _number(words: str) -> str:
    """Return the tracking number that stands in a question, "" where there is none."""
    try:
        return read_tracking_number(words[:40])
    except InvalidInput:
        return ""


def best_first(
    rows: QuerySet[ServiceRequest],
    words: str,
    *,
    is_public: bool,
    own_numbers: bool,
    columns: Sequence[str],
    size: int,
    cursor: str = "",
) -> Page[tuple[Any, ...]]:
    """Return a page of tuples of `columns` of those `rows` that hold every word, best first within each window.

    Further pages go through the same window and then through older ones, so everything is found in the end.

    Raises
    ------
    InvalidInput
        The size is out of range or the cursor is none of ours.
    """
    if not 1 <= size <= LARGEST:
        raise InvalidInput(mark("The page"), [Problem("limit", "range", mark("From 1 to {most}."), {"most": LARGEST})])
    if own_numbers and (number := _number(words)):
        return Page(list(rows.filter(tracking_number=number).values_list(*columns)[:1]))
    before, offset = _place(cursor) if cursor else (None, 0)
    asked, found, next_cursor = asked_words(words), list[UUID](), ""
    previous = _written(before, max(0, offset - size)) if offset else ""
    for _ in range(_MOST_WINDOWS):
        seen = window(asked, is_public=is_public, before=before)
        fitting = set(rows.filter(id__in=[hit.service_request_id for hit in seen.hits]).values_list("id", flat=True))
        best = [hit.service_request_id for hit in seen.hits if hit.service_request_id in fitting][offset:]
        room = size - len(found)
        found += best[:room]
        if len(best) > room:
            next_cursor = _written(before, offset + room)
            break
        before, offset = seen.last, 0
        next_cursor = _written(before, 0) if before else ""
        if before is None or len(found) >= size:
            break
    place = {request_id: i for i, request_id in enumerate(found)}
    read = list(rows.filter(id__in=found).values_list("id", *columns)) if found else []
    read.sort(key=lambda row: place[row[0]])
    return Page([row[1:] for row in read], next_cursor, previous)


def _written(before: tuple[int, UUID] | None, offset: int) -> str:
    second, request_id = before or (0, "")
    return f"{second}.{request_id}.{offset}"


def _place(cursor: str) -> tuple[tuple[int, UUID] | None, int]:
    try:
        second, request_id, offset = cursor[:80].split(".")
        before = (int(second), UUID(request_id)) if request_id else None
        if not (0 <= int(offset) <= WINDOW and abs(int(second)) < 1 << 40):
            raise ValueError("out of range")
    except ValueError:
        problem = Problem("cursor", "invalid", mark("This is no cursor of ours."))
        raise InvalidInput(mark("The page"), [problem]) from None
    return before, int(offset)
