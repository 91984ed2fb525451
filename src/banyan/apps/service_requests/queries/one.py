"""One request: who may see it, what may be done with it, what hangs on it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final
from uuid import UUID

from django.db.models import F, Q

from banyan.apps.service_requests.models import Comment, Photo, ServiceRequest
from banyan.apps.service_requests.queries.many import Row
from banyan.apps.service_requests.rules import (
    OWN_ACTIONS,
    Step,
    check_separate_hands,
    steps_from,
    verification,
)
from banyan.apps.service_requests.rules.privacy import Privacy
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import BanyanError, NotFound
from banyan.kit import guard
from banyan.kit.guard import Actor, Channel, Subject

#: What a party that was summoned to help may do with the whole request; the rest is for the party that has it.
HELPERS_MAY: Final = frozenset(
    f"service_requests.{verb}" for verb in ("read", "read_internal", "read_contact", "comment", "comment_internal")
)


def subject_of(request: ServiceRequest, *, town: Town, verb: str = "service_requests.read") -> Subject:
    """Return what the guard has to know of a request for a verb: helpers read and comment, the rest is the lead's."""
    place = place_of(request, town=town)
    helpers = request.co_party_ids if verb in HELPERS_MAY else ()
    parties = (request.party_id, *map(UUID, helpers))
    return Subject(
        id=request.id,
        place_path=place.path if place else "",
        party_ids=frozenset(party_id for party_id in parties if party_id),
        owner_account_id=request.reporter_account_id,
    )


def place_of(request: ServiceRequest, *, town: Town) -> territory.PlaceView | None:
    """Return the place (grid or above) of a request, None where it has none."""
    return territory.tree(town).by_id.get(request.place_id) if request.place_id else None


def readable(
    actor: Actor, service_request_id: UUID, *, town: Town, verb: str = "service_requests.read"
) -> ServiceRequest:
    """Return a request that the actor may read in full.

    Raises
    ------
    NotFound
        There is none by this identifier that the actor may know of.
    """
    found: ServiceRequest | None = ServiceRequest.objects.filter(id=service_request_id).first()
    if found is None or not guard.may(actor, verb, subject=subject_of(found, town=town, verb=verb)):
        raise NotFound("service request")
    return found


def public(service_request_id: UUID) -> ServiceRequest:
    """Return a request whoever asks, for tasks: pages ask `seen`.  `NotFound` where there is none."""
    found: ServiceRequest | None = ServiceRequest.objects.filter(id=service_request_id).first()
    if found is None:
        raise NotFound("service request")
    return found


def seen(actor: Actor, service_request_id: UUID, *, town: Town) -> ServiceRequest:
    """Return a request of which the actor may see at least the public part.

    Raises
    ------
    NotFound
        There is none, or it is confidential and the actor is neither its reporter nor of the staff in charge.
    """
    found = public(service_request_id)
    if found.privacy == Privacy.CONFIDENTIAL:
        return readable(actor, service_request_id, town=town)
    return found


def contact_verb(request: ServiceRequest) -> str:
    """Return the verb with which the contact behind a request is read: of a confidential one the handlers lack it."""
    is_confidential = request.privacy == Privacy.CONFIDENTIAL
    return "service_requests.read_confidential_contact" if is_confidential else "service_requests.read_contact"


def locked_for(actor: Actor, service_request_id: UUID, *, town: Town, verb: str) -> ServiceRequest:
    """Return a request with its row locked, once the actor may use `verb` on it.

    Raises
    ------
    NotFound
        There is none that the actor may know of.
    SignInNeeded, Forbidden
        The actor may know of it and lacks the right.
    """
    found: ServiceRequest | None = (
        ServiceRequest.objects.select_for_update(of=("self",)).filter(id=service_request_id).first()
    )
    if found is None:
        raise NotFound("service request")
    subject = subject_of(found, town=town, verb=verb)
    if not guard.may(actor, verb, subject=subject):
        if not guard.may(actor, "service_requests.read", subject=subject_of(found, town=town)):
            raise NotFound("service request")
        guard.authorise(actor, verb, subject=subject)
    return found


def is_known(service_request_id: UUID) -> bool:
    """Say whether a request with this identifier was made: a page sent twice makes one request."""
    return ServiceRequest.objects.filter(id=service_request_id).exists()


