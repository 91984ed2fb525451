"""Replaying what happened in the demonstration town, through the same actions that people use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, TypeVar
from uuid import UUID

from banyan.apps.accounts import queries as accounts
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import actions as requests
from banyan.apps.service_requests.rules import Step
from banyan.base.errors import BanyanError
from banyan.demo.requests_model import Happening, Report
from banyan.demo.settling import Settled
from banyan.kit import facts, scopes
from banyan.kit.guard import Actor, Channel

#: Happenings in one transaction: a crash loses at most these, and the disk is asked once for all of them.
BATCH: Final = 400
#: What is older than this is replayed as history, without news in anybody's inbox.
NEWS: Final = timedelta(days=3)

ItemT = TypeVar("ItemT")


def replay(
    settled: Settled, happenings: Sequence[Happening], *, now: datetime, say: Callable[[int, int], None]
) -> Counter[str]:
    """Replay happenings in their order; return how many of each step were done, and how many were refused.

    Parameters
    ----------
    say
        Told after each batch how many of how many are done.
    """
    done: Counter[str] = Counter()
    ids: dict[str, UUID] = {}
    n_told = 0
    for batch in _batches(happenings, BATCH):
        with ExitStack() as stack:
            stack.enter_context(scopes.town(settled.town.id))
            stack.enter_context(scopes.action_transaction())
            if batch[-1].at < now - NEWS:
                stack.enter_context(facts.quietly())
            for happening in batch:
                done[_told(settled, happening, ids)] += 1
        n_told += len(batch)
        say(n_told, len(happenings))
    return done


def _batches(items: Iterable[ItemT], size: int) -> Iterator[list[ItemT]]:
    ahead = iter(items)
    while batch := list(islice(ahead, size)):
        yield batch


def _told(settled: Settled, happening: Happening, ids: dict[str, UUID]) -> str:
    """Let one thing happen.  A step that the town refuses (its request went another way) is counted, not forced."""
    actor = _actor(settled, happening, ids)
    if happening.report is not None:
        ids[happening.request] = _reported(settled, happening.report, actor, at=happening.at)
        return "report"
    request_id = ids[happening.request]
    try:
        with scopes.attempt():
            _stepped(settled, happening, actor, request_id)
    except BanyanError:
        return f"refused {happening.step}"
    return happening.step


def _actor(settled: Settled, happening: Happening, ids: dict[str, UUID]) -> Actor:
    """Return who acts; the reporter without an account acts as bearer of the tracking number."""
    if not happening.by:
        own = ids.get(happening.request)
        return Actor(channel=Channel.DEMO, bearer_of=frozenset({own} if own else ()))
    if happening.by not in settled.actors:
        account_id = settled.accounts[happening.by]
        settled.actors[happening.by] = accounts.actor_of(account_id, town_id=settled.town.id, channel=Channel.DEMO)
    return settled.actors[happening.by]


def _reported(settled: Settled, report: Report, actor: Actor, *, at: datetime) -> UUID:
    draft = requests.Draft(
        service_code=report.service,
        description=report.text,
        urgency=report.urgency,
        lon=report.lon,
        lat=report.lat,
        place_code=report.building,
        address=report.address,
        intake=report.channel,
        contact_name=report.contact_name,
        contact_phone=report.contact_phone,
    )
    return requests.report(actor=actor, town=settled.town, draft=draft, at=at).id


def _stepped(settled: Settled, happening: Happening, actor: Actor, request_id: UUID) -> None:
    if happening.step == "comment":
        requests.comment(
            actor=actor,
            town=settled.town,
            service_request_id=request_id,
            text=happening.text,
            is_internal=happening.is_internal,
            at=happening.at,
        )
    elif happening.step == "rate":
        requests.rate(
            actor=actor,
            town=settled.town,
            service_request_id=request_id,
            rating=happening.rating,
            words=happening.text,
            at=happening.at,
        )
    else:
        requests.take_step(
            actor=actor,
            town=settled.town,
            service_request_id=request_id,
            step=Step(happening.step),
            wanted=_wanted(settled, happening),
            at=happening.at,
        )


def _wanted(settled: Settled, happening: Happening) -> requests.Wanted:
    codes = parties.register(settled.town).by_code
    says = {"remedy": happening.text} if happening.step == "resolve" else {"reason": happening.text}
    if happening.step in {"accept", "start", "resume"}:
        says = {}
    return requests.Wanted(
        party_id=codes.get(happening.party) if happening.step == "dispatch" else None,
        handler_account_id=settled.accounts.get(happening.handler) if happening.step == "dispatch" else None,
        service_code=happening.service if happening.step == "triage" else "",
        urgency=happening.urgency if happening.step == "triage" else "",
        is_text_public=True if happening.step == "triage" else None,
        **says,
    )
