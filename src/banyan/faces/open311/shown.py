"""Requests, services and updates in the words of GeoReport v2: plain values that either format can hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from banyan.apps.audit import queries as audit
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import queries
from banyan.apps.service_requests.models import Photo
from banyan.apps.service_requests.pages.telling import SENTENCES
from banyan.apps.service_requests.rules import ENDED, STEPS, Status
from banyan.apps.territory import queries as territory
from banyan.faces.open311.door import Asked
from banyan.faces.open311.formats import instant
from banyan.kit.templating import bi

SUBJECT: Final = "service_request"
_PREFIX: Final = "service_requests."
#: State -> its word, and its name among the statuses of the updates extension.
STATE_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    Status.RECEIVED: (gettext_noop("Received"), "OPEN"),
    Status.TRIAGED: (gettext_noop("Triaged"), "INVESTIGATING"),
    Status.DISPATCHED: (gettext_noop("Dispatched"), "ACTION_SCHEDULED"),
    Status.ACCEPTED: (gettext_noop("Accepted"), "ACTION_SCHEDULED"),
    Status.IN_PROGRESS: (gettext_noop("In progress"), "IN_PROGRESS"),
    Status.PAUSED: (gettext_noop("Paused"), "ACTION_SCHEDULED"),
    Status.RESOLVED: (gettext_noop("Resolved"), "FIXED"),
    Status.VERIFIED: (gettext_noop("Verified"), "FIXED"),
    Status.CLOSED: (gettext_noop("Closed"), "CLOSED"),
    Status.REOPENED: (gettext_noop("Reopened"), "REOPEN"),
    Status.RETURNED: (gettext_noop("Returned"), "INVESTIGATING"),
    Status.REJECTED: (gettext_noop("Rejected"), "NO_FURTHER_ACTION"),
    Status.WITHDRAWN: (gettext_noop("Withdrawn"), "CANCELLED"),
}
#: Entries of history that everybody may hear of: the steps, and how it began.
TOLD: Final = frozenset(
    {f"{_PREFIX}{word}" for steps in STEPS.values() for word in steps} | {f"{_PREFIX}received", f"{_PREFIX}imported"}
)
#: Steps that end a request.
_ENDING: Final = frozenset(
    f"{_PREFIX}{step}" for steps in STEPS.values() for step, state in steps.items() if state in ENDED
)


def status_of(state: str) -> str:
    """Return open or closed for a state of ours."""
    return "closed" if state in ENDED else "open"


def service(one: queries.ServiceView) -> dict[str, Any]:
    """Return a service.  It is realtime: an identifier is given at once; it asks no further questions."""
    return {
        "service_code": one.code,
        "service_name": bi(one),
        "description": bi(one, "description"),
        "metadata": False,
        "type": "realtime",
        "keywords": ", ".join(bi(one, "keywords").replace(",", " ").split()),
        "group": bi(one, "group"),
    }


def requests(asked: Asked, rows: Sequence[queries.Row], *, extended: bool = False) -> list[dict[str, Any]]:
    """Return requests as everybody may see them, with the words that were published; three SQL statements at most.

    Where `extended`, with the fields of ``extensions=true``: channel, photos and the public history of each.
    """
    services, places = queries.catalogue(asked.town).by_id, territory.tree(asked.town).by_id
    register = parties.register(asked.town).by_id
    photos = _photos(asked, rows)
    history = _history(rows, whole=extended)
    shown = []
    for row in rows:
        passages, shots = history.get(row.id, []), photos.get(row.id, [])
        place, of = places.get(row.place_id) if row.place_id else None, services[row.service_id]
        shown.append(
            {
                "service_request_id": str(row.id),
                "status": status_of(row.status),
                "status_notes": gettext(STATE_WORDS[row.status][0]),
                "service_name": bi(of),
                "service_code": of.code,
                "description": row.description,
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
                **(_extensions(asked, row, shots, passages) if extended else {}),
            }
        )
    return shown


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
    asked: Asked, row: queries.Row, photos: list[dict[str, Any]], passages: Sequence[audit.Passage]
) -> dict[str, Any]:
    return {
        "attributes": [],
        "extended_attributes": {"channel": row.channel, "photos": photos},
        "notes": [
            {
                "datetime": instant(passage.at),
                "description": sentence(asked, passage),
                "type": passage.verb.removeprefix(_PREFIX),
            }
            for passage in passages
        ],
    }


def sentence(asked: Asked, passage: audit.Passage) -> str:
    """Return what happened in a sentence that names no person."""
    words = SENTENCES[passage.verb.removeprefix(_PREFIX)][0]
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
