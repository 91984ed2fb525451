"""Replaying what happened in the demonstration town, through the same actions that people use."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from itertools import islice
from typing import Final
from uuid import UUID, uuid5

from django.db import transaction

from banyan.apps.accounts import queries as accounts
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import actions as requests
from banyan.apps.service_requests.rules import Step
from banyan.base.errors import BanyanError
from banyan.demo.requests_model import Happening, Report
from banyan.demo.settling import Settled
from banyan.kit import facts, scopes
from banyan.kit.guard import Actor, Channel

#: Seconds of work in one transaction, however slow the machine is just now: nobody who writes waits longer than that.
BUSY_S: Final = 0.5
#: Seconds between two transactions while others are there.  Who waits for SQLite's lock looks for it every 100 ms at
#: the latest: a shorter gap is hardly ever met, and one writer after the other would give up.
PAUSE_S: Final = 0.12
_REQUESTS: Final = UUID("6f0c1d53-7d0b-5a36-9c55-0d3f5a0b7a11")
#: What the services that need it are told beside the words.
_ANSWERS: Final[Mapping[str, Mapping[str, str]]] = {"lift_out": {"people_inside": "no"}}
#: What is older than this is replayed as history, without news in anybody's inbox.
NEWS: Final = timedelta(days=3)


def replay(
    settled: Settled,
    happenings: Sequence[Happening],
    *,
    now: datetime,
    say: Callable[[int], None],
    gives_way: bool = False,
) -> Counter[str]:
    """Replay happenings in their order; return how many of each step were done, and how many were refused.

    Parameters
    ----------
    say
        Told after each batch, once it is stored, how many are done.
    gives_way
        Let others write between two batches: people and a worker are there already.
    """
    done: Counter[str] = Counter()
    n_told = 0
    while n_told < len(happenings):
        n_told += _batch(settled, happenings, done, begin=n_told, now=now)
        say(n_told)
        if gives_way:
            time.sleep(PAUSE_S)
    return done


def _batch(settled: Settled, happenings: Sequence[Happening], done: Counter[str], *, begin: int, now: datetime) -> int:
    """Let things happen for half a second in one transaction, one thing at least; return how many it was."""
    n, is_news = 0, happenings[begin].at >= now - NEWS
    with ExitStack() as stack:
        stack.enter_context(scopes.town(settled.town.id))
        stack.enter_context(transaction.atomic())
        if not is_news:
            stack.enter_context(facts.quietly())
        until = time.monotonic() + BUSY_S
        for happening in islice(happenings, begin, None):
            if n and (time.monotonic() > until or (happening.at >= now - NEWS) != is_news):
                break
            done[_told(settled, happening)] += 1
            n += 1
    return n


def identifier_of(key: str) -> UUID:
    """Return the identifier of a request of the story, always the same: a story that was broken off goes on."""
    return uuid5(_REQUESTS, key)


def _told(settled: Settled, happening: Happening) -> str:
    """Let one thing happen.  A step that the town refuses (its request went another way) is counted, not forced."""
    actor, request_id = _actor(settled, happening), identifier_of(happening.request)
    try:
        if happening.report is not None:
            _reported(settled, happening.report, actor, request_id, at=happening.at)
        else:
            _stepped(settled, happening, actor, request_id)
    except BanyanError:
        return f"refused {happening.step}"
    return happening.step


def _actor(settled: Settled, happening: Happening) -> Actor:
    """Return who acts; the reporter without an account acts as bearer of the tracking number."""
    if not happening.by:
        return Actor(channel=Channel.DEMO, bearer_of=frozenset({identifier_of(happening.request)}))
    if happening.by not in settled.actors:
        account_id = settled.accounts[happening.by]
        settled.actors[happening.by] = accounts.actor_of(account_id, town_id=settled.town.id, channel=Channel.DEMO)
    return settled.actors[happening.by]


def _reported(settled: Settled, report: Report, actor: Actor, request_id: UUID, *, at: datetime) -> None:
    draft = requests.Draft(
        id=request_id,
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
        attributes=_ANSWERS.get(report.service, {}),
    )
    requests.report(actor=actor, town=settled.town, draft=draft, at=at)


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
    speaks = happening.step not in {"accept", "start", "resume"}
    return requests.Wanted(
        party_id=codes.get(happening.party) if happening.step == "dispatch" else None,
        handler_account_id=settled.accounts.get(happening.handler) if happening.step == "dispatch" else None,
        service_code=happening.service if happening.step == "triage" else "",
        urgency=happening.urgency if happening.step == "triage" else "",
        is_text_public=True if happening.step == "triage" else None,
        remedy=happening.text if happening.step == "resolve" else "",
        reason=happening.text if speaks and happening.step != "resolve" else "",
    )
