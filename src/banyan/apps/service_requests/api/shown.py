"""A request as the API shows it: plain values, names from the registers in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from banyan.apps.audit.queries import Moment
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import queries
from banyan.apps.service_requests.models import Photo, ServiceRequest
from banyan.apps.service_requests.pages.telling import AMONG_STAFF, BESIDE, NOTES
from banyan.apps.service_requests.rules.public_words import public_address, public_description
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town

_COLUMNS: Final = (
    *("id", "kind", "status", "urgency", "channel", "address", "lon", "lat", "requested_at", "updated_at"),
    *("deadline_at", "stopped_at", "remaining_min", "stage", "stage_deadline_at", "rating", "is_text_public"),
    *("description", "version"),
)
#: What a history entry says to people who do not work here.
_OPEN_FACTS: Final = frozenset(
    {
        *("from", "to", "service", "urgency", "party_id", "rating", "deadline_at", "n_photos"),
        *("part", "part_party_id", "part_from", "part_to"),
    }
)


def shower(town: Town, *, at: datetime, is_public: bool) -> Callable[[queries.Row | ServiceRequest], dict[str, Any]]:
    """Return what turns a row into plain values; the public view holds no words or doors not yet published."""
    services = {service.id: service_named(service) for service in queries.catalogue(town).by_id.values()}
    places, register = territory.tree(town).by_id, parties.register(town).by_id

    def show(request: queries.Row | ServiceRequest) -> dict[str, Any]:
        shown = {name: getattr(request, name) for name in _COLUMNS}
        shown["service"] = services[request.service_id]
        shown["place"] = place_named(places.get(request.place_id)) if request.place_id else None
        shown["party"] = party_named(register.get(request.party_id)) if request.party_id else None
        deadline = request.deadline_at
        shown["is_overdue"] = deadline is not None and deadline < at and request.stopped_at is None
        if is_public:
            shown["description"], shown["address"] = public_description(request), public_address(request)
        if is_public and not request.is_text_public and request.lon is not None and request.lat is not None:
            shown["lon"], shown["lat"] = queries.blurred(request.lon, request.lat)
        return shown

    return show


def service_named(service: queries.ServiceView) -> dict[str, Any]:
    """Return a service by code and name."""
    return {
        "code": service.code,
        "name_zh": service.name_zh,
        "name_en": service.name_en,
        "group": service.group,
    }


def place_named(place: territory.PlaceView | None) -> dict[str, Any] | None:
    """Return a place by code and name."""
    if place is None:
        return None
    return {"code": place.code, "path": place.path, "name_zh": place.name_zh, "name_en": place.name_en}


def party_named(party: parties.PartyView | None) -> dict[str, Any] | None:
    """Return a party by identifier and name."""
    if party is None:
        return None
    return {"id": party.id, "code": party.code, "name_zh": party.name_zh, "name_en": party.name_en}


def full_part(request: ServiceRequest, *, town: Town) -> dict[str, Any]:
    """Return what those who may read a request in full see beside the public part."""
    places, register = territory.tree(town).by_id, parties.register(town).by_id
    suggested = request.suggested_party_id
    return {
        "matter_id": request.matter_id,
        "building": place_named(places.get(request.building_id)) if request.building_id else None,
        "suggested_party": party_named(register.get(suggested)) if suggested else None,
        "privacy": request.privacy,
        "public_text": request.public_text,
        "retain_until": request.retain_until,
        "handler_account_id": request.handler_account_id,
        "remedy": request.remedy,
        "pause_reason": request.pause_reason,
        "rating_words": request.rating_words,
        "attributes": request.attributes,
    }


NOTHING_MORE: Final[Mapping[str, Any]] = {
    "matter_id": None,
    "building": None,
    "suggested_party": None,
    "privacy": "named",
    "public_text": "",
    "retain_until": None,
    "handler_account_id": None,
    "remedy": "",
    "pause_reason": "",
    "rating_words": "",
    "attributes": {},
}


def photo(row: Photo, *, town: Town) -> dict[str, Any]:
    """Return a photo with the address of its content."""
    shown = {name: getattr(row, name) for name in ("id", "moment", "width", "height", "n_bytes", "sha256", "at")}
    path = f"/api/v1/towns/{town.slug}/service_requests/{row.service_request_id}/photos/{row.id}"
    return shown | {"url": path}


def moments(
    entries: Sequence[Moment], *, hears_words: bool, hears_inner: bool, names: Mapping[UUID, str]
) -> list[dict[str, Any]]:
    """Return a history: everybody hears the steps, those concerned the words, the staff also names and inner notes."""
    return [
        {
            "id": entry.id,
            "at": entry.at,
            "verb": entry.verb,
            "role": entry.role,
            "facts": {k: v for k, v in entry.facts.items() if hears_inner or k in _OPEN_FACTS},
            "words": _words(entry, hears_inner=hears_inner) if hears_words else {},
            "account_id": entry.account_id if hears_inner else None,
            "account_name": names.get(entry.account_id, "") if hears_inner and entry.account_id else "",
        }
        for entry in entries
        if _is_heard(entry, hears_words=hears_words, hears_inner=hears_inner)
    ]


def _words(entry: Moment, *, hears_inner: bool) -> dict[str, Any]:
    """Return the free words of an entry; to those who do not work here only what the page tells them as well."""
    note = NOTES.get(_verb(entry), "")
    return {name: text for name, text in entry.words.items() if hears_inner or name == note}


def _is_heard(entry: Moment, *, hears_words: bool, hears_inner: bool) -> bool:
    if entry.facts.get("is_internal") or _verb(entry) in AMONG_STAFF:
        return hears_inner
    return hears_words or _verb(entry) not in BESIDE


def _verb(entry: Moment) -> str:
    return entry.verb.removeprefix("service_requests.")
