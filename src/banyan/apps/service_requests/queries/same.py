"""Who follows a request, what was merged into it, and which incidents there are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q

from banyan.apps.service_requests.models import Follow, Incident, Merge, ServiceRequest
from banyan.apps.service_requests.queries.many import Row, public_rows, within
from banyan.apps.service_requests.queries.offered import catalogue
from banyan.apps.service_requests.rules import OPEN
from banyan.apps.service_requests.rules.privacy import Privacy
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import NotFound
from banyan.kit import guard
from banyan.kit.guard import Actor, Subject

#: Rows that one page of an incident or of a request shows, at most.
MOST_SHOWN = 200


def followers(service_request_id: UUID) -> set[UUID]:
    """Return the accounts that follow a request, those who follow it because of a merge included."""
    return set(Follow.objects.filter(service_request=service_request_id).values_list("account_id", flat=True))


def is_followed_by(account_id: UUID | None, service_request_id: UUID) -> bool:
    """Say whether an account follows a request of its own accord."""
    if account_id is None:
        return False
    mine = Follow.objects.filter(account_id=account_id, service_request=service_request_id, merge__isnull=True)
    return bool(mine.exists())


def followed_rows(account_id: UUID) -> list[Row]:
    """Return the requests an account follows of its own accord, last followed first, as everybody may see them."""
    mine = Follow.objects.filter(account_id=account_id, merge__isnull=True).order_by("-at", "-id")
    ids = list(mine.values_list("service_request_id", flat=True)[:MOST_SHOWN])
    found = {row.id: row for row in public_rows(ServiceRequest.objects.filter(id__in=ids), limit=MOST_SHOWN)}
    return [found[one] for one in ids if one in found]


def merged_into(request: ServiceRequest) -> list[tuple[ServiceRequest, Merge]]:
    """Return the reports that stand merged into a request, newest first, each with its merge."""
    rows = Merge.objects.filter(service_request__merged_into=request, undone_at__isnull=True)
    found = rows.select_related("service_request").order_by("-at", "-id")[:MOST_SHOWN]
    return [(row.service_request, row) for row in found]


# --- incidents -------------------------------------------------------------------------------------------------------


def incident(incident_id: UUID) -> Incident:
    """Return an incident; everybody may read it.

    Raises
    ------
    NotFound
        There is none by this identifier.
    """
    found: Incident | None = Incident.objects.filter(id=incident_id).first()
    if found is None:
        raise NotFound("incident")
    return found


def open_incidents() -> list[Incident]:
    """Return the incidents that have not ended, newest first: those that go on and those announced."""
    return list(Incident.objects.filter(ended_at__isnull=True).order_by("-starts_at", "-id")[:MOST_SHOWN])


def past_incidents(*, limit: int = 30) -> list[Incident]:
    """Return the newest incidents that have ended."""
    return list(Incident.objects.filter(ended_at__isnull=False).order_by("-starts_at", "-id")[:limit])


def incidents_at(
    town: Town, *, at: datetime, place: territory.PlaceView | None, service_code: str = ""
) -> list[Incident]:
    """Return the open incidents that may explain a report of a service at a place (None: anywhere in the town)."""
    places = territory.tree(town).by_id
    found = []
    for one in open_incidents():
        held = places.get(one.place_id)
        is_here = place is None or (held is not None and place.path.startswith(held.path))
        is_meant = not one.service_codes or service_code in ("", *one.service_codes)
        if is_here and is_meant and one.starts_at <= at:
            found.append(one)
    return found


def may_run(actor: Actor, one: Incident, *, town: Town) -> bool:
    """Say whether an actor may change an incident and answer for it."""
    place = territory.tree(town).by_id.get(one.place_id)
    subject = Subject(place_path=place.path if place else "")
    return guard.may(actor, "service_requests.open_incident", subject=subject)


def requests_of(actor: Actor, one: Incident, *, town: Town) -> list[ServiceRequest]:
    """Return the requests that hang on an incident and that the actor may read in full, newest first."""
    rows = within(guard.reach(actor, "service_requests.read"), town=town).filter(incident=one)
    return list(rows.order_by("-requested_at", "-id")[:MOST_SHOWN])


def n_requests_of(incidents: Sequence[Incident]) -> dict[UUID, int]:
    """Return how many requests hang on each incident, as everybody may know: confidential ones are not counted."""
    rows = ServiceRequest.objects.filter(incident__in=incidents).exclude(privacy=Privacy.CONFIDENTIAL)
    return dict(rows.order_by().values_list("incident_id").annotate(Count("id")))


def proposed_for(actor: Actor, one: Incident, *, town: Town) -> list[ServiceRequest]:
    """Return open requests that the incident may explain and that the actor may read in full.

    They are of its services, in its place, and came since it began.
    """
    tree = territory.tree(town)
    place = tree.by_id.get(one.place_id)
    inside = [p.id for p in tree.below(place.path) if p.level != "building"] if place else []
    rows = within(guard.reach(actor, "service_requests.read"), town=town).filter(
        place_id__in=inside, status__in=OPEN, incident__isnull=True, requested_at__gte=one.starts_at
    )
    if one.service_codes:
        rows = rows.filter(service_id__in=_versions(one.service_codes, town=town))
    return list(rows.order_by("-requested_at", "-id")[:MOST_SHOWN])


def _versions(codes: Collection[str], *, town: Town) -> Iterable[UUID]:
    return [service.id for service in catalogue(town).by_id.values() if service.code in codes]


def concerned_by(one: Incident) -> set[UUID]:
    """Return the accounts that made or follow a request that hangs on an incident."""
    rows = ServiceRequest.objects.filter(incident=one)
    made = set(rows.filter(reporter_account_id__isnull=False).values_list("reporter_account_id", flat=True))
    hangs = Q(service_request__in=rows.values("id"))
    return made | set(Follow.objects.filter(hangs).values_list("account_id", flat=True))
