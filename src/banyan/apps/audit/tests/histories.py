"""Small towns with a history, for the tests of this app."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID, uuid4

from banyan.apps.audit import actions
from banyan.apps.territory.queries import Town
from banyan.kit import scopes
from banyan.kit.guard import Actor, Channel, Grant, Role

CLERK = Actor(account_id=UUID(int=7), grants=(Grant(Role.COORDINATOR),), channel=Channel.WEB)
MORNING = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
WEEK = {day: ["09:00-12:00", "13:00-17:30"] for day in ("mon", "tue", "wed", "thu", "fri")}
CALENDAR = {"timezone": "Asia/Shanghai", "country": "CN", "week": WEEK}


def a_town(slug: str) -> Town:
    """Return a town without any place and without history: the row alone, for `found` writes the first entry."""
    bounds = {"min_lon": 113.3, "min_lat": 23.0, "max_lon": 113.4, "max_lat": 23.1}
    town: Town = Town.objects.create(slug=slug, name_zh="榕江", name_en="Rongjiang", calendar=CALENDAR, **bounds)
    return town


def lived_in(town: Town, random: Random, *, n_checkpoints: int = 5) -> None:
    """Give a town a history: chains of different lengths, personal words, one erasure, all of it sealed."""
    subjects = [("service_request", uuid4()) for _ in range(4)] + [("person", uuid4()) for _ in range(2)]
    people = [uuid4() for _ in range(3)]
    with scopes.town(town.id):
        for number in range(n_checkpoints):
            at = MORNING + timedelta(hours=number)
            for minute in range(5):
                written(random.choice(subjects), random, at=at + timedelta(minutes=minute), people=people[:2])
            if number == 0:
                written(subjects[0], random, at=at, people=[people[2]])
                assert actions.erase_words(actor=CLERK, person_id=people[2], at=at) == 2
            actions.seal(at=at + timedelta(minutes=30))


def written(subject: tuple[str, UUID], random: Random, *, at: datetime, people: list[UUID]) -> None:
    """Write one entry with facts of every kind that JSON knows, and now and then without personal words."""
    facts = {
        "to": random.choice(["triaged", "派遣", "résolu"]),
        "minutes": random.randrange(99),
        "share": random.random(),
    }
    facts |= {"odd": [1e20, -0.0, 1e-7, None, True, {"深": "层"}]} if random.random() < 0.5 else {}
    words = {"text": f"路灯坏了 {random.randrange(999)}", "phone": f"138{random.randrange(10**8):08}"}
    is_silent = len(people) > 1 and random.random() < 0.3
    actions.record(
        actor=CLERK,
        verb="service_requests.triage",
        subject=subject,
        at=at,
        facts=facts,
        personal={} if is_silent else words,
        person_id=None if is_silent else random.choice(people),
    )
