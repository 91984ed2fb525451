"""What every engine promises, and how an engine joins.

An engine joins by a file ``tests/promised.py`` in its own folder with ``ENGINES``, a tuple of `Promised`: its public
functions with inputs to try them on.  Nothing else is to be edited; `test_promises` finds the file.
"""

from __future__ import annotations

import copy
import importlib
import pickle
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

import banyan.engines
from banyan.base.errors import InvalidInput

Inputs = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Promised:
    """One public function of an engine.

    Parameters
    ----------
    name
        ``engine.function``.
    run
        The function; called with keywords only.
    inputs
        Makes fresh inputs, equal at every call: a seed included where there is one.
    empty
        Makes what a town without rows, time or people would send.
    answer_to_empty
        The plain answer to that, or `InvalidInput` where the engine has to say what is missing.
    shuffled
        Puts the rows of inputs in another order; None where there are no rows.
    """

    name: str
    run: Callable[..., Any]
    inputs: Callable[[], Inputs]
    empty: Callable[[], Inputs]
    answer_to_empty: Any
    shuffled: Callable[[Inputs, Random], Inputs] | None = None


def engine_folders() -> list[str]:
    """Name every engine there is."""
    found = pkgutil.iter_modules(banyan.engines.__path__)
    return [module.name for module in found if module.ispkg and module.name != "tests"]


def joined(folder: str) -> tuple[Promised, ...]:
    """Fetch what one engine has promised; empty when it has not joined."""
    home = Path(banyan.engines.__path__[0]) / folder / "tests" / "promised.py"
    if not home.exists():
        return ()
    module = importlib.import_module(f"banyan.engines.{folder}.tests.promised")
    return tuple(module.ENGINES)


# --- the promises ----------------------------------------------------------------------------------------------------


def leaves_inputs_untouched(engine: Promised) -> None:
    """Calling an engine changes nothing that the caller holds."""
    inputs = engine.inputs()
    kept = copy.deepcopy(inputs)
    engine.run(**inputs)
    assert same(inputs, kept), f"{engine.name} changed its inputs"


def same_seed_same_answer(engine: Promised) -> None:
    """The same problem with the same seed has the same answer, also after other problems were solved between."""
    first = engine.run(**engine.inputs())
    _try(engine, engine.empty())
    assert same(first, engine.run(**engine.inputs())), f"{engine.name} answered the same question in two ways"


def order_of_rows_is_irrelevant(engine: Promised) -> None:
    """Rows in another order have the same answer."""
    assert engine.shuffled is not None
    answer = engine.run(**engine.inputs())
    for seed in range(5):
        other = engine.run(**engine.shuffled(engine.inputs(), Random(seed)))
        assert same(answer, other), f"{engine.name} depends on the order of its rows"


def survives_pickling(engine: Promised, *, elsewhere: Executor) -> None:
    """The function, its inputs and its answer travel to a worker process and back, and the answer is the same."""
    try:
        parcel = pickle.dumps((engine.run, engine.inputs()))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise AssertionError(f"{engine.name} cannot travel: {error}") from error
    answer = pickle.loads(elsewhere.submit(_answer, parcel).result())
    assert same(answer, engine.run(**engine.inputs())), f"{engine.name} answers otherwise in another process"


def empty_input_speaks_plainly(engine: Promised) -> None:
    """An empty town gets a plain answer, or is told what is missing; never an accident from inside."""
    answer = _try(engine, engine.empty())
    if engine.answer_to_empty is InvalidInput:
        assert isinstance(answer, InvalidInput), f"{engine.name} accepted an empty input"
        assert answer.problems, f"{engine.name} refused without saying why"
    else:
        assert same(answer, engine.answer_to_empty), f"{engine.name} answered {answer!r} to an empty input"


def _try(engine: Promised, inputs: Inputs) -> Any:
    try:
        return engine.run(**inputs)
    except InvalidInput as refusal:
        return refusal
    except Exception as accident:
        raise AssertionError(f"{engine.name} broke on an empty input: {accident!r}") from accident


def _answer(parcel: bytes) -> bytes:
    run, inputs = pickle.loads(parcel)
    return pickle.dumps(run(**inputs))


def same(a: Any, b: Any) -> bool:
    """Tell whether two values are the same to the last bit, arrays and frozen values of values included."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        # NumPy cannot compare missing values of text arrays; only numbers have them.
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    if is_dataclass(a) and not isinstance(a, type):
        return all(same(getattr(a, field.name), getattr(b, field.name)) for field in fields(a))
    if isinstance(a, Mapping):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, Sequence) and not isinstance(a, str | bytes):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b) or (a != a and b != b)  # not a number equals nothing, itself included
