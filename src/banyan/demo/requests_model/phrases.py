"""What people write: sentences per service and per step in both languages, from `phrases.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

_PATH: Final = Path(__file__).with_name("phrases.json")


@cache
def _book() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(_PATH.read_text(encoding="utf-8"))
    return found


def services() -> frozenset[str]:
    """Return the codes of the services that have sentences."""
    return frozenset(_book()["reports"])


def report(rng: np.random.Generator, service: str, *, language: str, at: str) -> str:
    """Return what a reporter writes; `at` names the place in their language."""
    text: str = _one_of(rng, _book()["reports"][service][_short(language)])
    return text.format(at=at) if language != "en" else text.format(at=at)[:1].upper() + text.format(at=at)[1:]


def step(rng: np.random.Generator, kind: str, *, language: str) -> str:
    """Return the words that come with a step: a reason, a remedy, a comment."""
    return _one_of(rng, _book()["steps"][_short(language)][kind])


def _short(language: str) -> str:
    return "en" if language == "en" else "zh"


def _one_of(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]
