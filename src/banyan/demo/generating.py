"""Generating the demonstration town: plan, settle, live three months; the same seed gives the same town."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from banyan.apps.territory import queries as territory
from banyan.demo import geometry, parties, replaying, requests_model, settling
from banyan.demo.requests_model import Parameters
from banyan.kit import scopes

SEED: Final = 20230601


def generate(*, scale: float, now: datetime, say: Callable[[str], None]) -> Counter[str]:
    """Generate the town up to `now`; return how many reports and steps were replayed.

    `scale` multiplies dwellings and requests; `say` is told what is being done.
    """
    say("Drawing the town: river, streets, grids, buildings")
    plan = geometry.plan_town(seed=SEED, scale=scale)
    people = parties.organise(plan)
    say(
        f"Settling {len(plan.grids)} grids, {len(plan.buildings)} buildings, "
        f"{len(people.parties)} parties, {_n(people)} people"
    )
    settled = settling.settle(plan, people, at=now - timedelta(days=Parameters().n_days + 1))
    with scopes.town(settled.town.id):
        calendar = territory.calendar(settled.town)
    say("Imagining three months of requests")
    happenings = requests_model.simulate(plan, people, until=now, calendar=calendar)

    def progress(n_done: int, n_all: int) -> None:
        if n_done == n_all or (n_done // replaying.BATCH) % 8 == 0:
            say(f"  {n_done:>6} of {n_all} happenings replayed through the actions of the platform")

    with _without_collecting():
        return replaying.replay(settled, happenings, now=now, say=progress)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Leave cyclic garbage lie while thousands of short-lived queries are built: it costs a good part of the time."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _n(people: parties.Organisation) -> int:
    return len(people.staff) + len(people.residents)
