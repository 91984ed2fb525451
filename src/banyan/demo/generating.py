"""Generating the demonstration town: plan, settle, live three months; the same seed gives the same town.

What is recent or still open is told first, so that the doors can open; what ended long ago follows while visitors are
already there.  The order between requests does not matter: each has a history of its own.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from banyan.apps.territory import queries as territory
from banyan.demo import geometry, parties, replaying, requests_model, settling
from banyan.demo.announcing import announce
from banyan.demo.requests_model import Happening, Parameters
from banyan.demo.settling import Settled
from banyan.kit import scopes

SEED: Final = 20230601
#: What was reported since then, or has not ended, is told before the doors open.
RECENT: Final = timedelta(days=7)
_ENDINGS: Final = frozenset({"close", "reject", "withdraw"})


@dataclass(frozen=True, slots=True)
class Story:
    """The town with what happens in it up to `now`, the part that opens the doors first (`n_first` happenings)."""

    settled: Settled
    happenings: tuple[Happening, ...]
    n_first: int
    now: datetime


def compose(*, scale: float, now: datetime, say: Callable[[str], None]) -> Story:
    """Plan the town and its three months up to `now`, and settle it where it is not settled yet.

    `scale` multiplies dwellings and requests; `say` is told what is being done.  The same scale and `now` compose the
    same story, so that one that was broken off can go on.
    """
    say("Drawing the town: river, streets, grids, buildings")
    plan = geometry.plan_town(seed=SEED, scale=scale)
    people = parties.organise(plan)
    n_people = len(people.staff) + len(people.residents)
    say(
        f"Settling {len(plan.grids)} grids, {len(plan.buildings)} buildings, "
        f"{len(people.parties)} parties, {n_people} people"
    )
    town = territory.town_named(settling.SLUG)
    long_ago = now - timedelta(days=Parameters().n_days + 1)
    settled = settling.moved_in(town, people) if town else settling.settle(plan, people, at=long_ago)
    with scopes.town(settled.town.id):
        calendar = territory.calendar(settled.town)
    if town is None:
        announce(settled.town, now=now)
    say("Imagining three months of requests")
    first, later = _parted(requests_model.simulate(plan, people, until=now, calendar=calendar), now=now)
    return Story(settled, (*first, *later), len(first), now)


def _parted(happenings: tuple[Happening, ...], *, now: datetime) -> tuple[list[Happening], list[Happening]]:
    """Part what belongs to recent or open requests from what belongs to requests that ended."""
    last = {happening.request: happening.step for happening in happenings if happening.step not in {"rate", "comment"}}
    recent = {happening.request for happening in happenings if happening.report and happening.at > now - RECENT}
    wanted = recent | {request for request, step in last.items() if step not in _ENDINGS}
    first = [happening for happening in happenings if happening.request in wanted]
    return first, [happening for happening in happenings if happening.request not in wanted]


def tell(story: Story, *, begin: int, end: int, say: Callable[[int], None], gives_way: bool = False) -> Counter[str]:
    """Let the happenings from `begin` to `end` of a story happen; `say` is told how many of the story are told.

    `gives_way` where people are in the town already (`replaying.replay`).
    """
    with _without_collecting():
        part = story.happenings[begin:end]
        return replaying.replay(
            story.settled, part, now=story.now, say=lambda n_told: say(begin + n_told), gives_way=gives_way
        )


def generate(*, scale: float, now: datetime, say: Callable[[str], None]) -> Counter[str]:
    """Compose a story and tell the whole of it; return how many reports and steps were replayed."""
    story = compose(scale=scale, now=now, say=say)
    return tell(story, begin=0, end=len(story.happenings), say=lambda _: None)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Leave cyclic garbage lie while thousands of short-lived queries are built: it costs a good part of the time."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
