"""Named streams of random numbers."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from banyan.base.rng import dice, stream

PINNED = [16611755142358981186, 3243573799693010611, 6375196423619485688]
PINNED_DICE = 4887732140778929110
paths = st.lists(st.one_of(st.text(max_size=5), st.integers(-9, 9)), max_size=4).map(tuple)


def test_a_stream_is_the_same_on_every_machine() -> None:
    drawn = stream(7, "demo", "requests", 3).bit_generator.random_raw(3).tolist()

    assert drawn == PINNED
    assert dice(7, "demo").getrandbits(64) == PINNED_DICE


def test_a_stream_is_the_same_in_another_run() -> None:
    program = "from banyan.base.rng import stream; print(stream(7, 'demo', '榕').integers(2**62))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "12345"}

    other = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)

    assert int(other.stdout) == stream(7, "demo", "榕").integers(2**62)


@given(st.integers(), paths, st.integers(), paths)
def test_different_names_or_seeds_are_different_streams(
    seed: int, path: tuple[str | int, ...], other_seed: int, other_path: tuple[str | int, ...]
) -> None:
    same = (seed, path) == (other_seed, other_path)

    assert np.array_equal(stream(seed, *path).random(4), stream(other_seed, *other_path).random(4)) == same
    assert (dice(seed, *path).random() == dice(other_seed, *other_path).random()) == same


def test_names_that_look_alike_when_joined_stay_apart() -> None:
    paths_alike: list[tuple[str | int, ...]] = [("ab", "c"), ("a", "bc"), ("abc",), ("1",), (1,), ()]

    drawn = {stream(1, *names).integers(2**62) for names in paths_alike}

    assert len(drawn) == 6


def test_a_number_from_an_array_names_the_same_stream_as_a_plain_one() -> None:
    assert stream(1, int(np.int64(5))).random() == stream(1, np.int64(5)).random()  # type: ignore[arg-type]
