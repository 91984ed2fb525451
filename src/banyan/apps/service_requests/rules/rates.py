"""The rates by which a town looks at its own work: what each counts, what it leaves out, how sure it is.

Every rate is a share of requests with its numerator, its denominator and the number that could not be measured.  Rates
are made by service, place and unit (the party that handles), never by resident and never by member of staff.

Source
------
Three rates (response, resolution, satisfaction): the practice of Beijing's 12345 hotline, DB11/T 2021-2022; weights
differ by city, one sets 30/35/35, so they are data.  Interval: E. B. Wilson (1927), "Probable Inference, the Law of
Succession, and Statistical Inference", JASA 22, 209-212.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from banyan.apps.service_requests.rules.states import Kind, Status
from banyan.base.errors import Problem, mark

#: Below this many requests a share says more about chance than about anybody's work (and may point at one person).
FEWEST: Final = 10
#: States that are nobody's to answer: the reporter took it back, or it is counted with another report.
NOT_COUNTED: Final = frozenset({Status.WITHDRAWN, Status.MERGED})
#: States in which the work is done.
DONE: Final = frozenset({Status.RESOLVED, Status.VERIFIED, Status.CLOSED})
#: 97.5 % of the normal distribution: intervals hold 95 %.
_Z: Final = 1.959963984540054


class Rate(StrEnum):
    """What is measured."""

    RESPONSE = "response"
    IN_TIME = "in_time"
    RESOLVED = "resolved"
    SATISFACTION = "satisfaction"
    REOPENED = "reopened"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Definition:
    """What a rate means, in sentences for readers."""

    name: str
    counts: str
    of: str
    unknown: str
    is_better_high: bool = True


#: Rate -> what it means.
DEFINITIONS: Final[Mapping[Rate, Definition]] = MappingProxyType(
    {
        Rate.RESPONSE: Definition(
            mark("Response rate"),
            mark("requests that got a first response by the time it was due"),
            mark("requests whose first response is given or due by now"),
            mark("no time for a response was set, or another system kept none"),
        ),
        Rate.IN_TIME: Definition(
            mark("Resolved in time"),
            mark("requests whose work was done before the deadline, pauses left out"),
            mark("requests that are done or past their deadline; rejected ones are not among them"),
            mark("no deadline was set, or another system did not say when the work was done"),
        ),
        Rate.RESOLVED: Definition(
            mark("Resolved at all"),
            mark("requests whose work is done, and whose reporter did not say otherwise in a return call"),
            mark("all requests of the period, however young; rejected ones are not among them"),
            mark("another system did not say when the work was done"),
        ),
        Rate.SATISFACTION: Definition(
            mark("Satisfaction rate"),
            mark("ratings of enough stars, by the reporter or in a return call"),
            mark("requests with a rating, or with a return call that gave one"),
            mark("the work is done and nobody gave a rating; silence is never taken for satisfaction"),
        ),
        Rate.REOPENED: Definition(
            mark("Reopen rate"),
            mark("requests that were opened again at least once"),
            mark("requests whose work was done at least once, or that were opened again"),
            mark("another system kept no history"),
            is_better_high=False,
        ),
        Rate.RETURNED: Definition(
            mark("Return rate"),
            mark("requests that a unit gave back at least once"),
            mark("requests that were sent to a unit"),
            mark("another system kept no history"),
            is_better_high=False,
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Tally:
    """The numbers behind one rate: `n` of `of` requests; `unknown` more could not be measured."""

    n: int = 0
    of: int = 0
    unknown: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.n + other.n, self.of + other.of, self.unknown + other.unknown)


@dataclass(frozen=True, slots=True)
class Share:
    """A rate as it is shown: its share from 0 to 1 with the Wilson interval of 95 %, None where too few are counted."""

    tally: Tally
    share: float | None
    low: float | None
    high: float | None

    @property
    def is_few(self) -> bool:
        """Say whether a share is held back because too few requests stand behind it."""
        return self.share is None


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted of a group of requests; counts of two groups add up to those of both together."""

    n: int = 0
    """All requests of the group."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Why -> how many: ``withdrawn``, ``merged``, ``single``, or ``rule-0`` for the first exclusion of the rules."""
    tallies: Mapping[Rate, Tally] = field(default_factory=dict)
    n_silent: int = 0
    """Verified by silence and rated by nobody."""
    n_rejected: int = 0

    @property
    def n_counted(self) -> int:
        """Return how many requests the rates look at."""
        return self.n - sum(self.left_out.values())

    def tally(self, rate: Rate) -> Tally:
        """Return the numbers behind a rate."""
        return self.tallies.get(rate, Tally())

    def __add__(self, other: Counts) -> Counts:
        keys = {**self.left_out, **other.left_out}
        return Counts(
            n=self.n + other.n,
            left_out={why: self.left_out.get(why, 0) + other.left_out.get(why, 0) for why in keys},
            tallies={rate: self.tally(rate) + other.tally(rate) for rate in Rate},
            n_silent=self.n_silent + other.n_silent,
            n_rejected=self.n_rejected + other.n_rejected,
        )


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a score: the rate it takes, its weight and what it adds, from 0 to 100 times the weight."""

    rate: Rate
    weight: float
    points: float | None


@dataclass(frozen=True, slots=True)
class Score:
    """The weighted score of a unit, 0 to 100; None where one of its parts rests on too few requests."""

    points: float | None
    parts: tuple[Part, ...]


def wilson(n: int, of: int) -> tuple[float, float]:
    """Return the interval in which a share lies with 95 % confidence, given `n` of `of` (`of` 1 or more).

    Both ends lie in 0 to 1 and hold the share itself between them.

    Examples
    --------
    >>> [round(end, 3) for end in wilson(8, 10)]
    [0.49, 0.943]
    """
    share, z2 = n / of, _Z * _Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z / (1 + z2 / of) * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def shown(tally: Tally, *, fewest: int) -> Share:
    """Return a rate as it may be shown: its numbers always, its share from `fewest` requests on."""
    if tally.of < max(fewest, 1):
        return Share(tally, None, None, None)
    return Share(tally, tally.n / tally.of, *wilson(tally.n, tally.of))


def score(counts: Counts, body: Mapping[str, Any]) -> Score:
    """Return the weighted score of a group by the rules in force.

    A part with too few requests leaves no score: weights spread over the other parts would compare different things.
    """
    resolution = Rate.IN_TIME if body["resolution"] == "in_time" else Rate.RESOLVED
    taken = {"response": Rate.RESPONSE, "resolution": resolution, "satisfaction": Rate.SATISFACTION}
    parts = []
    for name, rate in taken.items():
        share, weight = shown(counts.tally(rate), fewest=body["fewest"]).share, float(body["weights"][name])
        parts.append(Part(rate, weight, None if share is None else 100 * weight * share))
    known = [part.points for part in parts if part.points is not None]
    return Score(math.fsum(known) if len(known) == len(parts) else None, tuple(parts))


# --- the rules of a town ---------------------------------------------------------------------------------------------

PARTS: Final = ("response", "resolution", "satisfaction")
#: What holds in a town that made no rules on rates.
DEFAULT: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "weights": {"response": 0.30, "resolution": 0.35, "satisfaction": 0.35},
        "resolution": "in_time",
        "satisfied_from": 4,
        "fewest": FEWEST,
        "exclusions": [],
    }
)
_MOST_EXCLUSIONS: Final = 50
_CHOOSERS: Final = ("service_codes", "groups", "kinds")
_DAYS: Final = ("from_on", "until_on")


def problems(body: Mapping[str, Any], *, service_codes: frozenset[str], groups: frozenset[str]) -> list[Problem]:
    """Return every problem of a document of rules on rates.

    Parameters
    ----------
    body
        ``weights`` of the three parts (sum 1); ``resolution``: ``in_time`` or ``resolved``; ``satisfied_from``: stars
        from which a rating is one of satisfaction, 3 to 5; ``fewest``: requests from which a share is shown, 10 to
        1000; ``exclusions``: each a ``reason`` with ``service_codes``, ``groups``, ``kinds``, ``from_on``, ``until_on``
        (days of the report, both included), of which at least one is given and all given ones have to fit.
    service_codes, groups
        What the town offers.
    """
    found = [
        Problem(name[:60], "unknown", mark("There is no rule “{name}”."), {"name": name[:60]})
        for name in body
        if name not in DEFAULT
    ]
    found += [Problem(name, "required", mark("This rule is missing.")) for name in DEFAULT if name not in body]
    if "weights" in body:
        found += _weight_problems(body["weights"])
    if body.get("resolution", "in_time") not in ("in_time", "resolved"):
        found.append(Problem("resolution", "unknown", mark("Choose in_time or resolved.")))
    found += _number_problems(body, "satisfied_from", (3, 5)) + _number_problems(body, "fewest", (FEWEST, 1000))
    given = body.get("exclusions", [])
    if not isinstance(given, list) or len(given) > _MOST_EXCLUSIONS:
        limit = {"limit": _MOST_EXCLUSIONS}
        return [*found, Problem("exclusions", "type", mark("A list of at most {limit} is needed."), limit)]
    known = {"service_codes": service_codes, "groups": groups, "kinds": frozenset(map(str, Kind))}
    for place, one in enumerate(given):
        found += _exclusion_problems(one, where=f"exclusions[{place}]", known=known)
    return found


def _weight_problems(weights: Any) -> list[Problem]:
    if not isinstance(weights, Mapping) or set(weights) != set(PARTS):
        return [Problem("weights", "shape", mark("Weights are needed for response, resolution and satisfaction."))]
    if not all(_is_number(one) and 0 <= one <= 1 for one in weights.values()):
        return [Problem("weights", "range", mark("A weight is a number from 0 to 1."))]
    if abs(math.fsum(weights.values()) - 1) > 1e-9:
        return [Problem("weights", "sum", mark("The weights have to add up to 1."))]
    return []


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _number_problems(body: Mapping[str, Any], name: str, span: tuple[int, int]) -> list[Problem]:
    value = body.get(name, span[0])
    if isinstance(value, int) and not isinstance(value, bool) and span[0] <= value <= span[1]:
        return []
    facts = {"first": span[0], "last": span[1]}
    return [Problem(name, "range", mark("A whole number from {first} to {last} is needed."), facts)]


def _exclusion_problems(one: Any, *, where: str, known: Mapping[str, frozenset[str]]) -> list[Problem]:
    if not isinstance(one, Mapping) or set(one) - {"reason", *_CHOOSERS, *_DAYS}:
        sentence = mark("An exclusion has a reason, service_codes, groups, kinds, from_on and until_on.")
        return [Problem(where, "shape", sentence)]
    found = []
    reason = one.get("reason", "")
    if not isinstance(reason, str) or not reason.strip() or len(reason) > 300:
        found.append(Problem(f"{where}.reason", "required", mark("A reason of at most 300 characters is needed.")))
    if not any(one.get(name) for name in (*_CHOOSERS, *_DAYS)):
        found.append(Problem(where, "empty", mark("Say what is left out: a service, a group, a kind or days.")))
    for name, words in known.items():
        given = one.get(name, [])
        if not isinstance(given, Sequence) or isinstance(given, str):
            found.append(Problem(f"{where}.{name}", "type", mark("A list is needed.")))
            continue
        found += [
            Problem(f"{where}.{name}", "unknown", mark("There is no “{value}”."), {"value": str(value)[:60]})
            for value in given
            if not isinstance(value, str) or value not in words
        ]
    return found + _day_problems(one, where=where)


def _day_problems(one: Mapping[str, Any], *, where: str) -> list[Problem]:
    days: dict[str, date] = {}
    found = []
    for name in _DAYS:
        try:
            if one.get(name):
                days[name] = date.fromisoformat(one[name])
        except (TypeError, ValueError):
            found.append(Problem(f"{where}.{name}", "date", mark("A day is written like 2026-03-18.")))
    if len(days) == len(_DAYS) and days["until_on"] < days["from_on"]:
        found.append(Problem(f"{where}.until_on", "order", mark("The last day lies before the first.")))
    return found
