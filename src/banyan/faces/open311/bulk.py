"""GeoReport Bulk: every request of a time as CSV, in one answer of any length and of bounded memory.

Columns as the specification names them (https://wiki.open311.org/GeoReport/bulk), RFC 4180, UTF-8.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from django.db.models import Q
from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils import translation

from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import queries
from banyan.apps.service_requests.rules import ENDED
from banyan.apps.territory import queries as territory
from banyan.base import tables
from banyan.faces.open311 import reading, shown
from banyan.faces.open311.door import Asked
from banyan.faces.open311.formats import Form, instant
from banyan.faces.open311.statuses import STATE_WORDS, notes_of
from banyan.kit import scopes
from banyan.kit.templating import bi

COLUMNS: Final = (
    *("service_request_id", "requested_datetime", "updated_datetime", "closed_date", "status_description"),
    *("status_notes", "source", "service_name", "service_subtype", "description", "agency_responsible", "address"),
    *("lat", "long"),
)
#: How far apart the two dates may be: as far as anybody asks; without dates it is the last 90 days.
LONGEST: Final = timedelta(days=36_600)
#: Requests that are read at a time.
_CHUNK: Final = 1000


def requests(asked: Asked) -> HttpResponseBase:
    """Answer the requests that are wanted, newest first; pages are ignored, the answer has no end of its own."""
    wanted = reading.wanted_of(asked.words, town=asked.town, at=asked.at, longest=LONGEST)
    language = translation.get_language() or "en"
    lines = [] if asked.request.method == "HEAD" else _lines(asked, replace(wanted, limit=_CHUNK, offset=0), language)
    response = StreamingHttpResponse(lines, content_type=Form.CSV.content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="requests-{asked.town.slug}.csv"'
    return response


def _lines(asked: Asked, wanted: reading.Wanted, language: str) -> Iterator[bytes]:
    """Yield the table in pieces; each is read in a scope of its own, because the answer outlives the request."""
    yield _written([COLUMNS])
    last: queries.Row | None = None
    while True:
        with scopes.town(asked.town.id), translation.override(language):
            found = reading.chosen(wanted, town=asked.town)
            if last is not None:
                at = last.requested_at
                found = found.filter(Q(requested_at__lt=at) | Q(requested_at=at, id__lt=last.id))
            rows = queries.public_rows(found, limit=_CHUNK)
            piece = _written(_cells(asked, rows))
        if rows:
            yield piece
        if len(rows) < _CHUNK:
            return
        last = rows[-1]


def _cells(asked: Asked, rows: Sequence[queries.Row]) -> list[list[Any]]:
    services, places = queries.catalogue(asked.town).by_id, territory.tree(asked.town).by_id
    register = parties.register(asked.town).by_id
    beside, changed = reading.beside_of(rows), shown.changed_at(rows)
    found = []
    for row in rows:
        more, of = beside[row.id], services[row.service_id]
        place = places.get(row.place_id) if row.place_id else None
        found.append(
            [
                str(row.id),
                instant(row.requested_at),
                instant(changed[row.id]),
                instant(changed[row.id]) if row.status in ENDED else "",
                STATE_WORDS[row.status][2],
                notes_of(row.status, verified_how=more.verified_how, merged_into=more.merged_into),
                row.channel,
                bi(of),
                "",
                shown.text_of(row, more),
                bi(register.get(row.party_id)) if row.party_id else "",
                _address(asked, row, place),
                row.lat,
                row.lon,
            ]
        )
    return found


def _address(asked: Asked, row: queries.Row, place: territory.PlaceView | None) -> str:
    """Return where it is from the smallest to the largest: what was published of the address, then the places."""
    above = territory.tree(asked.town).upward(place) if place else []
    return ", ".join(word for word in (row.address, *(bi(one) for one in above), bi(asked.town)) if word)


def _written(rows: Sequence[Sequence[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([[_cell(value) for value in row] for row in rows])
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    return value if isinstance(value, float) else tables.safe_cell(value)
