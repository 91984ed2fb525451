"""The rules a town sets for itself: one document for each subject, checked whole before it comes into force.

A subject's own room (`rules.routing`, `rules.ladder`, ...) says what its document holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from banyan.apps.service_requests.rules import answer_templates, ladder, privacy, rates, routing, same, verification
from banyan.base.errors import Problem


@dataclass(frozen=True, slots=True)
class Known:
    """What of the town the checks of a document may ask for: codes that exist."""

    service_codes: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    place_codes: frozenset[str] = frozenset()
    party_codes: frozenset[str] = frozenset()
    workers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Accounts (as text) that work for a party, by its code."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject of rules: how a document is checked, and what holds in a town that made none."""

    problems: Callable[[Mapping[str, Any], Known], Sequence[Problem]]
    default: Mapping[str, Any]


def _rates_problems(body: Mapping[str, Any], known: Known) -> Sequence[Problem]:
    return rates.problems(body, service_codes=known.service_codes, groups=known.groups)


#: Subject -> its checks and its default.
SUBJECTS: Final[Mapping[str, Subject]] = MappingProxyType(
    {
        "rates": Subject(_rates_problems, rates.DEFAULT),
        "routing": Subject(routing.problems, {"rules": []}),
        "ladder": Subject(ladder.problems, ladder.DEFAULT),
        "repeats": Subject(same.repeats_problems, same.REPEATS_DEFAULT),
        "answers": Subject(answer_templates.answers_problems, answer_templates.ANSWERS_DEFAULT),
        "retention": Subject(privacy.retention_problems, privacy.DEFAULT_RETENTION),
        "verification": Subject(verification.problems, {"policies": []}),
    }
)
