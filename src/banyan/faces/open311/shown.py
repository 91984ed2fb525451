"""Requests, services and updates in the words of GeoReport v2: plain values that either format can hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext

from banyan.apps.audit import queries as audit
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import queries
from banyan.apps.service_requests.models import Photo
from banyan.apps.service_requests.pages.telling import sentence_of
from banyan.apps.service_requests.rules import ENDED, STEPS, Status
from banyan.apps.territory import queries as territory
from banyan.faces.open311 import definitions, reading
from banyan.faces.open311.door import Asked
from banyan.faces.open311.formats import instant
from banyan.faces.open311.statuses import STATE_WORDS, notes_of, status_of
from banyan.kit.templating import bi

SUBJECT: Final = "service_request"
_PREFIX: Final = "service_requests."
#: The sphere and the ends of the map projection EPSG:3857, in metres and degrees.
_EQUATOR_M: Final = 6_378_137.0
_MERCATOR_ENDS: Final = 85.06
#: Entries of history that everybody may hear of: the steps, and how it began.
TOLD: Final = frozenset(
    {f"{_PREFIX}{word}" for steps in STEPS.values() for word in steps} | {f"{_PREFIX}received", f"{_PREFIX}imported"}
)
#: Steps that end a request.
_ENDING: Final = frozenset(
    f"{_PREFIX}{step}" for steps in STEPS.values() for step, state in steps.items() if state in ENDED
)


def service(one: queries.ServiceView) -> dict[str, Any]:
    """Return a service.  It is realtime: an identifier is given at once."""
    return {
        "service_code": one.code,
        "service_name": bi(one),
        "description": bi(one, "description"),
        "metadata": bool(one.attributes),
        "type": "realtime",
        "keywords": ", ".join(bi(one, "keywords").replace(",", " ").split()),
        "group": bi(one, "group"),
    }


def requests(
    asked: Asked, rows: Sequence[queries.Row], *, extended: bool = False, with_notes: bool = False
) -> list[dict[str, Any]]:
    """Return requests as everybody may see them, with the words that were published; five SQL statements at most.

    Where `extended`, with the fields of ``extensions=true``: attributes, channel, photos and the public history of
    each; `with_notes` brings the history alone.
    """
    services, places = queries.catalogue(asked.town).by_id, territory.tree(asked.town).by_id
    register = parties.register(asked.town).by_id
    photos, beside = _photos(asked, rows), reading.beside_of(rows)
    history = _history(rows, whole=extended or with_notes)
    shown = []
    for row in rows:
        passages, shots, more = history.get(row.id, []), photos.get(row.id, []), beside[row.id]
        place, of = places.get(row.place_id) if row.place_id else None, services[row.service_id]
        shown.append(
            {
                "service_request_id": str(row.id),
                "status": status_of(row.status),
                "status_notes": notes_of(row.status, verified_how=more.verified_how, merged_into=more.merged_into),
                "service_name": bi(of),
                "service_code": of.code,
                "description": text_of(row, more),
                "agency_responsible": bi(register.get(row.party_id)) if row.party_id else "",
                "service_notice": None,
                "requested_datetime": instant(row.requested_at),
                "updated_datetime": instant(_updated_at(row, passages)),
                "expected_datetime": instant(row.deadline_at if row.stopped_at is None else None),
                "address": row.address,
                "address_id": place.code if place else None,
                "zipcode": None,
                "lat": row.lat,
                "long": row.lon,
                "media_url": shots[0]["media_url"] if shots else None,
                **(_extensions(row, more, of, shots) if extended else {}),
                **({"notes": _notes(asked, passages)} if extended or with_notes else {}),
            }
        )
    return shown


def text_of(row: queries.Row, more: reading.Beside) -> str:
    """Return the words of a request that everybody may read: what was published in place of hidden ones, if any."""
    return (more.public_text or row.description) if row.is_text_public else ""


def changed_at(rows: Sequence[queries.Row]) -> dict[UUID, datetime]:
    """Return when each request was changed last; of a closed one, when it was closed."""
    history = _history(rows, whole=False)
    return {row.id: _updated_at(row, history.get(row.id, [])) for row in rows}


def _updated_at(row: queries.Row, passages: Sequence[audit.Passage]) -> datetime:
    """Return when a request was changed last; of a closed one, when it was closed."""
    ends = [passage.at for passage in passages if passage.verb in _ENDING] if row.status in ENDED else []
    return ends[-1] if ends else row.updated_at


def _history(rows: Sequence[queries.Row], *, whole: bool) -> dict[UUID, list[audit.Passage]]:
    """Return what everybody may hear of the requests: all of it, or only the ends of those that have ended."""
    ids = [row.id for row in rows if whole or row.status in ENDED]
    found: dict[UUID, list[audit.Passage]] = {}
    if ids:
        for passage in audit.passages(SUBJECT, verbs=TOLD if whole else _ENDING, subject_ids=ids):
            found.setdefault(passage.subject_id, []).append(passage)
    return found


def _photos(asked: Asked, rows: Sequence[queries.Row]) -> dict[UUID, list[dict[str, Any]]]:
    """Return the photos that everybody may see."""
    held = queries.public_photos([row.id for row in rows if row.is_text_public])
    return {request_id: [_photo(asked, photo) for photo in photos] for request_id, photos in held.items()}


def _photo(asked: Asked, photo: Photo) -> dict[str, Any]:
    return {
        "media_url": asked.url("photo", photo.service_request_id, photo.id),
        "title": photo.moment,
        "width": photo.width,
        "height": photo.height,
        "created_at": instant(photo.at),
    }


def _extensions(
    row: queries.Row, more: reading.Beside, service: queries.ServiceView, photos: list[dict[str, Any]]
) -> dict[str, Any]:
    # where words had to be hidden, those of the attributes are not shown either: nobody went through them
    values = definitions.values(more.attributes, service, with_words=not more.public_text)
    x, y = _metres(row.lon, row.lat)
    return {
        "attributes": values if row.is_text_public else [],
        "extended_attributes": {"channel": row.channel, "x": x, "y": y, "photos": photos},
        "media_urls": [photo["media_url"] for photo in photos],
    }


def _metres(lon: float | None, lat: float | None) -> tuple[float | None, float | None]:
    """Return a point in metres of the web's map projection (EPSG:3857), to the metre; at the poles it has none."""
    if lon is None or lat is None or abs(lat) > _MERCATOR_ENDS:
        return None, None
    x = math.radians(lon) * _EQUATOR_M
    y = math.log(math.tan(math.pi / 4 + math.radians(lat) / 2)) * _EQUATOR_M
    return round(x, 0), round(y, 0)


def _notes(asked: Asked, passages: Sequence[audit.Passage]) -> list[dict[str, Any]]:
    return [
        {
            "datetime": instant(passage.at),
            "description": sentence(asked, passage),
            "type": passage.verb.removeprefix(_PREFIX),
        }
        for passage in passages
    ]


def sentence(asked: Asked, passage: audit.Passage) -> str:
    """Return what happened in a sentence that names no person."""
    words = sentence_of(passage.verb.removeprefix(_PREFIX), passage.facts)
    party_id = passage.facts.get("party_id")
    party = parties.register(asked.town).by_id.get(UUID(party_id)) if party_id else None
    return gettext(words).format(party=bi(party) or gettext("a party"))


def update(asked: Asked, passage: audit.Passage, *, extended: bool) -> dict[str, Any]:
    """Return an entry of public history as the updates extension has it."""
    state = str(passage.facts.get("to") or Status.RECEIVED)
    return {
        "update_id": str(passage.id),
        "service_request_id": str(passage.subject_id),
        "status": STATE_WORDS[state][1] if extended else status_of(state),
        "description": sentence(asked, passage),
        "updated_datetime": instant(passage.at),
        "media_url": None,
        "external_status_code": state,
    }