def by_tracking_number(number: str) -> ServiceRequest:
    """Return the request with a tracking number, already read by `base.ids.read_tracking_number`."""
    found: ServiceRequest | None = ServiceRequest.objects.filter(tracking_number=number).first()
    if found is None:
        raise NotFound("service request")
    return found


def steps_for(actor: Actor, request: ServiceRequest, *, town: Town) -> list[Step]:
    """Return the steps that this actor may take with this request now, in the order of the state table."""
    subject = subject_of(request, town=town, verb="")
    return [
        step
        for step in steps_from(request.status)
        if step not in OWN_ACTIONS
        and guard.may(actor, f"service_requests.{step}", subject=subject)
        and not (step is Step.RETURN and is_bound(actor, request))
        and _hands_are_separate(actor, request, step)
        and (step is not Step.VERIFY or may_verify(actor, request, town=town))
    ]


def may_verify(actor: Actor, request: ServiceRequest, *, town: Town) -> bool:
    """Say whether the verification policy of a request lets this actor say that it is done; the town itself may."""
    if actor.account_id is None and actor.channel is Channel.TASK:
        return True
    subject = subject_of(request, town=town, verb="")
    is_reporter = request.id in actor.bearer_of or (
        actor.account_id is not None and actor.account_id == request.reporter_account_id
    )
    as_staff, of_nobody = replace(actor, bearer_of=frozenset()), replace(subject, owner_account_id=None)
    return verification.may_verify(
        verification.Wait(verification.Policy(request.verification), request.verify_by_at),
        is_reporter=is_reporter,
        is_staff=guard.may(as_staff, "service_requests.verify", subject=of_nobody),
        has_reporter=request.reporter_account_id is not None,
    )


def is_bound(actor: Actor, request: ServiceRequest | Row) -> bool:
    """Say whether arbitration bound the actor's party to a request, so that it cannot give it back."""
    return request.is_binding and request.party_id is not None and request.party_id in actor.party_ids()


def check_hands(actor: Actor, request: ServiceRequest, *, step: Step | None) -> None:
    """Refuse with `HandlerMayNotVerify` a verification or rating (`step` None) by the one who handled."""
    if actor.account_id is None and actor.channel is Channel.TASK:
        return  # the town's own rules are nobody's hands, and never say that somebody has looked
    check_separate_hands(
        step,
        actor_account_id=actor.account_id,
        resolved_by=request.resolved_by_account_id,
        taken_by=request.taken_by_account_id,
    )


def _hands_are_separate(actor: Actor, request: ServiceRequest, step: Step) -> bool:
    try:
        check_hands(actor, request, step=step)
    except BanyanError:
        return False
    return True


def comments(request: ServiceRequest, *, with_internal: bool) -> list[Comment]:
    """Return the comments on a request, oldest first."""
    rows = Comment.objects.filter(service_request=request).order_by("at", "id")
    return list(rows if with_internal else rows.filter(is_internal=False))


def photos(request: ServiceRequest) -> list[Photo]:
    """Return the photos of a request, oldest first."""
    return list(Photo.objects.filter(service_request=request).order_by("at", "id"))


def public_photos(service_request_ids: Collection[UUID]) -> dict[UUID, list[Photo]]:
    """Return the photos that everybody may see by request, oldest first, in one SQL statement.

    Of requests whose words were published: what came with the report, which staff saw when they published it, and what
    who handled them took after the work.  What a reporter adds later nobody has looked through: those concerned see it.
    """
    found: dict[UUID, list[Photo]] = {}
    if not service_request_ids:
        return found
    with_report = Q(moment="report", at__lte=F("service_request__requested_at"))
    hands = ("handler_account_id", "resolved_by_account_id")
    after_work = Q(moment="after") & Q(
        *[Q(account_id=F(f"service_request__{hand}")) for hand in hands], _connector=Q.OR
    )
    rows = Photo.objects.filter(
        with_report | after_work, service_request_id__in=service_request_ids, service_request__is_text_public=True
    )
    for photo in rows.order_by("at", "id"):
        found.setdefault(photo.service_request_id, []).append(photo)
    return found


def photos_for(actor: Actor, request: ServiceRequest, *, town: Town) -> list[Photo]:
    """Return the photos of a request that an actor may see, oldest first."""
    if guard.may(actor, "service_requests.read", subject=subject_of(request, town=town)):
        return photos(request)
    return public_photos([request.id]).get(request.id, [])
