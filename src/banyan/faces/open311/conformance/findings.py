"""What a check is and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from banyan.faces.open311.conformance.visiting import Visit


class Level(StrEnum):
    """How much a clause binds."""

    MUST = "must"
    SHOULD = "should"
    EXTENSION = "extension"
    """Beside the specification; binds whoever offers it."""


class Outcome(StrEnum):
    """What was found."""

    KEPT = "kept"
    BROKEN = "broken"
    NOT_APPLICABLE = "not applicable"


class NotApplicable(Exception):
    """There is nothing here to hold a clause against; the message says why."""


@dataclass(frozen=True, slots=True)
class Check:
    """One clause, and how it is looked at: `look` yields what breaks it, nothing where it is kept."""

    code: str
    clause: str
    level: Level
    words: str
    look: Callable[[Visit], Iterable[str]]
    writes: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check, what breaks it (or why it does not apply), and the requests that were looked at."""

    check: Check
    outcome: Outcome
    evidence: tuple[str, ...]
    requests: tuple[str, ...]


Look = Callable[["Visit"], Iterable[str]]
#: Every check, in the order in which they are made.
CHECKS: Final[list[Check]] = []


def check(
    code: str, clause: str, words: str, *, level: Level = Level.MUST, writes: bool = False
) -> Callable[[Look], Look]:
    """Enter a function as a check."""

    def entered(look: Look) -> Look:
        CHECKS.append(Check(code, clause, level, words, look, writes))
        return look

    return entered
