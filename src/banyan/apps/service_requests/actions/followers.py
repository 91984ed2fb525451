"""Following a request that somebody else made: its news come to the follower too."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from banyan.apps.audit import actions as audit
from banyan.apps.service_requests.actions.repeats import raise_if_repeated
from banyan.apps.service_requests.models import Follow, Merge, ServiceRequest
from banyan.apps.service_requests.rules import ENDED
from banyan.apps.territory.queries import Town
from banyan.base.errors import InvalidInput, NotFound, Problem, SignInNeeded, mark
from banyan.kit import guard, scopes
from banyan.kit.guard import Actor


def follow(*, actor: Actor, town: Town, service_request_id: UUID, at: datetime) -> ServiceRequest:
    """Follow a request, or the one it was merged into; following twice changes nothing.

    Raises
    ------
    SignInNeeded
        News can only come to somebody who has signed in.
    NotFound
        There is no request of which everybody may know.
    InvalidInput
        It has ended, or it is the follower's own.
    """
    guard.authorise(actor, "service_requests.follow")
    if actor.account_id is None:
        raise SignInNeeded()
    with scopes.action_transaction():
        root_id = root_of(service_request_id)
        request = locked([root_id]).get(root_id)
        if request is None or not _may_know(actor, request):
            raise NotFound("service request")
        if problems := _problems(request, actor.account_id):
            raise InvalidInput(mark("Following"), problems)
        rows = Follow.objects.filter(service_request=request, account_id=actor.account_id)
        if not rows.filter(merge__isnull=True).exists():
            rows.delete()  # who followed because of a merge follows of its own accord now
            Follow(service_request=request, account_id=actor.account_id, at=at).save(force_insert=True)
            _recorded(actor, request, "followed", at=at)
            recount(request, at=at)
            raise_if_repeated(actor, request, town=town, at=at)
    return request


def unfollow(*, actor: Actor, town: Town, service_request_id: UUID, at: datetime) -> ServiceRequest:  # noqa: ARG001
    """Follow a request no more, nor any report that was merged into it.

    Who reported one of those hears of it all the same: it is their own report.

    Raises
    ------
    SignInNeeded
        Nobody is signed in.
    NotFound
        There is no request of which the actor may know.
    """
    guard.authorise(actor, "service_requests.follow")
    if actor.account_id is None:
        raise SignInNeeded()
    with scopes.action_transaction():
        root_id = root_of(service_request_id)
        own = Follow.objects.filter(account_id=actor.account_id, merge__isnull=True)
        own = own.filter(Q(service_request=root_id) | Q(service_request__merged_into=root_id))
        held = locked({root_id, *own.values_list("service_request_id", flat=True)})
        if root_id not in held or not _may_know(actor, held[root_id]):
            raise NotFound("service request")
        if Follow.objects.filter(id__in=list(own.values_list("id", flat=True))).delete()[0]:
            _recorded(actor, held[root_id], "unfollowed", at=at)
            for one in held.values():
                recount(one, at=at)
    return held[root_id]


def recount(request: ServiceRequest, *, at: datetime) -> None:
    """Bring into step what hangs on the merges that stand: followers by merge, and both numbers.

    The caller holds the row of the request.  Who follows or made a report that was merged into this one follows this
    one because of that merge; own followers stay as they are.
    """
    standing = Merge.objects.filter(service_request__merged_into=request, undone_at__isnull=True)
    merges = dict(standing.values_list("service_request_id", "id"))
    wanted = _followers_of(list(merges), but=request.reporter_account_id)
    rows = Follow.objects.filter(service_request=request)
    held = dict(rows.values_list("account_id", "merge_id"))
    rows.filter(merge__isnull=False).exclude(account_id__in=list(wanted)).delete()
    for account_id, child_id in wanted.items():
        if account_id not in held:
            Follow(service_request=request, account_id=account_id, at=at, merge_id=merges[child_id]).save()
        elif held[account_id] not in (None, merges[child_id]):
            rows.filter(account_id=account_id).update(merge_id=merges[child_id])
    request.n_merged, request.n_followers = len(merges), rows.count()
    request.save(update_fields=["n_merged", "n_followers"])


def _followers_of(child_ids: list[UUID], *, but: UUID | None) -> dict[UUID, UUID]:
    """Return account -> the first merged report, by identifier, that it made or followed of its own accord."""
    made = ServiceRequest.objects.filter(id__in=child_ids, reporter_account_id__isnull=False)
    followed = Follow.objects.filter(service_request__in=child_ids, merge__isnull=True)
    pairs = [
        *made.values_list("reporter_account_id", "id"),
        *followed.values_list("account_id", "service_request_id"),
    ]
    found: dict[UUID, UUID] = {}
    for account_id, child_id in sorted(pairs):
        if account_id != but:
            found.setdefault(account_id, child_id)
    return found


def locked(ids: Iterable[UUID]) -> dict[UUID, ServiceRequest]:
    """Lock requests in the order of their identifiers, one after the other, so that nobody waits in a ring."""
    found = {}
    for one in sorted(set(ids)):
        row = ServiceRequest.objects.select_for_update(of=("self",)).filter(id=one).first()
        if row is not None:
            found[row.id] = row
    return found


def root_of(service_request_id: UUID) -> UUID:
    """Return the request that is handled: the one a report was merged into, or the report itself."""
    found = ServiceRequest.objects.filter(id=service_request_id).values_list("merged_into_id", flat=True).first()
    return found or service_request_id


def _may_know(actor: Actor, request: ServiceRequest) -> bool:
    """A confidential request is nobody's to follow but theirs who follow it by a merge, or made it."""
    if request.privacy != "confidential" or request.reporter_account_id == actor.account_id:
        return True
    return bool(Follow.objects.filter(service_request=request, account_id=actor.account_id).exists())


def _problems(request: ServiceRequest, account_id: UUID) -> list[Problem]:
    if request.reporter_account_id == account_id:
        return [Problem("service_request", "own", mark("It is your own report: its news come to you anyway."))]
    if request.status in ENDED:
        return [Problem("status", "ended", mark("It has ended; there will be no more news."))]
    return []


def _recorded(actor: Actor, request: ServiceRequest, verb: str, *, at: datetime) -> None:
    audit.record(actor=actor, verb=f"service_requests.{verb}", subject=("service_request", request.id), at=at, facts={})
