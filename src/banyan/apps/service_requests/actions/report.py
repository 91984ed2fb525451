"""Receiving a report."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError

from banyan.apps.audit import actions as audit
from banyan.apps.matters import actions as matters
from banyan.apps.people import actions as people
from banyan.apps.service_requests import events, queries
from banyan.apps.service_requests.actions import searching
from banyan.apps.service_requests.actions.photos import stored_photos
from banyan.apps.service_requests.errors import IdTaken
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.rules import ON_BEHALF, Draft, Intake, Status, clocks, draft_problems
from banyan.apps.service_requests.rules.attributes import Value, read_values
from banyan.apps.service_requests.rules.likeness import cell_of
from banyan.apps.service_requests.rules.personal import hidden
from banyan.apps.service_requests.rules.privacy import Privacy, unlinkable
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.calendar import ALWAYS, Calendar
from banyan.base.coordinates import LonLat, System, convert
from banyan.base.errors import InvalidInput, Problem, mark
from banyan.base.ids import tracking_number, uuid4, uuid7
from banyan.kit import facts, guard, scopes
from banyan.kit.guard import Actor
from banyan.kit.images import Picture, pictures


@dataclass(frozen=True, slots=True)
class Received:
    """What a reporter gets back.  The tracking number is a secret: whoever knows it acts as the reporter."""

    id: UUID
    tracking_number: str
    request: ServiceRequest


@dataclass(frozen=True, slots=True)
class _Found:
    """A draft whose words have been found in the town."""

    service: queries.ServiceView
    urgency: str
    point: LonLat | None
    place: territory.PlaceView | None
    building: territory.PlaceView | None
    fate: queries.Fate
    attributes: Mapping[str, Value]


def report(*, actor: Actor, town: Town, draft: Draft, at: datetime, photos: Sequence[bytes] = ()) -> Received:
    """Receive a report: anybody may make one; on behalf of someone else only the staff.

    Raises
    ------
    InvalidInput
        Lists every problem: unknown service, urgency, channel or coordinate system, missing words, a point outside the
        town, a time in the future, a bad contact, hostile photos.  Nothing is stored.
    IdTaken
        The identifier that the client made is there already.
    """
    guard.authorise(actor, "service_requests.report")
    if draft.intake in ON_BEHALF:
        guard.authorise(actor, "service_requests.report_on_behalf")
    found, shots = _checked(draft, town=town, at=at, photos=photos)
    actor, draft = _unnamed(actor, draft), _unlinked(draft)
    with _id_used_once(draft), scopes.action_transaction():
        request = _stored(actor, draft, found, town=town, at=at)
        stored_photos(request, shots, moment="report", actor=actor, at=at)
        entry = _recorded(actor, request, found, at=at, n_photos=len(shots))
        searching.index([request], town=town)
        facts.publish(events.ServiceRequestReceived(request.id, entry))
    return Received(request.id, request.tracking_number, request)


def _unnamed(actor: Actor, draft: Draft) -> Actor:
    """Return who acts: nobody known where the report is anonymous, unless staff write it down for somebody."""
    is_unnamed = draft.privacy == Privacy.ANONYMOUS and draft.intake not in ON_BEHALF
    return replace(actor, account_id=None, grants=()) if is_unnamed else actor


def _unlinked(draft: Draft) -> Draft:
    """Return a draft whose identifier does not tell when it was made, where it is confidential."""
    if draft.privacy != Privacy.CONFIDENTIAL:
        return draft
    key = settings.SECRET_KEY.encode()
    return replace(draft, id=unlinkable(draft.id, key=key) if draft.id else uuid4())


def calendar_of(service: queries.ServiceView, *, town: Town) -> Calendar:
    """Return the calendar in which the clocks of a service run."""
    return ALWAYS if service.is_clock_always_on else territory.calendar(town)


#: What the two databases name when an identifier is there already: the request's key, or its matter's origin.
_TAKEN: Final = ("service_requests_servicerequest", "matters_matter", "a_record_opens_one_matter")


@contextmanager
def _id_used_once(draft: Draft) -> Iterator[None]:
    """Say plainly that an identifier made by a client is there already, also when two come at the same moment."""
    if draft.id is not None and ServiceRequest.objects.filter(id=draft.id).exists():
        raise IdTaken()
    try:
        yield
    except IntegrityError as error:
        if draft.id is None or not any(name in str(error) for name in _TAKEN):
            raise
        raise IdTaken() from error


def _checked(draft: Draft, *, town: Town, at: datetime, photos: Sequence[bytes]) -> tuple[_Found, list[Picture]]:
    service = queries.catalogue(town).offered.get(draft.service_code)
    problems = draft_problems(draft, at=at, needs_place=service is not None and service.needs_place)
    if service is None:
        value = {"value": draft.service_code[:60]}
        problems.insert(0, Problem("service_code", "unknown", mark("There is no service “{value}”."), value))
    place_broken = any(problem.where in {"lon", "lat", "coordinate_system"} for problem in problems)
    point = None if place_broken else _point(draft)
    place, place_problems = (None, []) if place_broken else placed(point, draft.place_code, town=town)
    shots, photo_problems = pictures(photos)
    values, value_problems = read_values(draft.attributes, service.attributes if service else ())
    problems += place_problems + photo_problems + (value_problems if service else [])
    problems += people.contact_problems(name=draft.contact_name, phone=draft.contact_phone, email=draft.contact_email)
    if problems or service is None:
        raise InvalidInput(mark("The report"), problems)
    building = place if place is not None and place.level == "building" else None
    tree = territory.tree(town)
    grid = tree.by_id.get(building.parent_id) if building and building.parent_id else place
    urgency = draft.urgency or service.default_urgency
    fate = queries.what_would_happen(
        town, service=service, place=place, urgency=urgency, at=draft.requested_at or at, words=draft.description
    )
    return _Found(service, urgency, point, grid, building, fate, values), shots


def _point(draft: Draft) -> LonLat | None:
    if draft.lon is None or draft.lat is None:
        return None
    return convert(LonLat(draft.lon, draft.lat), source=System(draft.coordinate_system), target=System.WGS84)


def placed(point: LonLat | None, place_code: str, *, town: Town) -> tuple[territory.PlaceView | None, list[Problem]]:
    """Return the place that a WGS84 point or a code names, and every problem of finding it."""
    tree = territory.tree(town)
    if place_code:
        named = tree.by_code.get(place_code)
        if named is None:
            value = {"code": place_code[:40]}
            return None, [Problem("place_code", "unknown", mark("There is no place {code}."), value)]
        if point is None:
            return named, []
    if point is None:
        return None, []
    inside = town.min_lon <= point.lon <= town.max_lon and town.min_lat <= point.lat <= town.max_lat
    located = tree.locate(point.lon, point.lat) if inside else None
    if not inside or (located is None and tree.has_polygons):
        return None, [Problem("lon", "outside", mark("The point lies outside the town."))]
    if place_code and (named := tree.by_code[place_code]).level == "building":
        return named, []
    return located, []


def _stored(actor: Actor, draft: Draft, found: _Found, *, town: Town, at: datetime) -> ServiceRequest:
    request_id = draft.id or uuid7()
    requested_at = draft.requested_at or at
    on_behalf = draft.intake in ON_BEHALF
    contact = people.Contact(draft.contact_name, draft.contact_phone, draft.contact_email)
    owner = None if on_behalf or draft.intake == Intake.IMPORT else actor.account_id
    person = None if draft.is_passed_on else owner
    reporter_id = people.enter(actor=actor, contact=contact, account_id=person, at=at) if contact else None
    party = found.fate.party
    matter_id = matters.open_matter(
        origin=("service_request", request_id), place_id=found.place.id if found.place else None, at=at
    )
    clock = clocks.started(
        found.service.targets,
        urgency=found.urgency,
        calendar=calendar_of(found.service, town=town),
        at=requested_at,
    )
    if draft.deadline_at is not None:  # promised by another desk; the target stays the service's own
        clock = replace(clock, deadline_at=draft.deadline_at)
    request = ServiceRequest(
        id=request_id,
        matter_id=matter_id,
        service_id=found.service.id,
        tracking_number=tracking_number(),
        status=Status.RECEIVED,
        urgency=found.urgency,
        kind=found.service.kind,
        channel=draft.intake,
        description=draft.description.strip(),
        public_text=_public_text(draft),
        privacy=draft.privacy,
        retain_until=queries.kept_until(draft.privacy, found.service.kind, town=town, at=at),
        attributes=dict(found.attributes),
        lon=found.point.lon if found.point else None,
        lat=found.point.lat if found.point else None,
        cell=cell_of(found.point.lon, found.point.lat) if found.point else None,
        address=draft.address.strip(),
        place_id=found.place.id if found.place else None,
        building_id=found.building.id if found.building else None,
        suggested_party_id=party.id if party else None,
        reporter_id=reporter_id,
        reporter_account_id=owner,
        taken_by_account_id=actor.account_id if on_behalf else None,
        requested_at=requested_at,
        updated_at=at,
        source_key=draft.source_key,
        response_due_at=clock.stage_deadline_at,
        next_rung_at=queries.first_rung_at(clock, found.service, found.urgency, town=town, since=requested_at),
        **clock.columns(),
    )
    request.save(force_insert=True)
    return request


def _public_text(draft: Draft) -> str:
    """Return the words with personal data hidden, "" where there is nothing to hide."""
    words = draft.description.strip()
    shown = hidden(words)
    return "" if shown == words else shown


def _recorded(actor: Actor, request: ServiceRequest, found: _Found, *, at: datetime, n_photos: int) -> UUID:
    words: dict[str, Any] = {
        "service": found.service.code,
        "version": found.service.version,
        "urgency": found.urgency,
        "channel": request.channel,
        "place": found.place.code if found.place else None,
        "suggested_party": str(request.suggested_party_id) if request.suggested_party_id else None,
        "to": request.status,
        "deadline_at": request.deadline_at.isoformat() if request.deadline_at else None,
        "n_photos": n_photos,
        "requested_at": request.requested_at.isoformat(),
    }
    if found.fate.decision is not None:
        words["rule"] = found.fate.decision.rule
    personal = {"description": request.description} | ({"address": request.address} if request.address else {})
    if found.attributes:
        personal["attributes"] = json.dumps(found.attributes, ensure_ascii=False)
    entry = audit.record(
        actor=actor,
        verb="service_requests.received",
        subject=("service_request", request.id),
        at=at,
        facts=words,
        personal=personal,
        person_id=request.reporter_id,
        is_first=True,
    )
    return entry.id
