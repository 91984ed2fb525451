"""Keeping the words under which requests are found."""

# ruff: noqa: S608 - the names of tables and columns come from the model

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final
from uuid import UUID

from django.db import connection

from banyan.apps.service_requests import queries
from banyan.apps.service_requests.models import SearchWord, ServiceRequest
from banyan.apps.service_requests.rules.public_words import public_address, public_description
from banyan.apps.service_requests.rules.searching import MOST_WORDS, words_of
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.kit import scopes

_COLUMNS: Final = ("word", "is_public", "requested_s", "service_request_id", "weight")
#: Where a word stands -> how much a hit there counts.
_WEIGHTS: Final = {"service": 3, "description": 2, "place": 1, "address": 1, "answer": 1}
_AT_ONCE: Final = 2000


def index(requests: Iterable[ServiceRequest], *, town: Town | None = None) -> int:
    """Keep the words of new requests of the town in scope, one SQL statement for a batch; return how many words.

    Imports and replays call it with batches of some thousand; of a request that is there already only new words are
    added (`reindex` begins anew).  The caller has authorised the writing.
    """
    town_id = scopes.current_town()
    names = _Names(town or territory.town_by_id(town_id))
    rows = sorted(row for request in requests for row in _rows_of(request, names=names))
    if rows:
        _insert(town_id, rows)
    return len(rows)


def unindex(ids: Collection[UUID]) -> int:
    """Forget every word of requests, by their identifiers; return how many words were forgotten."""
    return int(SearchWord.objects.filter(service_request_id__in=list(ids))._raw_delete(connection.alias)) if ids else 0


def reindex(requests: Collection[ServiceRequest]) -> int:
    """Make the words of requests anew after their text, their place or what everybody reads has changed."""
    unindex([request.id for request in requests])
    return index(requests)


def reindex_town() -> Iterator[int]:
    """Make all words of the town in scope anew, batch by batch; yield how many requests are done."""
    done, last = 0, UUID(int=0)
    while batch := list(ServiceRequest.objects.filter(id__gt=last).order_by("id")[:_AT_ONCE]):
        reindex(batch)
        done, last = done + len(batch), batch[-1].id
        yield done


_Row = tuple[str, bool, int, UUID, int]


def _rows_of(request: ServiceRequest, *, names: _Names) -> Iterator[_Row]:
    requested_s = int(request.requested_at.timestamp())
    for word, (weight, is_public) in _weighed(request, names=names).items():
        yield word, is_public, requested_s, request.id, weight


def _weighed(request: ServiceRequest, *, names: _Names) -> dict[str, tuple[int, bool]]:
    """Return the words of a request with the weight of each and whether everybody may find the request by it."""
    found: dict[str, tuple[int, bool]] = {}
    for field, words, is_public in _fields(request, names=names):
        for word in words:
            weight, was_public = found.get(word, (0, False))
            if weight or len(found) < MOST_WORDS:
                found[word] = (min(weight + _WEIGHTS[field], 9), was_public or is_public)
    return found


def _fields(request: ServiceRequest, *, names: _Names) -> Iterator[tuple[str, Sequence[str], bool]]:
    """Yield (field, its words, whether everybody reads it); what everybody reads comes first."""
    is_open = request.privacy != "confidential"
    yield "service", names.of_service(request.service_id), is_open
    yield "place", names.of_place(request.place_id), is_open
    description, address = public_description(request), public_address(request)
    yield "description", names.of_text(description), is_open
    yield "address", names.of_text(address), is_open
    if request.answer:
        yield "answer", words_of(request.answer), is_open
    if request.description != description:
        yield "description", words_of(request.description), False
    if request.address != address:
        yield "address", words_of(request.address), False
    if request.building_id:
        yield "place", names.of_place(request.building_id, above=False), False


class _Names:
    """The words of services, of places and of texts that come again, taken apart once for a batch."""

    def __init__(self, town: Town) -> None:
        self._services, self._tree = queries.catalogue(town).by_id, territory.tree(town)
        roots = [place for place in self._tree.places if place.parent_id is None]
        # the name of a town that is itself a place would be in every request
        self._everywhere = roots[0].id if len(roots) == 1 else None
        self._held: dict[tuple[UUID, bool], Sequence[str]] = {}
        self.of_text = lru_cache(maxsize=1000)(words_of)  # cases of another system are mostly called by their type

    def of_service(self, service_id: UUID) -> Sequence[str]:
        """Return the words of a service in both languages."""
        if (service_id, True) not in self._held:
            service = self._services[service_id]
            self._held[service_id, True] = words_of(f"{service.name_zh} {service.name_en}")
        return self._held[service_id, True]

    def of_place(self, place_id: UUID | None, *, above: bool = True) -> Sequence[str]:
        """Return the words of a place in both languages, with those of the places above it."""
        place = self._tree.by_id.get(place_id) if place_id else None
        if place is None:
            return ()
        if (place.id, above) not in self._held:
            chain = self._tree.upward(place) if above else [place]
            names = [f"{one.name_zh} {one.name_en}" for one in chain if one.id != self._everywhere]
            self._held[place.id, above] = words_of(" ".join(names))
        return self._held[place.id, above]


def _insert(town_id: UUID, rows: list[_Row]) -> None:
    """Write rows past the models: ten times as fast, and an import brings a million of them."""
    table, names = SearchWord._meta.db_table, ", ".join(f'"{name}"' for name in _COLUMNS)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            kinds = ("text", "boolean", "bigint", "uuid", "smallint")
            arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
            cursor.execute(
                f'INSERT INTO "{table}" (town_id, {names}) SELECT %s, * FROM unnest({arrays}) ON CONFLICT DO NOTHING',
                [town_id, *(list(column) for column in zip(*rows, strict=True))],
            )
            return
        cursor.executemany(
            f'INSERT OR IGNORE INTO "{table}" (town_id, {names}) VALUES (%s, %s, %s, %s, %s, %s)',
            [
                (town_id.hex, word, is_public, requested_s, request_id.hex, weight)
                for word, is_public, requested_s, request_id, weight in rows
            ],
        )
