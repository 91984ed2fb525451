"""Updates that another system sends about a request: words, pictures and steps, each update once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from banyan.apps.audit import queries as audit
from banyan.apps.service_requests import queries
from banyan.apps.service_requests.actions.steps import take_step
from banyan.apps.service_requests.actions.words import add_photos, comment
from banyan.apps.service_requests.errors import UpdateUsedOtherwise
from banyan.apps.service_requests.models import ExternalUpdate, ServiceRequest
from banyan.apps.service_requests.rules import NEEDS, TAKES, Status, Step, Wanted, next_status
from banyan.apps.territory.queries import Town
from banyan.base.errors import InvalidInput, Problem, mark
from banyan.kit import scopes
from banyan.kit.guard import Actor

#: The verbs of history that an update can become.
_VERBS = frozenset({"service_requests.commented", "service_requests.photographed"}) | {
    f"service_requests.{step}" for step in Step
}


@dataclass(frozen=True, slots=True)
class News:
    """What an update says.

    `update_id` is its identifier in the other system ("" where it has none: it cannot be told from another one then).
    `standing`: states in which it asks for no step; `ways`: the ways that lead to what it says, the first that the
    actor may begin is taken; where there is none, the update is refused unless the request is in one of `stays`.
    """

    source: str
    update_id: str = ""
    text: str = ""
    photos: Sequence[bytes] = ()
    standing: Collection[Status] = ()
    ways: Sequence[Sequence[Step]] = ()
    stays: Collection[Status] = frozenset(Status)


@dataclass(frozen=True, slots=True)
class TakenUpdate:
    """The history entry that an update became, and whether it was there before."""

    entry_id: UUID | None
    is_new: bool


def take_update(*, actor: Actor, town: Town, service_request_id: UUID, news: News, at: datetime) -> TakenUpdate:
    """Take an update of another system: its words become a comment, or go with the steps that it stands for.

    The same update again (by source and identifier) changes nothing.

    Raises
    ------
    InvalidInput
        Lists every problem: no words, a state that no step of this actor leads to, bad pictures.
    UpdateUsedOtherwise
        The identifier came with an update of another request.
    NotFound, SignInNeeded, Forbidden
        The actor may not know of the request, or not add to it.
    """
    with scopes.action_transaction():
        request = queries.locked_for(actor, service_request_id, town=town, verb="service_requests.comment")
        if (held := _held(news, request)) is not None:
            return TakenUpdate(held.entry_id, is_new=False)
        way = _way(actor, request, news, town=town)
        if not (news.text.strip() or way or news.photos):
            raise InvalidInput(mark("The update"), [Problem("text", "required", mark("Write something first."))])
        _carried_out(actor, request, news, way, town=town, at=at)
        entry_id = _last_entry(request)
        _kept(news, request, entry_id, at=at)
    return TakenUpdate(entry_id, is_new=True)


def _held(news: News, request: ServiceRequest) -> ExternalUpdate | None:
    if not news.update_id:
        return None
    held: ExternalUpdate | None = ExternalUpdate.objects.filter(source=news.source, update_id=news.update_id).first()
    if held is not None and held.service_request_id != request.id:
        raise UpdateUsedOtherwise()
    return held


def _way(actor: Actor, request: ServiceRequest, news: News, *, town: Town) -> Sequence[Step]:
    """Return the steps that an update stands for, none where the request stands there already."""
    if Status(request.status) in news.standing:
        return ()
    first = queries.steps_for(actor, request, town=town)
    for way in news.ways:
        if way[0] in first:
            return way
    if Status(request.status) not in news.stays:
        sentence = mark("An update cannot bring the request there from where it stands: {value}.")
        raise InvalidInput(mark("The update"), [Problem("status", "illegal", sentence, {"value": request.status})])
    return ()


def _carried_out(
    actor: Actor, request: ServiceRequest, news: News, way: Sequence[Step], *, town: Town, at: datetime
) -> None:
    """Take the steps, the words with the last one if it takes any; else they are a comment."""
    is_said = not news.text.strip()
    for step in way:
        words = Wanted()
        if step is way[-1] and (name := _word_of(step)):
            text, is_said = news.text.strip(), True
            words = Wanted(remedy=text) if name == "remedy" else Wanted(reason=text)
        take_step(actor=actor, town=town, service_request_id=request.id, step=step, at=at, wanted=words)
    if not is_said:
        comment(actor=actor, town=town, service_request_id=request.id, text=news.text, at=at)
    if news.photos:
        is_after = bool(way) and _end(request.status, way) == Status.RESOLVED
        moment = "after" if is_after else "during"
        add_photos(actor=actor, town=town, service_request_id=request.id, photos=news.photos, moment=moment, at=at)


def _word_of(step: Step) -> str:
    taken = (*NEEDS.get(step, ()), *TAKES.get(step, ()))
    return next((name for name in ("remedy", "reason") if name in taken), "")


def _end(status: str, way: Sequence[Step]) -> Status:
    found = Status(status)
    for step in way:
        found = next_status(found, step)
    return found


def _last_entry(request: ServiceRequest) -> UUID | None:
    found = audit.passages("service_request", verbs=_VERBS, subject_ids=[request.id])
    return found[-1].id if found else None


def _kept(news: News, request: ServiceRequest, entry_id: UUID | None, *, at: datetime) -> None:
    if not news.update_id:
        return
    row = ExternalUpdate(
        source=news.source, update_id=news.update_id, service_request_id=request.id, entry_id=entry_id, at=at
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:  # it came at the same moment for another request
        raise UpdateUsedOtherwise() from error
