"""Every engine keeps the promises of the house, and the promises are worth something."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from random import Random
from typing import Any

import numpy as np
import pytest

from banyan.base.errors import InvalidInput
from banyan.engines.tests import promises
from banyan.engines.tests.promises import Promised, engine_folders, joined, same

ALL_ENGINES = [engine for folder in engine_folders() for engine in joined(folder)]
ENGINES_WITH_ROWS = [engine for engine in ALL_ENGINES if engine.shuffled]


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Executor]:
    # A spawned process shares nothing but the parcel, as a worker on another machine.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield pool


def _name(engine: Promised) -> str:
    return engine.name


@pytest.mark.parametrize("folder", engine_folders())
def test_every_engine_has_joined(folder: str) -> None:
    assert joined(folder), f"banyan/engines/{folder}/tests/promised.py is missing or empty"


@pytest.mark.parametrize("engine", ALL_ENGINES, ids=_name)
def test_engine_keeps_the_house_promises(engine: Promised, elsewhere: Executor) -> None:
    promises.leaves_inputs_untouched(engine)
    promises.same_seed_same_answer(engine)
    promises.survives_pickling(engine, elsewhere=elsewhere)
    promises.empty_input_speaks_plainly(engine)


@pytest.mark.parametrize("engine", ENGINES_WITH_ROWS, ids=_name)
def test_engine_does_not_care_for_the_order_of_rows(engine: Promised) -> None:
    promises.order_of_rows_is_irrelevant(engine)


# --- an honest engine and five that break one promise each ------------------------------------------------------------


def mean(*, values: list[float]) -> float:
    if not values:
        raise InvalidInput("values", ["there are none"])
    return sum(sorted(values)) / len(values)


def _sorts_in_place(*, values: list[float]) -> float:
    values.sort()
    return values[0]


def _looks_at_the_clock(*, values: list[float]) -> int:
    return time.perf_counter_ns()


def _takes_the_first(*, values: list[float]) -> float:
    return values[0]


def _refuses_in_silence(*, values: list[float]) -> float:
    raise InvalidInput("values", [])


def _remembers_its_process(*, values: list[float]) -> int:
    return os.getpid()


def _values() -> dict[str, Any]:
    return {"values": [3.0, 1.0, 2.0]}


def _none() -> dict[str, Any]:
    return {"values": []}


def _turned(inputs: dict[str, Any], random: Random) -> dict[str, Any]:
    return {"values": random.sample(inputs["values"], k=len(inputs["values"]))}


HONEST = Promised("tests.mean", mean, _values, _none, InvalidInput, _turned)


def test_an_honest_engine_passes(elsewhere: Executor) -> None:
    test_engine_keeps_the_house_promises(HONEST, elsewhere)
    promises.order_of_rows_is_irrelevant(HONEST)


def test_an_engine_that_changes_its_inputs_is_caught() -> None:
    with pytest.raises(AssertionError, match="changed its inputs"):
        promises.leaves_inputs_untouched(replace(HONEST, run=_sorts_in_place))


def test_an_engine_that_looks_at_the_clock_is_caught() -> None:
    with pytest.raises(AssertionError, match="in two ways"):
        promises.same_seed_same_answer(replace(HONEST, run=_looks_at_the_clock))


def test_an_engine_that_depends_on_the_order_of_rows_is_caught() -> None:
    with pytest.raises(AssertionError, match="order of its rows"):
        promises.order_of_rows_is_irrelevant(replace(HONEST, run=_takes_the_first))


def test_an_engine_that_cannot_travel_is_caught(elsewhere: Executor) -> None:
    with pytest.raises(AssertionError, match="cannot travel"):
        promises.survives_pickling(replace(HONEST, run=lambda values: 1), elsewhere=elsewhere)


def test_an_engine_that_answers_otherwise_elsewhere_is_caught(elsewhere: Executor) -> None:
    with pytest.raises(AssertionError, match="in another process"):
        promises.survives_pickling(replace(HONEST, run=_remembers_its_process), elsewhere=elsewhere)


def test_an_engine_that_breaks_on_nothing_is_caught() -> None:
    with pytest.raises(AssertionError, match="broke on an empty input"):
        promises.empty_input_speaks_plainly(replace(HONEST, run=_takes_the_first))
    with pytest.raises(AssertionError, match="without saying why"):
        promises.empty_input_speaks_plainly(replace(HONEST, run=_refuses_in_silence))
    with pytest.raises(AssertionError, match="accepted"):
        promises.empty_input_speaks_plainly(replace(HONEST, run=_looks_at_the_clock))
    with pytest.raises(AssertionError, match="answered"):
        promises.empty_input_speaks_plainly(replace(HONEST, run=_remembers_its_process, answer_to_empty="nothing"))


def test_sameness_sees_through_arrays_and_frozen_values() -> None:
    nan, other_nan = float("nan"), float("inf") - float("inf")

    assert same({"a": [np.array([1.0, nan])]}, {"a": [np.array([1.0, other_nan])]})
    assert same((nan,), (other_nan,))
    assert not same(np.array([1]), np.array([1.0]))
    assert not same([1], (1,))
    assert not same({"a": 1, "b": 2}, {"b": 2, "a": 1})
    assert not same(HONEST, replace(HONEST, name="x"))
