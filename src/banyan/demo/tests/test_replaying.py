"""Telling the past in short transactions, so that people and the worker are not kept waiting."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from banyan.demo import replaying
from banyan.kit import facts
from tests.towns import SmallTown

NOW = datetime(2026, 3, 18, tzinfo=UTC)


def happenings(*days_ago: float) -> list[Any]:
    return [SimpleNamespace(at=NOW - timedelta(days=days)) for days in days_ago]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, bool]]:
    """Let each thing that happens take 0.2 s of a clock of our own; keep what was told, and whether as news."""
    seen: list[tuple[Any, bool]] = []
    monkeypatch.setattr(replaying.time, "monotonic", lambda: len(seen) * 0.2)
    monkeypatch.setattr(replaying.time, "sleep", lambda _: seen.append((None, False)))

    def tell(_: Any, happening: Any) -> str:
        seen.append((happening, not facts._quiet.get()))
        return "step"

    monkeypatch.setattr(replaying, "_told", tell)
    return seen


def replay(town: SmallTown, past: list[Any], *, gives_way: bool = False) -> tuple[Counter[str], list[int]]:
    said: list[int] = []
    settled: Any = SimpleNamespace(town=town.town)
    return replaying.replay(settled, past, now=NOW, say=said.append, gives_way=gives_way), said


def test_a_transaction_ends_after_half_a_second_whatever_is_left(small_town: SmallTown, told: list[Any]):
    done, said = replay(small_town, happenings(*[30] * 7))

    assert said == [3, 6, 7] and done == {"step": 7}


def test_between_two_transactions_others_may_write(small_town: SmallTown, told: list[Any]):
    replay(small_town, happenings(*[30] * 5), gives_way=True)

    assert [happening is None for happening, _ in told] == [False, False, False, True, False, False, True]


def test_what_is_recent_is_news_and_what_is_older_is_history(small_town: SmallTown, told: list[Any]):
    past = happenings(30, 4, 2, 1)

    _, said = replay(small_town, past)

    assert said == [2, 4]
    assert [is_news for _, is_news in told] == [False, False, True, True]
    assert [happening for happening, _ in told] == past
